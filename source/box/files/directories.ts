import {lstatSync} from 'node:fs';
import {join} from 'node:path';
import {randomHex} from '../../base/random.ts';
import type {Paths} from '../../host/host.ts';
import type {Box} from '../box.ts';
import {type BoxRecord, boxFolders, engineKey, readRecord} from '../record.ts';

/** The fields that find a box's folder among the others. */
export type Origin = Pick<BoxRecord, 'engine' | 'project'>;

/**
Which folder on the host belongs to which box, when several `up` prepare boxes at the same moment.

A folder belongs to a container, never to a name: each container that is about to be created gets a folder with a new random name,
which is in its label and its mounts. Before the engine has decided who gets a box's name, every contender writes into a folder that no
other process knows. So a loser cannot have touched the winner's files, in any order and wherever either of them was killed:

- Writing: until the container exists, only the process that chose the folder's name; afterwards only commands for that very box
  (`up` run again, which renews keys and secrets).
- Removing: the process that created it, once a list of all boxes from after its attempt no longer has it (a container's label never
  changes, and an id is never reused); a command that removes the box; and the clean-up after killed runs.
- The last needs care only for a folder that is written and not yet in a list. It waits for `abandonedAfter`; a process that took longer
  than that between writing and creating finds the folder gone and starts again: nothing is lost except the attempt.

What must outlive a container, the token and the host key, is copied from the folders that earlier containers of the same project
and name left (see `keptBefore`). The old folder is removed only after the new box works, so a run that is killed in between leaves both
or one of them, and the next run finds the same token in either.

Boxes of earlier versions have no such label: their folder has the name of the box. It counts as theirs until they are recreated.
*/

/** Names cannot contain a `~`, so it marks the end of the name. */
export function newFolder(name: string): string {
	return `${name}~${randomHex(5)}`;
}

/**
Folders that earlier containers of this name and project left, oldest first: the one that a box was last created from comes before those
that are being prepared at this moment, which may be incomplete.

@param boxes the existing boxes, which keep their folders
*/
export function keptBefore(paths: Paths, name: string, origin: Origin, boxes: readonly Box[]): string[] {
	// A box that is being replaced passes its token and host key on.
	const used = new Set(boxes.filter(({replaced}) => !replaced).map(({folder}) => folder));
	// A folder without a random part is of an earlier version, which went by the name alone.
	const unused = [name, ...foldersOf(paths, name)].filter((folder) => !used.has(folder));
	return unused
		.flatMap((folder) => {
			const writtenAt = changedAt(join(paths.state, folder, 'passwd'));
			const isOurs = folder === name || isOf(paths, folder, origin);
			return isOurs && writtenAt !== undefined ? [{folder, writtenAt}] : [];
		})
		.sort((a, b) => a.writtenAt - b.writtenAt)
		.map(({folder}) => folder);
}

/** Those of a name, of earlier boxes and of those that are being prepared. */
function foldersOf(paths: Paths, name: string): string[] {
	return boxFolders(paths).filter((folder) => folder.startsWith(`${name}~`));
}

function isOf(paths: Paths, folder: string, {engine, project}: Origin): boolean {
	const record = readRecord(paths, folder);
	// It is written first: a folder without it has only just been created, by any process.
	return record === undefined || (engineKey(record.engine) === engineKey(engine) && record.project === project);
}

/** When a file was last added to a folder, in milliseconds. */
export function changedAt(path: string): number | undefined {
	return lstatSync(path, {throwIfNoEntry: false})?.mtimeMs;
}

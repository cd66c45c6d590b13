import {randomBytes} from 'node:crypto';
import {lstatSync} from 'node:fs';
import {join} from 'node:path';
import type {Paths} from '../../host/host.ts';
import type {Box} from '../box.ts';
import {type BoxRecord, boxFolders, engineKey, readRecord} from '../record.ts';

/** What tells a box's folder from those of others. */
export type Origin = Pick<BoxRecord, 'engine' | 'project'>;

/**
Whose folder on the host is whose, when several ups prepare boxes at the same moment.

A folder belongs to a container, never to a name: each container that is about to be made gets a folder of a new random name,
which its label and its mounts then name. Before the engine has decided who gets a box's name, every contender has written into a
folder that nobody else knows. So a loser cannot have touched the winner's files, whatever the order and wherever either of them was
killed:

- Who writes: until the container exists only the process that made up the folder's name; afterwards only what is meant for that
  very box (`up` run again, which renews keys and secrets).
- Who removes: the process that made it, once a list of all boxes from after its attempt does not have it any more (a container's
  label never changes, and an id never comes back); whoever removes the box; and who cleans up behind runs that were killed.
- The last needs care only for a folder that is written and not yet in a list. It waits for `abandonedAfter`; somebody who took longer
  than that between writing and creating finds the folder gone and begins anew: nothing is lost but the attempt.

What has to outlive a container, the token and the host key, is copied from the folders that earlier containers of the same project
and name left (see `keptBefore`). The old folder is removed only after the new box works, so a run that is killed in between leaves both
or one of them, and the next run finds the same token in either.

Boxes of earlier versions have no such label: their folder is named as they are. It is treated as theirs until they are made anew.
*/

/** Names cannot hold a `~`, so it tells where the name ends. */
export function newFolder(name: string): string {
	return `${name}~${randomBytes(5).toString('hex')}`;
}

/**
Folders that earlier containers of this name and project left, oldest first: the one that a box was last made from comes before those
that are being prepared at this moment, which may be incomplete.

@param boxes those that there are, whose folders are theirs
*/
export function keptBefore(paths: Paths, name: string, origin: Origin, boxes: readonly Box[]): string[] {
	// What a box is made in the place of hands its token and host key on.
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
	// It is written first: without it the folder was only just begun, by whomever.
	return record === undefined || (engineKey(record.engine) === engineKey(engine) && record.project === project);
}

/** When something was last put into a folder, in milliseconds. */
export function changedAt(path: string): number | undefined {
	return lstatSync(path, {throwIfNoEntry: false})?.mtimeMs;
}

import {randomBytes} from 'node:crypto';
import {readdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import type {Engine} from '../engine/engine.ts';
import type {Paths} from '../host/host.ts';
import type {Box} from './box.ts';
import {abandonedAfter} from './claims.ts';
import {type Origin, originFile, removeBoxFiles} from './files.ts';
import {listBoxes} from './list.ts';
import {removeSecrets} from './secrets.ts';

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
	const used = new Set(boxes.map(({folder}) => folder));
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

/**
Removes what earlier runs for a project left, under whatever name they were after, and no box uses. Of other projects only the
secrets: their tokens and host keys may be wanted again.
*/
export async function removeLeftBehind(
	{engine, paths}: {engine: Engine; paths: Paths},
	project: string,
): Promise<void> {
	const before = Date.now() - abandonedAfter;
	const isOurs = (folder: string) => isOf(paths, folder, {engine: engine.address, project});
	const hasSecrets = (folder: string) =>
		changedAt(join(paths.secrets, folder)) !== undefined && isOf(paths, folder, {engine: engine.address});
	const old = foldersOf(paths).filter(
		(folder) => (changedAt(join(paths.state, folder)) ?? before) < before && (isOurs(folder) || hasSecrets(folder)),
	);
	if (old.length === 0) {
		return;
	}

	// Listed after the folders: one that got its container in the meantime is in it.
	const used = new Set((await listBoxes(engine)).map(({folder}) => folder));
	for (const folder of old.filter((each) => !used.has(each))) {
		if (isOurs(folder)) {
			removeBoxFiles(paths, folder);
		} else {
			removeSecrets(paths, folder);
		}
	}
}

/** @param name whose; those of all names when missing */
function foldersOf(paths: Paths, name = ''): string[] {
	try {
		return readdirSync(paths.state).filter(
			(folder) => folder.includes('~') && (name === '' || folder.startsWith(`${name}~`)),
		);
	} catch {
		// Nothing was ever made here.
		return [];
	}
}

function isOf(paths: Paths, folder: string, {engine, project}: Pick<Origin, 'engine'> & Partial<Origin>): boolean {
	try {
		const origin = JSON.parse(readFileSync(join(paths.state, folder, originFile), 'utf8')) as Origin;
		return origin.engine === engine && (project === undefined || origin.project === project);
	} catch {
		// It is written first: without it the folder was only just begun, by whomever.
		return true;
	}
}

function changedAt(path: string): number | undefined {
	return statSync(path, {throwIfNoEntry: false})?.mtimeMs;
}

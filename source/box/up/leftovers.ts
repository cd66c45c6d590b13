import {join} from 'node:path';
import type {Host} from '../../host/host.ts';
import type {Box} from '../box.ts';
import {changedAt} from '../files/directories.ts';
import {orphanedSecrets, removeSecrets} from '../files/secrets.ts';
import {abandonedAfter, isAbandoned, isOver} from '../gpus/claims.ts';
import {removeDeadEntries} from '../gpus/queue-records.ts';
import {isLeftAside} from '../left-aside.ts';
import {listClaims} from '../list.ts';
import {boxFolders, engineKey, readRecord} from '../record.ts';
import {removeUnlessRunning} from '../remove-container.ts';

/** What a killed run left in the user's folders. */
type LeftFolder = {
	folder: string;
	/** Token and host key of a box that once worked may be wanted again; secrets never. */
	remove: 'all' | 'secrets';
};

type Place = Pick<Host, 'paths' | 'engine'>;

/**
Removes what killed runs of the caller left: containers that were never started, claims of a start that has ended, secrets, and folders
of boxes that were never created. Called by every verb that lists boxes; where nothing was left it only reads the names and times of a
few folders, and the code that removes is not loaded.

@param seen the boxes and claims, as the verb listed them (`listClaims`)
@param project of which all folders must be removed, because its box was removed
@throws EngineError; the file system's error
*/
export async function removeLeftovers(host: Host, seen: readonly Box[], project?: string): Promise<void> {
	const now = Date.now();
	removeDeadEntries(host);
	for (const folder of orphanedSecrets(host.paths, now - abandonedAfter)) {
		removeSecrets(host.paths, folder);
	}

	const halfMade = leftContainers(seen, host.person.uid, new Date(now));
	const aside = seen.some((box) => isLeftAside(host, box));
	if (halfMade.length === 0 && !aside && leftFolders(host, seen, now, project).length === 0) {
		return;
	}

	const [{removeBoxFiles}, {trySyncSshFiles}, {finishReplacements}] = await Promise.all([
		import('../files/write-files.ts'),
		import('../ssh/sync-config.ts'),
		import('./replace.ts'),
	]);
	for (const container of halfMade) {
		await removeUnlessRunning(host, container);
	}

	if (aside) {
		await finishReplacements(host, await listClaims(host));
	}

	// The folders are read before the list: one that got its container in the meantime is in the list.
	const candidates = new Set(boxFolders(host.paths));
	const boxes = await listClaims(host);
	for (const {folder, remove} of leftFolders(host, boxes, now, project)) {
		if (!candidates.has(folder)) {
			continue;
		}

		if (remove === 'all') {
			removeBoxFiles(host.paths, folder);
		} else {
			removeSecrets(host.paths, folder);
		}
	}

	// What is wrong there is told by what needs it.
	await trySyncSshFiles(host);
}

/** The caller's containers that no run continues with. */
function leftContainers(boxes: readonly Box[], caller: number, now: Date): Box[] {
	const byId = new Map(boxes.map((box) => [box.id, box]));
	return boxes.filter((box) => {
		if (box.extension) {
			// Of a box that docker's own command removed, for example.
			return box.uid === caller && !byId.has(box.startOf ?? '');
		}

		if (box.startOf !== undefined) {
			const started = byId.get(box.startOf);
			return started?.mine === true && isOver(box, boxes, now);
		}

		return (box.mine || box.pending === true) && isAbandoned(box, now);
	});
}

/** @param now milliseconds since 1970 */
function leftFolders({paths, engine}: Place, boxes: readonly Box[], now: number, project?: string): LeftFolder[] {
	const used = new Set(boxes.map(({folder}) => folder));
	// A folder from before a working box was created has passed its token and host key on.
	const superseded = new Set(
		boxes
			.filter(({mine, state, job}) => mine && state === 'running' && job === undefined)
			.map((box) => box.projectPath),
	);
	return boxFolders(paths).flatMap((folder): LeftFolder[] => {
		if (used.has(folder)) {
			return [];
		}

		const record = readRecord(paths, folder);
		if (record && engineKey(record.engine) !== engineKey(engine.address)) {
			return [];
		}

		if (record?.removing) {
			return [{folder, remove: 'all'}];
		}

		const changed = changedAt(join(paths.state, folder));
		if (changed === undefined || changed > now - abandonedAfter) {
			return [];
		}

		// The record is written first: a folder without one has only just been created.
		const neverWorked = record === undefined || (record.container === undefined && record.nonce !== '');
		if (neverWorked || record.project === project || superseded.has(record.project)) {
			return [{folder, remove: 'all'}];
		}

		return changedAt(join(paths.secrets, folder)) === undefined ? [] : [{folder, remove: 'secrets'}];
	});
}

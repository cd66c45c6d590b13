/**
`up --recreate` replaces an existing box with a new one. Until the new one works the old one is kept, stopped and under another name, so
that the user does not lose it because of a full disk, an image that does not start or a lost race for the cards.
*/
import {processStart} from '../../base/process/process-start.ts';
import {EngineError} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {type Box, containerPrefix, replacedPrefix} from '../box.ts';
import {readRecord, writeRecord} from '../record.ts';
import {syncSshFilesAfter} from '../ssh/sync-config.ts';
import {isLeftAside} from './left-aside.ts';
import {startBox} from './lifecycle.ts';
import {removeWithFiles} from './remove-with-files.ts';
import {tellOwner} from './tell-owner.ts';
import type {UpOptions} from './types.ts';

/** Stops a box, after a line in its log that says who did it, and renames it. @throws EngineError */
export async function setAside(host: Host, box: Box): Promise<Box> {
	await tellOwner(host, box, 'recreated');
	const record = box.folder === undefined ? undefined : readRecord(host.paths, box.folder);
	if (box.folder !== undefined && record) {
		writeRecord(host.paths, box.folder, {
			...record,
			replacedBy: {pid: process.pid, startedAt: processStart(process.pid) ?? ''},
		});
	}

	try {
		await host.engine.stopContainer(box.id);
		await host.engine.renameContainer(box.id, replacedPrefix + box.name);
	} catch (error) {
		if (!isMissing(error)) {
			throw error;
		}
	}

	return box;
}

/** Restores the name of a box that was set aside, and starts it if it was running. Errors are reported. */
export async function bringBack(host: Host, box: Box, report: UpOptions['report']): Promise<void> {
	try {
		await host.engine.renameContainer(box.id, containerPrefix + box.name);
		if (box.state === 'running') {
			await startBox(host, {...box, state: 'exited'});
		}

		forgetReplacement(host, box);
		await syncSshFilesAfter(host, box);
		report({kind: 'note', text: `${box.name} was restored.`});
	} catch (error) {
		if (isMissing(error)) {
			return;
		}

		report({
			kind: 'note',
			text: `${box.name} was kept but is not running: ${(error as Error).message} Start it: gpubox start ${box.name}`,
		});
	}
}

/**
Finishes a killed `up --recreate`: the old box is removed when the new one runs, else it gets its name back.

@param boxes including those that were set aside
@throws EngineError
*/
export async function finishReplacements(host: Host, boxes: readonly Box[]): Promise<void> {
	for (const box of boxes.filter((each) => isLeftAside(host, each))) {
		const successor = boxes.find(
			({name, replaced, startOf}) => name === box.name && !replaced && startOf === undefined,
		);
		if (successor?.mine && successor.state === 'running') {
			await removeWithFiles(host, box);
		} else if (!successor) {
			await host.engine.renameContainer(box.id, containerPrefix + box.name);
			forgetReplacement(host, box);
		}
	}
}

function forgetReplacement({paths}: Host, {folder}: Box): void {
	const record = folder === undefined ? undefined : readRecord(paths, folder);
	if (folder !== undefined && record) {
		const {replacedBy: _over, ...rest} = record;
		writeRecord(paths, folder, rest);
	}
}

function isMissing(error: unknown): boolean {
	return error instanceof EngineError && error.code === 'not-found';
}

/**
`up --recreate` makes a new box in the place of one that is there. Until the new one works the old one is kept, stopped and under
another name, so that a full disk, an image that does not start or somebody who was quicker to the cards costs nobody their box.
*/
import {readFileSync} from 'node:fs';
import {EngineError} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {type Box, containerPrefix, replacedPrefix} from '../box.ts';
import {readRecord, writeRecord} from '../record.ts';
import {syncSshFilesAfter} from '../ssh/sync-config.ts';
import {startBox} from './lifecycle.ts';
import {removeWithFiles} from './remove-with-files.ts';
import type {UpOptions} from './types.ts';

/** Stops a box and takes its name away from it. @throws EngineError */
export async function setAside(host: Host, box: Box): Promise<Box> {
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

/** Gives a box that was set aside its name back, and starts it where it ran. What cannot be done is reported. */
export async function bringBack(host: Host, box: Box, report: UpOptions['report']): Promise<void> {
	try {
		await host.engine.renameContainer(box.id, containerPrefix + box.name);
		if (box.state === 'running') {
			await startBox(host, {...box, state: 'exited'});
		}

		forgetReplacement(host, box);
		await syncSshFilesAfter(host, box);
		report({kind: 'note', text: `${box.name} is kept as it was.`});
	} catch (error) {
		if (isMissing(error)) {
			return;
		}

		report({
			kind: 'note',
			text: `${box.name} as it was is kept, but does not run: ${(error as Error).message} Start it: gpubox start ${box.name}`,
		});
	}
}

/**
Finishes what a killed `up --recreate` left: the old box goes when the new one runs, else it gets its name back.

@param boxes listed with those that were set aside
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

/** Whether a box was set aside by a run that is over. */
export function isLeftAside({paths}: Pick<Host, 'paths'>, box: Box): boolean {
	if (!box.mine || !box.replaced || box.folder === undefined) {
		return false;
	}

	const by = readRecord(paths, box.folder)?.replacedBy;
	return by === undefined || by.startedAt === '' || processStart(by.pid) !== by.startedAt;
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

/** When a process began, in the kernel's clock ticks: with it a number stands for one process only. */
function processStart(pid: number): string | undefined {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		// The name in parentheses may hold anything, parentheses too.
		return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
	} catch {
		return undefined;
	}
}

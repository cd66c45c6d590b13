/**
`up --recreate` replaces an existing box with a new one. Until the new one works the old one is kept, stopped and under another name, so
that the user does not lose it because of a full disk, an image that does not start or a lost race for the cards.
*/
import {thisProcess} from '../../base/process/process-start.ts';
import {EngineError} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {type Box, containerPrefix, replacedPrefix} from '../box.ts';
import {beingRecreated, isBeingReplaced, isLeftAside} from '../left-aside.ts';
import {listClaims} from '../list.ts';
import {readRecord, writeRecord} from '../record.ts';
import {syncSshFilesAfter} from '../ssh/sync-config.ts';
import {startBox} from './lifecycle.ts';
import {removeWithFiles} from './remove-with-files.ts';
import {tellOwner} from './tell-owner.ts';
import type {UpOptions} from './types.ts';

/**
Makes way for a new box: stops the box that exists and renames it, after a line in its log that says who did it. What a killed
`up --recreate` had set aside has the name that this one needs: it is removed, or comes back in place of a new box that never ran.

@returns the box that is kept until the new one works
@throws Failure (taken) while another `up --recreate` is replacing the box; EngineError
*/
export async function setAside(host: Host, existing: Box): Promise<Box> {
	const boxes = await listClaims(host);
	const box = boxes.find(({id}) => id === existing.id) ?? existing;
	const former = boxes.find((each) => each.name === box.name && isLeftAside(host, each));
	if (former && box.state === 'created') {
		noteReplacement(host, former);
		await removeWithFiles(host, box);
		return former;
	}

	// That happened to this very box since it was listed.
	if (former?.id === box.id) {
		await giveNameBack(host, former);
	} else if (former) {
		await removeWithFiles(host, former);
	}

	if (isBeingReplaced(host, box)) {
		throw beingRecreated(box);
	}

	noteReplacement(host, box);
	await tellOwner(host, box, 'recreated');
	try {
		// The name first: where another box has it, this one was not stopped for nothing.
		await host.engine.renameContainer(box.id, replacedPrefix + box.name);
		// Of two that came this far at the same moment the engine let one rename it; the other may have written its note last.
		noteReplacement(host, box);
		await host.engine.stopContainer(box.id);
	} catch (error) {
		if (isTaken(error)) {
			forgetOwnReplacement(host, box);
			throw beingRecreated(box);
		}

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
			await giveNameBack(host, box);
		}
	}
}

async function giveNameBack(host: Host, box: Box): Promise<void> {
	try {
		await host.engine.renameContainer(box.id, containerPrefix + box.name);
	} catch (error) {
		// Another process creates the successor at this moment: its name is taken before anyone sees it.
		if (isTaken(error)) {
			return;
		}

		throw error;
	}

	forgetReplacement(host, box);
}

function noteReplacement({paths}: Host, {folder}: Box): void {
	const record = folder === undefined ? undefined : readRecord(paths, folder);
	if (folder !== undefined && record) {
		writeRecord(paths, folder, {
			...record,
			replacedBy: thisProcess(),
		});
	}
}

function forgetReplacement({paths}: Host, {folder}: Box): void {
	const record = folder === undefined ? undefined : readRecord(paths, folder);
	if (folder !== undefined && record) {
		const {replacedBy: _over, ...rest} = record;
		writeRecord(paths, folder, rest);
	}
}

/** Not the note of the process that replaces the box. */
function forgetOwnReplacement(host: Host, box: Box): void {
	if (!isBeingReplaced(host, box)) {
		forgetReplacement(host, box);
	}
}

function isTaken(error: unknown): boolean {
	return error instanceof EngineError && error.code === 'name-taken';
}

function isMissing(error: unknown): boolean {
	return error instanceof EngineError && error.code === 'not-found';
}

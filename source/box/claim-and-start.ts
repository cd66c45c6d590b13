import {existsSync} from 'node:fs';
import timers from 'node:timers/promises';
import {EngineError} from '../engine/engine.ts';
import type {Host} from '../host/host.ts';
import type {Box} from './box.ts';
import {abandonedAfter, decideClaim} from './claims.ts';
import {removeBoxFiles, writeBoxFiles} from './files.ts';
import {keptBefore, newFolder} from './folders.ts';
import {listBoxes} from './list.ts';
import {boxFolder} from './plan.ts';
import {missingSecrets} from './secrets.ts';
import {chooseName, findOwn, type Lost, type Prepared, stillUndecided, workOut} from './work-out.ts';

/**
Creates the container, makes sure that its GPUs are its own (see claims.ts) and starts it. Whatever is lost to somebody else on
the way, a card, a port, the name, is chosen anew as long as there is a choice.
*/
export async function claimAndStart(host: Host, prepared: Prepared, signal: AbortSignal): Promise<ClaimedBox> {
	const folders = new Set<string>();
	try {
		return await claim(host, prepared, folders, signal);
	} catch (error) {
		// An engine that does not answer any more may have made the container: then a later run cleans up.
		const boxes = folders.size > 0 ? await listBoxes(host.engine).catch(() => undefined) : undefined;
		if (boxes) {
			removeUnused(host, folders, boxes);
		}

		throw error;
	}
}

/** @param folders gets those that were written on the way and may belong to a container */
async function claim(host: Host, prepared: Prepared, folders: Set<string>, signal: AbortSignal): Promise<ClaimedBox> {
	const {engine} = host;
	const lost: Lost = {ports: new Set(), limits: prepared.engine.rootless};
	// What a crash left in the way is out of it after that.
	const end = Date.now() + 2 * abandonedAfter;
	while (Date.now() < end) {
		signal.throwIfAborted();
		let boxes = await listBoxes(engine, signal);
		removeUnused(host, folders, boxes);
		let mine = findOwn(boxes, host.person, prepared.request);
		const made = mine === undefined;
		if (!mine) {
			const name = chooseName(boxes, host.person, prepared.request);
			const folder = newFolder(name);
			const spec = await workOut(host, prepared, boxes, {name, folder}, lost);
			if (!spec) {
				await pause(signal);
				continue;
			}

			folders.add(folder);
			const secrets = (prepared.request.secrets ?? []).map((secret) => secret.name);
			const origin = {engine: engine.address, project: prepared.request.project};
			writeBoxFiles(host.paths, folder, prepared, {origin, kept: keptBefore(host.paths, name, origin, boxes)});
			try {
				await engine.createContainer(spec);
			} catch (error) {
				// Somebody was quicker: the next round finds out who and takes another name, or theirs if it is ours. Or this took
				// so long that the folder was taken for one left behind.
				const again =
					error instanceof EngineError && (error.code === 'name-taken' || !isWhole(host, {folder, secrets}));
				if (again) {
					await pause(signal);
					continue;
				}

				throw error;
			}

			// From here to the start nothing is broken off: a container that is neither started nor gone would be left.
			boxes = await listBoxes(engine);
			mine = findOwn(boxes, host.person, prepared.request);
		}

		const started = mine && (await tryToStart(host, mine, boxes, prepared, lost, signal));
		if (started) {
			return {box: started, made};
		}
	}

	throw stillUndecided();
}

/**
Undefined when the container had to go, so that the next round makes another.

@param boxes listed after `mine` was created
*/
async function tryToStart(
	host: Host,
	mine: Box,
	boxes: Box[],
	{request}: Prepared,
	lost: Lost,
	signal: AbortSignal,
): Promise<Box | undefined> {
	const {engine} = host;
	for (let seen = boxes; ; seen = await listBoxes(engine)) {
		const decision = decideClaim(mine, seen, new Date());
		if (decision.kind === 'withdraw') {
			await removeUnlessRunning(host, mine);
			await pause(signal);
			return undefined;
		}

		if (decision.kind === 'start') {
			break;
		}

		for (const rival of decision.rivals) {
			await removeUnlessRunning(host, rival);
		}
	}

	try {
		await engine.startContainer(mine.id);
	} catch (error) {
		if (!(error instanceof EngineError) || error.code === 'not-found' || error.code === 'conflict') {
			// A rival that comes first removed it: that is how it tells us. Anything else is not ours to judge.
			if (error instanceof EngineError) {
				return undefined;
			}

			throw error;
		}

		await removeUnlessRunning(host, mine);
		if (mine.folder !== mine.name && !isWhole(host, mine)) {
			return undefined;
		}

		if (/error setting rlimit/.test(error.message) && !lost.limits) {
			// An engine without root's rights cannot raise them, and most work does without.
			lost.limits = true;
			return undefined;
		}

		if (error.code === 'port-taken' && request.port === undefined) {
			for (const {port} of Object.values(mine.addresses)) {
				lost.ports.add(port);
			}

			return undefined;
		}

		throw error;
	}

	return {...mine, state: 'running'};
}

async function removeUnlessRunning({engine}: Host, box: Box): Promise<void> {
	try {
		await engine.removeContainer(box.id, {volumes: true});
	} catch (error) {
		const settled = error instanceof EngineError && (error.code === 'conflict' || error.code === 'not-found');
		if (!settled) {
			throw error;
		}
	}
}

/** Rivals that meet once should not meet again at the same moment. */
function pause(signal: AbortSignal): Promise<void> {
	return timers.setTimeout(50 + Math.random() * 150, undefined, {signal});
}

/** A box that runs, and whether it was made here or found half-made. */
export type ClaimedBox = {box: Box; made: boolean};

/** Removes folders made here that no container has, or will have: each was named in one attempt to make one. */
function removeUnused({paths}: Host, folders: Set<string>, boxes: Box[]): void {
	for (const folder of folders) {
		if (!boxes.some((box) => box.folder === folder)) {
			removeBoxFiles(paths, folder);
			folders.delete(folder);
		}
	}
}

function isWhole({paths}: Host, box: Pick<Box, 'folder' | 'secrets'>): boolean {
	return existsSync(boxFolder(paths, box.folder)) && missingSecrets(paths, box).length === 0;
}

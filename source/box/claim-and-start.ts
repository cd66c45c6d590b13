import {existsSync} from 'node:fs';
import {EngineError} from '../engine/engine.ts';
import {Failure} from '../failure.ts';
import type {Host} from '../host/host.ts';
import type {Box} from './box.ts';
import {pause} from './claim-start.ts';
import {abandonedAfter, decideClaim, isAbandoned} from './claims.ts';
import {removeBoxFiles, settleBoxFiles, writeBoxFiles} from './files.ts';
import {keptBefore, newFolder} from './folders.ts';
import {listClaims} from './list.ts';
import {boxFolder} from './plan.ts';
import {type BoxRecord, newNonce, writeRecord} from './record.ts';
import {removeUnlessRunning} from './remove.ts';
import {missingSecrets} from './secrets.ts';
import {placeSudoers} from './sudo.ts';
import {chooseName, findOwn, findPending, type Lost, type Prepared, stillUndecided, workOut} from './work-out.ts';

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
		const boxes = folders.size > 0 ? await listClaims(host).catch(() => undefined) : undefined;
		if (boxes) {
			removeUnused(host, folders, boxes);
		}

		throw error;
	}
}

/** @param folders gets those that were written on the way and may belong to a container */
async function claim(host: Host, prepared: Prepared, folders: Set<string>, signal: AbortSignal): Promise<ClaimedBox> {
	const {engine} = host;
	const {request} = prepared;
	const lost: Lost = {ports: new Set(), names: new Set(), limits: prepared.engine.rootless};
	// What a crash left in the way is out of it after half of that, on a machine that is busy, too.
	const end = Date.now() + 4 * abandonedAfter;
	while (Date.now() < end) {
		signal.throwIfAborted();
		let boxes = await listClaims(host, signal);
		removeUnused(host, folders, boxes);
		const pending = findPending(boxes, request);
		if (pending) {
			// Another run of the caller's is about to write down that it is theirs, or was killed before it could.
			if (isAbandoned(pending, new Date())) {
				await removeUnlessRunning(host, pending);
			} else {
				await pause(signal);
			}

			continue;
		}

		let mine = findOwn(boxes, request);
		const made = mine === undefined;
		if (!mine) {
			const name = chooseName(boxes, host.person, request, lost);
			const folder = newFolder(name);
			const nonce = newNonce();
			const spec = await workOut(host, prepared, boxes, {name, folder, nonce}, lost);
			if (!spec) {
				await pause(signal);
				continue;
			}

			folders.add(folder);
			const secrets = (request.secrets ?? []).map((secret) => secret.name);
			const record = {engine: engine.address, project: request.project, nonce, labels: spec.labels};
			writeBoxFiles(host.paths, folder, prepared, {record, kept: keptBefore(host.paths, name, record, boxes)});
			let container: string;
			try {
				container = await engine.createContainer(spec);
			} catch (error) {
				if (error instanceof EngineError && error.code === 'name-taken') {
					// Somebody was quicker: the next round finds out who and takes another name, or theirs if it is ours.
					if (!(await listClaims(host, signal)).some((box) => box.name === name)) {
						lost.names.add(name);
					}

					await pause(signal);
					continue;
				}

				if (error instanceof EngineError && !isWhole(host, {folder, secrets})) {
					// This took so long that the folder was taken for one left behind.
					await pause(signal);
					continue;
				}

				throw error;
			}

			// From here to the start nothing is broken off: a container that is neither started nor gone would be left.
			if (!(await keepRecord(host, folder, {...record, container}))) {
				await pause(signal);
				continue;
			}

			boxes = await listClaims(host);
			mine = findOwn(boxes, request);
		}

		const started = mine && (await tryToStart(host, mine, boxes, prepared, lost, signal));
		if (started) {
			if (made && started.folder !== undefined) {
				settleBoxFiles(host.paths, started.folder);
			}

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
	{request, runAs}: Prepared,
	lost: Lost,
	signal: AbortSignal,
): Promise<Box | undefined> {
	const {engine} = host;
	for (let seen = boxes; ; seen = await listClaims(host)) {
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
		// As the record says, not the labels: one that an earlier call left half-made is what that call asked for.
		if (mine.sudo && !mine.rootPassword) {
			await placeSudoers(engine, mine.id, runAs);
		}

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
		if (!isWhole(host, mine)) {
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

/**
Writes down that a container is the caller's, before anything else happens to it. Where that fails the container goes again: it would
be nobody's.

@returns false when the folder was taken for one left behind in the meantime
@throws Failure when the record cannot be written
*/
async function keepRecord(host: Host, folder: string, record: BoxRecord & {container: string}): Promise<boolean> {
	try {
		writeRecord(host.paths, folder, record);
		return true;
	} catch (error) {
		await removeUnlessRunning(host, {id: record.container});
		if (!existsSync(boxFolder(host.paths, folder))) {
			return false;
		}

		throw new Failure(`The box's files cannot be written: ${(error as Error).message}`, {
			fix: `Make room, or make ${boxFolder(host.paths, folder)} writable for you.`,
			cause: error,
		});
	}
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
	return (
		box.folder !== undefined && existsSync(boxFolder(paths, box.folder)) && missingSecrets(paths, box).length === 0
	);
}

import {setTimeout as sleep} from 'node:timers/promises';
import {EngineError} from '../engine/engine.ts';
import {exitCode, Failure} from '../failure.ts';
import type {Host} from '../host/host.ts';
import type {Box} from './box.ts';
import {GpusTaken} from './choose-gpus.ts';
import {decideClaim} from './claims.ts';
import {removeBoxFiles} from './files.ts';
import {removeLeftBehind} from './folders.ts';
import {readGpusOfHost, toCandidates} from './gpus-of-host.ts';
import {listBoxes} from './list.ts';
import {missingSecrets} from './secrets.ts';
import {syncSshFilesAfter} from './sync-ssh-files.ts';

/**
Starts a stopped box again, with the same address and token.

A stopped box holds no GPU, so somebody may have taken its cards since. It looks before and after: of two boxes that start at
the same moment at least the later one sees the other and stops.

@throws GpusTaken; Failure (taken) when its port is taken; Failure when its secrets are gone from memory
*/
export async function startBox(host: Host, box: Box, signal?: AbortSignal): Promise<void> {
	refuseWithoutSecrets(host, box);
	await refuseWhenTaken(host, box, {processes: true, signal});
	try {
		await host.engine.startContainer(box.id);
	} catch (error) {
		if (error instanceof EngineError && error.code === 'port-taken') {
			throw new Failure(`The port of ${box.name} is taken by another program now.`, {
				fix: 'Stop that program, or give the box another port: gpubox up --recreate',
				exitCode: exitCode.taken,
				cause: error,
			});
		}

		throw error;
	}

	try {
		await refuseWhenTaken(host, box, {processes: false, signal});
	} catch (error) {
		await host.engine.stopContainer(box.id, {timeoutSeconds: 1});
		throw error;
	}
}

/** The engine would only say that a path does not exist. */
function refuseWithoutSecrets({paths, person}: Host, box: Box): void {
	const missing = box.owner === person.name ? missingSecrets(paths, box) : [];
	if (missing.length > 0) {
		throw new Failure(`Secrets of ${box.name} were kept in memory and are gone: ${missing.join(', ')}.`, {
			fix: `Give them again: gpubox up ${box.project} ${missing.map((name) => `--secret ${name}`).join(' ')}`,
		});
	}
}

/** @param processes whether those outside of boxes count too: not once the box itself runs */
async function refuseWhenTaken(
	host: Host,
	box: Box,
	{processes, signal}: {processes: boolean; signal?: AbortSignal | undefined},
): Promise<void> {
	if (box.gpus.length === 0) {
		return;
	}

	const [boxes, gpus] = await Promise.all([
		listBoxes(host.engine, signal),
		processes ? readGpusOfHost(host, signal ?? new AbortController().signal) : undefined,
	]);
	const decision = decideClaim(box, boxes, new Date());
	const running = decision.kind === 'withdraw' ? decision.rivals.filter(({state}) => state !== 'created') : [];
	const others = boxes.filter(({id}) => id !== box.id);
	const candidates = gpus ? toCandidates(gpus, others, new Date()) : [];
	const foreign = box.shareGpus
		? []
		: candidates.filter(({uuid}) => box.gpus.includes(uuid)).flatMap((candidate) => candidate.foreign);
	const holders = [...running.map(({name}) => `box ${name}`), ...new Set(foreign)];
	if (holders.length === 0) {
		return;
	}

	const free = candidates.filter(
		({uuid, heldBy, foreign: used, lost, sliced}) =>
			!box.gpus.includes(uuid) && heldBy.length === 0 && used.length === 0 && !lost && !sliced,
	);
	const instead =
		free.length >= box.gpus.length
			? 'Other GPUs are free: gpubox up --recreate takes those, but what was installed inside is lost.'
			: undefined;
	throw new GpusTaken(`The GPUs of ${box.name} are held by ${holders.join(', ')} now.`, {
		fix: instead ?? `Stop that, or wait in line: gpubox up ${box.project} --wait`,
		holders,
		instead,
	});
}

/** Stops a box: its programs get SIGTERM and 30 seconds. Stopping a stopped box does nothing. */
export async function stopBox(host: Host, box: Box): Promise<void> {
	await host.engine.stopContainer(box.id);
}

/** Removes a box, running or not, and its files. The project folder and the person's home stay. */
export async function removeBox(host: Host, box: Box): Promise<void> {
	for (let attempt = 0; ; attempt++) {
		try {
			await host.engine.removeContainer(box.id, {force: true, volumes: true});
			break;
		} catch (error) {
			const code = error instanceof EngineError ? error.code : undefined;
			if (code === 'not-found') {
				break;
			}

			// "removal already in progress": somebody else removes it too, which is what was wanted.
			if (code !== 'conflict' || attempt === 20) {
				throw error;
			}

			await sleep(100);
		}
	}

	if (box.owner === host.person.name) {
		removeBoxFiles(host.paths, box.folder);
		await removeLeftBehind(host, box.project);
	}

	await syncSshFilesAfter(host, box);
}

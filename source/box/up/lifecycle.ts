import {exitCode, Failure} from '../../base/failure.ts';
import {EngineError} from '../../engine/engine.ts';
import {isContainerGone} from '../../engine/errors.ts';
import type {Host} from '../../host/host.ts';
import {type Box, isOwn} from '../box.ts';
import {missingSecrets} from '../files/secrets.ts';
import {GpusTaken, isFree} from '../gpus/allocate.ts';
import {readGpusOfHost, toCandidates} from '../gpus/availability.ts';
import {claimForRestart, startClaimed} from '../gpus/claim-start.ts';
import {decideClaim} from '../gpus/claims.ts';
import {renewBadToken} from '../jupyter/token.ts';
import {beingRecreated, isBeingReplaced} from '../left-aside.ts';
import {listClaims} from '../list.ts';
import {refuseNotRunning} from './not-running.ts';

/**
Starts a stopped box again, with the same address and token.

A stopped box holds no GPU, so another box may have taken its cards since. It claims them first (claim-start.ts), and checks again when
it runs: a claim counts as abandoned when the start took very long.

@param note gets notes for the user
@param claimed its cards are claimed for it already
@throws GpusTaken; Failure (taken) when its port is taken; Failure when its secrets were lost from memory, or the box was removed or is being
replaced
*/
export async function startBox(
	host: Host,
	box: Box,
	signal?: AbortSignal,
	note: (text: string) => void = () => {},
	claimed = false,
): Promise<void> {
	refuseJob(box, 'that has ended; a job is not started again');
	if (box.state === 'paused') {
		refuseNotRunning(box, exitCode.failed);
	}

	refuseWithoutSecrets(host, box);
	const renewed = renewBadToken(host.paths, box);
	if (renewed !== undefined) {
		note(renewed);
	}

	if (box.gpus.length === 0) {
		await startContainer(host, box, signal);
		return;
	}

	const look = () => refuseWhenTaken(host, box, {processes: true, signal});
	const start = () => startContainer(host, box, signal);
	if (claimed) {
		await look();
		await start();
	} else {
		await startClaimed(host, box, {signal, look, start});
	}

	try {
		await refuseWhenTaken(host, box, {processes: false, signal: undefined});
	} catch (error) {
		await host.engine.stopContainer(box.id, {timeoutSeconds: 1});
		throw error;
	}
}

function refuseJob({name, job}: Box, what: string): void {
	if (job) {
		throw new Failure(`${name} is a job ${what}.`, {
			fix: 'Run its command again: gpubox run -- COMMAND',
			exitCode: exitCode.usage,
		});
	}
}

/** It would hold what its replacement needs. */
function refuseWhenReplaced(host: Host, box: Box): void {
	if (isOwn(box) && isBeingReplaced(host, box)) {
		throw beingRecreated(box);
	}
}

async function startContainer(host: Host, box: Box, signal?: AbortSignal): Promise<void> {
	refuseWhenReplaced(host, box);
	try {
		await host.engine.startContainer(box.id, signal);
	} catch (error) {
		if (!(error instanceof EngineError)) {
			throw error;
		}

		if (error.code === 'port-taken') {
			throw new Failure(`The port of ${box.name} is now used by another program.`, {
				fix: 'Stop that program, or recreate the box with another port: gpubox up --recreate',
				exitCode: exitCode.taken,
				cause: error,
			});
		}

		if (isContainerGone(error)) {
			throw wasRemoved(box, error);
		}

		throw error;
	}
}

function wasRemoved({name}: Box, cause: EngineError): Failure {
	return new Failure(`${name} was removed by another command in the meantime.`, {
		fix: 'List boxes: gpubox ls. Create one: gpubox up',
		exitCode: exitCode.noSuchBox,
		cause,
	});
}

/** Whether the work failed because its box was removed meanwhile, also as `startBox` tells it. */
export function hasVanished(error: unknown): boolean {
	const reason = error instanceof Failure ? error.cause : error;
	return reason instanceof EngineError && isContainerGone(reason);
}

/** Checked here, because the engine would only report that a path does not exist. */
function refuseWithoutSecrets({paths}: Host, box: Box): void {
	const missing = isOwn(box) ? missingSecrets(paths, box) : [];
	if (missing.length > 0) {
		throw new Failure(
			`The secrets of ${box.name} were in memory only and were lost, for example at a reboot: ${missing.join(', ')}.`,
			{
				fix: `Pass them again: gpubox up ${box.project} ${missing.map((name) => `--secret ${name}`).join(' ')}`,
			},
		);
	}
}

/** @param processes whether processes outside of boxes count too: not once the box itself runs */
async function refuseWhenTaken(
	host: Host,
	box: Box,
	{processes, signal}: {processes: boolean; signal?: AbortSignal | undefined},
): Promise<void> {
	if (box.gpus.length === 0) {
		return;
	}

	const [boxes, gpus] = await Promise.all([
		listClaims(host, signal),
		processes ? readGpusOfHost(host, signal ?? new AbortController().signal) : undefined,
	]);
	// Else its own replacement could be what holds its GPUs.
	refuseWhenReplaced(host, box);
	if (!boxes.some(({id}) => id === box.id)) {
		throw wasRemoved(box, new EngineError('not-found', `No such container: ${box.id}`));
	}

	const decision = decideClaim({...box, startOf: box.id}, boxes, new Date());
	const running = decision.kind === 'withdraw' ? decision.rivals.filter(({state}) => state !== 'created') : [];
	const others = boxes.filter(({id}) => id !== box.id);
	const candidates = gpus ? toCandidates(gpus, others, new Date()) : [];
	const useless = candidates.find(({uuid, unusable}) => box.gpus.includes(uuid) && unusable !== undefined);
	if (useless?.unusable) {
		throw new Failure(`GPU ${useless.index} of ${box.name} cannot be used: ${useless.unusable.reason}.`, {
			fix: useless.unusable.fix,
			exitCode: exitCode.noGpu,
		});
	}

	const foreign = box.shareGpus
		? []
		: candidates.filter(({uuid}) => box.gpus.includes(uuid)).flatMap((candidate) => candidate.foreign);
	const holders = [...running.map(({name, job}) => `${job ? 'job' : 'box'} ${name}`), ...new Set(foreign)];
	if (holders.length === 0) {
		return;
	}

	const free = candidates.filter((candidate) => !box.gpus.includes(candidate.uuid) && isFree(candidate));
	const instead =
		free.length >= box.gpus.length
			? 'Other GPUs are free. To use them (software installed inside is lost): gpubox up --recreate'
			: undefined;
	throw new GpusTaken(`The GPUs of ${box.name} are now held by ${holders.join(', ')}.`, {
		fix: instead ?? `Stop the holder, or queue for the GPUs: gpubox up ${box.project} --wait`,
		holders,
		instead,
	});
}

/** Stops a box: its programs get SIGTERM and 30 seconds, those of a job their own time. Stopping a stopped box does nothing. */
export async function stopBox({engine}: Pick<Host, 'engine'>, {id, job}: Box, signal?: AbortSignal): Promise<void> {
	await engine.stopContainer(id, {...(job ? {timeoutSeconds: job.stopSeconds} : {}), signal});
}

/**
Stops a box and starts it again. Its GPUs are claimed for it all the while.

@throws what `startBox` throws; EngineError
*/
export async function restartBox(
	host: Host,
	box: Box,
	signal: AbortSignal,
	{note, beforeStop}: {note?: (text: string) => void; beforeStop?: () => Promise<void>} = {},
): Promise<void> {
	refuseJob(box, 'and is not restarted');
	const release = box.gpus.length > 0 ? await claimForRestart(host, box) : undefined;
	try {
		await beforeStop?.();
		await stopBox(host, box, signal);
		await startBox(host, {...box, state: 'exited'}, signal, note, release !== undefined);
	} finally {
		await release?.();
	}
}

import {setTimeout as sleep} from 'node:timers/promises';
import {type Engine, EngineError, type PullProgress} from '../../engine/engine.ts';
import {safeText} from '../../text/safe.ts';
import {refuseOwnLayer} from '../reference.ts';
import {mirroredReference} from './mirror.ts';

/**
Words of a transfer that broke and may go well the next time. The engine tries each layer several times by itself, going on
where it stopped; this is for when it gave up.
*/
const broken =
	/unexpected EOF|connection reset|broken pipe|i\/o timeout|handshake timeout|Client\.Timeout|deadline exceeded|server closed|temporary failure|50[234] |bad gateway|service unavailable|gateway time-?out|\bEOF$/i;

/** Seconds before each further attempt. */
const backOff = [2, 5, 15];

export type PullOptions = {
	/** A registry to pull Docker Hub's images from. */
	registryMirror?: string | undefined;
	onProgress?: (progress: PullProgress) => void;
	/** Gets notes about a mirror that is used, and the result. Safe to print. */
	onNote?: (text: string) => void;
	/** Gets the reason and the time of each further attempt. Safe to print. */
	onRetry?: (text: string) => void;
	signal: AbortSignal;
	/** For tests: waits so many milliseconds. */
	pause?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
};

/**
Pulls an image, through the user's mirror where there is one: it still gets its own name, unless an image of that name exists, which
others may use. An interrupted transfer is resumed, up to three times. Simultaneous pulls of the same image share one transfer in the
engine.

@throws Failure (usage) for a name that is reserved for gpubox; EngineError; the signal's reason
*/
export async function pullImage(engine: Engine, reference: string, options: PullOptions): Promise<void> {
	const {registryMirror, signal, onProgress, onNote} = options;
	refuseOwnLayer(reference);
	const mirrored = registryMirror === undefined ? undefined : mirroredReference(reference, registryMirror);
	if (mirrored !== undefined) {
		onNote?.(`Pulling ${safeText(reference)} from your mirror as ${safeText(mirrored)} (build.registryMirror).`);
	}

	await retrying(options, () => engine.pullImage(mirrored ?? reference, {signal, ...(onProgress ? {onProgress} : {})}));
	if (mirrored === undefined) {
		return;
	}

	const name = /:[^/]*$/.test(reference) ? reference : `${reference}:latest`;
	const [image, there] = await Promise.all([engine.inspectImage(mirrored, signal), engine.inspectImage(name, signal)]);
	if (image && there && there.id !== image.id) {
		onNote?.(
			`Another image is already named ${safeText(name)} on this host and is kept, because others may use it. The mirror's image is ${safeText(mirrored)}.`,
		);
	} else if (image && !there) {
		await engine.tagImage(image.id, name, signal);
	}
}

async function retrying(
	{signal, onRetry, pause = (time) => sleep(time, undefined, {signal})}: PullOptions,
	attempt: () => Promise<void>,
): Promise<void> {
	for (const seconds of backOff) {
		try {
			return await attempt();
		} catch (error) {
			signal.throwIfAborted();
			if (!(error instanceof EngineError && error.code === 'failed' && broken.test(error.message))) {
				throw error;
			}

			onRetry?.(`The transfer failed (${error.message}); retrying in ${seconds} s.`);
			await pause(seconds * 1000, signal);
		}
	}

	return attempt();
}

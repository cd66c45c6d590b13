import {setTimeout as pause} from 'node:timers/promises';
import type {GpuFeed} from '../../gpu/feed.ts';
import type {Host} from '../../host/host.ts';
import {followBoxes} from './boxes/box-source.ts';
import {followGpus, followProcesses} from './gpus/gpu-source.ts';
import {type HostReader, unknownHost} from './gpus/host-line.ts';
import type {Past} from './inspect/select-gpu.ts';
import type {LogReading} from './log/log-demand.ts';
import type {LogModel} from './log/log-model.ts';
import {followLogs} from './log/log-source.ts';
import {problemOf} from './model.ts';
import {type SessionStore, withFacts} from './store.ts';
import {createWaker} from './waker.ts';

const hostIntervalMs = 3000;

export type Sources = {
	logs: LogReading;
	/** Starts what is not there yet. To be called once the first picture is drawn, and harmless after that. */
	beginOthers: () => void;
	/** Settles when everything has let go. */
	stop(): Promise<void>;
};

/**
Starts all that comes by itself: the GPUs at once; processes, boxes, the log of the chosen box and the host when told to, because
what they load (the engine's library, systeminformation) would hold up the first picture.
*/
export function startSources(
	host: Host,
	store: SessionStore,
	parts: {feed: GpuFeed; log: LogModel; readHost: HostReader; past: Past; now: () => Date},
): Sources {
	const stopping = new AbortController();
	const {signal} = stopping;
	const waker = createWaker();
	// An answer about the log shows that the engine is back.
	const logs = followLogs(host, store, parts.log, signal, () => waker.wake());
	let atWork: Array<Promise<void>> = [];
	followGpus(parts.feed, store, parts);

	const begin = () => {
		atWork = [
			followBoxes(host, store, signal, {waker}),
			followProcesses(host, store, {...parts, signal}),
			followHost(parts.readHost, store, signal),
		];
		for (const work of atWork) {
			// None of these may end by itself: if one does, the user sees a message.
			work.catch((error: unknown) => {
				const {message, fix} = problemOf(error, host.engine.address);
				store.change(withFacts(() => ({message: {kind: 'failure', text: message, fix}})));
			});
		}
	};

	return {
		logs,
		beginOthers() {
			if (atWork.length === 0 && !signal.aborted) {
				begin();
			}
		},
		async stop() {
			stopping.abort();
			await Promise.allSettled([...atWork, parts.feed.stop()]);
		},
	};
}

async function followHost(readHost: HostReader, store: SessionStore, signal: AbortSignal): Promise<void> {
	while (!signal.aborted) {
		try {
			const reading = await readHost(signal);
			// The first reading fills an empty line; later ones only move a digit.
			const change = store.get().facts.host === undefined ? store.change : store.changeLazily;
			change(withFacts(() => ({host: reading})));
		} catch {
			// The machine not telling how it does is no reason to disturb anyone: the line goes without.
			store.change(withFacts(({host}) => ({host: host ?? unknownHost})));
		}

		await pause(hostIntervalMs, undefined, {signal}).catch(() => {});
	}
}

import type {GpuFrame, GpuInventory, GpuProblem, NvidiaSmi} from './gpu.ts';
import {readBanner, readGpuFacts, withBanner} from './inventory.ts';
import {watchGpus} from './stream.ts';

export type GpuFeedListener = {
	onInventory: (inventory: GpuInventory) => void;
	onFrame: (frame: GpuFrame) => void;
	/** Undefined when nothing is wrong any more. */
	onProblem: (problem: GpuProblem | undefined) => void;
};

/** Everything nvidia-smi says, kept until someone listens. */
export type GpuFeed = {
	/** Settles with the first reading, or with the news that there will be none soon. */
	firstNews: Promise<void>;
	listen(listener: GpuFeedListener): void;
	/** Asks once more for what does not change: after a driver came back, cards can be others. */
	refresh(): void;
	/** Ends the child that tells the readings until `resume` is called. Settles when it is gone. */
	pause(): Promise<void>;
	resume(): void;
	/** Settles when no child is left. */
	stop(): Promise<void>;
};

/**
Starts nvidia-smi at once, so that it is at work while Ink is still being loaded: a caller that is in a hurry calls this
before it imports the session. Never throws; what goes wrong is told to the listener as a problem.
*/
export function startGpuFeed(nvidiaSmi: NvidiaSmi, options: {intervalMs?: number} = {}): GpuFeed {
	const stopping = new AbortController();
	const {signal} = stopping;
	const early: Array<(listener: GpuFeedListener) => void> = [];
	let listener: GpuFeedListener | undefined;
	const firstNews = Promise.withResolvers<void>();
	const tell = (message: (to: GpuFeedListener) => void) => {
		if (signal.aborted) {
			return;
		}

		if (listener === undefined) {
			early.push(message);
		} else {
			message(listener);
		}
	};

	const fail = (error: unknown) => {
		tell((to) =>
			to.onProblem({
				code: 'unknown',
				message: error instanceof Error ? error.message : String(error),
				fix: 'Try it by hand: nvidia-smi',
			}),
		);
	};

	/** How many GPUs there are; none when that could not be asked. */
	const ask = async (): Promise<number> => {
		try {
			const facts = await readGpuFacts(nvidiaSmi, {signal});
			tell((to) => to.onInventory(facts));
			void askCuda(facts);
			return facts.gpus.length;
		} catch (error) {
			fail(error);
			return 0;
		}
	};

	/** A third process at the same time would keep the other two waiting for the driver, and the person for the GPUs. */
	const askCuda = async (facts: GpuInventory) => {
		try {
			const banner = await readBanner(nvidiaSmi, {signal});
			tell((to) => to.onInventory(withBanner(facts, banner)));
		} catch (error) {
			fail(error);
		}
	};

	const watch = async (gpuCount: Promise<number>, watchSignal: AbortSignal) => {
		try {
			await watchGpus(nvidiaSmi, {
				signal: watchSignal,
				gpuCount,
				onFrame(frame) {
					tell((to) => to.onFrame(frame));
					firstNews.resolve();
				},
				onProblem(problem) {
					tell((to) => to.onProblem(problem));
					firstNews.resolve();
				},
				...(options.intervalMs === undefined ? {} : {intervalMs: options.intervalMs}),
			});
		} catch (error) {
			fail(error);
		}
	};

	let asking = ask();
	let pausing = new AbortController();
	let watching = watch(asking, AbortSignal.any([signal, pausing.signal]));
	return {
		firstNews: firstNews.promise,
		listen(next) {
			listener = next;
			for (const message of early.splice(0)) {
				message(next);
			}
		},
		refresh() {
			asking = asking.then(ask);
		},
		async pause() {
			pausing.abort();
			await watching;
		},
		resume() {
			if (pausing.signal.aborted) {
				pausing = new AbortController();
				watching = watch(asking, AbortSignal.any([signal, pausing.signal]));
			}
		},
		async stop() {
			stopping.abort();
			await Promise.all([watching, asking]);
		},
	};
}

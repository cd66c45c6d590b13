import type {GpuInventory, GpuNews, NvidiaSmi} from './gpu.ts';
import {readBanner, readGpuFacts, withBanner} from './inventory.ts';
import {watchGpus} from './stream.ts';

/** All news of the GPUs, kept until someone listens. */
export type GpuFeed = {
	/** Settles with the first reading, or when it is known that there will be none soon. */
	firstNews: Promise<void>;
	listen(listener: (news: GpuNews) => void): void;
	/** Asks again for what does not change: after a driver came back, the GPUs can be others. */
	refresh(): void;
	/** Ends the child that prints the readings until `resume` is called. Settles when it is gone. */
	pause(): Promise<void>;
	resume(): void;
	/** Settles when no child is left. */
	stop(): Promise<void>;
};

/**
Starts nvidia-smi at once, so that it runs while Ink is still being loaded: a caller in a hurry calls this before it imports the
session. Never throws; what goes wrong is a problem among the news.
*/
export function startGpuFeed(nvidiaSmi: NvidiaSmi, options: {intervalMs?: number} = {}): GpuFeed {
	const stopping = new AbortController();
	const {signal} = stopping;
	const early: GpuNews[] = [];
	let listener = (news: GpuNews) => {
		early.push(news);
	};
	const firstNews = Promise.withResolvers<void>();
	const onNews = (news: GpuNews) => {
		if (signal.aborted) {
			return;
		}

		listener(news);
		if (news.kind !== 'inventory') {
			firstNews.resolve();
		}
	};

	const fail = (error: unknown) => {
		const message = error instanceof Error ? error.message : String(error);
		onNews({kind: 'problem', problem: {code: 'unknown', message, fix: 'Try it by hand: nvidia-smi'}});
	};

	/** How many GPUs there are; none when that could not be asked. */
	const ask = async (): Promise<number> => {
		try {
			const inventory = await readGpuFacts(nvidiaSmi, {signal});
			onNews({kind: 'inventory', inventory});
			void askCuda(inventory);
			return inventory.gpus.length;
		} catch (error) {
			fail(error);
			return 0;
		}
	};

	/** A third process at the same time would keep the other two waiting for the driver, and the user for the GPUs. */
	const askCuda = async (inventory: GpuInventory) => {
		try {
			onNews({kind: 'inventory', inventory: withBanner(inventory, await readBanner(nvidiaSmi, {signal}))});
		} catch (error) {
			fail(error);
		}
	};

	let asking = ask();
	let pausing = new AbortController();
	const watch = async () =>
		watchGpus(nvidiaSmi, {
			...options,
			signal: AbortSignal.any([signal, pausing.signal]),
			gpuCount: asking,
			onNews,
		}).catch(fail);
	let watching = watch();
	return {
		firstNews: firstNews.promise,
		listen(next) {
			listener = next;
			for (const news of early.splice(0)) {
				next(news);
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
				watching = watch();
			}
		},
		async stop() {
			stopping.abort();
			await Promise.all([watching, asking]);
		},
	};
}

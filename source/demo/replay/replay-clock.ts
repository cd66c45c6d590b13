import type {GpuFeed} from '../../gpu/feed.ts';

/** The time of a recording from now on: it walks from its start to its end, and stays there. */
export function createReplayClock({fromMs, toMs}: {fromMs: number; toMs: number}, nowMs = Date.now): () => Date {
	const startedMs = nowMs();
	return () => new Date(Math.min(toMs, fromMs + nowMs() - startedMs));
}

/** The readings with the time at which they were recorded. */
export function withReplayClock(feed: GpuFeed, clock: () => Date): GpuFeed {
	return {
		...feed,
		listen: (listener) =>
			feed.listen((news) =>
				listener(news.kind === 'frame' ? {...news, frame: {...news.frame, at: clock().getTime()}} : news),
			),
	};
}

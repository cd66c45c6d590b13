import type {GpuFrame, NvidiaSmi} from './gpu.ts';
import {watchGpus} from './stream.ts';

/**
The first reading of the stream that the session also uses; undefined when the driver gives none. A driver that wakes up is waited for.
@throws the signal's reason
*/
export async function readFrame(smi: NvidiaSmi, gpuCount: number, signal: AbortSignal): Promise<GpuFrame | undefined> {
	const controller = new AbortController();
	let first: GpuFrame | undefined;
	await watchGpus(smi, {
		gpuCount,
		signal: AbortSignal.any([signal, controller.signal]),
		onNews(news) {
			if (news.kind === 'frame') {
				first ??= news.frame;
			}

			if (news.kind === 'frame' || (news.problem && news.problem.code !== 'waking')) {
				controller.abort();
			}
		},
	});
	signal.throwIfAborted();
	return first;
}

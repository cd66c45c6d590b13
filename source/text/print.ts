import {once} from 'node:events';

/**
Writes as fast as it is taken: settles once there is room for more, so that what is not read yet stays where it comes from and not in
memory.

What goes wrong with the stream is told to who listens there for it (run-verb.ts).

@throws the signal's reason
*/
export async function print(
	out: NodeJS.WritableStream,
	data: string | Uint8Array,
	signal?: AbortSignal,
): Promise<void> {
	// A stream that was closed takes nothing any more, and never has room again.
	if (!out.writable || out.write(data)) {
		return;
	}

	const settled = new AbortController();
	const options = {signal: signal ? AbortSignal.any([signal, settled.signal]) : settled.signal};
	try {
		await Promise.race([once(out, 'drain', options), once(out, 'close', options)]);
	} catch {
		signal?.throwIfAborted();
	} finally {
		settled.abort();
	}
}

import type {LogChunk} from './engine.ts';

/**
Takes apart the engine's multiplexed stream: frames of 8 bytes of header (stream, 3 zero bytes, length as big-endian
uint32) and the payload. dockerode's own demuxer copies the rest of the buffer for every frame and answers through two
streams; this one slices and keeps the order of stdout and stderr.
*/
export async function* readFrames(stream: AsyncIterable<Buffer>): AsyncGenerator<LogChunk> {
	let pending: Buffer = Buffer.alloc(0);
	for await (const chunk of stream) {
		const buffer = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
		let offset = 0;
		while (buffer.length - offset >= 8) {
			const length = buffer.readUInt32BE(offset + 4);
			if (buffer.length - offset - 8 < length) {
				break;
			}

			const data = buffer.subarray(offset + 8, offset + 8 + length);
			yield {stream: buffer[offset] === 2 ? 'stderr' : 'stdout', data};
			offset += 8 + length;
		}

		pending = buffer.subarray(offset);
	}
}

/** The JSON lines of a pull, a build or the event stream. */
export async function* readJsonLines<T>(stream: AsyncIterable<Buffer>): AsyncGenerator<T> {
	const decoder = new TextDecoder();
	let pending = '';
	for await (const chunk of stream) {
		const lines = (pending + decoder.decode(chunk, {stream: true})).split('\n');
		pending = lines.pop() ?? '';
		for (const line of lines) {
			if (line.trim() !== '') {
				yield JSON.parse(line) as T;
			}
		}
	}

	if (pending.trim() !== '') {
		yield JSON.parse(pending) as T;
	}
}

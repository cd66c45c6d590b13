import {LineSplitter} from '../text/lines.ts';
import {EngineError, type LogChunk} from './engine.ts';
import type {Limit} from './limits.ts';

const headLength = 8;

/**
Takes apart the engine's multiplexed stream: frames of 8 bytes of header (stream, 3 zero bytes, length as big-endian uint32) and the
payload. What is there of a frame is handed on at once, in the order of stdout and stderr: its length is the sender's word, and up to
4 GiB. Frames of one stream that arrive together become one piece: the engine sends a frame for each line, and a piece for each would take
several times as long.

@param stream its pieces are written to: what a frame carries is moved over the headers before it, since a copy would be garbage as large as
the log
@throws EngineError when it is no such stream, or ends within a frame
*/
export async function* readFrames(stream: AsyncIterable<Buffer>): AsyncGenerator<LogChunk> {
	const head = Buffer.alloc(headLength);
	let headBytes = 0;
	let left = 0;
	let begins = false;
	for await (const chunk of stream) {
		let offset = 0;
		let joined: Joined | undefined;
		while (offset < chunk.length) {
			if (left === 0) {
				const taken = chunk.copy(head, headBytes, offset);
				headBytes += taken;
				offset += taken;
				if (headBytes < headLength) {
					break;
				}

				headBytes = 0;
				begins = true;
				const length = lengthOf(head);
				if (length === undefined) {
					if (joined) {
						yield toPiece(chunk, joined);
					}

					throw new EngineError('not-an-engine', 'output of a container: it does not come in frames');
				}

				left = length;
			} else {
				const name = (head[0] as number) < 2 ? 'stdout' : 'stderr';
				if (joined && joined.stream !== name) {
					yield toPiece(chunk, joined);
					joined = undefined;
				}

				joined ??= {stream: name, from: offset, to: offset, starts: []};
				if (begins) {
					joined.starts.push(joined.to - joined.from);
					begins = false;
				}

				const end = Math.min(chunk.length, offset + left);
				if (joined.to < offset) {
					chunk.copyWithin(joined.to, offset, end);
				}

				joined.to += end - offset;
				left -= end - offset;
				offset = end;
			}
		}

		if (joined) {
			yield toPiece(chunk, joined);
		}
	}

	if (left > 0 || headBytes > 0) {
		throw new EngineError('unreachable', 'output of a container: the connection was lost');
	}
}

/** Where in what arrived the payloads are, moved together. */
type Joined = {stream: LogChunk['stream']; from: number; to: number; starts: number[]};

function toPiece(chunk: Buffer, {stream, from, to, starts}: Joined): LogChunk {
	return {stream, data: chunk.subarray(from, to), starts};
}

/** Undefined for what is not a header. */
function lengthOf(head: Buffer): number | undefined {
	// 0 is stdin, 3 the engine's own words about a stream that broke.
	if ((head[0] as number) > 3 || head[1] !== 0 || head[2] !== 0 || head[3] !== 0) {
		return undefined;
	}

	return head.readUInt32BE(4);
}

/** The JSON lines of a pull, a build or the event stream. @throws EngineError when one is longer than the limit; what `parse` throws */
export async function* readJsonLines<T>(
	stream: AsyncIterable<Buffer>,
	parse: (line: string) => T,
	{question, bytes}: Pick<Limit, 'question' | 'bytes'>,
): AsyncGenerator<T> {
	const decoder = new TextDecoder();
	const splitter = new LineSplitter();
	for await (const chunk of stream) {
		for (const line of splitter.push(decoder.decode(chunk, {stream: true}))) {
			if (line.trim() !== '') {
				yield parse(line);
			}
		}

		if (splitter.pending > bytes) {
			throw new EngineError('not-an-engine', `${question}: a line of more than ${bytes / 1024 ** 2} MiB`);
		}
	}

	for (const line of splitter.end()) {
		if (line.trim() !== '') {
			yield parse(line);
		}
	}
}

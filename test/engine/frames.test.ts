import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {EngineError, type LogChunk} from '../../source/engine/engine.ts';
import {readFrames, readJsonLines} from '../../source/engine/frames.ts';

function frame(stream: number, data: Uint8Array): Buffer {
	const head = Buffer.alloc(8);
	head[0] = stream;
	head.writeUInt32BE(data.length, 4);
	return Buffer.concat([head, data]);
}

/** The bytes in pieces of the given lengths, again and again; each a copy, as it is written to. */
async function* cut(bytes: Buffer, lengths: readonly number[]): AsyncGenerator<Buffer> {
	for (let from = 0, turn = 0; from < bytes.length; turn++) {
		const to = from + (lengths[turn % lengths.length] ?? 1);
		yield Buffer.from(bytes.subarray(from, to));
		from = to;
	}
}

async function read(stream: AsyncIterable<Buffer>): Promise<{chunks: LogChunk[]; error: unknown}> {
	const chunks: LogChunk[] = [];
	try {
		for await (const chunk of readFrames(stream)) {
			chunks.push(chunk);
		}
	} catch (error) {
		return {chunks, error};
	}

	return {chunks, error: undefined};
}

/** All bytes of each stream, and which one each byte of all came from. */
function joined(chunks: readonly LogChunk[]) {
	const of = (name: string) =>
		Buffer.concat(chunks.flatMap(({stream, data}) => (stream === name ? [data] : []))).toString('hex');
	return {
		stdout: of('stdout'),
		stderr: of('stderr'),
		order: chunks.map(({stream, data}) => stream[3]?.repeat(data.length)).join(''),
	};
}

const frames = fc.array(fc.tuple(fc.integer({min: 0, max: 3}), fc.uint8Array({maxLength: 30})), {maxLength: 8});
const lengths = fc.array(fc.integer({min: 1, max: 12}), {minLength: 1, maxLength: 6});

describe("the engine's frames", () => {
	test('give every byte in order, however they are cut', async () => {
		await fc.assert(
			fc.asyncProperty(frames, lengths, async (sent, cuts) => {
				const bytes = Buffer.concat(sent.map(([stream, data]) => frame(stream, data)));
				const {chunks, error} = await read(cut(bytes, cuts));
				assert.equal(error, undefined);
				const name = (stream: number) => (stream < 2 ? 'stdout' : 'stderr') as LogChunk['stream'];
				const wanted = sent.map(([stream, data]) => ({stream: name(stream), data: Buffer.from(data)}));
				assert.deepEqual(joined(chunks), joined(wanted));
			}),
		);
	});

	test('that arrive together are one piece, in the memory in which they arrived', async () => {
		const arrived = Buffer.concat([
			frame(1, Buffer.from('one\n')),
			frame(1, Buffer.from('two\n')),
			frame(2, Buffer.from('three\n')),
		]);
		const {chunks} = await read(cut(arrived, [arrived.length]));
		assert.deepEqual(
			chunks.map(({stream, data, starts}) => [stream, data.toString(), starts]),
			[
				['stdout', 'one\ntwo\n', [0, 4]],
				['stderr', 'three\n', [0]],
			],
		);
		assert.equal(chunks[0]?.data.buffer, chunks[1]?.data.buffer);
	});

	test('that end within one are a lost connection, after all that came', async () => {
		await fc.assert(
			fc.asyncProperty(frames, lengths, fc.nat(), async (sent, cuts, at) => {
				const bytes = Buffer.concat(sent.map(([stream, data]) => frame(stream, data)));
				const ends = new Set<number>([0]);
				sent.reduce((end, [, data]) => ends.add(end + 8 + data.length) && end + 8 + data.length, 0);
				const end = at % (bytes.length + 1);
				const {chunks, error} = await read(cut(bytes.subarray(0, end), cuts));
				if (ends.has(end)) {
					assert.equal(error, undefined);
				} else {
					assert.ok(error instanceof EngineError && error.code === 'unreachable', String(error));
				}

				const whole = await read(cut(bytes, [bytes.length || 1]));
				assert.ok(joined(whole.chunks).order.startsWith(joined(chunks).order));
			}),
		);
	});

	test('whatever comes in their place: an error of the engine, or output', async () => {
		await fc.assert(
			fc.asyncProperty(fc.uint8Array({maxLength: 60}), lengths, async (bytes, cuts) => {
				const {chunks, error} = await read(cut(Buffer.from(bytes), cuts));
				assert.ok(error === undefined || error instanceof EngineError, String(error));
				assert.ok(joined(chunks).order.length <= bytes.length);
			}),
			{numRuns: 300},
		);
	});
});

test('JSON lines are read whole, however they are cut', async () => {
	await fc.assert(
		fc.asyncProperty(fc.array(fc.jsonValue(), {maxLength: 6}), lengths, fc.boolean(), async (values, cuts, ends) => {
			const bytes = Buffer.from(values.map((value) => JSON.stringify(value)).join('\r\n') + (ends ? '\n' : ''));
			const found: unknown[] = [];
			const limit = {question: 'x', bytes: 2 ** 20};
			for await (const value of readJsonLines(cut(bytes, cuts), (line) => JSON.parse(line) as unknown, limit)) {
				found.push(value);
			}

			assert.deepEqual(
				found,
				values.map((value) => JSON.parse(JSON.stringify(value)) as unknown),
			);
		}),
	);
});

import assert from 'node:assert/strict';
import {mkdtemp, rm} from 'node:fs/promises';
import {createServer, type IncomingMessage} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Duplex} from 'node:stream';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {connectDocker} from '../../../source/engine/docker/docker.ts';
import type {ContainerDetail, Engine, LogChunk} from '../../../source/engine/engine.ts';
import {readOutput, type Seen, seenOf, toRecord} from '../../../source/job/run/output.ts';
import {asKept} from './_as-kept.ts';

type Printed = Array<[stream: LogChunk['stream'], text: string | Buffer]>;

/** As the engine frames what a container prints. */
function framed(printed: Printed): Buffer {
	return Buffer.concat(
		printed.flatMap(([stream, text]) => {
			const data = Buffer.from(text as string);
			const head = Buffer.from([stream === 'stdout' ? 1 : 2, 0, 0, 0, 0, 0, 0, 0]);
			head.writeUInt32BE(data.length, 4);
			return [head, data];
		}),
	);
}

/** An engine with one container, which prints into the connection that is attached, and keeps `log`. */
async function withContainer(
	{
		log = [],
		processes = [],
		lost = 0,
		attached,
	}: {
		log?: Printed | 'none';
		processes?: string[][];
		/** So many questions for the log are not answered: the engine is away. */
		lost?: number;
		attached: (socket: Duplex) => void;
	},
	use: (engine: Engine, asked: string[]) => Promise<void>,
): Promise<void> {
	const folder = await mkdtemp(join(tmpdir(), 'gpubox-attach-'));
	const path = join(folder, 'engine.sock');
	const asked: string[] = [];
	const server = createServer((request, response) => {
		asked.push((request.url ?? '').replace(/\?.*$/, ''));
		if (lost > 0 && request.url?.includes('/logs')) {
			lost -= 1;
			response.destroy();
		} else if (log === 'none' && request.url?.includes('/logs')) {
			response.statusCode = 501;
			response.end(JSON.stringify({message: 'configured logging driver does not support reading'}));
		} else if (log !== 'none' && request.url?.includes('/logs')) {
			const tail = new URL(request.url, 'http://engine').searchParams.get('tail');
			response.end(framed(tail === null ? log : log.slice(-Number(tail))));
		} else if (request.url?.includes('/top')) {
			response.end(JSON.stringify({Titles: ['PID', 'PPID', 'COMMAND'], Processes: processes}));
		} else {
			response.setHeader('Content-Type', 'application/json').end(
				JSON.stringify({
					Id: 'x',
					Name: '/x',
					Created: '2026-01-31T09:00:00Z',
					Image: 'x',
					State: {Status: 'exited', ExitCode: 0},
					Config: {Image: 'x', Labels: null},
					HostConfig: {},
					Mounts: [],
				}),
			);
		}
	});
	server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => {
		socket.on('error', () => {});
		socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
		attached(socket);
	});
	await new Promise<void>((resolve) => {
		server.listen(path, resolve);
	});
	try {
		await use(await connectDocker({url: `unix://${path}`, origin: 'the test'}), asked);
	} finally {
		server.closeAllConnections();
		server.close();
		await rm(folder, {recursive: true});
	}
}

/** Ended now, or a while after its output. */
function endedAfter(milliseconds: number): Promise<ContainerDetail> {
	return Promise.resolve({finishedAt: new Date(Date.now() + milliseconds)} as ContainerDetail);
}

async function read(
	engine: Engine,
	{
		ending = endedAfter(0),
		seen = seenOf({}),
		take,
	}: {ending?: Promise<ContainerDetail | undefined>; seen?: Seen; take?: (chunk: LogChunk) => Promise<void>} = {},
): Promise<Record<LogChunk['stream'], string> & {seen: Seen}> {
	const texts = {stdout: '', stderr: ''};
	await readOutput(
		engine,
		'x',
		{signal: new AbortController().signal, seen, attached: await engine.attach('x'), stopped: ending, ending},
		async (chunk) => {
			texts[chunk.stream] += chunk.data.toString();
			await take?.(chunk);
		},
	);
	return {...texts, seen};
}

describe('output of a job', () => {
	const printed: Printed = [
		['stdout', 'one\n'],
		['stderr', 'warning\n'],
		['stdout', 'two\n'],
		['stdout', 'three, without an end of line'],
	];
	const all = {stdout: 'one\ntwo\nthree, without an end of line', stderr: 'warning\n'};

	const readWhole = {
		outputRead: {stdout: {ascii: all.stdout.length, others: 0}, stderr: {ascii: all.stderr.length, others: 0}},
	};

	test('arrives whole wherever the frames are cut, and the log is asked only whether it ends there', async () => {
		const bytes = framed(printed);
		const cuts = fc.uniqueArray(fc.integer({min: 1, max: bytes.length - 1}), {maxLength: 6});
		await fc.assert(
			fc.asyncProperty(cuts, async (unsorted) => {
				const places = [0, ...unsorted.sort((a, b) => a - b), bytes.length];
				const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
				const send = (socket: Duplex) => {
					const [piece] = pieces.splice(0, 1);
					if (piece) {
						// Pieces that are written in one go would arrive as one.
						socket.write(piece, () => setImmediate(send, socket));
					} else {
						socket.end();
					}
				};
				await withContainer({log: printed, attached: send}, async (engine, asked) => {
					const {seen, ...texts} = await read(engine);
					assert.deepEqual(texts, all);
					assert.deepEqual(toRecord(seen), readWhole);
					assert.deepEqual(asked, ['/containers/x/logs']);
				});
			}),
			{numRuns: 20},
		);
	});

	test('goes on from the log where the connection is lost: nothing is missing or comes twice', async () => {
		const bytes = framed(printed);
		for (const [length, ending] of [
			// Within a header, within a payload, between two frames.
			[15, undefined],
			[22, undefined],
			[12, endedAfter(5000)],
			// The container is gone on, and its end is told much later.
			[12, new Promise<undefined>(() => {})],
		] as const) {
			await withContainer(
				// The log has the two streams in another order.
				{
					log: [
						['stderr', all.stderr],
						['stdout', all.stdout],
					],
					processes: [['17', '1', 'python train.py']],
					attached: (socket) => socket.end(bytes.subarray(0, length)),
				},
				async (engine, asked) => {
					const {seen, ...texts} = await read(engine, ending ? {ending} : {});
					assert.deepEqual(texts, all, `cut after ${length} bytes`);
					assert.deepEqual(toRecord(seen), readWhole);
					assert.ok(asked.includes('/containers/x/logs'));
				},
			);
		}
	});

	test('is read from the log to its end where the connection was cut a moment before the container ended', async () => {
		const many: Printed = Array.from({length: 9000}, (_, line) => [
			'stdout',
			`step ${line} of a long log\n`.padEnd(40),
		]);
		for (const log of [printed, many, [...many, ['stderr', 'the last words\n']] as Printed]) {
			for (const missing of [1, 2]) {
				const attached = (socket: Duplex) => socket.end(framed(log.slice(0, -missing)));
				await withContainer({log, attached}, async (engine) => {
					const {seen: _seen, ...texts} = await read(engine);
					const whole = (name: LogChunk['stream']) =>
						log.flatMap(([stream, text]) => (stream === name ? [text] : [])).join('');
					// A difference of so many lines is no help.
					for (const stream of ['stdout', 'stderr'] as const) {
						assert.ok(texts[stream] === whole(stream), `${stream} of ${log.length} without ${missing}`);
					}
				});
			}
		}
	});

	test('is whole, and nothing of it comes twice, where the engine keeps no byte of it that is not text', async () => {
		// A progress bar is one long line, which the engine cuts within characters.
		const bar = Buffer.from(`${'\r 17 % ████▏'.repeat(900)} done, in Latin 1: \xFF`);
		const steps: Printed = Array.from({length: 9000}, (_, line) => [
			'stdout',
			`step ${line} of a long log ${'█'.repeat(line % 9)}\n`,
		]);
		for (const printed of [
			[['stdout', Buffer.concat([bar, Buffer.from([0xff])])]],
			[...steps, ['stdout', bar], ['stderr', Buffer.from([0xe9])]],
		] as Printed[]) {
			const log: Printed = printed.map(([stream, text]) => [stream, asKept(Buffer.from(text as string))]);
			assert.ok(Buffer.concat(log.map(([, text]) => text as Buffer)).includes('\uFFFD'));
			await withContainer({log, attached: (socket) => socket.end(framed(printed))}, async (engine, asked) => {
				const pieces: Buffer[] = [];
				await read(engine, {take: async ({data}) => void pieces.push(Buffer.from(data))});
				assert.ok(Buffer.concat(pieces).equals(Buffer.concat(printed.map(([, text]) => Buffer.from(text as string)))));
				assert.equal(asked.filter((path) => path.endsWith('/logs')).length, 1);
			});
		}
	});

	test('is read to its end where the engine went away with the connection and comes back', async () => {
		const attached = (socket: Duplex) => socket.end(framed(printed.slice(0, 2)));
		await withContainer({log: printed, lost: 1, attached}, async (engine) => {
			const {seen: _seen, ...texts} = await read(engine);
			assert.deepEqual(texts, all);
		});
	});

	test('is read to its end where the engine has so much more that it does not come in one answer', async () => {
		const first: Printed = [['stdout', 'begun\n']];
		const log: Printed = [
			...first,
			...Array.from({length: 80}, (): Printed[number] => ['stdout', 'y'.repeat(64 * 1024)]),
		];
		const attached = (socket: Duplex) => socket.end(framed(first));
		await withContainer({log, attached}, async (engine) => {
			const {stdout} = await read(engine);
			assert.ok(stdout === log.map(([, text]) => text).join(''), `${stdout.length} characters`);
		});
	});

	test('is whole as it came where the engine keeps no log', async () => {
		const attached = (socket: Duplex) => socket.end(framed(printed));
		await withContainer({log: 'none', attached}, async (engine) => {
			const {seen: _seen, ...texts} = await read(engine);
			assert.deepEqual(texts, all);
		});
	});

	test('is whole where nothing runs any more, however long the engine writes the log before it tells the end', async () => {
		const finished = endedAfter(0);
		const ending = new Promise<ContainerDetail>((resolve) => setTimeout(resolve, 1200, finished));
		const attached = (socket: Duplex) => socket.end(framed(printed));
		await withContainer({log: printed, attached}, async (engine, asked) => {
			const {seen: _seen, ...texts} = await read(engine, {ending});
			assert.deepEqual([texts, asked[0]], [all, '/containers/x/top']);
			assert.equal(asked.filter((path) => path.endsWith('/logs')).length, 1);
		});
	});

	test('is read no faster than it is taken', async () => {
		let written = 0;
		let stopped = false;
		const piece = framed([['stdout', 'x'.repeat(64 * 1024)]]);
		const send = (socket: Duplex) => {
			socket.once('drain', () => (stopped ? socket.end() : send(socket)));
			while (!stopped && socket.write(piece)) {
				written += piece.length;
			}
		};
		let release = () => {};
		await withContainer({attached: send}, async (engine) => {
			const held = new Promise<void>((resolve) => {
				release = resolve;
			});
			const seen = seenOf({});
			const taken = () => seen.stdout.position.ascii;
			const reading = read(engine, {seen, take: () => held}).catch(() => {});
			// Until what is on its way between the two is full.
			for (let before = -1; before !== written; ) {
				before = written;
				await new Promise((resolve) => setTimeout(resolve, 100));
			}

			assert.ok(taken() <= 128 * 1024, `${taken()} bytes were taken`);
			assert.ok(written < 4 * 1024 * 1024, `${written} bytes were sent`);
			stopped = true;
			release();
			await reading;
		});
	});

	test('that is not wanted any more lets the connection go', async () => {
		const closed = Promise.withResolvers<void>();
		await withContainer(
			{
				attached: (socket) =>
					socket
						.resume()
						.once('end', () => socket.end(closed.resolve))
						.write(framed(printed.slice(0, 1))),
			},
			async (engine) => {
				const leaving = new AbortController();
				const seen = seenOf({});
				const options = {
					signal: leaving.signal,
					seen,
					attached: await engine.attach('x'),
					stopped: Promise.resolve(),
					ending: Promise.resolve(undefined),
				};
				await readOutput(engine, 'x', options, async () => leaving.abort());
				await closed.promise;
				assert.equal(seen.stdout.position.ascii, 4);
			},
		);
	});
});

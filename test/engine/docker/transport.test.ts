import assert from 'node:assert/strict';
import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import type {RequestListener} from 'node:http';
import {type AddressInfo, createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Writable} from 'node:stream';
import {afterEach, describe, test} from 'node:test';
import {exitCode} from '../../../source/base/failure.ts';
import {caller} from '../../../source/engine/caller.ts';
import {connectDocker} from '../../../source/engine/docker/docker.ts';
import {type Engine, EngineError, type EngineErrorCode} from '../../../source/engine/engine.ts';
import {readFrames} from '../../../source/engine/frames.ts';
import {defaultLimits} from '../../../source/engine/limits.ts';
import {execOnce} from '../../../source/engine/run-once.ts';
import {askHttp} from '../../../source/host/ask-http.ts';
import {explain} from '../../../source/host/remedies.ts';
import {limitsOf, readAll, withAnswers} from '../../_helpers/answering-engine.ts';

const json = {'Content-Type': 'application/json'};
const mebibyte = 1024 ** 2;

function isCode(code: EngineErrorCode, message: RegExp = /./) {
	return (error: unknown) => {
		assert.ok(error instanceof EngineError, String(error));
		assert.equal(error.code, code, error.message);
		assert.match(error.message, message);
		return true;
	};
}

const asks: Record<string, (engine: Engine) => Promise<unknown>> = {
	list: (engine) => engine.listContainers(),
	inspect: (engine) => engine.inspectContainer('x'),
	images: (engine) => engine.listImages(),
	start: (engine) => engine.startContainer('x'),
	remove: (engine) => engine.removeContainer('x'),
	pull: (engine) => engine.pullImage('x:1'),
	wait: (engine) => engine.waitContainer('x'),
	events: async (engine) => readAll(engine.events({signal: new AbortController().signal})),
	exec: (engine) => engine.exec('x', {command: ['true'], tty: false, stdin: false}),
};

const places = ['socket', 'port'] as const;

/** Writes one piece again and again, no faster than it is taken, and counts the bytes. */
function pourInto(stream: Writable, piece: Buffer, count: (bytes: number) => void): void {
	const pour = () => {
		for (let more = true; more && !stream.destroyed; ) {
			more = stream.write(piece);
			count(piece.length);
		}
	};
	stream.on('drain', pour);
	pour();
}

describe('an answer that breaks off', () => {
	for (const [name, ask] of Object.entries(asks)) {
		for (const at of places) {
			test(`${name}, at a ${at}: is told at once`, async () => {
				const answered = (answer: RequestListener) => withAnswers(answer, ask, defaultLimits, at);
				const withLength = answered((_request, response) => {
					response.writeHead(200, {...json, 'Content-Length': 100});
					response.write('[{"Id":', () => response.destroy());
				});
				await assert.rejects(withLength, isCode('unreachable', /: /));
				const inPieces = answered((_request, response) => {
					response.writeHead(200, json);
					response.write('{"a', () => response.destroy());
				});
				await assert.rejects(inPieces, isCode('unreachable'));
				const beforeAny = answered((request) => request.socket.destroy());
				await assert.rejects(beforeAny, isCode('unreachable'));
			});
		}
	}

	test('a stream of frames that ends within one', async () => {
		async function* torn() {
			yield Buffer.from([1, 0, 0, 0, 0, 0, 0, 9, 65, 66]);
		}
		const seen: string[] = [];
		await assert.rejects(async () => {
			for await (const {data} of readFrames(torn())) {
				seen.push(data.toString());
			}
		}, isCode('unreachable'));
		assert.deepEqual(seen, ['AB']);
	});
});

describe('a log of which each piece is lent', () => {
	const frame = (text: string) => {
		const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
		head.writeUInt32BE(Buffer.byteLength(text), 4);
		return Buffer.concat([head, Buffer.from(text)]);
	};
	const lent = {withoutTerminal: true, lent: true};
	const long = 'x'.repeat(50_000);

	test('comes whole and in order, however slowly it is read', async () => {
		const texts = Array.from({length: 40}, (_, number) => `${number} ${long}\n`);
		await withAnswers(
			(_request, response) => {
				response.writeHead(200);
				for (const text of texts) {
					response.write(frame(text));
				}

				response.end();
			},
			async (engine) => {
				let read = '';
				let pieces = 0;
				for await (const {data} of engine.logs('x', lent)) {
					read += data.toString();
					pieces += 1;
					if (pieces % 5 === 0) {
						await new Promise((resolve) => setTimeout(resolve, 5));
					}
				}

				assert.equal(read, texts.join(''));
			},
		);
	});

	test('gives the memory of a piece back when the next is asked for, and only then', async () => {
		const readTwo = async (options: {lent?: boolean}) =>
			withAnswers(
				(_request, response) => {
					response.writeHead(200);
					response.write(frame(long));
					setTimeout(() => response.end(frame(long)), 50);
				},
				async (engine) => {
					const pieces: Buffer[] = [];
					for await (const {data} of engine.logs('x', {withoutTerminal: true, ...options})) {
						pieces.push(data);
						assert.ok(data.length > 0);
					}

					return pieces.map(({length}) => length);
				},
			);
		assert.ok((await readTwo({lent: true})).every((length) => length === 0));
		assert.ok((await readTwo({})).every((length) => length > 0));
	});

	test('is told where it breaks off, and ends without a word where its reader ends it', async () => {
		const seen: string[] = [];
		const readOn = (signal?: AbortSignal) => async (engine: Engine) => {
			for await (const {data} of engine.logs('x', {...lent, ...(signal && {signal})})) {
				seen.push(data.toString());
			}
		};
		const broken = withAnswers((_request, response) => {
			response.writeHead(200);
			response.write(frame('a line\n'), () => setTimeout(() => response.destroy(), 20));
		}, readOn());
		await assert.rejects(broken, isCode('unreachable'));
		assert.deepEqual(seen, ['a line\n']);
		const stopped = new AbortController();
		const ended = withAnswers((_request, response) => {
			response.writeHead(200);
			response.write(frame('another\n'), () => setTimeout(() => stopped.abort(), 20));
		}, readOn(stopped.signal));
		await ended;
		assert.deepEqual(seen, ['a line\n', 'another\n']);
	});

	test('lets the connection go when the reader wants no more', async () => {
		let closed: Promise<unknown> | undefined;
		await withAnswers(
			(_request, response) => {
				closed = once(response, 'close');
				response.writeHead(200);
				response.write(frame('a line\n'));
			},
			async (engine) => {
				for await (const {data} of engine.logs('x', lent)) {
					assert.equal(data.toString(), 'a line\n');
					break;
				}

				await closed;
			},
		);
	});
});

describe('an engine that keeps silent', () => {
	for (const [name, ask] of Object.entries(asks).filter(([each]) => each !== 'wait')) {
		for (const at of places) {
			test(`${name}, at a ${at}: is given up after its limit`, async () => {
				await assert.rejects(
					withAnswers(() => {}, ask, limitsOf(0.1), at),
					isCode('no-answer', /: no answer for 0\.1 s$/),
				);
			});
		}
	}

	test('an answer that trickles in does not gain time', async () => {
		const trickle = withAnswers(
			(_request, response) => {
				response.writeHead(200, json);
				const timer = setInterval(() => response.write(' '), 10);
				response.on('close', () => clearInterval(timer));
			},
			(engine) => engine.listContainers(),
			limitsOf(0.2),
		);
		await assert.rejects(trickle, isCode('no-answer'));
	});

	test('a pull may take longer than its silence', async () => {
		let left = 20;
		await withAnswers(
			(_request, response) => {
				const timer = setInterval(() => {
					response.write('{"status":"Downloading"}\n');
					left -= 1;
					if (left === 0) {
						response.end();
					}
				}, 50);
				response.on('close', () => clearInterval(timer));
			},
			(engine) => engine.pullImage('x:1'),
			// Ten pauses fit into this silence, and the whole takes twice as long.
			limitsOf(0.5),
		);
		assert.equal(left, 0);
	});

	test('the wait for a container has no limit but its signal', async () => {
		const controller = new AbortController();
		const waiting = withAnswers(
			(request) => {
				request.once('close', () => {});
				setTimeout(() => controller.abort(), 300);
			},
			(engine) => engine.waitContainer('x', controller.signal),
			limitsOf(0.05),
		);
		await assert.rejects(waiting, isCode('aborted'));
	});

	test('a change under way is let finish after an abort, and none is begun', async () => {
		const controller = new AbortController();
		let asked = 0;
		await withAnswers(
			(_, response) => {
				asked += 1;
				controller.abort();
				setTimeout(() => response.writeHead(204).end(), 100);
			},
			async (engine) => {
				await engine.renameContainer('x', 'y', controller.signal);
				await assert.rejects(engine.renameContainer('x', 'z', controller.signal), isCode('aborted'));
			},
		);
		assert.equal(asked, 1);
	});
});

describe('the verb that waits', () => {
	afterEach(() => {
		caller.interrupted = undefined;
		caller.tellSilence = undefined;
	});

	test('is told of a silent engine', async () => {
		const told: number[] = [];
		caller.tellSilence = (seconds) => told.push(seconds);
		await assert.rejects(
			withAnswers(
				() => {},
				(engine) => engine.listContainers(),
				limitsOf(0.2),
			),
		);
		assert.deepEqual(told, [0.1]);
	});

	test('is not told of one that answers, or of a stream that began', async () => {
		const told: number[] = [];
		caller.tellSilence = (seconds) => told.push(seconds);
		const controller = new AbortController();
		await withAnswers(
			(request, response) => {
				if (request.url?.startsWith('/events')) {
					response.flushHeaders();
					setTimeout(() => controller.abort(), 300);
				} else {
					response.end('[]');
				}
			},
			async (engine) => {
				await engine.listContainers();
				await readAll(engine.events({signal: controller.signal}));
			},
			limitsOf(0.2),
		);
		assert.deepEqual(told, []);
	});

	test('ends its questions by Ctrl-C, also those without a signal', async () => {
		const controller = new AbortController();
		caller.interrupted = controller.signal;
		const asked = withAnswers(
			() => setTimeout(() => controller.abort(), 20),
			(engine) => engine.inspectContainer('x'),
		);
		await assert.rejects(asked, isCode('aborted'));
	});
});

describe('an answer that is too large', () => {
	for (const [name, path, ask] of [
		['list of containers', 'containers', asks.list],
		['list of images', 'images', asks.images],
	] as const) {
		for (const at of places) {
			test(`${name}, at a ${at}: is read no further than its limit`, async () => {
				let sent = 0;
				const endless = withAnswers(
					(_request, response) => {
						response.writeHead(200, json);
						response.write('[');
						pourInto(response, Buffer.alloc(mebibyte, ' '), (bytes) => {
							sent += bytes;
						});
					},
					ask as (engine: Engine) => Promise<unknown>,
					defaultLimits,
					at,
				);
				await assert.rejects(endless, isCode('not-an-engine', /an answer of more than 16 MiB/));
				assert.ok(sent < defaultLimits[path].bytes + 8 * mebibyte, `${sent} bytes were taken`);
			});
		}
	}

	test('a refusal of 400 KB of HTML is not repeated', async () => {
		for (const at of places) {
			const refused = withAnswers(
				(_request, response) => {
					response.writeHead(502, {'Content-Type': 'text/html'});
					response.end(`<html>${'x'.repeat(400_000)}`);
				},
				(engine) => engine.listContainers(),
				defaultLimits,
				at,
			);
			await assert.rejects(refused, isCode('not-an-engine', /^list of containers: status 502 without a reason$/));
		}
	});

	test('a line of events that never ends', async () => {
		let sent = 0;
		const endless = withAnswers(
			(_request, response) => {
				pourInto(response, Buffer.alloc(65_536, 'a'), (bytes) => {
					sent += bytes;
				});
			},
			(engine) => asks.events?.(engine) as Promise<unknown>,
		);
		await assert.rejects(endless, isCode('not-an-engine', /^events: a line of more than 1 MiB$/));
		assert.ok(sent < 16 * mebibyte, `${sent} bytes were taken`);
	});

	test('a frame of 4 GiB is handed on in pieces', async () => {
		async function* large() {
			yield Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
			for (;;) {
				yield Buffer.alloc(65_536, 'y');
			}
		}
		let seen = 0;
		for await (const {data} of readFrames(large())) {
			assert.ok(data.length <= 65_536);
			seen += data.length;
			if (seen > 10 * mebibyte) {
				break;
			}
		}
	});

	test('output that does not come in frames', async () => {
		async function* raw() {
			yield Buffer.from('{"message":"this is no stream"}');
		}
		await assert.rejects(readAll(readFrames(raw())), isCode('not-an-engine'));
	});

	test('a file in a container', async () => {
		const {default: tar} = await import('tar-stream');
		const asked = withAnswers(
			(_request, response) => {
				const archive = tar.pack();
				archive.pipe(response);
				const entry = archive.entry({name: 'x', size: 5 * 1024 ** 3});
				entry.on('error', () => {});
				archive.on('error', () => {});
				entry.write('x');
			},
			(engine) => engine.readFile('x', '/var/tmp/x'),
		);
		await assert.rejects(asked, isCode('failed', /has more than 1048576 bytes/));
	});

	test('what a command prints that is kept', async () => {
		const endless = withAnswers(
			(_request, response) => response.end('{"Id":"x"}'),
			async (engine) => {
				async function* output() {
					const head = Buffer.from([1, 0, 0, 0, 0, 0x10, 0, 0]);
					for (;;) {
						yield Buffer.concat([head, Buffer.alloc(0x10_00_00, 'y')]);
					}
				}
				const {Duplex} = await import('node:stream');
				const exec: Engine['exec'] = async () => ({
					stream: Duplex.from(output()),
					resize: async () => {},
					wait: async () => ({exitCode: 0, detached: false}),
				});
				await execOnce({...engine, exec}, 'x', ['yes'], new AbortController().signal);
			},
		);
		await assert.rejects(endless, isCode('failed', /printed more than 4 MiB/));
	});
});

describe('an engine that is asked for a connection of its own', () => {
	for (const at of places) {
		const attach = (answer: RequestListener) => withAnswers(answer, (engine) => engine.attach('x'), defaultLimits, at);

		test(`and refuses, at a ${at}: its reason is told`, async () => {
			const refused = attach((_request, response) => {
				response.writeHead(404, json).end('{"message":"No such container: x"}');
			});
			await assert.rejects(refused, isCode('not-found', /^No such container: x$/));
			const withoutReason = attach((_request, response) => {
				response.writeHead(502).end('x'.repeat(400_000));
			});
			await assert.rejects(withoutReason, isCode('not-an-engine', /status 502 without a reason$/));
		});

		test(`and answers in another way without an end, at a ${at}: nothing is waited for`, async () => {
			const kept = attach((_request, response) => {
				response.writeHead(200, json);
				response.write('[');
			});
			await assert.rejects(kept, isCode('not-an-engine', /the connection is not handed over$/));
		});
	}
});

test('a log that is asked for at once is an error when it has more bytes than that', async () => {
	const log = Buffer.from([1, 0, 0, 0, 0, 0, 0, 3, 97, 98, 10]);
	for (const at of places) {
		await withAnswers(
			(_request, response) => response.end(log),
			async (engine) => {
				const readAtOnce = (mostBytes: number) => readAll(engine.logs('x', {withoutTerminal: true, mostBytes}));
				assert.deepEqual(
					(await readAtOnce(log.length)).map(({data}) => String(data)),
					['ab\n'],
				);
				await assert.rejects(
					readAtOnce(log.length - 1),
					isCode('not-an-engine', /^log of a container: an answer of more than/),
				);
			},
			defaultLimits,
			at,
		);
	}
});

test('an answer is taken no faster than it is read', async () => {
	let sent = 0;
	await withAnswers(
		(request, response) => {
			if (request.url?.includes('/json')) {
				response.end(JSON.stringify(tty));
				return;
			}

			pourInto(response, Buffer.alloc(65_536, 'y'), (bytes) => {
				sent += bytes;
			});
		},
		async (engine) => {
			const reader = engine.logs('x', {follow: true})[Symbol.asyncIterator]();
			await reader.next();
			// Until the sender has not got on for a while: nobody takes any more.
			for (let before = -1; before !== sent; ) {
				before = sent;
				await new Promise((resolve) => {
					setTimeout(resolve, 300);
				});
			}

			assert.ok(sent < 4 * mebibyte, `${sent} bytes were taken and not read`);
			await reader.return?.();
		},
	);
});

const tty = {
	Id: 'x',
	Name: '/x',
	Created: '2026-01-31T09:00:00Z',
	Image: 'x',
	State: {Status: 'running', ExitCode: 0, Pid: 1},
	Config: {Image: 'x', Tty: true},
	HostConfig: {},
};

test('something that does not speak HTTP', async () => {
	const folder = await mkdtemp(join(tmpdir(), 'gpubox-engine-'));
	const socket = join(folder, 'engine.sock');
	for (const at of [{port: 0, host: '127.0.0.1'}, {path: socket}]) {
		const server = createServer((connection) => connection.end('SSH-2.0-OpenSSH_9.2\r\n')).listen(at);
		await once(server, 'listening');
		const address = server.address() as AddressInfo | string;
		const url = typeof address === 'string' ? `unix://${address}` : `tcp://127.0.0.1:${address.port}`;
		const engine = await connectDocker({url, origin: 'the test'});
		await assert.rejects(engine.listContainers(), isCode('not-an-engine', /^list of containers: /));
		server.close();
	}

	await rm(folder, {recursive: true});
});

test('each of them is told with the address and exit code 3', () => {
	for (const code of ['unreachable', 'no-answer', 'not-an-engine', 'no-permission'] as const) {
		const failure = explain(new EngineError(code, 'list of containers: x'), 'unix:///x.sock');
		assert.equal(failure.exitCode, exitCode.noEngine);
		assert.match(failure.message, /unix:\/\/\/x\.sock/);
		assert.notEqual(failure.fix, '');
	}
});

describe("a box's service", () => {
	async function serve(answer: (socket: import('node:net').Socket) => void, use: (url: URL) => Promise<void>) {
		const server = createServer((socket) => {
			socket.on('error', () => {});
			socket.once('data', () => answer(socket));
		}).listen(0, '127.0.0.1');
		await once(server, 'listening');
		const {port} = server.address() as {port: number};
		await use(new URL(`http://127.0.0.1:${port}/api`)).finally(() => server.close());
	}

	test('that never ends its answer is read up to a limit', async () => {
		let sent = 0;
		await serve(
			(socket) => {
				socket.write('HTTP/1.1 200 OK\r\n\r\n');
				pourInto(socket, Buffer.alloc(65_536, ' '), (bytes) => {
					sent += bytes;
				});
			},
			async (url) => {
				await assert.rejects(askHttp(url, {signal: AbortSignal.timeout(10_000)}), /larger than 1048576 bytes/);
			},
		);
		assert.ok(sent < 16 * mebibyte, `${sent} bytes were taken`);
	});

	test('that never answers, or trickles, is given up after a limit', async () => {
		for (const begin of ['', 'HTTP/1.1 200 OK\r\n\r\n']) {
			await serve(
				(socket) => {
					socket.write(begin);
					const timer = setInterval(() => begin !== '' && socket.write(' '), 10);
					socket.on('close', () => clearInterval(timer));
				},
				async (url) => {
					const limit = {seconds: 0.2, bytes: mebibyte};
					await assert.rejects(askHttp(url, {signal: new AbortController().signal, limit}), /No answer within 0\.2 s/);
				},
			);
		}
	});

	test('that breaks off is told at once', async () => {
		await serve(
			(socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{'),
			async (url) => {
				await assert.rejects(
					askHttp(url, {signal: AbortSignal.timeout(10_000)}),
					/connection was closed early|aborted/,
				);
			},
		);
	});
});

import assert from 'node:assert/strict';
import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {request} from 'node:http';
import {type AddressInfo, createServer, type Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {AnswerReader} from '../../../source/engine/docker/answer-reader.ts';
import {askSocket, type SocketQuestion, upgradeSocket} from '../../../source/engine/docker/socket-http.ts';
import {EngineError} from '../../../source/engine/engine.ts';

const asked = {method: 'GET', mostBytes: () => 1000};

/** What is read of an answer that arrives in pieces of this many bytes, after which the connection ends. */
function readPieces(text: string, size: number, question: Pick<SocketQuestion, 'method' | 'mostBytes'> = asked) {
	const reader = new AnswerReader(question);
	const bytes = Buffer.from(text, 'latin1');
	for (let place = 0; place < bytes.length && reader.answer === undefined; place += size) {
		reader.take(bytes.subarray(place, place + size));
	}

	const beforeEnd = reader.answer !== undefined;
	reader.end();
	assert.ok(reader.answer);
	const {status, headers, body} = reader.answer;
	return {status, headers, body: body?.toString('latin1'), beforeEnd};
}

const head = (...lines: string[]) => `${['HTTP/1.1 200 OK', ...lines].join('\r\n')}\r\n\r\n`;

describe('an answer, in whatever pieces it arrives', () => {
	const answers: Record<string, {text: string; method?: string; body: string; status?: number; untilEnd?: boolean}> = {
		'with its length': {text: `${head('Content-Length: 5')}hello`, body: 'hello'},
		'with its length, and more after it': {text: `${head('content-length: 5')}hello, you`, body: 'hello'},
		empty: {text: head('Content-Length: 0'), body: ''},
		'in chunks': {
			text: `${head('Transfer-Encoding: chunked')}5\r\nhello\r\n6;name="value"\r\n, you!\r\n0\r\n\r\n`,
			body: 'hello, you!',
		},
		'in chunks with line ends in them, and lines after the last': {
			text: `${head('Transfer-Encoding: Chunked')}0A\r\n12\r\n\r\n0\r\n\r\r\n0\r\nDigest: x\r\nOther: y\r\n\r\n`,
			body: '12\r\n\r\n0\r\n\r',
		},
		'until the connection ends': {text: `${head('Content-Type: text/plain')}hello`, body: 'hello', untilEnd: true},
		'after one that is only said in between': {
			text: `HTTP/1.1 100 Continue\r\n\r\n${head('Content-Length: 5')}hello`,
			body: 'hello',
		},
		'to HEAD, with the length that GET would have': {text: head('Content-Length: 5'), method: 'HEAD', body: ''},
		'of a status without a body': {text: 'HTTP/1.1 304 Not Modified\r\n\r\n', body: '', status: 304},
		'without words after its status': {text: 'HTTP/1.0 404\r\nContent-Length: 2\r\n\r\n{}', body: '{}', status: 404},
	};
	for (const [name, {text, method = 'GET', body, status = 200, untilEnd = false}] of Object.entries(answers)) {
		test(name, () => {
			for (let size = 1; size <= text.length; size++) {
				const found = readPieces(text, size, {...asked, method});
				assert.deepEqual(
					{status: found.status, body: found.body, beforeEnd: found.beforeEnd},
					{status, body, beforeEnd: !untilEnd},
					`in pieces of ${size}`,
				);
			}
		});
	}

	test('headers have names in lower case, and values without the space around', () => {
		const {headers} = readPieces(head('X-One:  1 ', 'x-two: a', 'X-Two: b', 'Content-Length: 0', '__proto__: 5'), 7);
		assert.deepEqual({...headers}, {'x-one': '1', 'x-two': 'a, b', 'content-length': '0'});
	});
});

describe('an answer that is too large', () => {
	for (const [name, text] of Object.entries({
		'by its length': head('Content-Length: 1001'),
		'in chunks': `${head('Transfer-Encoding: chunked')}fff\r\n${'x'.repeat(1001)}`,
		'until the connection ends': `${head()}${'x'.repeat(1001)}`,
	})) {
		test(`${name}: is not read`, () => {
			for (const size of [1, 100, text.length]) {
				const {body, beforeEnd} = readPieces(text, size);
				assert.deepEqual({body, beforeEnd}, {body: undefined, beforeEnd: true});
			}
		});
	}

	test('what is read of it depends on its status', () => {
		const mostBytes = (status: number) => (status === 200 ? 5 : 3);
		const bodyOf = (text: string) => readPieces(text, 10, {method: 'GET', mostBytes}).body;
		assert.equal(bodyOf(`${head('Content-Length: 5')}hello`), 'hello');
		assert.equal(bodyOf('HTTP/1.1 500 Wrong\r\nContent-Length: 5\r\n\r\nhello'), undefined);
	});
});

describe('what is no answer', () => {
	const isCode = (code: string) => (error: unknown) => error instanceof EngineError && error.code === code;
	for (const [name, text] of Object.entries({
		'another protocol': 'SSH-2.0-OpenSSH_9.2\r\n',
		'another version': 'HTTP/2 200\r\n\r\n',
		'a status of two digits': 'HTTP/1.1 20 OK\r\n\r\n',
		'a line without a name': `${head('no colon').slice(0, -2)}\r\n`,
		'a length that is no number': head('Content-Length: -1'),
		'two lengths': head('Content-Length: 1', 'Content-Length: 2'),
		'a length and chunks': `${head('Content-Length: 2', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
		'a coding that is not known': head('Transfer-Encoding: gzip, chunked'),
		'a chunk without a size': `${head('Transfer-Encoding: chunked')}x\r\n`,
		'a chunk that is longer than its size': `${head('Transfer-Encoding: chunked')}1\r\nxy\r\n`,
		'a head without an end': `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(4000)}`,
		'a size without an end': `${head('Transfer-Encoding: chunked')}1;${'x'.repeat(20_000)}`,
	})) {
		test(name, () => {
			for (const size of [1, 100, text.length]) {
				assert.throws(() => readPieces(text, size), isCode('not-an-engine'), `in pieces of ${size}`);
			}
		});
	}

	for (const [name, text] of Object.entries({
		nothing: '',
		'half a head': 'HTTP/1.1 200 O',
		'half a body': `${head('Content-Length: 5')}hel`,
		'half a chunk': `${head('Transfer-Encoding: chunked')}5\r\nhel`,
		'no last chunk': `${head('Transfer-Encoding: chunked')}5\r\nhello\r\n`,
		'only what is said in between': 'HTTP/1.1 100 Continue\r\n\r\n',
	})) {
		test(`${name}, and the end of the connection`, () => {
			for (const size of [1, 100]) {
				assert.throws(() => readPieces(text, size), isCode('unreachable'));
			}
		});
	}
});

/** A server at a socket, for as long as it is used. */
async function withServer<T>(serve: (socket: Socket) => unknown, use: (path: string) => Promise<T>): Promise<T> {
	const folder = await mkdtemp(join(tmpdir(), 'gpubox-socket-'));
	const path = join(folder, 'x.sock');
	const server = createServer(serve).listen(path);
	await once(server, 'listening');
	try {
		return await use(path);
	} finally {
		server.close();
		await rm(folder, {recursive: true});
	}
}

type Taken = {status: number | undefined; body: string} | 'refused' | 'cut short';

function take(bytes: Buffer): Taken {
	const reader = new AnswerReader(asked);
	try {
		reader.take(bytes);
		reader.end();
	} catch (error) {
		assert.ok(error instanceof EngineError, String(error));
		return error.code === 'not-an-engine' ? 'refused' : 'cut short';
	}

	return {status: reader.answer?.status, body: String(reader.answer?.body?.toString('latin1'))};
}

/** What Node's own client makes of it. */
async function takeByNode(bytes: Buffer): Promise<Taken> {
	const server = createServer((socket) => {
		socket.on('error', () => {});
		socket.once('data', () => socket.end(bytes));
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	try {
		return await new Promise<Taken>((resolve) => {
			const failed = ({code}: NodeJS.ErrnoException) => resolve(code?.startsWith('HPE_') ? 'refused' : 'cut short');
			const question = request({port: (server.address() as AddressInfo).port, agent: false}, (response) => {
				let body = '';
				response.setEncoding('latin1');
				response.on('data', (text) => {
					body += text;
				});
				response.on('end', () => resolve({status: response.statusCode, body}));
				response.on('error', failed);
			});
			question.on('error', failed);
			question.end();
		});
	} finally {
		server.close();
	}
}

test('a damaged answer that Node refuses is none, and another is what Node makes of it', async () => {
	const answers = [
		`${head('Transfer-Encoding: chunked')}5\r\n[{"Id\r\n7\r\n":"x"}]\r\n0\r\n\r\n`,
		`${head('Content-Type: a', 'Content-Length: 2')}[]`,
	];
	const letters = [...'\0\r\n:;,g-9 \x7f\xff'];
	await fc.assert(
		fc.asyncProperty(
			fc.constantFrom(...answers),
			fc.nat(),
			fc.constantFrom(...letters),
			async (text, place, letter) => {
				const at = place % text.length;
				const damaged = Buffer.from(`${text.slice(0, at)}${letter}${text.slice(at + 1)}`, 'latin1');
				const ours = take(damaged);
				const nodes = await takeByNode(damaged);
				if (typeof ours === 'object') {
					assert.deepEqual(ours, nodes, JSON.stringify(damaged.toString('latin1')));
				}
			},
		),
		{numRuns: 500},
	);
});

/** What a server at a socket gets from one question. */
async function requestOf(question: Partial<SocketQuestion>): Promise<string> {
	let taken = '';
	const serve = (socket: Socket) =>
		socket.on('data', (bytes) => {
			taken += bytes.toString('latin1');
			if (taken.endsWith('\r\n\r\n') || taken.endsWith('}')) {
				socket.end(head('Content-Length: 0'));
			}
		});
	await withServer(serve, (path) =>
		askSocket(path, {method: 'GET', path: '/x', headers: {}, mostBytes: () => 10, ...question}, () => {}),
	);
	return taken;
}

describe('a question', () => {
	test('has no length without a body, unless it changes something', async () => {
		const headers = {'X-Registry-Auth': 'e30='};
		assert.equal(
			await requestOf({path: '/a?b=%20', headers}),
			'GET /a?b=%20 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Registry-Auth: e30=\r\n\r\n',
		);
		assert.match(await requestOf({method: 'POST'}), /^POST \/x HTTP\/1\.1\r\n.*\r\nContent-Length: 0\r\n\r\n$/s);
	});

	test('has the length of its body in bytes', async () => {
		const data = Buffer.from('{"é"}');
		assert.match(await requestOf({method: 'POST', data}), /\r\nContent-Length: 6\r\n\r\n\{"Ã©"\}$/);
	});

	test('is not sent with a character that could begin another one', async () => {
		for (const question of [
			{path: '/x y'},
			{path: '/x\r\nA: b'},
			{headers: {A: 'b\r\nC: d'}},
			{headers: {'A\n': 'b'}},
		]) {
			const asked = {method: 'GET', path: '/x', headers: {}, mostBytes: () => 1, ...question};
			await assert.rejects(
				askSocket('/nowhere', asked, () => {}),
				/HTTP does not allow/,
			);
		}
	});
});

describe('a connection that is asked for', () => {
	const question = {method: 'POST', path: '/x', headers: {}, data: Buffer.from('{}'), mostBytes: () => 10};
	const switched = 'HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n\r\n';

	/** What the connection says until it ends, when the other side answers with these pieces and then says again what it is told. */
	async function listen(pieces: readonly string[]) {
		return withServer(
			async (socket) => {
				await once(socket, 'data');
				const told = once(socket, 'data');
				for (const piece of pieces) {
					socket.write(piece);
					await new Promise((resolve) => {
						setImmediate(resolve);
					});
				}

				socket.end(`told ${(await told)[0]}`);
			},
			async (path) => {
				const answer = await upgradeSocket(path, question, () => {});
				assert.ok('socket' in answer);
				answer.socket.write('this');
				let heard = '';
				for await (const bytes of answer.socket) {
					heard += String(bytes);
				}

				return heard;
			},
		);
	}

	test('is handed over with what came beside the answer, and goes on in both directions', async () => {
		assert.equal(await listen([switched]), 'told this');
		assert.equal(await listen([`${switched}first, `]), 'first, told this');
		assert.equal(
			await listen([switched.slice(0, 20), `${switched.slice(20)}first, `, 'second, ']),
			'first, second, told this',
		);
	});

	test('is asked for in one piece with what is sent along', async () => {
		const said = await withServer(
			(socket) => {
				socket.once('data', (bytes) => socket.end(`${switched}${bytes}`));
			},
			async (path) => {
				const answer = await upgradeSocket(path, question, () => {});
				assert.ok('socket' in answer);
				answer.socket.setEncoding('utf8');
				return (await answer.socket.toArray()).join('');
			},
		);
		assert.equal(
			said,
			'POST /x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}',
		);
	});

	test('is an answer where it is refused', async () => {
		const refused = await withServer(
			(socket) => socket.once('data', () => socket.end('HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\nno')),
			(path) => upgradeSocket(path, question, () => {}),
		);
		assert.ok('answer' in refused);
		assert.deepEqual({status: refused.answer.status, body: String(refused.answer.body)}, {status: 409, body: 'no'});
	});
});

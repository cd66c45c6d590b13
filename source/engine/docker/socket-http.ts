/**
HTTP over a socket of this machine, for questions whose answer is read as a whole, or is the connection itself. Node's own client can do far
more: to load it, and to ask by it for the first time, takes three times as long as this, a fifth of `gpubox ls`.

Each question has a connection of its own, which ends with the answer.
*/
import {connect, type Socket} from 'node:net';
import {EngineError} from '../engine.ts';

export type SocketQuestion = {
	method: string;
	/** With the query. */
	path: string;
	headers: Record<string, string>;
	data?: Buffer | undefined;
	/** How many bytes of an answer of this status are read. */
	mostBytes: (status: number) => number;
};

/** What an answer says of itself; names of headers are in lower case. */
type Head = {status: number; headers: Record<string, string>};

export type SocketAnswer = Head & {
	/** Missing: there is more of it than is read. */
	body: Buffer | undefined;
};

/** As much as Node's own client takes. */
const headBytes = 16 * 1024;

/** What the size of a chunk, or a line after the last, may take. */
const lineBytes = 4 * 1024;

type OnEnd = (end: (reason: EngineError) => void) => void;

/**
Asks at a socket. Rejects with what the socket fails with, or an EngineError.

@param onEnd called with what ends the question early
*/
export async function askSocket(socketPath: string, question: SocketQuestion, onEnd: OnEnd): Promise<SocketAnswer> {
	const {answer, socket} = await converse(socketPath, question, {Connection: 'close'}, onEnd);
	socket.destroy();
	return answer;
}

/**
Asks for the connection itself. Rejects as above.

@returns an answer where it is refused
*/
export async function upgradeSocket(
	socketPath: string,
	question: SocketQuestion,
	onEnd: OnEnd,
): Promise<{socket: Socket} | {answer: SocketAnswer}> {
	const {answer, socket} = await converse(socketPath, question, {Connection: 'Upgrade', Upgrade: 'tcp'}, onEnd);
	if (answer.status === switched) {
		return {socket};
	}

	socket.destroy();
	return {answer};
}

/** The connection is handed over. */
const switched = 101;

function converse(
	socketPath: string,
	question: SocketQuestion,
	own: Record<string, string>,
	onEnd: OnEnd,
): Promise<{answer: SocketAnswer; socket: Socket}> {
	const text = toText(question, own);
	return new Promise((resolve, reject) => {
		const reader = new AnswerReader(question);
		const socket = connect({path: socketPath});
		const attempt = (read: () => void) => {
			try {
				read();
			} catch (error) {
				socket.destroy(error as Error);
			}

			if (reader.answer !== undefined) {
				socket.off('readable', take);
				socket.off('end', end);
				if (reader.rest.length > 0) {
					socket.unshift(reader.rest);
				}

				resolve({answer: reader.answer, socket});
			}
		};
		const take = () =>
			attempt(() => {
				while (reader.answer === undefined) {
					const bytes = socket.read() as Buffer | null;
					if (bytes === null) {
						return;
					}

					reader.take(bytes);
				}
			});
		const end = () => attempt(() => reader.end());
		// Not as it comes: what follows the answer is whoever's the connection is then.
		socket.on('readable', take);
		socket.on('end', end);
		socket.on('error', reject);
		socket.on('close', () => reject(brokenOff()));
		onEnd((reason) => socket.destroy(reason));
		socket.write(Buffer.concat([Buffer.from(text, 'latin1'), ...(question.data === undefined ? [] : [question.data])]));
	});
}

function toText({method, path, headers, data}: SocketQuestion, own: Record<string, string>): string {
	const length = data?.length ?? (method === 'GET' || method === 'HEAD' ? undefined : 0);
	const all = {Host: 'localhost', ...own, ...(length === undefined ? {} : {'Content-Length': length}), ...headers};
	const lines = [`${method} ${path} HTTP/1.1`, ...Object.entries(all).map(([name, value]) => `${name}: ${value}`)];
	// Anything else could end the line, and be the next one.
	if (/[^!-~]/.test(path) || lines.some((line) => /[^ -~]/.test(line))) {
		throw new EngineError('failed', 'a question with a character that HTTP does not allow');
	}

	return `${lines.join('\r\n')}\r\n\r\n`;
}

/** How the end of a body is found: it has none, or this many bytes, or comes in chunks, or goes on until the connection ends. */
type Framing = 'none' | number | 'chunks' | 'connection';

/** Takes an answer apart as it comes, in whatever pieces. */
export class AnswerReader {
	/** Once all of it is there, or more than is read. */
	answer: SocketAnswer | undefined;
	/** What came after an answer that hands the connection over. */
	rest: Buffer = Buffer.alloc(0);
	readonly #question: Pick<SocketQuestion, 'method' | 'mostBytes'>;
	#head: Head | undefined;
	#framing: Framing = 'none';
	/** What is there of the head. */
	#begun: Buffer = Buffer.alloc(0);
	readonly #parts: Buffer[] = [];
	#size = 0;
	/** What the chunk that has begun still lacks. */
	#left = 0;
	/** What comes next where no chunk has begun. */
	#next: 'size' | 'end of chunk' | 'trailer' = 'size';
	#line = '';

	constructor(question: Pick<SocketQuestion, 'method' | 'mostBytes'>) {
		this.#question = question;
	}

	/** @throws EngineError when it is not HTTP */
	take(bytes: Buffer): void {
		const rest = this.#head === undefined ? this.#takeHead(bytes) : bytes;
		if (this.#head === undefined || this.answer !== undefined) {
			return;
		}

		if (this.#framing === 'chunks') {
			this.#takeChunks(rest);
		} else if (this.#framing !== 'none') {
			this.#add(typeof this.#framing === 'number' ? rest.subarray(0, this.#framing - this.#size) : rest);
		}

		if (this.#framing === 'none' || this.#size === this.#framing) {
			this.#finish();
		}
	}

	/** The connection has ended. @throws EngineError when the answer has not */
	end(): void {
		if (this.answer === undefined && this.#framing === 'connection') {
			this.#finish();
		} else if (this.answer === undefined) {
			throw brokenOff();
		}
	}

	/** @returns what came after the head */
	#takeHead(bytes: Buffer): Buffer {
		this.#begun = this.#begun.length === 0 ? bytes : Buffer.concat([this.#begun, bytes]);
		for (;;) {
			const begins = this.#begun.toString('latin1', 0, 'HTTP/1.'.length);
			const end = this.#begun.indexOf('\r\n\r\n');
			if (!'HTTP/1.'.startsWith(begins) || (end < 0 ? this.#begun.length : end) > headBytes) {
				throw notHttp();
			}

			if (end < 0) {
				return this.#begun;
			}

			const head = parseHead(this.#begun.toString('latin1', 0, end));
			this.#begun = this.#begun.subarray(end + '\r\n\r\n'.length);
			if (head.status === switched) {
				this.answer = {...head, body: undefined};
				this.rest = this.#begun;
				return this.#begun;
			}

			// The others from 100 are only said in between.
			if (head.status >= 200) {
				this.#begin(head);
				return this.#begun;
			}
		}
	}

	#begin(head: Head): void {
		const {method, mostBytes} = this.#question;
		this.#head = head;
		this.#framing = framingOf(method, head);
		// The announced length is checked first; the bytes received are counted anyway.
		if (typeof this.#framing === 'number' && this.#framing > mostBytes(head.status)) {
			this.answer = {...head, body: undefined};
		}
	}

	#takeChunks(bytes: Buffer): void {
		let place = 0;
		while (place < bytes.length && this.answer === undefined) {
			if (this.#left > 0) {
				const piece = bytes.subarray(place, place + this.#left);
				place += piece.length;
				this.#left -= piece.length;
				this.#add(piece);
				continue;
			}

			const end = bytes.indexOf('\n', place);
			this.#line += bytes.toString('latin1', place, end < 0 ? bytes.length : end);
			if (this.#line.length > lineBytes) {
				throw notHttp();
			}

			if (end < 0) {
				return;
			}

			place = end + 1;
			const line = this.#line.replace(/\r$/, '');
			this.#line = '';
			this.#takeLine(line);
		}
	}

	#takeLine(line: string): void {
		if (this.#next === 'size') {
			const [, size] = /^([0-9a-f]{1,12})[ \t]*(?:;|$)/i.exec(line) ?? [];
			if (size === undefined) {
				throw notHttp();
			}

			this.#left = Number.parseInt(size, 16);
			this.#next = this.#left === 0 ? 'trailer' : 'end of chunk';
		} else if (this.#next === 'end of chunk') {
			if (line !== '') {
				throw notHttp();
			}

			this.#next = 'size';
		} else if (line === '') {
			this.#finish();
		}
	}

	#add(bytes: Buffer): void {
		this.#parts.push(bytes);
		this.#size += bytes.length;
		if (this.#head !== undefined && this.#size > this.#question.mostBytes(this.#head.status)) {
			this.answer = {...this.#head, body: undefined};
		}
	}

	#finish(): void {
		if (this.#head !== undefined) {
			this.answer ??= {...this.#head, body: Buffer.concat(this.#parts)};
		}
	}
}

function parseHead(text: string): Head {
	const [first = '', ...lines] = text.split('\r\n');
	const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first) ?? [];
	if (status === undefined) {
		throw notHttp();
	}

	const headers: Record<string, string> = {};
	for (const line of lines) {
		const colon = line.indexOf(':');
		if (colon <= 0) {
			throw notHttp();
		}

		const name = line.slice(0, colon).toLowerCase();
		const value = line.slice(colon + 1).trim();
		headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
	}

	return {status: Number(status), headers};
}

function framingOf(method: string, {status, headers}: Head): Framing {
	if (method === 'HEAD' || status === 204 || status === 304) {
		return 'none';
	}

	const {'transfer-encoding': encoding, 'content-length': length} = headers;
	if (encoding !== undefined) {
		if (encoding.toLowerCase() !== 'chunked') {
			throw notHttp();
		}

		return 'chunks';
	}

	if (length === undefined) {
		return 'connection';
	}

	if (!/^\d{1,15}$/.test(length)) {
		throw notHttp();
	}

	return Number(length);
}

/** The connection ended before the answer. */
export function brokenOff(): EngineError {
	return new EngineError('unreachable', 'the connection was lost');
}

function notHttp(): EngineError {
	return new EngineError('not-an-engine', 'the answer is not HTTP');
}

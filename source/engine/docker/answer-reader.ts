import {EngineError} from '../engine.ts';

/** Of an answer; names of headers are in lower case. */
type Head = {status: number; headers: Record<string, string>};

export type SocketAnswer = Head & {
	/** Missing: there is more of it than is read. */
	body: Buffer | undefined;
};

/** What the reader has to know of a question. */
export type AskedFor = {
	method: string;
	/** How many bytes of an answer of this status are read. */
	mostBytes: (status: number) => number;
};

/** As much as Node's own client takes, for the head and for a line within the body. */
const headBytes = 16 * 1024;

/** The status of an answer that hands the connection over. */
export const switchingProtocols = 101;

const nothing = Buffer.alloc(0);

/** What comes next: a line, or bytes of the body. */
type Next = 'status' | 'header' | 'sized' | 'until the end' | 'size of chunk' | 'chunk' | 'end of chunk' | 'trailer';

/**
Takes an answer of HTTP/1.1 apart as it comes, in whatever pieces, and as strictly as Node: what is not exactly HTTP may have been damaged on its
way, and half a list of containers must not pass for a whole one.

https://www.rfc-editor.org/rfc/rfc9112
*/
export class AnswerReader {
	/** Once all of it is there, or more than is read. */
	answer: SocketAnswer | undefined;
	/** What came after an answer that hands the connection over. */
	rest: Buffer = nothing;
	readonly #asked: AskedFor;
	#next: Next = 'status';
	#line = '';
	#lineBytes = 0;
	#head: Head = {status: 0, headers: {}};
	readonly #parts: Buffer[] = [];
	#size = 0;
	/** Bytes to come of the body, or of the chunk that has begun. */
	#left = Number.POSITIVE_INFINITY;

	constructor(asked: AskedFor) {
		this.#asked = asked;
	}

	/** @throws EngineError when it is not HTTP */
	take(bytes: Buffer): void {
		let place = 0;
		while (place < bytes.length && this.answer === undefined) {
			place =
				this.#next === 'sized' || this.#next === 'until the end' || this.#next === 'chunk'
					? this.#takeBody(bytes, place)
					: this.#takeLine(bytes, place);
		}
	}

	/** The connection has ended. @throws EngineError when the answer has not */
	end(): void {
		if (this.answer !== undefined) {
			return;
		}

		if (this.#next !== 'until the end') {
			throw brokenOff();
		}

		this.#finish();
	}

	/** @returns where the rest begins */
	#takeBody(bytes: Buffer, place: number): number {
		const part = bytes.subarray(place, place + this.#left);
		this.#parts.push(part);
		this.#size += part.length;
		this.#left -= part.length;
		if (this.#size > this.#asked.mostBytes(this.#head.status)) {
			this.answer = {...this.#head, body: undefined};
		} else if (this.#left === 0 && this.#next === 'sized') {
			this.#finish();
		} else if (this.#left === 0) {
			this.#next = 'end of chunk';
		}

		return place + part.length;
	}

	/** @returns where the rest begins */
	#takeLine(bytes: Buffer, place: number): number {
		const end = bytes.indexOf('\n', place);
		const rest = end === -1 ? bytes.length : end + 1;
		this.#lineBytes += rest - place;
		this.#line += bytes.toString('latin1', place, rest);
		const begins = this.#next !== 'status' || 'HTTP/1.'.startsWith(this.#line.slice(0, 'HTTP/1.'.length));
		if (!begins || this.#lineBytes > headBytes) {
			throw notHttp();
		}

		if (end === -1) {
			return rest;
		}

		const line = this.#line.slice(0, -'\r\n'.length);
		if (!this.#line.endsWith('\r\n') || /[^\t -~\u0080-\u00ff]/.test(line)) {
			throw notHttp();
		}

		this.#line = '';
		this.#endLine(line);
		if (this.#next === 'header' && line === '') {
			this.#endHead(bytes.subarray(rest));
		}

		return rest;
	}

	#endLine(line: string): void {
		switch (this.#next) {
			case 'status':
				this.#head = {status: Number(match(/^HTTP\/1\.[01] ([1-9]\d\d)(?: |$)/, line)[1]), headers: {}};
				this.#next = 'header';
				break;
			case 'header':
				if (line !== '') {
					this.#addHeader(match(/^([\w!#$%&'*+.^`|~-]+):(.*)$/, line));
				}

				break;
			case 'size of chunk':
				this.#left = Number.parseInt(match(/^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i, line)[1] ?? '', 16);
				this.#next = this.#left === 0 ? 'trailer' : 'chunk';
				this.#lineBytes = 0;
				break;
			case 'end of chunk':
				match(/^$/, line);
				this.#next = 'size of chunk';
				break;
			default:
				if (line === '') {
					this.#finish();
				}
		}
	}

	#addHeader([, name = '', value = '']: RegExpExecArray): void {
		const {headers} = this.#head;
		const key = name.toLowerCase();
		headers[key] = Object.hasOwn(headers, key) ? `${headers[key]}, ${value.trim()}` : value.trim();
	}

	/** @param rest what is there after it */
	#endHead(rest: Buffer): void {
		const {status, headers} = this.#head;
		const {'transfer-encoding': encoding, 'content-length': length} = headers;
		this.#lineBytes = 0;
		if (status === switchingProtocols) {
			this.rest = rest;
			this.#finish();
		} else if (status < 200) {
			// Only said in between.
			this.#next = 'status';
		} else if (this.#asked.method === 'HEAD' || status === 204 || status === 304) {
			this.#finish();
		} else if (encoding !== undefined) {
			if (encoding.toLowerCase() !== 'chunked' || length !== undefined) {
				throw notHttp();
			}

			this.#next = 'size of chunk';
		} else if (length === undefined) {
			this.#next = 'until the end';
		} else {
			this.#expect(Number(match(/^\d{1,15}$/, length)[0]));
		}
	}

	#expect(bytes: number): void {
		this.#next = 'sized';
		this.#left = bytes;
		// The announced length is checked first; the bytes received are counted anyway.
		if (bytes > this.#asked.mostBytes(this.#head.status)) {
			this.answer = {...this.#head, body: undefined};
		} else if (bytes === 0) {
			this.#finish();
		}
	}

	#finish(): void {
		this.answer = {...this.#head, body: Buffer.concat(this.#parts)};
	}
}

function match(pattern: RegExp, line: string): RegExpExecArray {
	return pattern.exec(line) ?? fail();
}

function fail(): never {
	throw notHttp();
}

/** The connection ended before the answer. */
export function brokenOff(): EngineError {
	return new EngineError('unreachable', 'the connection was lost');
}

function notHttp(): EngineError {
	return new EngineError('not-an-engine', 'the answer is not HTTP');
}

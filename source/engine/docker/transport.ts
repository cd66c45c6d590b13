import {on} from 'node:events';
import type {ClientRequest, IncomingMessage} from 'node:http';
import {type Duplex, Readable} from 'node:stream';
import {caller} from '../caller.ts';
import {EngineError} from '../engine.ts';
import {foreignReason, refusal, toEngineError} from '../errors.ts';
import {afterInterrupt, type Limit, refusalBytes} from '../limits.ts';
import {brokenOff, type SocketAnswer} from './answer-reader.ts';
import type {Client, Connection} from './connect.ts';
import {askSocket, type SocketQuestion, upgradeSocket} from './socket-http.ts';

/** One question to the engine. */
export type Question = {
	limit: Limit;
	method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
	/** Without the query; each part already encoded (`encodePart`). */
	path: string;
	/** Lists and objects go as JSON, what is undefined stays out. */
	query?: Record<string, unknown>;
	/** Sent as JSON. */
	body?: object;
	/** Sent as it is, in place of `body`. */
	content?: {type: string; data: Buffer | Readable};
	headers?: Record<string, string>;
	/** Statuses outside 200 to 299 that are an answer. */
	accept?: readonly number[];
	/** It changes something: after an abort it gets a little time, so that what it did is known and can be undone. */
	changes?: boolean;
	/** Of an answer that goes on: each piece is there only until the next one is asked for. */
	lent?: boolean;
	signal?: AbortSignal | undefined;
};

type Answer = {status: number; headers: IncomingMessage['headers']; body: Buffer};

/** Asks the engine over HTTP within the limits. Throws nothing but EngineError. */
export type Transport = {
	/** The whole answer. */
	ask(question: Question): Promise<Answer>;
	/** An answer that goes on, piece by piece, no faster than it is taken. */
	open(question: Question): AsyncGenerator<Buffer>;
	/** A connection that is the answer's alone, in both directions. */
	upgrade(question: Question): Promise<Duplex>;
};

export function createTransport(connection: Connection): Transport {
	return {
		async ask(question) {
			const watch = watchOver(question);
			try {
				const {socketPath} = connection;
				return socketPath === undefined || question.content?.data instanceof Readable
					? await askClient(connection, question, watch)
					: await askAtSocket(socketPath, question, watch);
			} catch (error) {
				throw watch.reasonOf(error);
			} finally {
				watch.end();
			}
		},
		async *open(question) {
			const watch = watchOver(question);
			try {
				const response = await respond(connection, question, watch);
				watch.begun();
				for await (const chunk of question.lent ? lentPieces(response) : response) {
					// How long the reader takes is not the engine's silence.
					watch.pause();
					yield chunk as Buffer;
					watch.resume();
				}
			} catch (error) {
				throw watch.reasonOf(error);
			} finally {
				watch.end();
			}
		},
		async upgrade(question) {
			const watch = watchOver(question);
			try {
				const socket = await switchOver(connection, question, watch);
				watch.begun();
				socket.once('close', watch.end);
				return socket;
			} catch (error) {
				watch.end();
				throw watch.reasonOf(error);
			}
		},
	};
}

async function askClient(connection: Connection, question: Question, watch: Watch): Promise<Answer> {
	const response = await respond(connection, question, watch);
	return {
		status: response.statusCode ?? 0,
		headers: response.headers,
		body: await readWhole(response, question.limit),
	};
}

async function askAtSocket(socketPath: string, question: Question, watch: Watch): Promise<Answer> {
	const {limit} = question;
	const answer = await askSocket(socketPath, toSocketQuestion(question, limit.bytes), watch.onEnd);
	const {status, headers, body} = acceptedAtSocket(answer, question);
	if (body === undefined) {
		throw tooLarge(limit);
	}

	return {status, headers, body};
}

/** @param bytes how much is read of an answer that does not refuse */
function toSocketQuestion(question: Question, bytes: number): SocketQuestion {
	const {data, ...asked} = toRequest(question);
	return {
		...asked,
		data: data instanceof Readable ? undefined : data,
		mostBytes: (status) => (isAccepted(status, question.accept) ? bytes : refusalBytes),
	};
}

/** @throws EngineError with the engine's own reason, unless the status is one of success */
function acceptedAtSocket(answer: SocketAnswer, question: Question): SocketAnswer {
	const {status, body} = answer;
	if (!isAccepted(status, question.accept)) {
		throw refused(question, status, question.method === 'HEAD' ? '' : reasonIn(body));
	}

	return answer;
}

/** What ends a question early: its time, its caller's signal, Ctrl-C. */
type Watch = {
	/** Called with the reason. */
	onEnd(end: (reason: EngineError) => void): void;
	/** A stream has begun: from now on only silence counts. */
	begun(): void;
	pause(): void;
	resume(): void;
	end(): void;
	/** Why it really ended, whatever the socket said. */
	reasonOf(error: unknown): EngineError;
};

function watchOver({limit, signal, changes = false}: Question): Watch {
	const {question, idleSeconds, noticeSeconds} = limit;
	const {interrupted} = caller;
	const seconds = interrupted?.aborted
		? Math.min(limit.seconds ?? Number.POSITIVE_INFINITY, afterInterrupt.cleaningUp)
		: limit.seconds;
	let reason: EngineError | undefined;
	const ends: Array<(reason: EngineError) => void> = [];
	const stop = (why: EngineError) => {
		if (reason === undefined) {
			reason = why;
			for (const end of ends) {
				end(why);
			}
		}
	};
	const silent = (after: number) => () => stop(new EngineError('no-answer', `${question}: no answer for ${after} s`));
	let grace: NodeJS.Timeout | undefined;
	const breakOff = (why: EngineError) => {
		if (changes) {
			grace ??= setTimeout(stop, afterInterrupt.onItsWay * 1000, why);
		} else {
			stop(why);
		}
	};
	const abort = () => breakOff(new EngineError('aborted', 'Interrupted.', {cause: signal?.reason}));
	const interrupt = () => breakOff(new EngineError('aborted', 'Interrupted.'));

	let timer = timeout(seconds ?? idleSeconds, silent);
	const notice =
		noticeSeconds !== undefined && caller.tellSilence
			? setTimeout(() => caller.tellSilence?.(noticeSeconds), noticeSeconds * 1000)
			: undefined;
	if (signal?.aborted) {
		// Not begun, so there is nothing to wait for.
		stop(new EngineError('aborted', 'Interrupted.', {cause: signal.reason}));
	}

	signal?.addEventListener('abort', abort);
	if (!interrupted?.aborted) {
		interrupted?.addEventListener('abort', interrupt);
	}

	return {
		onEnd(end) {
			ends.push(end);
			if (reason !== undefined) {
				end(reason);
			}
		},
		begun() {
			clearTimeout(timer);
			clearTimeout(notice);
			timer = timeout(idleSeconds, silent);
		},
		pause: () => clearTimeout(timer),
		resume() {
			timer = timeout(idleSeconds, silent);
		},
		end() {
			clearTimeout(timer);
			clearTimeout(notice);
			clearTimeout(grace);
			signal?.removeEventListener('abort', abort);
			interrupted?.removeEventListener('abort', interrupt);
			ends.length = 0;
		},
		reasonOf: (error) => reason ?? named(toEngineError(error), question),
	};
}

function timeout(seconds: number | undefined, silent: (after: number) => () => void): NodeJS.Timeout | undefined {
	return seconds === undefined || seconds === Number.POSITIVE_INFINITY
		? undefined
		: setTimeout(silent(seconds), seconds * 1000);
}

/** What went wrong with the connection itself is told together with what was asked for. */
function named(error: EngineError, question: string): EngineError {
	const told = error.code !== 'unreachable' && error.code !== 'not-an-engine';
	return told || error.message.startsWith(`${question}: `)
		? error
		: new EngineError(error.code, `${question}: ${error.message}`, {status: error.status, cause: error.cause});
}

/** A question as it is written into a connection. */
type Request = {
	method: string;
	path: string;
	headers: Record<string, string>;
	data: Buffer | Readable | undefined;
};

function toRequest({method = 'GET', path, query = {}, body, content, headers}: Question): Request {
	const type = content?.type ?? (body === undefined ? undefined : 'application/json');
	return {
		method,
		path: `${path}${queryText(query)}`,
		headers: {...(type === undefined ? {} : {'Content-Type': type}), ...headers},
		data: content?.data ?? (body === undefined ? undefined : Buffer.from(JSON.stringify(body))),
	};
}

function send({request, options}: Client, question: Question, watch: Watch): ClientRequest {
	const {data, headers, ...asked} = toRequest(question);
	const outgoing = request({
		...options,
		...asked,
		// Without a length it is sent in chunks.
		headers: {...(Buffer.isBuffer(data) ? {'Content-Length': data.length} : {}), ...headers},
	});
	// One that comes after the answer began is the answer's, which tells it as well.
	outgoing.on('error', () => {});
	watch.onEnd((reason) => outgoing.destroy(reason));
	if (data === undefined || Buffer.isBuffer(data)) {
		outgoing.end(data);
	} else {
		// What the sender fails with is the reason; an engine that refuses answers before it has read everything.
		data.once('error', (error) => outgoing.destroy(error));
		outgoing.once('close', () => data.destroy());
		data.pipe(outgoing);
	}

	return outgoing;
}

async function respond(connection: Connection, question: Question, watch: Watch): Promise<IncomingMessage> {
	const client = await connection.client();
	const response = await new Promise<IncomingMessage>((resolve, reject) => {
		const outgoing = send(client, question, watch);
		outgoing.once('response', resolve);
		outgoing.once('error', reject);
		outgoing.once('close', () => reject(brokenOff()));
	});
	watch.onEnd((reason) => response.destroy(reason));
	return checked(response, question);
}

/**
The pieces of an answer as they came, where Node would put those that wait together in new memory. That of each is given back at once: V8
collects what lies outside its heap only after tens of MiB, and malloc then keeps them.
*/
async function* lentPieces(response: IncomingMessage): AsyncGenerator<Buffer> {
	// What has ended already says so to no one who listens now.
	if (response.destroyed) {
		throw brokenOff();
	}

	const events = on(response, 'data', {close: ['end', 'close'], highWaterMark: 1, lowWaterMark: 1});
	try {
		for await (const [piece] of events as AsyncIterable<[Buffer<ArrayBuffer>]>) {
			yield piece;
			if (piece.byteLength === piece.buffer.byteLength) {
				piece.buffer.transfer(0);
			}
		}

		if (!response.readableEnded) {
			throw brokenOff();
		}
	} finally {
		response.destroy();
	}
}

async function switchOver(connection: Connection, question: Question, watch: Watch): Promise<Duplex> {
	const {socketPath} = connection;
	const socket =
		socketPath === undefined
			? await switchClient(await connection.client(), question, watch)
			: await switchAtSocket(socketPath, question, watch);
	// Readers of the stream get the error; after the last reader no one is left to report it to.
	socket.on('error', () => {});
	return socket;
}

async function switchAtSocket(socketPath: string, question: Question, watch: Watch): Promise<Duplex> {
	// Of an answer that keeps the connection nothing is read: it may go on without an end.
	const answer = await upgradeSocket(socketPath, toSocketQuestion(question, 0), watch.onEnd);
	if ('socket' in answer) {
		return answer.socket;
	}

	acceptedAtSocket(answer.answer, question);
	throw notHandedOver(question);
}

async function switchClient(client: Client, question: Question, watch: Watch): Promise<Duplex> {
	const answer = await new Promise<{socket: Duplex} | {response: IncomingMessage}>((resolve, reject) => {
		const outgoing = send(
			client,
			{...question, headers: {...question.headers, Connection: 'Upgrade', Upgrade: 'tcp'}},
			watch,
		);
		outgoing.once('upgrade', (_response, socket, head) => {
			if (head.length > 0) {
				socket.unshift(head);
			}

			resolve({socket});
		});
		outgoing.once('response', (response) => resolve({response}));
		outgoing.once('error', reject);
		outgoing.once('close', () => reject(brokenOff()));
	});
	if ('socket' in answer) {
		const {socket} = answer;
		watch.onEnd((reason) => socket.destroy(reason));
		return socket;
	}

	watch.onEnd((reason) => answer.response.destroy(reason));
	await checked(answer.response, question);
	answer.response.destroy();
	throw notHandedOver(question);
}

function notHandedOver({limit}: Question): EngineError {
	return new EngineError('not-an-engine', `${limit.question}: the connection is not handed over`);
}

/** @throws EngineError with the engine's own reason, unless the status is one of success */
async function checked(response: IncomingMessage, question: Question): Promise<IncomingMessage> {
	const {statusCode: status = 0} = response;
	if (isAccepted(status, question.accept)) {
		return response;
	}

	const reason = question.method === 'HEAD' ? '' : reasonIn(await readRefusal(response));
	response.destroy();
	throw refused(question, status, reason);
}

function isAccepted(status: number, accept: readonly number[] | undefined): boolean {
	return (status >= 200 && status < 300) || (accept?.includes(status) ?? false);
}

function refused({limit}: Question, status: number, reason: string | undefined): EngineError {
	// Of an engine every refusal has its reason in JSON: without it is something in front of the engine, or something else.
	return reason === undefined
		? new EngineError('not-an-engine', `${limit.question}: status ${status} without a reason`, {status})
		: refusal(reason, status);
}

/** @returns undefined when there is more of it than is read */
async function readRefusal(response: IncomingMessage): Promise<Buffer | undefined> {
	const parts: Buffer[] = [];
	let size = 0;
	for await (const chunk of response) {
		parts.push(chunk as Buffer);
		size += (chunk as Buffer).length;
		if (size > refusalBytes) {
			return undefined;
		}
	}

	return Buffer.concat(parts);
}

/** The engine's reason in an answer that refuses. */
function reasonIn(body: Buffer | undefined): string | undefined {
	if (body === undefined) {
		return undefined;
	}

	try {
		const {message} = JSON.parse(body.toString()) as {message?: unknown};
		return typeof message === 'string' ? message : undefined;
	} catch {
		return undefined;
	}
}

async function readWhole(response: IncomingMessage, limit: Limit): Promise<Buffer> {
	const parts: Buffer[] = [];
	let size = Number(response.headers['content-length'] ?? 0);
	// The announced length is checked first; the bytes received are counted anyway.
	if (size <= limit.bytes) {
		size = 0;
		for await (const chunk of response) {
			parts.push(chunk as Buffer);
			size += (chunk as Buffer).length;
			if (size > limit.bytes) {
				break;
			}
		}
	}

	if (size > limit.bytes) {
		response.destroy();
		throw tooLarge(limit);
	}

	return Buffer.concat(parts);
}

function tooLarge({question, bytes}: Limit): EngineError {
	return new EngineError('not-an-engine', `${question}: an answer of more than ${bytes / 1024 ** 2} MiB`);
}

/** `URLSearchParams` takes 3 ms of a start to be used for the first time. */
function queryText(query: Record<string, unknown>): string {
	const words = Object.entries(query)
		.filter(([, value]) => value !== undefined)
		.map(([key, value]) => {
			const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
			// Half a surrogate pair would be an error.
			return `${key}=${encodeURIComponent(text.toWellFormed())}`;
		});
	return words.length === 0 ? '' : `?${words.join('&')}`;
}

/** A name, id or reference as a part of a path. */
export function encodePart(text: string): string {
	return text
		.split('/')
		.map((part) => encodeURIComponent(part).replaceAll('%3A', ':').replaceAll('%40', '@'))
		.join('/');
}

/** A text of the engine's in which something is wrong, for a message. */
export function wrongAnswer(question: string, what: string): EngineError {
	return new EngineError('not-an-engine', `${question}: ${foreignReason(what)}`);
}

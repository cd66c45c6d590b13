import {once} from 'node:events';
import {chmodSync, rmSync} from 'node:fs';
import {createServer, type IncomingMessage, request, type ServerResponse} from 'node:http';
import {createConnection} from 'node:net';
import type {Duplex} from 'node:stream';
import {pipeline} from 'node:stream/promises';

/** What a proxy was asked for, oldest first. */
export type Seen = {
	method: string;
	path: string;
	range: string | undefined;
	/** What the server behind it announced; 0 when it does not say. */
	bytes: number;
	/** How much of the answer was passed on by now. */
	passed: number;
};

/** What becomes of an answer. */
export type Fault =
	/** Goes through up to there; then the connection is cut. */
	| {kind: 'tear'; after: number}
	/** Is passed on when this settles. */
	| {kind: 'hold'; until: Promise<unknown>}
	/** Another one takes its place, and the server behind is not asked. One of pieces goes on for as long as they do. */
	| {kind: 'replace'; status?: number; type?: string; body: string | (() => Iterable<Buffer>)}
	/** Comes byte by byte, this many milliseconds apart. */
	| {kind: 'trickle'; milliseconds: number}
	/** Of a connection in both directions: is passed on up to this text, and then ends as if the server had ended it. */
	| {kind: 'end'; text: string}
	/** Never comes. */
	| {kind: 'hang'};

export type FaultProxy = {
	/** As `127.0.0.1:PORT`, or the path of the socket. */
	address: string;
	requests: Seen[];
	/** From now on decides for each answer; before the server is asked, and again when it has answered (`bytes` is known then). */
	judge(fault: (seen: Seen, answered: boolean) => Fault | undefined): void;
	stop(): Promise<void>;
};

type Place = {host: string; port: number} | {socketPath: string};

/** Stands before an HTTP server, a registry or an engine, and does to its answers what a test wants. */
export async function startFaultProxy(server: Place, listenAt?: string): Promise<FaultProxy> {
	const requests: Seen[] = [];
	let judge: (seen: Seen, answered: boolean) => Fault | undefined = () => undefined;

	const see = ({method = 'GET', url = '/', headers}: IncomingMessage): Seen => {
		const seen = {method, path: url, range: headers.range, bytes: 0, passed: 0};
		requests.push(seen);
		return seen;
	};

	const proxy = createServer((incoming, outgoing) => {
		const seen = see(incoming);
		const fault = judge(seen, false);
		if (fault?.kind === 'hang') {
			return;
		}

		if (fault?.kind === 'replace') {
			void replace(outgoing, fault, seen);
			return;
		}

		const {method = 'GET', url = '/'} = incoming;
		// How long a connection goes on is a matter of its two ends: those to the server are used again.
		const {connection: _, ...headers} = incoming.headers;
		const upstream = request({...server, method, path: url, headers}, (answer) => {
			seen.bytes = Number(answer.headers['content-length'] ?? 0);
			void passOn(answer, outgoing, seen, judge(seen, true));
		});
		outgoing.on('close', () => upstream.destroy());
		upstream.on('error', () => outgoing.destroy());
		incoming.pipe(upstream);
	});
	proxy.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
		const seen = see(incoming);
		const upstream = createConnection('socketPath' in server ? {path: server.socketPath} : server);
		const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`];
		for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
			lines.push(`${incoming.rawHeaders[index]}: ${incoming.rawHeaders[index + 1]}`);
		}

		upstream.write(`${lines.join('\r\n')}\r\n\r\n`);
		upstream.write(head);
		const fault = judge(seen, true);
		upstream.on('data', (chunk: Buffer) => {
			seen.passed += chunk.length;
		});
		if (fault?.kind === 'end') {
			endAt(fault.text, upstream, socket);
		} else {
			pipeline(upstream, socket).catch(() => {});
		}

		pipeline(socket, upstream).catch(() => {});
	});

	if (listenAt === undefined) {
		proxy.listen(0, '127.0.0.1');
	} else {
		rmSync(listenAt, {force: true});
		proxy.listen(listenAt);
	}

	await once(proxy, 'listening');
	const address = proxy.address();
	if (address === null) {
		throw new Error('The system gave no port');
	}

	if (typeof address === 'string') {
		chmodSync(address, 0o666);
	}

	return {
		address: typeof address === 'string' ? address : `127.0.0.1:${address.port}`,
		requests,
		judge(fault) {
			judge = fault;
		},
		async stop() {
			proxy.close();
			proxy.closeAllConnections();
			await once(proxy, 'close');
		},
	};
}

function endAt(text: string, upstream: Duplex, socket: Duplex): void {
	let passed = '';
	upstream.on('error', () => socket.destroy());
	upstream.on('end', () => socket.end());
	upstream.on('data', (chunk: Buffer) => {
		const at = (passed + chunk.toString('latin1')).indexOf(text);
		const end = at < 0 ? chunk.length : at + text.length - passed.length;
		passed += chunk.toString('latin1');
		socket.write(chunk.subarray(0, end));
		if (at >= 0) {
			socket.end();
			upstream.destroy();
		}
	});
}

async function replace(
	outgoing: ServerResponse,
	{status = 200, type = 'application/json', body}: Extract<Fault, {kind: 'replace'}>,
	seen: Seen,
): Promise<void> {
	outgoing.on('error', () => {});
	outgoing.writeHead(status, {'Content-Type': type});
	for (const piece of typeof body === 'string' ? [Buffer.from(body)] : body()) {
		seen.passed += piece.length;
		if (outgoing.destroyed) {
			return;
		}

		if (!outgoing.write(piece)) {
			await drained(outgoing);
		}
	}

	outgoing.end();
}

/** When more can be written, or nobody takes it any more. */
async function drained(outgoing: ServerResponse): Promise<void> {
	const over = new AbortController();
	const {signal} = over;
	try {
		await Promise.race([once(outgoing, 'drain', {signal}), once(outgoing, 'close', {signal})]);
	} finally {
		over.abort();
	}
}

async function passOn(
	answer: IncomingMessage,
	outgoing: ServerResponse,
	seen: Seen,
	fault: Fault | undefined,
): Promise<void> {
	outgoing.on('error', () => {});
	if (fault?.kind === 'hold') {
		await fault.until;
	}

	outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
	outgoing.flushHeaders();
	const cutAfter = fault?.kind === 'tear' ? fault.after : undefined;
	try {
		if (cutAfter === 0) {
			cut();
			return;
		}

		for await (const chunk of answer) {
			const part = (chunk as Buffer).subarray(0, (cutAfter ?? Number.POSITIVE_INFINITY) - seen.passed);
			for (const piece of fault?.kind === 'trickle' ? [...part].map((byte) => Buffer.from([byte])) : [part]) {
				seen.passed += piece.length;
				if (!outgoing.write(piece)) {
					await drained(outgoing);
				}

				if (fault?.kind === 'trickle') {
					await new Promise((resolve) => {
						setTimeout(resolve, fault.milliseconds);
					});
				}
			}

			if (seen.passed === cutAfter) {
				await new Promise((resolve) => {
					outgoing.write('', resolve);
				});
				cut();
				return;
			}
		}

		outgoing.end();
	} catch {
		outgoing.destroy();
	}

	function cut(): void {
		outgoing.socket?.destroy();
		answer.destroy();
	}
}

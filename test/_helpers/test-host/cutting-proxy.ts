import {once} from 'node:events';
import {createServer, request} from 'node:http';

export type CuttingProxy = {
	/** As a registry's: `127.0.0.1:PORT`. */
	address: string;
	/** What it was asked for, oldest first; `bytes` is what the registry had to give. */
	requests: Array<{method: string; path: string; range: string | undefined; bytes: number}>;
	/** From now on each blob's transfer is cut after so many bytes, the first `times` times; then all goes through. */
	cut(after: number, times: number): void;
	/** Holds layers of some size back until the function returned is called. */
	holdLayers(): () => void;
	stop(): Promise<void>;
};

/** Stands before a registry on the loopback, writes down what is asked of it, and breaks transfers off in the middle. */
export async function startCuttingProxy(registry: string): Promise<CuttingProxy> {
	const requests: CuttingProxy['requests'] = [];
	let cutAfter = 0;
	let cutsLeft = 0;
	let held = Promise.resolve();
	const server = createServer((incoming, outgoing) => {
		const {method = 'GET', url = '/', headers} = incoming;
		const entry = {method, path: url, range: headers.range, bytes: 0};
		requests.push(entry);
		const isBlob = method === 'GET' && url.includes('/blobs/');
		const upstream = request(`http://${registry}${url}`, {method, headers}, async (answer) => {
			entry.bytes = Number(answer.headers['content-length'] ?? 0);
			if (isBlob && entry.bytes > 1_000_000) {
				await held;
			}

			outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
			const cutHere = isBlob && cutsLeft > 0 && entry.bytes > cutAfter;
			if (!cutHere) {
				answer.pipe(outgoing);
				return;
			}

			cutsLeft -= 1;
			let sent = 0;
			answer.on('data', (chunk: Buffer) => {
				const part = chunk.subarray(0, Math.max(0, cutAfter - sent));
				sent += part.length;
				outgoing.write(part, () => {
					if (sent >= cutAfter) {
						outgoing.socket?.destroy();
						answer.destroy();
					}
				});
			});
		});
		upstream.on('error', () => outgoing.destroy());
		incoming.pipe(upstream);
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	if (address === null || typeof address === 'string') {
		throw new Error('The system gave no port');
	}

	return {
		address: `127.0.0.1:${address.port}`,
		requests,
		cut(after, times) {
			cutAfter = after;
			cutsLeft = times;
		},
		holdLayers() {
			const {promise, resolve} = Promise.withResolvers<void>();
			held = promise;
			return resolve;
		},
		async stop() {
			server.close();
			server.closeAllConnections();
			await once(server, 'close');
		},
	};
}

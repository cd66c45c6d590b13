import {type Seen, startFaultProxy} from './fault-proxy.ts';

export type CuttingProxy = {
	/** As a registry's: `127.0.0.1:PORT`. */
	address: string;
	/** What it was asked for, oldest first; `bytes` is what the registry had to give. */
	requests: Seen[];
	/** From now on each blob's transfer is cut after so many bytes, the first `times` times; then all goes through. */
	cut(after: number, times: number): void;
	/** Holds layers of some size back until the function returned is called. */
	holdLayers(): () => void;
	stop(): Promise<void>;
};

/** Stands before a registry on the loopback, writes down what is asked of it, and breaks transfers off in the middle. */
export async function startCuttingProxy(registry: string): Promise<CuttingProxy> {
	const [host = '', port] = registry.split(':');
	const proxy = await startFaultProxy({host, port: Number(port)});
	let cutAfter = 0;
	let cutsLeft = 0;
	let held: Promise<void> | undefined;
	proxy.judge(({method, path, bytes}, answered) => {
		if (!answered || method !== 'GET' || !path.includes('/blobs/')) {
			return undefined;
		}

		if (held && bytes > 1_000_000) {
			return {kind: 'hold', until: held};
		}

		if (cutsLeft > 0 && bytes > cutAfter) {
			cutsLeft -= 1;
			return {kind: 'tear', after: cutAfter};
		}

		return undefined;
	});

	return {
		address: proxy.address,
		requests: proxy.requests,
		cut(after, times) {
			cutAfter = after;
			cutsLeft = times;
		},
		holdLayers() {
			const {promise, resolve} = Promise.withResolvers<void>();
			held = promise;
			return () => {
				held = undefined;
				resolve();
			};
		},
		stop: proxy.stop,
	};
}

import {connect} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import {Failure} from '../../base/failure.ts';

/**
Whether an SSH server answers at an address: the server speaks first, with `SSH-2.0-…`. An accepted connection proves nothing, since
the engine publishes a port before anything listens behind it.
*/
export async function hasSshServer(
	{host, port}: {host: string; port: number},
	signal: AbortSignal,
	timeoutMs = 5000,
): Promise<boolean> {
	signal.throwIfAborted();
	return new Promise((resolve, reject) => {
		const socket = connect({host, port, signal});
		let text = '';
		const settle = (answer: boolean) => {
			socket.destroy();
			resolve(answer);
		};

		// A client that disconnects silently causes two lines in the server's log, one that sends its version causes one.
		socket.once('connect', () => socket.write('SSH-2.0-gpubox\r\n'));
		socket.setTimeout(timeoutMs, () => settle(false));
		socket.setEncoding('latin1').on('data', (chunk: string) => {
			text += chunk;
			if (text.length >= 8) {
				settle(text.startsWith('SSH-2.0-'));
			}
		});
		socket.once('close', () => settle(false));
		socket.once('error', () => (signal.aborted ? reject(signal.reason) : settle(false)));
	});
}

/**
Waits until the SSH server of a box answers.

@param isAlive called now and then, to stop waiting for a box that died
@throws Failure after `timeoutMs`; whatever `isAlive` throws
*/
export async function waitForSsh(
	address: {host: string; port: number},
	options: {timeoutMs: number; isAlive: () => Promise<void>; signal: AbortSignal},
): Promise<void> {
	const end = Date.now() + options.timeoutMs;
	for (let attempt = 1; Date.now() < end; attempt++) {
		if (await hasSshServer(address, options.signal)) {
			return;
		}

		if (attempt % 10 === 0) {
			await options.isAlive();
		}

		await sleep(40, undefined, {signal: options.signal});
	}

	await options.isAlive();
	throw new Failure(
		`SSH did not answer at ${address.host} port ${address.port} within ${Math.round(options.timeoutMs / 1000)} s.`,
		{fix: 'See its log: gpubox logs BOX. To start without waiting: --no-wait'},
	);
}

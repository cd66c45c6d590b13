import {createHmac} from 'node:crypto';
import {setTimeout as sleep} from 'node:timers/promises';
import {Failure} from '../../base/failure.ts';
import type {Host} from '../../host/host.ts';
import type {Box} from '../box.ts';

/**
The URL to open a box's Jupyter. Undefined when the box offers none.

@param token added to the URL; without it the URL only shows where Jupyter is
*/
export function jupyterUrl(box: Pick<Box, 'addresses' | 'privatePath'>, token?: string): string | undefined {
	const base = jupyterBase(box, token);
	return base === undefined || token === undefined ? base : `${base}?token=${encodeURIComponent(token)}`;
}

/**
The base URL of a box's Jupyter, without the token. A box with a private path has a path that only those with the token know: browsers
send a cookie to all ports of a host, but only below the cookie's path.
*/
export function jupyterBase(box: Pick<Box, 'addresses' | 'privatePath'>, token?: string): string | undefined {
	const address = box.addresses.jupyter;
	if (!address) {
		return undefined;
	}

	const host = address.host.includes(':') ? `[${address.host}]` : address.host;
	const path = box.privatePath && token !== undefined ? `${privatePath(token)}/` : '';
	return `http://${host}:${address.port}/${path}`;
}

/** The first part of the path below which a Jupyter with this token answers, as templates/box/jupyter_config.py computes it. */
export function privatePath(token: string): string {
	return createHmac('sha256', token).update('gpubox jupyter path').digest('base64url').slice(0, 8);
}

/**
The command for a user who is logged in by SSH to run on their own machine, so that a box's Jupyter answers there under the same URL.
Undefined without SSH, when other machines can reach the box anyway, and when it runs on yet another machine.
*/
export function tunnelCommand(
	box: Pick<Box, 'addresses'>,
	user: string,
	otherHost: string | undefined,
	{SSH_CONNECTION}: NodeJS.ProcessEnv,
): string | undefined {
	const address = box.addresses.jupyter;
	// Client, its port, and where it found this machine.
	const [, , here, sshPort] = SSH_CONNECTION?.split(' ') ?? [];
	if (address?.host !== '127.0.0.1' || otherHost !== undefined || here === undefined || sshPort === undefined) {
		return undefined;
	}

	const tunnel = `ssh -NL ${address.port}:127.0.0.1:${address.port}`;
	return `${tunnel}${sshPort === '22' ? '' : ` -p ${sshPort}`} ${user}@${here}`;
}

/**
The state of the server at a URL: `ready` when it is Jupyter and accepts this token; `not-yet` when nothing answers; `other` when
something answers that rejects the token, so it is not the server that was started.
*/
export async function askJupyter(
	askHttp: Host['askHttp'],
	url: string,
	token: string,
	signal: AbortSignal,
): Promise<'ready' | 'not-yet' | 'other'> {
	try {
		// GET /api answers without a token; /api/status proves that port and token belong together, and does not count as activity.
		const {status} = await askHttp(new URL('api/status', url), {
			headers: {authorization: `token ${token}`},
			signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]),
		});
		return status === 200 ? 'ready' : status >= 500 ? 'not-yet' : 'other';
	} catch {
		// Refused or reset: the port is published before the server listens.
		signal.throwIfAborted();
		return 'not-yet';
	}
}

/**
Waits until Jupyter answers and accepts the token.

@param isAlive called now and then, to stop waiting for a server that died
@throws Failure after `timeoutMs`; whatever `isAlive` throws
*/
export async function waitForJupyter(
	askHttp: Host['askHttp'],
	url: string,
	token: string,
	options: {timeoutMs: number; isAlive: () => Promise<void>; signal: AbortSignal},
): Promise<void> {
	const end = Date.now() + options.timeoutMs;
	let answer: Awaited<ReturnType<typeof askJupyter>> = 'not-yet';
	for (let attempt = 1; Date.now() < end; attempt++) {
		answer = await askJupyter(askHttp, url, token, options.signal);
		if (answer === 'ready') {
			return;
		}

		if (attempt % 40 === 0) {
			await options.isAlive();
		}

		await sleep(10, undefined, {signal: options.signal});
	}

	await options.isAlive();
	throw new Failure(
		answer === 'other'
			? `Another server answers at ${url}: it rejects this box's token.`
			: `Jupyter did not answer at ${url} within ${Math.round(options.timeoutMs / 1000)} s.`,
		{fix: 'See its log: gpubox logs BOX. To start without waiting: --no-wait'},
	);
}

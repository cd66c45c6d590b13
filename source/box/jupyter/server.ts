import {createHmac} from 'node:crypto';
import {setTimeout as sleep} from 'node:timers/promises';
import {Failure} from '../../base/failure.ts';
import type {Host} from '../../host/host.ts';
import type {Box} from '../box.ts';

/**
Where a person opens a box's Jupyter. Undefined when the box offers none.

@param token added to the address; without it the address is only good for telling where it is
*/
export function jupyterUrl(box: Pick<Box, 'addresses' | 'privatePath'>, token?: string): string | undefined {
	const base = jupyterBase(box, token);
	return base === undefined || token === undefined ? base : `${base}?token=${encodeURIComponent(token)}`;
}

/**
The address below which a box's Jupyter answers, without the token. Of a box with a private path that is another one for those who
have the token: browsers send a cookie to all ports of a host, but only below the cookie's path.
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

/** The first part of the path below which a Jupyter with this token answers, as templates/box/jupyter_config.py works it out. */
export function privatePath(token: string): string {
	return createHmac('sha256', token).update('gpubox jupyter path').digest('base64url').slice(0, 8);
}

/**
What a person who came by SSH types on the machine they sit at, so that a box's Jupyter answers there under the same address.
Undefined when they did not, when the box listens for other machines anyway, and when it runs on yet another machine.
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
What the server behind an address says: `ready` when it is Jupyter and takes this token; `not-yet` when nothing answers;
`other` when something answers that does not take the token, so it is another server than the one that was started.
*/
export async function askJupyter(
	askHttp: Host['askHttp'],
	url: string,
	token: string,
	signal: AbortSignal,
): Promise<'ready' | 'not-yet' | 'other'> {
	try {
		// GET /api answers without a token; /api/status proves that port and token belong together, and does not count as
		// activity.
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

@param isAlive asked now and then, so that a server that died is not waited for
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
			? `Something answers at ${url}, but it does not take this box's token.`
			: `Jupyter did not answer at ${url} within ${Math.round(options.timeoutMs / 1000)} s.`,
		{fix: 'Its log tells why: gpubox logs BOX. To not wait: --no-wait'},
	);
}

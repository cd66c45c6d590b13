import {Failure} from '../../base/failure.ts';
import type {Host} from '../../host/host.ts';
import {safeText} from '../../text/safe.ts';
import type {Box} from '../box.ts';
import {ownerText} from '../list.ts';
import {jupyterBase} from './server.ts';
import {readOwnToken} from './token.ts';

/** A notebook's kernel. It keeps its GPU memory until it is shut down, whether it computes or not. */
type Kernel = {
	id: string;
	/** e.g. `python3` */
	name: string;
	busy: boolean;
	lastActivity: Date;
	/** Browser tabs and editors connected to it. */
	connections: number;
};

export type JupyterStatus = {lastActivity: Date; kernels: Kernel[]};

/**
The kernels and activity of a box's Jupyter. This request does not count as activity.

@throws Failure when it does not answer in time or rejects the token
*/
export async function readJupyterStatus(
	{askHttp}: Pick<Host, 'askHttp'>,
	box: Pick<Box, 'name' | 'addresses' | 'privatePath'>,
	token: string,
	signal: AbortSignal,
): Promise<JupyterStatus> {
	const ask = async (path: string): Promise<unknown> => {
		const answer = await call({askHttp}, box, path, token, signal);
		return answer.status === 200 ? parse(answer.body) : undefined;
	};
	const [status, list] = await Promise.all([ask('api/status'), ask('api/kernels?no_track_activity=1')]);
	const lastActivity = dateOf(status, 'last_activity');
	if (!lastActivity || !Array.isArray(list)) {
		throw new Failure(`Jupyter in ${box.name} does not report its kernels.`, {
			fix: `See its log: gpubox logs ${box.name}`,
		});
	}

	return {lastActivity, kernels: list.flatMap(toKernel)};
}

/** Shuts one kernel down: its variables are lost, its GPU memory is free; notebook and box stay. @throws Failure */
export async function shutDownKernel(
	host: Pick<Host, 'askHttp'>,
	box: Pick<Box, 'name' | 'addresses' | 'privatePath'>,
	{id, token}: {id: string; token: string},
	signal: AbortSignal,
): Promise<void> {
	const {status} = await call(host, box, `api/kernels/${encodeURIComponent(id)}`, token, signal, 'DELETE');
	if (status !== 204 && status !== 404) {
		throw new Failure(`Jupyter in ${box.name} did not shut down that kernel (status ${status}).`, {
			fix: `See its log: gpubox logs ${box.name}`,
		});
	}
}

async function call(
	{askHttp}: Pick<Host, 'askHttp'>,
	box: Pick<Box, 'name' | 'addresses' | 'privatePath'>,
	path: string,
	token: string,
	signal: AbortSignal,
	method = 'GET',
) {
	const url = jupyterBase(box, token);
	if (url === undefined) {
		throw new Failure(`${box.name} offers no Jupyter.`, {fix: 'To see what it offers: gpubox ls'});
	}

	try {
		return await askHttp(new URL(path, url), {method, headers: {authorization: `token ${token}`}, signal});
	} catch (error) {
		throw new Failure(`Jupyter in ${box.name} does not answer.`, {
			fix: `See its log: gpubox logs ${box.name}`,
			cause: error,
		});
	}
}

function toKernel(value: unknown): Kernel[] {
	const lastActivity = dateOf(value, 'last_activity');
	const id = member(value, 'id');
	if (!lastActivity || typeof id !== 'string') {
		return [];
	}

	return [
		{
			id: safeText(id),
			name: safeText(String(member(value, 'name') ?? '')),
			busy: member(value, 'execution_state') === 'busy',
			lastActivity,
			connections: Number(member(value, 'connections')) || 0,
		},
	];
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		// Another program on the port: reported as a Jupyter without an answer.
		return undefined;
	}
}

function dateOf(value: unknown, name: string): Date | undefined {
	const date = new Date(String(member(value, name)));
	return Number.isNaN(date.getTime()) ? undefined : date;
}

function member(value: unknown, name: string): unknown {
	return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** The token to query the kernels of the caller's own box. @param fix what to do about another user's box @throws Failure */
export function kernelToken(host: Host, box: Box, fix: string): string {
	const token = readOwnToken(host, box);
	if (token === undefined) {
		throw new Failure(`Permission denied: ${box.name} belongs to ${ownerText(box)}.`, {fix});
	}

	return token;
}

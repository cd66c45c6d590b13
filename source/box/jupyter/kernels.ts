import {Failure} from '../../base/failure.ts';
import type {Host} from '../../host/host.ts';
import {safeText} from '../../text/safe.ts';
import type {Box} from '../box.ts';
import {readOwnToken} from '../jupyter/token.ts';
import {jupyterBase} from './server.ts';

/** A notebook's kernel. Its memory on the GPU stays taken until it is shut down, whether it computes or not. */
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
What a box's Jupyter is doing. Asking for it does not count as activity.

@throws Failure when it does not answer in time or does not take the token
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
		throw new Failure(`Jupyter in ${box.name} does not say what it is doing.`, {
			fix: `Its log tells why: gpubox logs ${box.name}`,
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
		throw new Failure(`Jupyter in ${box.name} does not shut that kernel down (it answers ${status}).`, {
			fix: `Its log tells why: gpubox logs ${box.name}`,
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
		throw new Failure(`${box.name} offers no Jupyter.`, {fix: 'See what it offers: gpubox ls'});
	}

	try {
		return await askHttp(new URL(path, url), {method, headers: {authorization: `token ${token}`}, signal});
	} catch (error) {
		throw new Failure(`Jupyter in ${box.name} does not answer.`, {
			fix: `Its log tells why: gpubox logs ${box.name}`,
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
		// Another program on the port: told as a Jupyter that says nothing.
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

/** What the kernels of one's own box are asked with. @param fix what to do about a box of somebody else's @throws Failure */
export function kernelToken(host: Host, box: Box, fix: string): string {
	const token = readOwnToken(host, box);
	if (token === undefined) {
		throw new Failure(`The kernels of ${box.name} are for ${box.owner} to see.`, {fix});
	}

	return token;
}

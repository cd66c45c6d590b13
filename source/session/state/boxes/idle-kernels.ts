import type {Box} from '../../../box/box.ts';
import {kernelToken, readJupyterStatus, shutDownKernel} from '../../../box/jupyter/kernels.ts';
import type {Host} from '../../../host/host.ts';
import {formatDuration} from '../../../text/duration.ts';

/** The idle kernels of the user's own box, and for how long. @throws Failure */
export async function findIdleKernels(
	host: Host,
	box: Box,
	signal: AbortSignal,
): Promise<Array<{id: string; idle: string}>> {
	const {kernels} = await readJupyterStatus(host, box, tokenOf(host, box), withTimeout(signal));
	return kernels
		.filter(({busy}) => !busy)
		.map(({id, lastActivity}) => ({id, idle: formatDuration(Date.now() - lastActivity.getTime())}));
}

/** Shuts down those that are still idle: one may have started to compute while the question was open. @throws Failure */
export async function freeKernels(host: Host, box: Box, ids: string[], signal: AbortSignal): Promise<void> {
	const timeoutSignal = withTimeout(signal);
	const token = tokenOf(host, box);
	const {kernels} = await readJupyterStatus(host, box, token, timeoutSignal);
	for (const {id} of kernels.filter(({busy, id}) => !busy && ids.includes(id))) {
		await shutDownKernel(host, box, {id, token}, timeoutSignal);
	}
}

function withTimeout(signal: AbortSignal): AbortSignal {
	return AbortSignal.any([signal, AbortSignal.timeout(10_000)]);
}

function tokenOf(host: Host, box: Box): string {
	return kernelToken(host, box, 'Press u to start your own box');
}

import {Failure} from '../../base/failure.ts';
import {EngineError} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import type {Box} from '../box.ts';
import {askJupyter, jupyterBase, waitForJupyter} from '../jupyter/server.ts';
import {lastLogLines} from '../logs.ts';
import {hasSshServer, waitForSsh} from '../ssh/probe.ts';
import type {UpOptions} from './types.ts';

const timeoutMs = 120_000;

/** Of a container whose programs SIGTERM ended. */
const sigtermCode = 143;

/**
Waits until each service of a box answers at its published port.

@param token Jupyter's; without it Jupyter is not waited for
@throws Failure when one does not answer in time or the box dies
*/
export async function waitUntilReady(
	host: Host,
	box: Box,
	token: string | undefined,
	{report, signal}: Pick<UpOptions, 'report' | 'signal'>,
): Promise<void> {
	const options = {timeoutMs, signal, isAlive: () => throwIfDead(host, box, signal)};
	const url = jupyterBase(box, token);
	if (url !== undefined && token !== undefined && (await askJupyter(host.askHttp, url, token, signal)) !== 'ready') {
		report({kind: 'wait', name: box.name, service: 'jupyter'});
		await waitForJupyter(host.askHttp, url, token, options);
	}

	const {ssh} = box.addresses;
	// On the demo host nothing listens on any port.
	if (ssh && !host.demo && !(await hasSshServer(ssh, signal))) {
		report({kind: 'wait', name: box.name, service: 'ssh'});
		await waitForSsh(ssh, options);
	}
}

async function throwIfDead(host: Host, box: Box, signal: AbortSignal): Promise<void> {
	const detail = await host.engine.inspectContainer(box.id, signal);
	if (detail?.state === 'running') {
		return;
	}

	if (detail === undefined) {
		throw new EngineError('not-found', `No such container: ${box.name}`);
	}

	const lines = await lastLogLines(host.engine, box.id, 15);
	const {findRemedy} = await import('../../host/remedies.ts');
	const known = findRemedy(lines.join('\n'));
	throw new Failure(
		detail.oomKilled
			? `${box.name} ran out of memory while starting.`
			: `${box.name} stopped while starting, with exit code ${detail.exitCode}. The end of its log:`,
		{
			fix: detail.oomKilled
				? 'Increase the limit: --memory 32g'
				: known
					? `${known.meaning} ${known.fix}`
					: detail.exitCode === sigtermCode
						? `SIGTERM ended it, as gpubox stop and docker stop do. Start it again: gpubox up ${box.project}`
						: '',
			details: lines,
		},
	);
}

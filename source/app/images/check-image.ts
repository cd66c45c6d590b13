/** Whether an image that was just built will do here, before anything is started from it. */
import {isFree} from '../../box/gpus/allocate.ts';
import {readGpusOfHost, toCandidates} from '../../box/gpus/availability.ts';
import {listClaims} from '../../box/list.ts';
import {gpuMechanismOf} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {checkImage} from '../../job/check.ts';
import {compareHost} from '../../job/lock/compare.ts';
import type {Inside} from '../../job/lock/inside.ts';
import type {LockedEnvironment} from '../../job/lock/lock.ts';
import type {Effective} from '../load-settings.ts';

/** `skipped` is neither good nor bad: `detail` says why nothing was found out. Safe to print. */
export type ImageCheck = {status: 'passed' | 'failed' | 'skipped'; detail: string};

/**
PyTorch has to load; driver and GPUs have to be new enough for it; and on the free GPUs it has to compute, as `gpubox check` tests it.

@throws EngineError; the signal's reason
*/
export async function checkNewImage(
	host: Host,
	{settings}: Pick<Effective, 'settings'>,
	{lock, inside, image}: {lock: LockedEnvironment; inside: Inside; image: string},
	{signal}: {signal: AbortSignal},
): Promise<ImageCheck> {
	if (inside.problem !== null) {
		return {status: 'failed', detail: inside.problem};
	}

	if (inside.torch === null || settings.gpus === 'none') {
		return {
			status: 'skipped',
			detail: inside.torch === null ? 'there is no PyTorch in it' : 'the project uses no GPUs',
		};
	}

	const onHost = await readGpusOfHost(host, signal);
	const {driverVersion, gpus} = onHost.inventory;
	if (gpus.length === 0) {
		return {status: 'skipped', detail: 'no GPU is known on this host'};
	}

	const [obstacle] = compareHost(lock, {host: {driver: driverVersion, gpus}}).filter(
		({severity}) => severity === 'blocks',
	);
	if (obstacle) {
		const {what, locked, found} = obstacle;
		return {status: 'failed', detail: `${what}: it needs ${locked}, and this host has ${found ?? 'none'}`};
	}

	// On those that no one uses, so that the check disturbs no one.
	const free = toCandidates(onHost, await listClaims(host, signal), new Date()).filter(
		(candidate) => isFree(candidate) && candidate.wantedBy.length === 0,
	);
	if (free.length === 0) {
		return {status: 'skipped', detail: 'all GPUs are taken'};
	}

	const uuids = free.map(({uuid}) => uuid);
	const mechanism = gpuMechanismOf(await host.engine.info(signal));
	const {passed, problems} = await checkImage(host.engine, image, {uuids, mechanism}, signal);
	return passed
		? {status: 'passed', detail: `PyTorch computes on ${uuids.length} GPU${uuids.length === 1 ? '' : 's'}`}
		: {status: 'failed', detail: problems[0]?.message ?? 'PyTorch cannot use the GPUs'};
}

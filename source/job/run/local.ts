import {exitCode, Failure} from '../../base/failure.ts';
import {type Box, isOwn} from '../../box/box.ts';
import type {Prepared} from '../../box/plan/types.ts';
import {claimAndStart} from '../../box/up/create.ts';
import {claimInTurn} from '../../box/up/gpu-queue.ts';
import type {Target} from '../../box/up/resolve-spec.ts';
import type {UpOptions} from '../../box/up/types.ts';
import type {ContainerSpec} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {type Job, planJob} from '../job.ts';

/** A job that runs, and what it was made of. */
export type Started = {box: Box; spec: ContainerSpec};

/**
Creates the container of a job, claims its GPUs and starts it.

@param name of the run
@throws GpusTaken without `queue`; EngineError; the signal's reason
*/
export async function startJob(
	host: Host,
	prepared: Prepared,
	{name, job}: {name: string; job: Job},
	options: Pick<UpOptions, 'report' | 'signal' | 'queue'>,
): Promise<Started> {
	let spec: ContainerSpec | undefined;
	const target: Target = {
		plan(facts) {
			spec = planJob(facts, job);
			return spec;
		},
		findOwn: (boxes) => boxes.filter(isOwn).find((box) => box.job !== undefined && box.name === name),
		findPending: () => undefined,
		chooseName(_boxes, {names}) {
			if (names.includes(name)) {
				throw new Failure(`The name "${name}" is taken by a container that is not of gpubox.`, {
					fix: 'Choose another name: gpubox run --name NAME',
					exitCode: exitCode.taken,
				});
			}

			return name;
		},
	};
	const {box, notes} = await (options.queue
		? claimInTurn(host, prepared, {...options, target})
		: claimAndStart(host, prepared, options.signal, {target}));
	for (const text of notes) {
		options.report({kind: 'note', text});
	}

	return {box, spec: spec ?? never()};
}

function never(): never {
	throw new Error('a job that runs was planned');
}

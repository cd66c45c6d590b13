import {exitCode, Failure} from '../../base/failure.ts';
import {type Box, isOwn} from '../../box/box.ts';
import type {Prepared} from '../../box/plan/types.ts';
import {claimAndStart} from '../../box/up/create.ts';
import {claimInTurn} from '../../box/up/gpu-queue.ts';
import type {Target} from '../../box/up/resolve-spec.ts';
import type {UpOptions} from '../../box/up/types.ts';
import type {Attached, ContainerSpec, Engine} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {type Job, planJob} from '../job.ts';

/** A job that runs, and what it was made of. */
export type Started = {
	box: Box;
	spec: ContainerSpec;
	/** All that it prints; missing where the engine does not give it, or it was not wanted. */
	attached: Attached | undefined;
};

/**
Creates the container of a job, claims its GPUs and starts it.

@param name of the run
@param attach connects to its output before it is started
@param onCreated called with each container, and what it was made of, before it is started: it may run although this process was killed, and
no other knows what it was given. Does not throw
@param listed the boxes as they were a moment ago
@throws GpusTaken without `queue`; EngineError; the signal's reason
*/
export async function startJob(
	host: Host,
	prepared: Prepared,
	{
		name,
		job,
		attach,
		onCreated,
		listed,
	}: {
		name: string;
		job: Job;
		attach: boolean;
		onCreated: (container: string, spec: ContainerSpec) => void;
		listed: Box[] | undefined;
	},
	options: Pick<UpOptions, 'report' | 'signal' | 'queue'>,
): Promise<Started> {
	let spec: ContainerSpec | undefined;
	const outputs = attach ? connectOutputs(host.engine) : undefined;
	const told = new Set<string>();
	const target: Target = {
		async connect(id) {
			const connecting = outputs?.connect(id);
			if (spec !== undefined && !told.has(id)) {
				told.add(id);
				onCreated(id, spec);
			}

			await connecting;
		},
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
	try {
		const {box, notes} = await (options.queue
			? claimInTurn(host, prepared, {...options, target})
			: claimAndStart(host, prepared, options.signal, {target, listed}));
		for (const text of notes) {
			options.report({kind: 'note', text});
		}

		return {box, spec: spec ?? never(), attached: await outputs?.take(box.id)};
	} catch (error) {
		await outputs?.take(undefined);
		throw error;
	}
}

/** Connections to the output of containers that are about to be started, of which one will run. */
function connectOutputs(engine: Engine) {
	const opened = new Map<string, Promise<Attached | undefined>>();
	const open = (id: string) => {
		// Without it the output is read from the engine's log.
		const opening = opened.get(id) ?? engine.attach(id).catch(() => undefined);
		opened.set(id, opening);
		return opening;
	};
	return {
		connect: async (id: string) => {
			await open(id);
		},
		/** The one that is kept. The others are closed. */
		async take(kept: string | undefined): Promise<Attached | undefined> {
			for (const [id, opening] of opened) {
				if (id !== kept) {
					(await opening)?.close();
				}
			}

			return kept === undefined ? undefined : opened.get(kept);
		},
	};
}

function never(): never {
	throw new Error('a job that runs was planned');
}

import {containerPrefix} from '../../box/box.ts';
import {allLabels} from '../../box/labels.ts';
import {type ContainerSpec, type Engine, EngineError, type LogChunk} from '../../engine/engine.ts';
import type {Paths} from '../../host/host.ts';
import {claimOnce, type RunRecord} from './record.ts';

/** The container that runs the publish command of gpubox.yaml: that of the job, without its GPUs. Pure. */
export function publishSpecOf(spec: ContainerSpec, command: string): ContainerSpec {
	return {
		...spec,
		name: `${spec.name}.publish`,
		command: ['sh', '-c', command],
		gpus: [],
		environment: {...spec.environment, NVIDIA_VISIBLE_DEVICES: 'void'},
		// An empty name: it is not listed and claims nothing.
		labels: allLabels({}),
	};
}

/**
Runs the publish command of a run that succeeded, once: a call that finds that an earlier one was killed waits for its container.

@returns its exit code; null when an earlier one was killed before its end is known
*/
export async function publishRun(
	engine: Engine,
	paths: Pick<Paths, 'state'>,
	run: RunRecord,
	{onOutput, signal}: {onOutput: (chunk: LogChunk) => Promise<void>; signal: AbortSignal},
): Promise<number | null> {
	const spec = run.publishSpec;
	if (!spec) {
		return null;
	}

	let id: string | undefined;
	if (claimOnce(paths, run.name, 'published')) {
		id = await engine.createContainer(spec);
		await engine.startContainer(id);
	} else {
		id = (await engine.inspectContainer(`${containerPrefix}${run.name}.publish`, signal))?.id;
	}

	if (id === undefined) {
		return null;
	}

	try {
		for await (const chunk of engine.logs(id, {follow: true, signal})) {
			await onOutput(chunk);
		}

		const code = await engine.waitContainer(id, signal);
		await engine.removeContainer(id, {force: true, volumes: true});
		return code;
	} catch (error) {
		if (error instanceof EngineError && error.code === 'not-found') {
			return null;
		}

		throw error;
	}
}

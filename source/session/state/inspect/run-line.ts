import {toDockerRun} from '../../../box/plan/docker-run.ts';
import type {ContainerSpec} from '../../../engine/engine.ts';
import {hidden, hideInCommand, looksSecret} from '../../../text/secret-looking.ts';

/**
A container as the `docker run` that would start it, in several lines. What the image sets is left out, and what looks secret is hidden.
*/
export function runLine(
	spec: ContainerSpec,
	{imageEnvironment}: {imageEnvironment: Readonly<Record<string, string>>},
): string {
	const environment = Object.fromEntries(
		Object.entries(spec.environment)
			.filter(([name, value]) => imageEnvironment[name] !== value)
			.map(([name, value]) => [name, looksSecret(name, value) ? hidden : value]),
	);
	return toDockerRun({
		...spec,
		environment,
		...(spec.command === undefined ? {} : {command: hideInCommand(spec.command)}),
		...(spec.entrypoint === undefined ? {} : {entrypoint: hideInCommand(spec.entrypoint)}),
	});
}

import {createHash} from 'node:crypto';
import {toDockerBytes} from '../../../text/bytes.ts';
import {headOf} from '../comments.ts';
import {ulimitsOf} from '../docker-run.ts';
import {environmentOf, userOf} from '../environment.ts';
import {commandOf} from '../launch.ts';
import {imageOf, type PortableJob, usualSharedMemoryBytes, usualStopSeconds, workspace} from '../portable-job.ts';
import {type Lost, lostOf, lostWithImage, oneMachine, type Target} from '../target.ts';
import {targetFacts} from '../target-names.ts';
import {defined, writeYaml} from '../yaml.ts';
import {dockerfileOf} from './dockerfile.ts';

/** Compose and stack files replace variables in every text: `$$` is a dollar. */
export function withoutVariables<T>(value: T): T {
	if (typeof value === 'string') {
		return value.replaceAll('$', '$$$$') as T;
	}

	if (Array.isArray(value)) {
		return value.map(withoutVariables) as T;
	}

	return typeof value === 'object' && value !== null
		? (Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutVariables(inner)])) as T)
		: value;
}

function volumesOf(job: PortableJob): object[] {
	return job.mounts.flatMap(({kind, source, target, readOnly}): object[] => {
		if (kind === 'cache') {
			return [{type: 'volume', source: 'cache', target}];
		}

		// The code is in an image that was built.
		return kind === 'code' && job.built
			? []
			: [{type: 'bind', source, target, ...(readOnly ? {read_only: true} : {}), bind: {create_host_path: false}}];
	});
}

function serviceOf(job: PortableJob): object {
	const {limits, timeouts, secrets} = job;
	const own = dockerfileOf(job, {code: false});
	const volumes = volumesOf(job);
	return defined({
		...(job.built
			? {image: imageOf(job)}
			: {
					// Another layer gives another name, so that it is built.
					image: `gpubox-${job.name}:${createHash('sha256').update(own).digest('hex').slice(0, 12)}`,
					build: {context: '.', dockerfile_inline: own},
				}),
		init: true,
		user: userOf(job),
		working_dir: workspace,
		entrypoint: commandOf(job),
		environment: {
			...environmentOf(job, {built: true}),
			// From the environment of who starts it.
			...Object.fromEntries(secrets.flatMap(({name, variable}) => (variable ? [[name, null]] : []))),
		},
		secrets:
			secrets.length === 0
				? undefined
				: secrets.map(({name}) => ({
						source: name,
						// With a uid the engine looks for the container's user in the passwd of the host, and fails.
						target: `/run/secrets/${name}`,
					})),
		volumes: volumes.length > 0 ? volumes : undefined,
		ports: job.port === undefined ? undefined : [`127.0.0.1:${job.port}:${job.port}`],
		shm_size: toDockerBytes(limits.sharedMemoryBytes ?? usualSharedMemoryBytes),
		mem_limit: limits.memoryBytes === undefined ? undefined : toDockerBytes(limits.memoryBytes),
		cpus: limits.cpus,
		pids_limit: limits.pids,
		ulimits: ulimitsOf(job),
		cap_drop: ['ALL'],
		security_opt: ['no-new-privileges:true'],
		restart: 'no',
		stop_signal: 'SIGTERM',
		stop_grace_period: `${timeouts.stopSeconds ?? usualStopSeconds}s`,
		deploy:
			job.gpus === 0
				? undefined
				: {
						resources: {
							// Older versions of Compose accept `gpus:` and ignore it.
							reservations: {devices: [{driver: 'nvidia', count: job.gpus, capabilities: ['gpu']}]},
						},
					},
	});
}

function lostInCompose(job: PortableJob): Lost[] {
	return [
		...lostWithImage(job, {builds: true}),
		...lostOf(job, {
			nodes: oneMachine,
			timeout: {
				why: `Compose has no limit of time: ${job.timeouts.runSeconds} s`,
				instead: `timeout ${job.timeouts.runSeconds} docker compose up`,
			},
			artifacts: job.built
				? {why: `they stay in the container: ${job.artifacts.join(', ')}`, instead: 'docker compose cp'}
				: undefined,
		}),
	];
}

export const compose: Target = {
	name: 'compose',
	...targetFacts.compose,
	emit(job, options) {
		const lost = [...options.lostBefore, ...lostInCompose(job)];
		const service = job.kind === 'job' ? 'job' : 'box';
		const head = headOf(
			job,
			'compose',
			[
				job.kind === 'job'
					? 'To run it: docker compose up --abort-on-container-exit --exit-code-from job'
					: 'To start it: docker compose up',
				...(job.secrets.length > 0
					? [`Values of the secrets are in your environment: ${job.secrets.map(({name}) => name).join(', ')}`]
					: []),
				...(job.artifacts.length > 0 && !job.built ? [`Results stay in this folder: ${job.artifacts.join(', ')}`] : []),
				...(job.gpus > 0 ? ['Podman ignores the reservation of GPUs; it takes devices: ["nvidia.com/gpu=all"]'] : []),
			],
			lost,
		);
		const hasCache = job.mounts.some(({kind}) => kind === 'cache');
		const file = defined({
			name: job.name,
			services: {[service]: withoutVariables(serviceOf(job))},
			secrets:
				job.secrets.length === 0
					? undefined
					: Object.fromEntries(job.secrets.map(({name}) => [name, {environment: name}])),
			volumes: hasCache ? {cache: {}} : undefined,
		});
		return {files: [{path: targetFacts.compose.file, text: writeYaml(file, {head})}], lost};
	},
};

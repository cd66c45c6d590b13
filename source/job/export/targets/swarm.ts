import {toDockerBytes} from '../../../text/bytes.ts';
import {headOf} from '../comments.ts';
import {ulimitsOf} from '../docker-run.ts';
import {environmentOf, userOf} from '../environment.ts';
import {commandOf} from '../launch.ts';
import {
	imageOf,
	type PortableJob,
	usualSharedMemoryBytes,
	usualStopSeconds,
	usualUser,
	workspace,
} from '../portable-job.ts';
import {type Lost, lostOf, lostWithImage, ownImage, type Target} from '../target.ts';
import {targetFacts} from '../target-names.ts';
import {defined, writeYaml} from '../yaml.ts';
import {withoutVariables} from './compose.ts';

/** Swarm names the cards of a task in DOCKER_RESOURCE_GPU, and the runtime may not look there: CUDA takes UUIDs. */
const withOwnGpus = ['sh', '-c', 'export CUDA_VISIBLE_DEVICES="$DOCKER_RESOURCE_GPU"; exec "$@"', 'sh'];

/** A stack has no way to put a secret into a variable. */
function readSecrets({secrets}: PortableJob): string[] {
	const lines = secrets
		.filter(({variable}) => variable)
		.map(({name}) => `${name}=$(cat /run/secrets/${name}) && export ${name}`);
	return lines.length === 0 ? [] : ['sh', '-c', `${lines.join(' && ')} && exec "$@"`, 'sh'];
}

/** Files for the user alone. */
function secretsOf({secrets, user = usualUser}: PortableJob): StackService['secrets'] | undefined {
	return secrets.length === 0
		? undefined
		: secrets.map(({name}) => ({
				source: name,
				target: `/run/secrets/${name}`,
				uid: String(user.uid),
				gid: String(user.gid),
				mode: 0o400,
			}));
}

/** A service of a stack, as far as jobs and boxes need it. */
export type StackService = {
	image: string;
	init: boolean;
	user: string;
	working_dir: string;
	entrypoint: string[];
	environment: Record<string, string>;
	secrets?: Array<{source: string; target: string; uid: string; gid: string; mode: number}>;
	cap_drop: string[];
	ulimits?: Record<string, number>;
	stop_signal: string;
	/** Seconds with an `s`. */
	stop_grace_period: string;
	ports?: Array<{target: number; published: number}>;
	volumes: Array<{
		type: 'tmpfs' | 'volume' | 'bind';
		source?: string;
		target: string;
		read_only?: true;
		/** Bytes. */
		tmpfs?: {size: number};
	}>;
	deploy: {
		mode: 'replicated-job' | 'replicated';
		replicas: number;
		restart_policy: {condition: 'none' | 'on-failure'};
		resources: {
			/** Memory as docker writes it, `8g`; CPUs as text. */
			limits?: {memory?: string; cpus?: string; pids?: number};
			reservations?: {generic_resources: Array<{discrete_resource_spec: {kind: string; value: number}}>};
		};
	};
};

/** The service of a job or box: what a stack says, and what `gpubox run --on swarm` asks the API for. */
export function stackService(job: PortableJob): StackService {
	const {limits, timeouts, gpus, mounts} = job;
	const isJob = job.kind === 'job';
	const resources = defined({
		memory: limits.memoryBytes === undefined ? undefined : toDockerBytes(limits.memoryBytes),
		cpus: limits.cpus === undefined ? undefined : String(limits.cpus),
		pids: limits.pids,
	});
	return defined({
		image: imageOf(job),
		init: true,
		user: userOf(job),
		working_dir: workspace,
		entrypoint: [...(gpus > 0 ? withOwnGpus : []), ...readSecrets(job), ...commandOf(job)],
		environment: environmentOf(job, {built: job.built !== undefined}),
		secrets: secretsOf(job),
		cap_drop: ['ALL'],
		ulimits: ulimitsOf(job),
		stop_signal: 'SIGTERM',
		stop_grace_period: `${timeouts.stopSeconds ?? usualStopSeconds}s`,
		ports: job.port === undefined ? undefined : [{target: job.port, published: job.port}],
		volumes: [
			// A stack ignores shm_size.
			{
				type: 'tmpfs',
				target: '/dev/shm',
				tmpfs: {size: limits.sharedMemoryBytes ?? usualSharedMemoryBytes},
			},
			...mounts.flatMap(({kind, source, target, readOnly}): StackService['volumes'] => {
				if (kind === 'cache') {
					// A volume belongs to root, unless the image has a folder of the user there.
					return [job.built ? {type: 'volume', source: 'cache', target} : {type: 'tmpfs', target}];
				}

				return kind === 'data' && source.startsWith('/')
					? [{type: 'bind', source, target, ...(readOnly ? {read_only: true} : {})}]
					: [];
			}),
		],
		deploy: {
			mode: isJob ? 'replicated-job' : 'replicated',
			replicas: 1,
			// The default would start a job that failed again, for ever.
			restart_policy: {condition: isJob ? 'none' : 'on-failure'},
			resources: defined({
				limits: Object.keys(resources).length > 0 ? resources : undefined,
				reservations:
					gpus > 0 ? {generic_resources: [{discrete_resource_spec: {kind: 'gpu', value: gpus}}]} : undefined,
			}),
		},
	});
}

function lostInSwarm(job: PortableJob): Lost[] {
	const data = job.mounts.filter(({kind}) => kind === 'data');
	const near = data.filter(({source}) => !source.startsWith('/'));
	return [
		...lostWithImage(job, {builds: false}),
		...lostOf(job, {
			nodes: {
				why: `its tasks do not know each other: ${job.nodes} nodes`,
				instead: 'gpubox export kubernetes, or slurm',
			},
			'mounts.code': job.built ? undefined : {why: 'a node does not see this folder', instead: ownImage},
			'mounts.data':
				near.length === 0
					? undefined
					: {
							why: `a node does not see ${near.map(({source, target}) => `${source}:${target}`).join(', ')}`,
							instead: 'an absolute path that each node has',
						},
			artifacts: {
				why: `files of a task go with it: ${job.artifacts.join(', ')}`,
				instead: 'write them to a mount, or upload them at the end of the command',
			},
			timeout: {
				why: `a stack has no limit of time: ${job.timeouts.runSeconds} s`,
				instead: 'timeout in front of the command',
			},
		}),
	];
}

export const swarm: Target = {
	name: 'swarm',
	...targetFacts.swarm,
	emit(job, options) {
		const lost = [...options.lostBefore, ...lostInSwarm(job)];
		const {name, secrets, gpus} = job;
		const head = headOf(
			job,
			'swarm',
			[
				...secrets.map((secret) => `The secret first: docker secret create ${secret.name} FILE`),
				`To start it on a manager: docker stack deploy -c stack.yaml ${name}`,
				`To follow it: docker service logs -f ${name}_${job.kind === 'job' ? 'job' : 'box'}`,
				...(gpus > 0
					? [
							'Nodes with GPUs have in daemon.json: "node-generic-resources": ["gpu=GPU-UUID"], "default-runtime": "nvidia"',
							'and in /etc/nvidia-container-runtime/config.toml: swarm-resource = "DOCKER_RESOURCE_GPU"',
						]
					: []),
				'A stack cannot set no-new-privileges.',
			],
			lost,
		);
		const hasCache = job.built !== undefined && job.mounts.some(({kind}) => kind === 'cache');
		const file = defined({
			// The lowest with all that is written: docker refuses a version that is newer than it is, as 26 does 3.13.
			version: '3.9',
			services: {[job.kind === 'job' ? 'job' : 'box']: withoutVariables(stackService(job))},
			secrets:
				secrets.length === 0 ? undefined : Object.fromEntries(secrets.map((secret) => [secret.name, {external: true}])),
			// With a network of the swarm's own, nodes change when a task comes, and a task with generic resources is rejected whenever
			// its node changes (swarmkit's constraint enforcer). A job is found by no one: each node's bridge will do.
			networks: job.kind === 'job' ? {default: {external: true, name: 'bridge'}} : undefined,
			volumes: hasCache ? {cache: {}} : undefined,
		});
		return {files: [{path: targetFacts.swarm.file, text: writeYaml(file, {head})}], lost};
	},
};

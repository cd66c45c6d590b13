import {createHash} from 'node:crypto';
import {headOf} from '../comments.ts';
import {environmentOf} from '../environment.ts';
import {commandOf} from '../launch.ts';
import {
	imageOf,
	labelOf,
	majorOf,
	type PortableJob,
	usualSharedMemoryBytes,
	usualStopSeconds,
	usualUser,
	workspace,
} from '../portable-job.ts';
import {type ExportOptions, type Lost, lostOf, lostWithImage, ownImage, type Target} from '../target.ts';
import {targetFacts} from '../target-names.ts';
import {defined, writeYaml} from '../yaml.ts';

const gpuResource = 'nvidia.com/gpu';

/**
`$(NAME)` stands for a variable in commands and values, and there `$$` is a dollar. Any other dollar is one as it is (third_party/forked/golang/expansion
in Kubernetes), and remains so in podman, which does not expand values.
*/
function withoutReferences(text: string): string {
	return text.replaceAll(/\$(?=[$(])/g, '$$$$');
}

/** Bytes as a Kubernetes quantity. */
function quantity(bytes: number): string {
	return bytes % 1024 ** 2 === 0 ? `${bytes / 1024 ** 2}Mi` : String(bytes);
}

const secretName = ({name}: PortableJob) => `${name}-secrets`;

/** The claim for a mount: named by where it is mounted; where two have the same letters, as /data/a and /data-a, also by a hash. */
function claimOf({name, mounts}: PortableJob, target: string): string {
	const label = labelOf(target);
	const isShared = mounts.some((other) => other.target !== target && labelOf(other.target) === label);
	const hash = isShared ? `-${createHash('sha256').update(target).digest('hex').slice(0, 8)}` : '';
	return `${name}-${label}${hash}`;
}

type Volume = {name: string; mount: {mountPath: string; readOnly?: true; subPath?: string}; source: object};

function volumesOf(job: PortableJob): Volume[] {
	const {limits, mounts, secrets, kind} = job;
	const size = limits.sharedMemoryBytes ?? usualSharedMemoryBytes;
	return [
		{
			name: 'shm',
			mount: {mountPath: '/dev/shm'},
			source: {emptyDir: {medium: 'Memory', sizeLimit: quantity(size)}},
		},
		...mounts.flatMap(({kind: what, target, readOnly}, index): Volume[] => {
			const claim = {persistentVolumeClaim: {claimName: claimOf(job, target)}};
			const mount = {mountPath: target, ...(readOnly ? {readOnly: true as const} : {})};
			if (what === 'data') {
				return [{name: `data-${index}`, mount, source: claim}];
			}

			return kind === 'service'
				? [{name: what, mount, source: claim}]
				: what === 'cache'
					? [{name: what, mount, source: {emptyDir: {}}}]
					: [];
		}),
		...(secrets.length === 0
			? []
			: [
					{
						name: 'secrets',
						mount: {mountPath: '/run/secrets', readOnly: true as const},
						source: {
							secret: {
								secretName: secretName(job),
								defaultMode: 0o440,
								items: secrets.map(({name}) => ({key: name, path: name})),
							},
						},
					},
				]),
	];
}

/** What a card has to be, without naming one: GPU Feature Discovery labels the nodes. */
function affinityOf({gpus, floor}: PortableJob): object | undefined {
	const above = (key: string, version: string | undefined) =>
		version === undefined ? [] : [{key, operator: 'Gt', values: [String(majorOf(version) - 1)]}];
	const expressions = [
		...above('nvidia.com/cuda.driver-version.major', floor.driver),
		...above('nvidia.com/gpu.compute.major', floor.computeCapability),
	];
	return gpus === 0 || expressions.length === 0
		? undefined
		: {
				nodeAffinity: {
					requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: expressions}]},
				},
			};
}

function containerOf(job: PortableJob, {instance: name = job.name}: Pick<ExportOptions, 'instance'>): object {
	const {limits, gpus, nodes, secrets} = job;
	const command =
		nodes > 1 && job.nproc !== undefined
			? // The node's number is a variable that Kubernetes sets; everything else is taken as it is.
				commandOf(job, {rank: '\0', address: `${name}-0.${name}`}).map((word) =>
					withoutReferences(word).replace('\0', '$(JOB_COMPLETION_INDEX)'),
				)
			: commandOf(job).map(withoutReferences);
	const resources = defined({
		...(gpus > 0 ? {[gpuResource]: String(gpus)} : {}),
		memory: limits.memoryBytes === undefined ? undefined : quantity(limits.memoryBytes),
		cpu: limits.cpus === undefined ? undefined : String(limits.cpus),
	});
	return defined({
		name: job.kind === 'job' ? 'job' : 'box',
		image: imageOf(job),
		command,
		workingDir: workspace,
		env: [
			...Object.entries(environmentOf(job, {built: job.built !== undefined})).map(([key, value]) => ({
				name: key,
				value: withoutReferences(value),
			})),
			...secrets.flatMap(({name: key, variable}) =>
				variable ? [{name: key, valueFrom: {secretKeyRef: {name: secretName(job), key}}}] : [],
			),
		],
		ports: job.port === undefined ? undefined : [{name: 'http', containerPort: job.port}],
		resources: Object.keys(resources).length > 0 ? {limits: resources, requests: resources} : undefined,
		securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: ['ALL']}},
		volumeMounts: volumesOf(job).map(({name: volume, mount}) => ({name: volume, ...mount})),
	});
}

function podOf(job: PortableJob, options: ExportOptions): object {
	const {runtimeClass, instance = job.name} = options;
	const {uid, gid} = job.user ?? usualUser;
	return defined({
		automountServiceAccountToken: false,
		restartPolicy: job.kind === 'job' ? 'Never' : undefined,
		runtimeClassName: runtimeClass,
		subdomain: job.nodes > 1 ? instance : undefined,
		// Without an init, Python as process 1 would ignore SIGTERM; so the pod's own process is 1 and collects what ends.
		shareProcessNamespace: true,
		terminationGracePeriodSeconds: job.timeouts.stopSeconds ?? usualStopSeconds,
		securityContext: {
			runAsNonRoot: uid === 0 ? undefined : true,
			runAsUser: uid,
			runAsGroup: gid,
			fsGroup: gid,
			fsGroupChangePolicy: 'OnRootMismatch',
			seccompProfile: {type: 'RuntimeDefault'},
		},
		tolerations: job.gpus > 0 ? [{key: gpuResource, operator: 'Exists', effect: 'NoSchedule'}] : undefined,
		affinity: affinityOf(job),
		containers: [containerOf(job, options)],
		volumes: volumesOf(job).map(({name, source}) => ({name, ...source})),
	});
}

function jobObjects(job: PortableJob, options: ExportOptions): object[] {
	const {nodes} = job;
	const name = options.instance ?? job.name;
	const several = nodes > 1;
	return [
		...(several
			? [
					{
						apiVersion: 'v1',
						kind: 'Service',
						metadata: {name},
						// The nodes find the first one by its name, before it is ready.
						spec: {clusterIP: 'None', publishNotReadyAddresses: true, selector: {'job-name': name}},
					},
				]
			: []),
		{
			apiVersion: 'batch/v1',
			kind: 'Job',
			metadata: defined({
				name,
				labels:
					options.queue === undefined
						? undefined
						: {
								// Kueue holds the job until all of its nodes have room.
								'kueue.x-k8s.io/queue-name': options.queue,
							},
			}),
			spec: defined({
				...(several ? {completionMode: 'Indexed', completions: nodes, parallelism: nodes} : {}),
				backoffLimit: 0,
				// A pod that was evicted is started again, one that failed is not.
				podFailurePolicy: {rules: [{action: 'Ignore', onPodConditions: [{type: 'DisruptionTarget'}]}]},
				activeDeadlineSeconds: job.timeouts.runSeconds,
				ttlSecondsAfterFinished: 86_400,
				template: {spec: podOf(job, options)},
			}),
		},
	];
}

function boxObjects(job: PortableJob, options: ExportOptions): object[] {
	const {name} = job;
	const labels = {app: name};
	return [
		...job.mounts
			.filter(({kind}) => kind !== 'data')
			.map(({kind, target}) => ({
				apiVersion: 'v1',
				kind: 'PersistentVolumeClaim',
				metadata: {name: claimOf(job, target)},
				spec: {accessModes: ['ReadWriteOnce'], resources: {requests: {storage: kind === 'code' ? '10Gi' : '50Gi'}}},
			})),
		...(job.port === undefined
			? []
			: [
					{
						apiVersion: 'v1',
						kind: 'Service',
						metadata: {name},
						spec: {selector: labels, ports: [{name: 'http', port: job.port, targetPort: 'http'}]},
					},
				]),
		{
			apiVersion: 'apps/v1',
			kind: 'Deployment',
			metadata: defined({
				name,
				labels: {...labels, ...(options.queue === undefined ? {} : {'kueue.x-k8s.io/queue-name': options.queue})},
			}),
			spec: {
				replicas: 1,
				// Two of them would need the GPUs and the claims twice.
				strategy: {type: 'Recreate'},
				selector: {matchLabels: labels},
				template: {metadata: {labels}, spec: podOf(job, options)},
			},
		},
	];
}

function lostInKubernetes(job: PortableJob): Lost[] {
	const data = job.mounts.filter(({kind}) => kind === 'data');
	return [
		...lostWithImage(job, {builds: false}),
		...lostOf(job, {
			'limits.pids': {
				why: `a pod cannot set it: ${job.limits.pids}`,
				instead: 'podPidsLimit of the kubelet',
			},
			'mounts.code':
				job.kind === 'service'
					? {why: 'its claim is empty at first', instead: `kubectl cp . POD:${workspace}`}
					: job.built
						? undefined
						: {why: 'a cluster does not see this folder', instead: ownImage},
			'mounts.data': {
				why: `a cluster does not see ${data.map(({source}) => source).join(', ')}`,
				instead: `claims with the data: ${data.map(({target}) => claimOf(job, target)).join(', ')}`,
			},
			artifacts: {
				why: `files of a pod go with it: ${job.artifacts.join(', ')}`,
				instead: 'write them to a claim, or upload them at the end of the command',
			},
			timeout:
				job.kind === 'service'
					? {why: `a Deployment has no limit of time: ${job.timeouts.runSeconds} s`, instead: 'kubectl delete'}
					: undefined,
			nodes:
				job.kind === 'service'
					? {why: `a box runs on one node, not on ${job.nodes}`, instead: 'a job: gpubox export kubernetes -- COMMAND'}
					: undefined,
		}),
	];
}

function usageOf(job: PortableJob): string[] {
	const {secrets} = job;
	return [
		...(secrets.length === 0
			? []
			: [
					`The secrets first: kubectl create secret generic ${secretName(job)} ${secrets.map(({name}) => `--from-file=${name}`).join(' ')}`,
				]),
		'To start it: kubectl apply -f kubernetes.yaml',
		...(job.kind === 'job'
			? [`To follow it: kubectl logs -f job/${job.name}`]
			: job.port === undefined
				? []
				: [`To open it: kubectl port-forward service/${job.name} ${job.port}`]),
		...(job.gpus > 0
			? ['A cluster that needs a runtime class for GPUs: gpubox export kubernetes --runtime-class nvidia']
			: []),
	];
}

export const kubernetes: Target = {
	name: 'kubernetes',
	...targetFacts.kubernetes,
	emit(job, options) {
		const lost = [...options.lostBefore, ...lostInKubernetes(job)];
		const objects = job.kind === 'job' ? jobObjects(job, options) : boxObjects({...job, nodes: 1}, options);
		const head = headOf(job, 'kubernetes', usageOf(job), lost);
		const text = objects.map((object, index) => writeYaml(object, index === 0 ? {head} : {})).join('---\n');
		return {files: [{path: targetFacts.kubernetes.file, text}], lost};
	},
};

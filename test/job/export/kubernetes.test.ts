import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {Ajv} from 'ajv';
import fc from 'fast-check';
import {parseAllDocuments} from 'yaml';
import {targets} from '../../../source/job/export/index.ts';
import type {PortableJob} from '../../../source/job/export/portable-job.ts';
import {fullJob, jobs, options, plainJob} from './_jobs.ts';

/*
The objects are accepted by the types of the Kubernetes API itself: test/fixtures/kubernetes/schema.json is cut from its OpenAPI document,
with every unknown key refused.
*/

const schema = JSON.parse(
	readFileSync(fileURLToPath(new URL('../../fixtures/kubernetes/schema.json', import.meta.url)), 'utf8'),
) as object;
const validate = new Ajv({
	strict: false,
	allErrors: false,
	formats: {int32: true, int64: true, double: true, byte: true, 'date-time': true},
}).compile(schema);

type Container = {
	name: string;
	command: string[];
	resources?: {limits: Record<string, string>; requests: Record<string, string>};
	securityContext: {allowPrivilegeEscalation: boolean; capabilities: {drop: string[]}};
	volumeMounts: Array<{name: string; mountPath: string}>;
	env: Array<{name: string}>;
};
type Pod = {
	restartPolicy?: string;
	subdomain?: string;
	securityContext: {runAsNonRoot?: boolean; runAsUser: number};
	containers: [Container];
	volumes: Array<{
		name: string;
		emptyDir?: {medium?: string; sizeLimit?: string};
		persistentVolumeClaim?: {claimName: string};
	}>;
	tolerations?: object[];
	affinity?: object;
	runtimeClassName?: string;
};
type KubernetesObject = {
	kind: string;
	metadata: {name: string; labels?: Record<string, string>};
	spec: {
		template: {metadata?: {labels: Record<string, string>}; spec: Pod};
		selector?: Record<string, unknown>;
		[key: string]: unknown;
	};
};

const objectsOf = (job: PortableJob, more: Partial<typeof options> = {}) =>
	parseAllDocuments(targets.kubernetes.emit(job, {...options, ...more}).files[0].text).map(
		(document) => document.toJS() as KubernetesObject,
	);
const podOf = (objects: KubernetesObject[]) => {
	const pod = objects.at(-1)?.spec.template.spec;
	assert.ok(pod);
	return pod;
};

function accepted(object: unknown): void {
	assert.ok(validate(object), JSON.stringify(validate.errors?.slice(0, 3)));
}

test('every object of every job is one that the API takes', () => {
	fc.assert(
		fc.property(jobs, fc.boolean(), (job, more) => {
			for (const object of objectsOf(job, more ? {queue: 'team', runtimeClass: 'nvidia'} : {})) {
				accepted(object);
			}
		}),
		{numRuns: 100},
	);
});

test('a misspelt key, a wrong type and a missing one are refused', () => {
	const spoil = (change: (object: KubernetesObject) => void) => {
		const [object] = objectsOf(fullJob);
		assert.ok(object);
		change(object);
		return validate(object);
	};
	assert.equal(
		spoil(() => {}),
		true,
	);
	assert.equal(
		spoil(({spec}) => Object.assign(spec.template.spec.containers[0], {comand: ['x']})),
		false,
	);
	assert.equal(
		spoil(({spec}) => Object.assign(spec, {backofLimit: 0})),
		false,
	);
	assert.equal(
		spoil(({spec}) => Object.assign(spec, {backoffLimit: '0'})),
		false,
	);
	assert.equal(
		spoil(({spec}) => delete (spec.template.spec.containers[0] as Partial<Container>).name),
		false,
	);
});

test('what no type says holds as well', () => {
	fc.assert(
		fc.property(jobs, (job) => {
			const objects = objectsOf(job);
			const pod = podOf(objects);
			const [container] = pod.containers;
			for (const {metadata} of objects) {
				assert.match(metadata.name, /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);
			}

			assert.deepEqual(container.resources?.limits, container.resources?.requests);
			const volumes = pod.volumes.map(({name}) => name);
			assert.deepEqual(
				container.volumeMounts.map(({name}) => name),
				volumes,
			);
			assert.equal(new Set(volumes).size, volumes.length);
			assert.equal(new Set(container.env.map(({name}) => name)).size, container.env.length);
			const paths = container.volumeMounts.map(({mountPath}) => mountPath);
			assert.equal(new Set(paths).size, paths.length);
			assert.equal(pod.restartPolicy, job.kind === 'job' ? 'Never' : undefined);
			const claims = pod.volumes.flatMap(({persistentVolumeClaim}) => persistentVolumeClaim?.claimName ?? []);
			assert.equal(new Set(claims).size, claims.length);
			for (const {kind, metadata} of objects) {
				assert.ok(kind !== 'PersistentVolumeClaim' || claims.includes(metadata.name));
			}
		}),
		{numRuns: 100},
	);
});

test('a pod meets the restricted security standard', () => {
	const pod = podOf(objectsOf(plainJob));
	assert.deepEqual(pod.securityContext, {
		runAsNonRoot: true,
		runAsUser: 1000,
		runAsGroup: 1000,
		fsGroup: 1000,
		fsGroupChangePolicy: 'OnRootMismatch',
		seccompProfile: {type: 'RuntimeDefault'},
	});
	assert.deepEqual(pod.containers[0].securityContext, {allowPrivilegeEscalation: false, capabilities: {drop: ['ALL']}});
	assert.deepEqual(pod.volumes[0], {name: 'shm', emptyDir: {medium: 'Memory', sizeLimit: '8192Mi'}});
	assert.equal(podOf(objectsOf({...plainJob, user: {uid: 0, gid: 0}})).securityContext.runAsNonRoot, undefined);
});

test('GPUs are a limit, a toleration, and a floor for the node', () => {
	const pod = podOf(objectsOf({...plainJob, gpus: 2, floor: {driver: '570.26', computeCapability: '7.0'}}));
	assert.deepEqual(pod.containers[0].resources?.limits, {'nvidia.com/gpu': '2'});
	assert.deepEqual(pod.tolerations, [{key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule'}]);
	assert.deepEqual(pod.affinity, {
		nodeAffinity: {
			requiredDuringSchedulingIgnoredDuringExecution: {
				nodeSelectorTerms: [
					{
						matchExpressions: [
							{key: 'nvidia.com/cuda.driver-version.major', operator: 'Gt', values: ['569']},
							{key: 'nvidia.com/gpu.compute.major', operator: 'Gt', values: ['6']},
						],
					},
				],
			},
		},
	});
	const without = podOf(objectsOf({...plainJob, gpus: 0}));
	assert.equal(without.tolerations, undefined);
	assert.equal(without.containers[0].resources, undefined);
	assert.equal(without.runtimeClassName, undefined);
	assert.equal(podOf(objectsOf(plainJob, {runtimeClass: 'nvidia'})).runtimeClassName, 'nvidia');
});

test('a job on several nodes is indexed, and its pods find each other by the headless Service', () => {
	const objects = objectsOf({...plainJob, nodes: 4, nproc: 2}, {queue: 'team'});
	assert.deepEqual(
		objects.map(({kind}) => kind),
		['Service', 'Job'],
	);
	const [service, job] = objects;
	assert.deepEqual(service?.spec.selector, {'job-name': 'vision'});
	assert.equal(service?.spec.clusterIP, 'None');
	assert.deepEqual(
		[job?.spec.completionMode, job?.spec.completions, job?.spec.parallelism, job?.spec.backoffLimit],
		['Indexed', 4, 4, 0],
	);
	assert.equal(podOf(objects).subdomain, service?.metadata.name);
	assert.deepEqual(job?.metadata.labels, {'kueue.x-k8s.io/queue-name': 'team'});
});

test('a box is a Deployment behind a Service, with claims for what has to stay', () => {
	const objects = objectsOf({...fullJob, kind: 'service', port: 8888});
	assert.deepEqual(
		objects.map(({kind, metadata}) => `${kind} ${metadata.name}`),
		[
			'PersistentVolumeClaim vision-workspace',
			'PersistentVolumeClaim vision-cache',
			'Service vision',
			'Deployment vision',
		],
	);
	const deployment = objects.at(-1);
	assert.deepEqual(deployment?.spec.selector, {matchLabels: deployment?.spec.template.metadata?.labels});
	assert.deepEqual(objects[2]?.spec.selector, deployment?.spec.template.metadata?.labels);
});

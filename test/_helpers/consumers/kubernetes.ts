/** A small Kubernetes API server: discovery, Jobs, pods, events, nodes and logs in memory, strict about unknown fields. */
import {readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {fileURLToPath} from 'node:url';
import {Ajv} from 'ajv';
import {findCommand} from '../test-host/packages.ts';
import {unpackedPackages} from './cache.ts';

type Thing = {
	apiVersion: string;
	kind: string;
	metadata: {name: string; [key: string]: unknown};
	spec?: Record<string, unknown>;
	status?: Record<string, unknown>;
};

export type TestCluster = {
	/** For KUBECONFIG. */
	config: string;
	jobs: Map<string, Thing>;
	/** By the name of their job; a test says what becomes of them. */
	pods: Map<string, Thing>;
	/** What each job has printed. */
	logs: Map<string, string>;
	nodeReady: boolean;
	stop(): Promise<void>;
};

const schema = JSON.parse(
	readFileSync(fileURLToPath(new URL('../../fixtures/kubernetes/schema.json', import.meta.url)), 'utf8'),
) as object;
const validate = new Ajv({
	strict: false,
	formats: {int32: true, int64: true, double: true, byte: true, 'date-time': true},
}).compile(schema);

/** The folder of a real kubectl: the machine's, or that of its distribution. */
export async function kubectlFolder(): Promise<string> {
	const found = await findCommand('kubectl');
	return found === undefined
		? `${await unpackedPackages('kubectl', ['kubernetes-client'])}/usr/bin`
		: found.slice(0, found.lastIndexOf('/'));
}

const resource = (name: string, kind: string, namespaced = true) => ({
	name,
	singularName: '',
	namespaced,
	kind,
	verbs: ['create', 'delete', 'get', 'list', 'deletecollection'],
});
const listKinds: Record<string, object> = {
	jobs: {apiVersion: 'batch/v1', kind: 'JobList'},
	pods: {apiVersion: 'v1', kind: 'PodList'},
	events: {apiVersion: 'v1', kind: 'EventList'},
	nodes: {apiVersion: 'v1', kind: 'NodeList'},
	services: {apiVersion: 'v1', kind: 'ServiceList'},
};
const discovery: Record<string, object> = {
	'/api': {kind: 'APIVersions', versions: ['v1']},
	'/apis': {
		kind: 'APIGroupList',
		apiVersion: 'v1',
		groups: [
			{
				name: 'batch',
				versions: [{groupVersion: 'batch/v1', version: 'v1'}],
				preferredVersion: {groupVersion: 'batch/v1', version: 'v1'},
			},
		],
	},
	'/api/v1': {
		kind: 'APIResourceList',
		groupVersion: 'v1',
		resources: [
			resource('pods', 'Pod'),
			resource('events', 'Event'),
			resource('services', 'Service'),
			resource('nodes', 'Node', false),
		],
	},
	'/apis/batch/v1': {kind: 'APIResourceList', groupVersion: 'batch/v1', resources: [resource('jobs', 'Job')]},
	'/version': {major: '1', minor: '32', gitVersion: 'v1.32.0'},
};

/** @param folder for its kubeconfig */
export async function startCluster(folder: string): Promise<TestCluster> {
	const cluster: Omit<TestCluster, 'config' | 'stop'> = {
		jobs: new Map(),
		pods: new Map(),
		logs: new Map(),
		nodeReady: true,
	};
	const server = createServer((request, response) => {
		answer(cluster, request, response).catch((error: unknown) => {
			send(response, 500, status(500, 'InternalError', String(error)));
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const {port} = server.address() as AddressInfo;
	const config = `${folder}/kubeconfig`;
	await writeFile(
		config,
		JSON.stringify({
			apiVersion: 'v1',
			kind: 'Config',
			'current-context': 'team/test',
			clusters: [{name: 'test', cluster: {server: `http://127.0.0.1:${port}`}}],
			users: [{name: 'alice', user: {}}],
			contexts: [{name: 'team/test', context: {cluster: 'test', user: 'alice', namespace: 'vision'}}],
		}),
	);
	return Object.assign(cluster, {
		config,
		async stop() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	});
}

async function answer(
	cluster: Omit<TestCluster, 'config' | 'stop'>,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	const url = new URL(request.url ?? '/', 'http://cluster');
	const found = discovery[url.pathname];
	if (found !== undefined) {
		send(response, 200, found);
		return;
	}

	const [, kind = '', name, more] =
		/\/(?:namespaces\/[^/]+\/)?(jobs|pods|events|nodes|services)(?:\/([^/]+))?(?:\/(log))?$/.exec(url.pathname) ?? [];
	if (kind === '') {
		send(response, 404, status(404, 'NotFound', `the server could not find ${url.pathname}`));
	} else if (more === 'log') {
		await sendLog(cluster, response, {pod: name ?? '', follow: url.searchParams.get('follow') === 'true'});
	} else if (request.method === 'POST') {
		create(cluster, response, JSON.parse(await bodyOf(request)) as Thing);
	} else if (request.method === 'DELETE') {
		remove(cluster, response, name ?? '');
	} else {
		const things = list(cluster, kind, url.searchParams.get('labelSelector') ?? '');
		const one = things.find(({metadata}) => metadata.name === name);
		if (name === undefined) {
			send(response, 200, {...listKinds[kind], metadata: {}, items: things});
		} else {
			send(response, one ? 200 : 404, one ?? status(404, 'NotFound', `${kind} "${name}" not found`));
		}
	}
}

function create({jobs}: Pick<TestCluster, 'jobs'>, response: ServerResponse, thing: Thing): void {
	if (!validate(thing)) {
		const {instancePath, message, params} = validate.errors?.[0] ?? {};
		send(
			response,
			400,
			status(400, 'BadRequest', `strict decoding error: ${instancePath} ${message} ${JSON.stringify(params)}`),
		);
	} else if (jobs.has(thing.metadata.name)) {
		send(response, 409, status(409, 'AlreadyExists', `jobs.batch "${thing.metadata.name}" already exists`));
	} else {
		jobs.set(thing.metadata.name, thing);
		send(response, 201, thing);
	}
}

/** The pod of a running job gets its signal and ends with 5, as that of a job that saves its work would. */
function remove(
	{jobs, pods, logs}: Pick<TestCluster, 'jobs' | 'pods' | 'logs'>,
	response: ServerResponse,
	name: string,
): void {
	if (!jobs.has(name)) {
		send(response, 404, status(404, 'NotFound', `jobs.batch "${name}" not found`));
		return;
	}

	jobs.delete(name);
	const pod = pods.get(name);
	if (pod?.status?.phase === 'Running') {
		pod.metadata.deletionTimestamp = new Date().toISOString();
		logs.set(name, `${logs.get(name) ?? ''}saved\n`);
		pod.status = ended(5);
		setTimeout(() => pods.delete(name), 3000);
	} else {
		pods.delete(name);
	}

	send(response, 200, {kind: 'Status', apiVersion: 'v1', status: 'Success'});
}

/** The status of a pod whose container has ended. */
export function ended(exitCode: number, reason = 'Error'): Record<string, unknown> {
	return {
		phase: exitCode === 0 ? 'Succeeded' : 'Failed',
		containerStatuses: [{name: 'job', state: {terminated: {exitCode, reason, finishedAt: '2026-11-26T04:00:00Z'}}}],
	};
}

function list(
	{jobs, pods, nodeReady}: Pick<TestCluster, 'jobs' | 'pods' | 'nodeReady'>,
	kind: string,
	selector: string,
): Thing[] {
	const [, job] = /^job-name=(.*)$/.exec(selector) ?? [];
	switch (kind) {
		case 'jobs':
			return [...jobs.values()];
		case 'pods':
			return [...pods].filter(([name]) => job === undefined || name === job).map(([, pod]) => pod);
		case 'nodes':
			return [
				{
					apiVersion: 'v1',
					kind: 'Node',
					metadata: {name: 'node1'},
					status: {
						allocatable: {'nvidia.com/gpu': '4'},
						conditions: [
							{
								type: 'Ready',
								status: nodeReady ? 'True' : 'Unknown',
								message: nodeReady ? '' : 'Kubelet stopped posting node status.',
							},
						],
					},
				},
			];
		default:
			return [];
	}
}

async function sendLog(
	{pods, logs}: Pick<TestCluster, 'pods' | 'logs'>,
	response: ServerResponse,
	{pod, follow}: {pod: string; follow: boolean},
): Promise<void> {
	const [job = ''] = [...pods].find(([, {metadata}]) => metadata.name === pod) ?? [];
	response.writeHead(200, {'Content-Type': 'text/plain'});
	for (let seen = 0; ; ) {
		const text = logs.get(job) ?? '';
		response.write(text.slice(seen));
		seen = text.length;
		if (!follow || pods.get(job)?.status?.phase !== 'Running' || response.destroyed) {
			response.end();
			return;
		}

		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}

async function bodyOf(request: IncomingMessage): Promise<string> {
	let text = '';
	for await (const part of request) {
		text += String(part);
	}

	return text;
}

function status(code: number, reason: string, message: string): object {
	return {kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code};
}

function send(response: ServerResponse, code: number, body: object): void {
	response.writeHead(code, {'Content-Type': 'application/json'});
	response.end(JSON.stringify(body));
}

import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {splitReference} from '../../../source/engine/docker/images.ts';
import * as schemas from '../../../source/engine/docker/schemas.ts';
import {
	toContainer,
	toContainerDetail,
	toContainerUse,
	toEngineInfo,
	toEvent,
	toImage,
} from '../../../source/engine/docker/translate.ts';
import {encodePart} from '../../../source/engine/docker/transport.ts';
import {type Engine, EngineError} from '../../../source/engine/engine.ts';
import {readAll, withAnswers} from '../../_helpers/answering-engine.ts';

// Whatever stands where the engine's answer should: an EngineError comes out, or something that can be worked with.

const id = 'a'.repeat(64);

const container = {
	Id: id,
	Names: ['/gpubox-x'],
	Image: 'x',
	ImageID: 'sha256:0',
	State: 'running',
	Status: 'Up',
	Created: 1_700_000_000,
	Labels: {a: 'b'},
	Ports: [{PrivatePort: 8888, PublicPort: 1234, IP: '127.0.0.1', Type: 'tcp'}],
};
const detail = {
	Id: id,
	Name: '/gpubox-x',
	Created: '2026-01-31T09:00:00.123456789Z',
	Image: 'sha256:0',
	State: {Status: 'running', ExitCode: 0, Error: '', OOMKilled: false, Pid: 1, StartedAt: '2026-01-31T09:00:00Z'},
	Config: {Image: 'x', Labels: null, User: '', WorkingDir: '', Env: ['A=b'], Tty: false},
	HostConfig: {PortBindings: {'8888/tcp': [{HostIp: '127.0.0.1', HostPort: '1234'}]}},
	Mounts: [{Type: 'bind', Source: '/a', Destination: '/b', RW: true}],
};
const image = {
	Id: 'sha256:0',
	RepoTags: ['x:1'],
	RepoDigests: null,
	Architecture: 'amd64',
	Size: 1,
	Created: '2026-01-31T09:00:00Z',
	Config: {Labels: null, Env: ['A=b'], Cmd: null, Entrypoint: ['a'], ExposedPorts: {'80/tcp': {}}, User: ''},
};
const info = {ServerVersion: '29', Architecture: 'x86_64', DockerRootDir: '/x', NCPU: 1, MemTotal: 1};
const use = {
	read: '2026-01-31T09:00:01Z',
	cpu_stats: {cpu_usage: {total_usage: 2_000_000_000}, system_cpu_usage: 40_000_000_000, online_cpus: 4},
	precpu_stats: {cpu_usage: {total_usage: 1_500_000_000}, system_cpu_usage: 36_000_000_000, online_cpus: 4},
	memory_stats: {usage: 3000, limit: 9000, stats: {inactive_file: 1000}},
	networks: {eth0: {rx_bytes: 10, tx_bytes: 20}, eth1: {rx_bytes: 1, tx_bytes: 2}},
};
const event = {Type: 'container', Action: 'start', Actor: {ID: id, Attributes: {name: 'x'}}, timeNano: 1.7e18};

/** Each with something right in it, and what reads it and uses all of what comes out. */
const answers: Array<[what: string, right: object, read: (text: string) => unknown]> = [
	[
		'use of a container',
		use,
		(text) =>
			JSON.stringify(toContainerUse(schemas.parseText(schemas.containerUse, text, 'use of a container')) ?? null),
	],
	[
		'list of containers',
		[container],
		(text) => JSON.stringify(schemas.parseText(schemas.containerRows, text, 'list of containers').map(toContainer)),
	],
	[
		'description of a container',
		detail,
		(text) => JSON.stringify(toContainerDetail(schemas.parseText(schemas.containerDetail, text, 'x'))),
	],
	[
		'description of an image',
		image,
		(text) => JSON.stringify(toImage(schemas.parseText(schemas.imageDetail, text, 'x'))),
	],
	[
		'list of images',
		[{...image, Created: 1_700_000_000}],
		(text) =>
			JSON.stringify(
				schemas.parseText(schemas.imageRows, text, 'x').map(({Created}) => new Date(Created * 1000).toISOString()),
			),
	],
	[
		'description of the engine',
		info,
		(text) => JSON.stringify(toEngineInfo(schemas.parseText(schemas.engineInfo, text, 'x'))),
	],
	['event', event, (text) => JSON.stringify(toEvent(schemas.parseText(schemas.event, text, 'x')))],
];

/** The value with another at one of its places, or without that place. */
function mutated(right: unknown): fc.Arbitrary<unknown> {
	const places: Array<readonly string[]> = [];
	const walk = (value: unknown, path: readonly string[]) => {
		places.push(path);
		if (typeof value === 'object' && value !== null) {
			for (const [key, child] of Object.entries(value)) {
				walk(child, [...path, key]);
			}
		}
	};
	walk(right, []);
	const odd = fc.oneof(
		fc.jsonValue(),
		fc.constantFrom<unknown>(null, -1, 1e300, 8.64e15, 0.5, '', 'x', {}, [], [null], {a: null}, true, '9999999999999'),
	);
	return fc.tuple(fc.constantFrom(...places), odd, fc.boolean()).map(([path, value, leaveOut]) => {
		const copy = {root: structuredClone(right)} as Record<string, unknown>;
		let parent = copy;
		for (const key of ['root', ...path].slice(0, -1)) {
			parent = parent[key] as Record<string, unknown>;
		}

		const last = path.at(-1) ?? 'root';
		if (leaveOut && path.length > 0 && !Array.isArray(parent)) {
			delete parent[last];
		} else {
			parent[last] = value;
		}

		return copy.root;
	});
}

describe('an answer that is not what it should be', () => {
	for (const [what, right, read] of answers) {
		test(`${what}: the right one is read`, () => {
			read(JSON.stringify(right));
		});
		test(`${what}: any JSON, and any change to the right one, is read or refused as an engine's`, () => {
			let refused = 0;
			fc.assert(
				fc.property(fc.oneof(fc.jsonValue(), mutated(right)), (value) => {
					try {
						read(JSON.stringify(value));
					} catch (error) {
						assert.ok(error instanceof EngineError, String((error as Error).stack));
						assert.equal(error.code, 'not-an-engine');
						assert.ok(error.message.length < 600);
						refused += 1;
					}
				}),
				{numRuns: 500},
			);
			assert.ok(refused > 50, `only ${refused} were refused`);
		});
	}

	test('the place of the mistake and the question are named', () => {
		assert.throws(
			() => schemas.parseText(schemas.containerRows, JSON.stringify([{...container, Names: 5}]), 'list of containers'),
			{message: /^list of containers: 0\.Names: expected Array, got 5$/i},
		);
	});

	test('a small text that would become very large is not parsed', () => {
		const deep = Buffer.from('['.repeat(1_500_000));
		assert.throws(() => schemas.parseAnswer(schemas.containerRows, deep, 'list'), /more than 1000000 values/);
	});
});

const methods: Record<string, (engine: Engine) => Promise<unknown>> = {
	info: (engine) => engine.info(),
	listContainers: (engine) => engine.listContainers(),
	inspectContainer: (engine) => engine.inspectContainer('x'),
	createContainer: (engine) => engine.createContainer(spec),
	waitContainer: (engine) => engine.waitContainer('x'),
	top: (engine) => engine.top('x'),
	exec: (engine) => engine.exec('x', {command: ['true'], tty: false, stdin: false}),
	logs: async (engine) => readAll(engine.logs('x')),
	attach: async (engine) => readAll((await engine.attach('x')).output),
	readFile: (engine) => engine.readFile('x', '/x'),
	inspectImage: (engine) => engine.inspectImage('x:1'),
	listImages: (engine) => engine.listImages(),
	pullImage: (engine) => engine.pullImage('x:1'),
	pushImage: (engine) => engine.pushImage('x.example/x:1'),
	buildImage: (engine) => engine.buildImage({files: [], tag: 'x:1'}),
	stats: async (engine) => readAll(engine.stats('x', {signal: new AbortController().signal})),
	events: async (engine) => readAll(engine.events({signal: new AbortController().signal})),
};
const spec = {
	name: 'x',
	image: 'x',
	environment: {},
	labels: {},
	mounts: [],
	ports: [],
	gpus: [],
	gpuMechanism: 'gpu' as const,
	init: false,
	capDrop: [],
	capAdd: [],
	securityOptions: [],
};

describe('whatever is answered over HTTP', () => {
	for (const [name, call] of Object.entries(methods)) {
		test(`${name}: nothing but an EngineError comes out`, async () => {
			let body = '';
			let status = 200;
			await withAnswers(
				(_request, response) => {
					response.writeHead(status, {'Content-Type': 'application/json'});
					response.end(body);
				},
				async (engine) => {
					await fc.assert(
						fc.asyncProperty(
							fc.oneof(
								fc.json(),
								fc.constantFrom('{"a":', 'null', '', '<html>', '[]', '{}', '[null]', '5'),
								fc.string(),
							),
							fc.constantFrom(200, 200, 200, 404, 500, 301, 204),
							async (text, code) => {
								body = text;
								status = code;
								try {
									await call(engine);
								} catch (error) {
									assert.ok(error instanceof EngineError, String((error as Error).stack));
								}
							},
						),
						{numRuns: 60},
					);
				},
			);
		});
	}
});

test('names and references in paths', () => {
	assert.equal(encodePart('nvcr.io/nvidia/cuda:12@sha256:ab'), 'nvcr.io/nvidia/cuda:12@sha256:ab');
	assert.equal(encodePart('a?b#c d'), 'a%3Fb%23c%20d');
});

test('a pull asks for one tag or digest', () => {
	assert.deepEqual(['a', 'a:1', 'h:5000/a', 'h:5000/a:1', 'a@sha256:ab', 'a:1@sha256:ab'].map(splitReference), [
		{repository: 'a', tag: 'latest'},
		{repository: 'a', tag: '1'},
		{repository: 'h:5000/a', tag: 'latest'},
		{repository: 'h:5000/a', tag: '1'},
		{repository: 'a', tag: 'sha256:ab'},
		{repository: 'a:1', tag: 'sha256:ab'},
	]);
});

describe('what a container uses', () => {
	test('is computed as docker stats does', () => {
		assert.deepEqual(toContainerUse(use), {
			cpuPercent: 50,
			memoryBytes: 2000,
			memoryLimitBytes: 9000,
			receivedBytes: 11,
			sentBytes: 22,
			at: Date.parse('2026-01-31T09:00:01Z'),
		});
	});

	test('version 1 of control groups tells the cache of files by another name', () => {
		const {memory_stats: memory} = use;
		const told = {...use, memory_stats: {...memory, stats: {total_inactive_file: 2500, inactive_file: 1}}};
		assert.equal(toContainerUse(told)?.memoryBytes, 500);
	});

	test('what is not told is unknown, and neither nothing nor all', () => {
		const {precpu_stats: _, networks: __, ...first} = use;
		assert.deepEqual(toContainerUse({...first, memory_stats: {}}), {
			cpuPercent: null,
			memoryBytes: null,
			memoryLimitBytes: null,
			receivedBytes: null,
			sentBytes: null,
			at: Date.parse('2026-01-31T09:00:01Z'),
		});
		assert.equal(toContainerUse({...use, read: '0001-01-01T00:00:00Z'}), undefined, 'it does not run');
	});

	test('comes no faster than it is wanted', async () => {
		await withAnswers(
			(_request, response) => {
				response.writeHead(200, {'Content-Type': 'application/json'});
				response.end(`${JSON.stringify(use)}\n`.repeat(5));
			},
			async (engine) => {
				const {signal} = new AbortController();
				assert.equal((await readAll(engine.stats('x', {signal}))).length, 5);
				assert.equal((await readAll(engine.stats('x', {signal, everyMs: 2000}))).length, 1);
			},
		);
	});
});

test('a list that has not changed is read once, and one that has changed is read again', async () => {
	let rows = [container];
	await withAnswers(
		(_, response) => response.end(JSON.stringify(rows)),
		async (engine) => {
			const [first = undefined, ...none] = await engine.listContainers();
			const again = await engine.listContainers();
			assert.equal(again[0], first);
			assert.deepEqual(none, []);
			again.pop();
			assert.equal((await engine.listContainers())[0], first);
			assert.equal((await engine.listContainers({labels: ['a']}))[0]?.name, 'gpubox-x');
			rows = [{...container, Names: ['/gpubox-y'], State: 'exited'}, container];
			const changed = await engine.listContainers();
			assert.deepEqual(
				changed.map(({name, state}) => [name, state]),
				[
					['gpubox-y', 'exited'],
					['gpubox-x', 'running'],
				],
			);
		},
	);
});

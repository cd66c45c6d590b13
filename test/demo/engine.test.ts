import assert from 'node:assert/strict';
import {once} from 'node:events';
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {endOfRun} from '../../source/app/runs/ended.ts';
import {readUse} from '../../source/box/idle/observe.ts';
import {listBoxes} from '../../source/box/list.ts';
import {stopBox} from '../../source/box/up/lifecycle.ts';
import type {UpStep} from '../../source/box/up/types.ts';
import {up} from '../../source/box/up/up.ts';
import {scenarioNames} from '../../source/demo/scenario-names.ts';
import {EngineError} from '../../source/engine/engine.ts';
import {readInventory} from '../../source/gpu/inventory.ts';
import {readProcesses} from '../../source/gpu/processes.ts';
import {readRunRecord} from '../../source/job/runs/record.ts';
import {makeFrozenHost} from '../_helpers/demo.ts';

async function setUp(t: {after: (fn: () => Promise<void>) => void}) {
	const host = await makeFrozenHost();
	t.after(async () => host[Symbol.asyncDispose]());
	return host;
}

const isCode = (code: string) => (error: unknown) => error instanceof EngineError && error.code === code;

test('four colleagues have boxes on the cards of the scenario', async (t) => {
	const host = await setUp(t);
	const boxes = await listBoxes(host);
	assert.deepEqual([...new Set(boxes.filter(({mine}) => mine).map(({owner}) => owner))], [host.person.name]);
	assert.deepEqual([...new Set(boxes.map(({owner}) => owner))].sort(), ['alice', 'bob', 'chen', 'dora']);
	assert.equal(boxes.find(({name}) => name === 'alice-llm-train')?.gpus.length, 4);
});

test('`up` makes a box as it does on a real engine, and finds it again', async (t) => {
	const host = await setUp(t);
	const project = mkdtempSync(join(tmpdir(), 'gpubox-project-'));
	t.after(async () => rmSync(project, {recursive: true}));
	const request = {
		project,
		services: ['jupyter' as const],
		gpus: '1',
		shareGpus: false,
		bind: '127.0.0.1',
		mounts: [],
		environment: {},
	};
	const steps: UpStep[] = [];
	const options = {
		report: (step: UpStep) => steps.push(step),
		signal: new AbortController().signal,
		wait: true,
		recreate: false,
		asked: new Set<string>(),
		settings: {},
		chooseImage: async () => ({
			reference: 'pytorch/pytorch:2.9.0-cuda12.8-cudnn9-runtime',
			provides: [],
			notes: [],
			base: undefined,
		}),
	};
	let listings = 0;
	const {engine} = host;
	const list = engine.listContainers.bind(engine);
	engine.listContainers = (...given) => {
		listings += 1;
		return list(...given);
	};
	const first = await up(host, request, options);
	assert.equal(first.changed, true);
	// Who is there; again after the pull; who else wants the GPU, once it is claimed; for the person's ssh.
	assert.ok(listings <= 4, `${listings} listings`);
	assert.deepEqual([...new Set(steps.map(({kind}) => kind))].slice(0, 3), ['pull', 'build', 'start']);
	assert.deepEqual(first.box.gpus, ['GPU-c451bde8-23fb-cff5-1365-8761e1e3168c']);
	const second = await up(host, request, options);
	assert.equal(second.changed, false);
	assert.equal(second.box.id, first.box.id);
	assert.equal(second.token, first.token);
});

test('it refuses what a real engine refuses', async (t) => {
	const {engine} = await setUp(t);
	const [box] = await engine.listContainers();
	const detail = await engine.inspectContainer(box?.id ?? '');
	assert.ok(box && detail);
	await assert.rejects(engine.removeContainer(box.id), isCode('conflict'));
	await assert.rejects(engine.startContainer('nothing'), isCode('not-found'));
	await assert.rejects(engine.pullImage('no/such:image'), isCode('not-found'));
	const spec = {
		name: box.name,
		image: box.image,
		environment: {},
		labels: {},
		mounts: [],
		ports: [{containerPort: 8888, hostPort: 18_888, hostAddress: '127.0.0.1'}],
		gpus: [],
		gpuMechanism: 'gpu' as const,
		init: true,
		capDrop: [],
		capAdd: [],
		securityOptions: [],
	};
	await assert.rejects(engine.createContainer(spec), isCode('name-taken'));
	const id = await engine.createContainer({...spec, name: 'gpubox-other'});
	await assert.rejects(engine.startContainer(id), isCode('port-taken'));
});

test('Jupyter answers on the port of a running box, to its own token only', async (t) => {
	const host = await setUp(t);
	const {askHttp, engine} = host;
	const {signal} = new AbortController();
	const ask = async (path: string, headers: Record<string, string> = {}) =>
		(await askHttp(new URL(path, 'http://127.0.0.1:18891'), {headers, signal})).status;
	assert.equal(await ask('/api'), 200);
	assert.equal(await ask('/api/status'), 403);
	const own = {authorization: 'token simulated-token-that-opens-nothing'};
	assert.equal(await ask('/api/status', own), 200);
	const box = (await listBoxes(host)).find(({name}) => name === 'dora-eda');
	const {body} = await askHttp(new URL('http://127.0.0.1:18891/api/kernels'), {headers: own, signal});
	assert.match(body, /"execution_state":"idle"/);
	await engine.stopContainer(box?.id ?? '');
	await assert.rejects(ask('/api'), /ECONNREFUSED/);
	// Started again it is a server without a notebook.
	await engine.startContainer(box?.id ?? '');
	const again = await askHttp(new URL('http://127.0.0.1:18891/api/kernels'), {headers: own, signal});
	assert.equal(again.body, '[]');
});

test('a job is listed as one; stopped it is gone a moment later, and how it ended is kept', async (t) => {
	const host = await setUp(t);
	const {signal} = new AbortController();
	const job = (await listBoxes(host)).find(({name}) => name === 'dora-sweep-4');
	assert.deepEqual([job?.mine, job?.job, job?.services], [true, {stopSeconds: 120}, []]);
	assert.match(readRunRecord(host.paths, 'dora-sweep-4')?.command.join(' ') ?? '', /^python sweep\.py/);
	const end = endOfRun(host, 'dora-sweep-4', signal);
	await stopBox(host, job ?? assert.fail(), signal);
	assert.match((await end)?.text ?? '', /^dora-sweep-4 ended with exit code 143 after 2h/);
	assert.equal(
		(await listBoxes(host)).some(({name}) => name === 'dora-sweep-4'),
		false,
	);
});

test('nothing that uses an own box of the demo is unknown, also just after it was started again', async (t) => {
	for (const scenario of scenarioNames) {
		const host = await makeFrozenHost(scenario);
		t.after(async () => host[Symbol.asyncDispose]());
		const {signal} = new AbortController();
		const own = async () => (await listBoxes(host)).filter(({mine, job}) => mine && job === undefined);
		for (const box of (await own()).filter(({state}) => state !== 'running')) {
			await host.engine.startContainer(box.id);
		}

		for (const [id, {unknown}] of await readUse(host, await own(), {signal})) {
			assert.deepEqual(unknown, [], `${scenario}: ${id}`);
		}
	}
});

test('a followed log goes on where the past ends, and ends with its box', async (t) => {
	const host = await setUp(t);
	const {engine} = host;
	const box = (await listBoxes(host)).find(({name}) => name === 'chen-vllm');
	assert.ok(box);
	const lines: string[] = [];
	for await (const {data} of engine.logs(box.id, {follow: true, tail: 2})) {
		lines.push(data.toString());
		if (lines.length === 2) {
			engine.tick();
			engine.tick();
			await engine.stopContainer(box.id);
		}
	}

	assert.equal(lines.length, 4);
	assert.match(lines.at(-1) ?? '', /Terminated/);
});

test('the pretend shell echoes, answers, and passes its exit code on', async (t) => {
	const host = await setUp(t);
	const {engine} = host;
	const box = (await listBoxes(host)).find(({name}) => name === 'dora-eda');
	const session = await engine.exec(box?.id ?? '', {command: ['bash'], tty: true, stdin: true});
	let output = '';
	session.stream.on('data', (chunk: Buffer) => {
		output += chunk.toString();
	});
	session.stream.write('whoaxx\u007F\u007Fmi\rnvidia-smi\rexit 3\r');
	const closed = once(session.stream, 'close');
	assert.deepEqual(await session.wait(), {exitCode: 3, detached: false});
	// Whoever reads the stream goes on when it closes.
	await closed;
	assert.match(output, /dora\r\n/);
	assert.match(output, /NVIDIA-SMI[\s\S]*H100/);
});

test('the detach keys leave the shell running', async (t) => {
	const host = await setUp(t);
	const {engine} = host;
	const box = (await listBoxes(host)).find(({name}) => name === 'dora-eda');
	const session = await engine.exec(box?.id ?? '', {command: ['bash'], tty: true, stdin: true});
	session.stream.resume();
	session.stream.write('\u0010\u0011');
	assert.deepEqual(await session.wait(), {exitCode: 0, detached: true});
});

test('a shell that is let go of is told to run on', async (t) => {
	const host = await setUp(t);
	const {engine} = host;
	const box = (await listBoxes(host)).find(({name}) => name === 'dora-eda');
	const session = await engine.exec(box?.id ?? '', {command: ['bash'], tty: true, stdin: true});
	session.stream.destroy();
	assert.deepEqual(await session.wait(), {exitCode: 0, detached: true});
});

test('in a box nvidia-smi shows its own cards, also one that is lost; without any there is none', async (t) => {
	const host = await setUp(t);
	const run = async (name: string, on = host) => {
		const box = (await listBoxes(on)).find((each) => each.name === name);
		const session = await on.engine.exec(box?.id ?? '', {command: ['nvidia-smi'], tty: true, stdin: false});
		let output = '';
		session.stream.on('data', (chunk: Buffer) => {
			output += chunk.toString();
		});
		const {exitCode} = await session.wait();
		return {output, exitCode};
	};
	const four = await run('alice-llm-train');
	assert.equal(four.output.match(/ H100 /g)?.length, 4);
	assert.doesNotMatch(four.output, /gpu_burn/);
	const shared = await run('dora-eda');
	assert.match(shared.output, /\| {3}0 {2}NVIDIA H100[\s\S]*9C:00/);
	host.failCard(5);
	const lost = await run('chen-vllm');
	assert.equal(lost.exitCode, 15);
	assert.match(lost.output, /GPU0: 0000:C0:00\.0: GPU is lost/);
	const another = await makeFrozenHost('card-fails');
	t.after(async () => another[Symbol.asyncDispose]());
	const {id} = (await listBoxes(another)).find(({name}) => name === 'dora-old-paper') ?? {id: ''};
	await another.engine.startContainer(id);
	assert.equal((await run('dora-old-paper', another)).exitCode, 127);
});

test('what ends with a box, with its kernels or with a card is gone from nvidia-smi too', async (t) => {
	const host = await setUp(t);
	const boxNamed = async (name: string) => (await listBoxes(host)).find((box) => box.name === name);
	const pids = async () => (await readProcesses(host.nvidiaSmi)).processes.map(({pid}) => pid);
	assert.deepEqual(await pids(), [20_411, 20_412, 20_413, 20_414, 31_877, 33_102, 35_540, 40_219, 28_512, 28_604]);
	await host.engine.stopContainer((await boxNamed('alice-llm-train'))?.id ?? '');
	assert.deepEqual(await pids(), [31_877, 33_102, 35_540, 40_219, 28_512, 28_604]);
	const {askHttp} = host;
	const headers = {authorization: 'token simulated-token-that-opens-nothing'};
	const {signal} = new AbortController();
	const url = new URL('http://127.0.0.1:18891/api/kernels');
	const [kernel] = JSON.parse((await askHttp(url, {headers, signal})).body) as Array<{id: string}>;
	await askHttp(new URL(`${url.href}/${kernel?.id}`), {headers, signal, method: 'DELETE'});
	assert.deepEqual(await pids(), [31_877, 35_540, 40_219, 28_512, 28_604]);
	host.failCard(5);
	assert.deepEqual(await pids(), [31_877, 35_540, 28_512, 28_604]);
	const {gpus, problems} = await readInventory(host.nvidiaSmi);
	assert.equal(gpus.length, 7);
	assert.deepEqual(
		problems.map(({code}) => code),
		['gpu-lost'],
	);
});

test('broken off, every call and every stream of events fails until it is mended', async (t) => {
	const {engine} = await setUp(t);
	const events = engine.events({signal: new AbortController().signal})[Symbol.asyncIterator]();
	const next = events.next();
	engine.breakOff(new EngineError('unreachable', 'gone'));
	await assert.rejects(next, isCode('unreachable'));
	await assert.rejects(engine.listContainers(), isCode('unreachable'));
	engine.breakOff(undefined);
	assert.equal((await engine.listContainers()).length, 11);
});

test('nothing of the made-up host is left behind', async () => {
	const host = await makeFrozenHost();
	assert.ok(existsSync(host.paths.state));
	await host[Symbol.asyncDispose]();
	assert.ok(!existsSync(host.paths.state));
});

test("one's own process on a GPU can be ended, and is gone from the driver's list; others are not offered", async (t) => {
	const host = await setUp(t);
	const {processes} = await readProcesses(host.nvidiaSmi);
	const found = processes.map(({pid}) => ({pid, ...host.findProcess(pid)}));
	const own = found.find(({kind}) => kind === 'own');
	assert.ok(own);
	assert.equal(own.user, host.person.name);
	assert.ok(found.some(({kind, user}) => kind === 'foreign' && user === 'alice'));
	assert.equal(host.engine.endProcess(own.pid), true);
	assert.deepEqual(
		(await readProcesses(host.nvidiaSmi)).processes.map(({pid}) => pid),
		processes.map(({pid}) => pid).filter((pid) => pid !== own.pid),
	);
	assert.equal(host.engine.endProcess(own.pid), false);
});

import assert from 'node:assert/strict';
import {mkdtemp, rm} from 'node:fs/promises';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {hostname, release, tmpdir, totalmem} from 'node:os';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {isLocalAddress} from '../../source/engine/address.ts';
import {askForwarded, isOtherMachine, mayLeadElsewhere} from '../../source/engine/forwarded.ts';
import {readInventory} from '../../source/gpu/inventory.ts';
import {readProcesses} from '../../source/gpu/processes.ts';
import {openHost} from '../../source/host/open-host.ts';

const here = {hostname: 'ws1', kernel: '6.1.0-40-amd64', memoryBytes: 67_333_001_216};

describe('on which machine an engine runs, in its own words', () => {
	const {hostname: name, kernel, memoryBytes} = here;
	for (const [what, engine, other] of [
		['this one', {machine: {hostname: name, kernel}, memoryBytes}, false],
		['one that tells nothing', {memoryBytes: 0}, false],
		['another kernel', {machine: {hostname: name, kernel: '6.8.0-60-generic'}, memoryBytes}, true],
		['more memory', {machine: {hostname: name, kernel}, memoryBytes: memoryBytes * 2}, true],
		['a twin of another name', {machine: {hostname: 'ws2', kernel}, memoryBytes}, true],
		["Docker Desktop's engine in WSL", {machine: {hostname: 'docker-desktop', kernel}, memoryBytes}, false],
		[
			'a virtual machine of Docker Desktop',
			{machine: {hostname: 'docker-desktop', kernel: '6.10'}, memoryBytes: 1},
			true,
		],
	] as const) {
		test(what, () => assert.equal(isOtherMachine(engine, here), other));
	}
});

describe('which sockets may lead to another machine', () => {
	const of = (path: string, owner: number | undefined, uid = 1000) =>
		mayLeadElsewhere({path, owner, uid, home: '/home/alice', runtimeFolder: '/run/user/1000'});
	for (const path of ['/var/run/docker.sock', '/run/docker.sock', '/run/podman/podman.sock']) {
		test(`not the engine's usual one, whoever made it: ${path}`, () => {
			assert.ok(!of(path, 0) && !of(path, 1000) && !of(path, 0, 0));
		});
	}

	for (const path of [
		'/run/user/1000/docker.sock',
		'/run/user/1000/podman/podman.sock',
		'/home/alice/.docker/desktop/docker.sock',
	]) {
		test(`not one of the user's own engine: ${path}`, () => assert.ok(!of(path, 1000)));
	}

	test("not a service's", () => assert.ok(!of('/run/docker-two/docker.sock', 0)));
	for (const [path, owner, uid] of [
		['/home/alice/gpu2.sock', 1000, 1000],
		['/tmp/gpu2.sock', 1000, 1000],
		['/run/user/1000/gpu2.sock', 1000, 1000],
		['/run/gpu2.sock', 0, 0],
		['/srv/gpu2.sock', 0, 1000],
		['/tmp/not-there.sock', undefined, 1000],
	] as const) {
		test(`any other: ${path}`, () => assert.ok(of(path, owner, uid)));
	}
});

/** Answers as an engine on a machine with this much memory, on a port or on a socket. */
async function withEngine(memory: number, use: (url: string) => Promise<void>, socket?: string): Promise<void> {
	const server = createServer((request, response) => {
		const found = request.url?.endsWith('/info') === true;
		response.writeHead(found ? 200 : 404, {'content-type': 'application/json'});
		response.end(
			JSON.stringify({
				ServerVersion: '28.0.4',
				Architecture: 'x86_64',
				DockerRootDir: '/var/lib/docker',
				NCPU: 8,
				MemTotal: memory,
				Name: hostname(),
				KernelVersion: release(),
			}),
		);
	});
	await new Promise<void>((resolve) => {
		if (socket === undefined) {
			server.listen(0, '127.0.0.1', resolve);
		} else {
			server.listen(socket, resolve);
		}
	});
	try {
		await use(socket === undefined ? `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` : `unix://${socket}`);
	} finally {
		server.closeAllConnections();
		server.close();
	}
}

const {signal} = new AbortController();

test('a port of this machine that leads to another one: nothing of this machine is shown as its own', () =>
	withEngine(totalmem() * 2, async (url) => {
		assert.ok(isLocalAddress(url));
		await askForwarded(url, signal);
		assert.ok(!isLocalAddress(url));
		const {engine, nvidiaSmi} = openHost({host: url, quiet: true});
		assert.equal(engine.local, false);
		const {gpus, driverVersion, problems} = await readInventory(nvidiaSmi);
		assert.deepEqual([gpus, driverVersion, problems.length], [[], null, 1]);
		assert.equal(problems[0]?.code, 'other-machine');
		assert.match(problems[0]?.fix ?? '', /--host ssh:\/\/USER@MACHINE$/);
		assert.deepEqual((await readProcesses(nvidiaSmi)).processes, []);
	}));

test('a port of this machine with its own engine', () =>
	withEngine(totalmem(), async (url) => {
		await askForwarded(url, signal);
		assert.ok(isLocalAddress(url));
		assert.equal(openHost({host: url, quiet: true}).nvidiaSmi.local, true);
	}));

test('a socket that leads to another machine, and one of an engine here', async (t) => {
	const folder = await mkdtemp(join(tmpdir(), 'gpubox-forwarded-'));
	t.after(() => rm(folder, {recursive: true}));
	for (const [name, memory, isHere] of [
		['gpu2.sock', totalmem() * 2, false],
		['own.sock', totalmem(), true],
	] as const) {
		await withEngine(
			memory,
			async (url) => {
				await askForwarded(url, signal);
				assert.equal(isLocalAddress(url), isHere);
				assert.equal(openHost({host: url, quiet: true}).engine.local, isHere);
			},
			join(folder, name),
		);
	}
});

test('no engine there, and a name that is none: not told here', async () => {
	await askForwarded('tcp://127.0.0.1:1', signal);
	assert.ok(isLocalAddress('tcp://127.0.0.1:1'));
	await askForwarded('no-such-context', signal);
});

test('an engine by its name on the network: its GPUs are unknown', async () => {
	const {nvidiaSmi} = openHost({host: 'tcp://gpu2.example:2376', quiet: true});
	const {gpus, problems} = await readInventory(nvidiaSmi);
	assert.deepEqual(gpus, []);
	assert.match(problems[0]?.message ?? '', /^The GPUs are unknown: the engine at tcp:\/\/gpu2\.example:2376 /);
	assert.match(problems[0]?.fix ?? '', /--host ssh:\/\/USER@gpu2\.example$/);
});

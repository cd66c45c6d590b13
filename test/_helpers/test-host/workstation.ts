/**
Run by test/e2e/machine.test.ts in mount, network and process namespaces of its own, which play a workstation: an engine with docker0
and a container in use. The tests' own engines come and go beside it; ends with 0 when it is as before each time.
*/
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {isDeepStrictEqual} from 'node:util';
import Docker from 'dockerode';
import {startEngine, type TestEngine} from './engine.ts';
import {controlGroupOf, removeEngineFolder} from './isolation.ts';
import {differences, machineState} from './machine.ts';
import {makeNetwork, type Network, removeNetwork} from './network.ts';
import {systemPath} from './packages.ts';
import {freePort, startRegistry} from './registry.ts';
import {importShell, startSecondEngine} from './second-engine.ts';
import {waitUntil} from './wait-until.ts';

const [folder = '', role] = process.argv.slice(2);
if (folder === '') {
	// Run as if it were a test, on the machine itself, it would change the machine's settings.
	throw new Error('It is started with a folder, in namespaces of its own, by test/e2e/machine.test.ts.');
}

const bridge = 'gpubox0a1b2c3d';
const runFolder = `/run/${controlGroupOf(folder)}-tests`;
const groupId = 1000;

await (role === 'killed' ? beKilled() : main());

async function main(): Promise<void> {
	await withoutAnEngine();
	const neighbour = await startNeighbour();
	await neighbour.assertUntouched('an engine without a network', async () => {
		const engine = await startTestEngine();
		await neighbour.assertReachable();
		await engine.stop();
	});
	await neighbour.assertUntouched('an engine that is started again', async () => {
		mkdirSync(runFolder);
		const engine = await startSecondEngine({parent: runFolder, liveRestore: false, groupId});
		await engine.startWriter('writer', {});
		await engine.restart();
		await neighbour.assertReachable();
		await engine.stop();
		await removeEngineFolder(runFolder);
	});
	await neighbour.assertUntouched('an engine with a network, as for `npm test`', async () => {
		const registry = await startRegistry();
		const network = await makeNetwork(bridge, 1);
		const engine = await startTestEngine(network);
		await importShell(engine.docker, folder);
		await listenIn(engine.docker);
		await engine.docker.createNetwork({Name: 'more'});
		await neighbour.assertReachable();
		await engine.stop();
		// On the same data, as every run after a clone's first.
		const again = await startTestEngine(network);
		await neighbour.assertReachable();
		await again.stop();
		await network.remove();
		await registry.stop();
	});
	await neighbour.assertUntouched('a run that is killed, and the next one', async () => {
		const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), folder, 'killed'], {
			stdio: ['ignore', 'pipe', 'inherit'],
		});
		await once(child.stdout, 'data');
		child.kill('SIGKILL');
		await once(child, 'close');
		await neighbour.assertReachable();
		await removeEngineFolder(runFolder);
		await removeNetwork(bridge);
	});
}

function startTestEngine(network?: Network): Promise<TestEngine> {
	return startEngine({dataFolder: join(folder, 'tests'), runFolder, groupId, ...(network && {network})});
}

async function beKilled(): Promise<void> {
	const engine = await startTestEngine(await makeNetwork(bridge, 1));
	await importShell(engine.docker, folder);
	await listenIn(engine.docker);
	await engine.docker.createNetwork({Name: 'yet more'});
	await startSecondEngine({parent: runFolder, liveRestore: true, groupId});
	process.stdout.write('ready\n');
	await new Promise(() => setInterval(() => {}, 60_000));
}

/** A machine that passes on no packets does not do so afterwards either, killed or not. */
async function withoutAnEngine(): Promise<void> {
	const forwarding = '/proc/sys/net/ipv4/ip_forward';
	const redirects = '/proc/sys/net/ipv4/conf/all/accept_redirects';
	writeFileSync(forwarding, '0');
	writeFileSync(redirects, '0');
	const before = await machineState();
	await makeNetwork(bridge, 1);
	// As the next run does after one that was killed.
	const network = await makeNetwork(bridge, 1);
	const engine = await startTestEngine(network);
	assert.equal(readFileSync(forwarding, 'utf8').trim(), '1');
	await engine.stop();
	await network.remove();
	assert.deepEqual(differences(before, await machineState()), []);
}

/** The machine's own engine, with one container that others talk to. */
async function startNeighbour() {
	const config = join(folder, 'daemon.json');
	const socketPath = '/run/docker.sock';
	writeFileSync(
		config,
		JSON.stringify({
			hosts: [`unix://${socketPath}`],
			'data-root': join(folder, 'neighbour'),
			'exec-opts': ['native.cgroupdriver=cgroupfs'],
			'cgroup-parent': `/${controlGroupOf(folder)}`,
			features: {cdi: false},
		}),
	);
	const child = spawn('dockerd', ['--config-file', config], {
		stdio: 'ignore',
		env: {...process.env, PATH: systemPath, TMPDIR: folder},
	});
	child.unref();
	const docker = new Docker({socketPath});
	await waitUntil('the machine to have an engine', () => docker.ping().catch(() => undefined), {seconds: 60});
	await importShell(docker, folder);
	const addresses = await listenIn(docker);
	const assertReachable = async () => {
		for (const address of addresses) {
			const answer = await fetch(address, {headers: {connection: 'close'}, signal: AbortSignal.timeout(10_000)});
			assert.equal(await answer.text(), 'here', address);
		}
	};
	await waitUntil('the container to answer', () =>
		assertReachable().then(
			() => true,
			() => false,
		),
	);
	assert.ok((await machineState()).some((line) => /^link veth\w+ up in docker0$/.test(line)));
	return {
		assertReachable,
		async assertUntouched(what: string, work: () => Promise<void>): Promise<void> {
			process.stdout.write(`${what}\n`);
			const before = await machineState();
			await work();
			const after = await machineState();
			assert.deepEqual(differences(before, after), [], what);
			assert.ok(isDeepStrictEqual(before, after), `${what}: the order of rules changed`);
			await assertReachable();
		},
	};
}

/**
Starts a container with an address of its own and a port of the machine's; something in its network answers `here`.

@returns where
*/
async function listenIn(docker: Docker): Promise<string[]> {
	const port = await freePort();
	const container = await docker.createContainer({
		Image: 'shell',
		Cmd: ['sleep', '100000'],
		ExposedPorts: {'8080/tcp': {}},
		HostConfig: {PortBindings: {'8080/tcp': [{HostIp: '127.0.0.1', HostPort: String(port)}]}},
	});
	await container.start();
	const {State, NetworkSettings} = await container.inspect();
	const server = "require('node:http').createServer((_, answer) => answer.end('here')).listen(8080)";
	// In its processes, too, so that it ends with the container.
	const words = [`--target=${State.Pid}`, '--net', '--pid', process.execPath, '-e', server];
	const listener = spawn('nsenter', words, {stdio: 'ignore'});
	listener.unref();
	const address = NetworkSettings.Networks.bridge?.IPAddress;
	return [`http://${address}:8080/`, `http://127.0.0.1:${port}/`];
}

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {debian13Packages} from '../_helpers/consumers/cache.ts';
import {makePerson, needsOwnEngine, type Person, testHost, waitUntil} from '../_helpers/test-host/index.ts';
import {startSwarm, type TestSwarm} from '../_helpers/test-host/swarm.ts';

// A real Swarm of two engines: `gpubox run --on swarm`, and what `gpubox export swarm` writes.

const host = testHost();

describe('a real Swarm of two nodes, of which one has GPUs', {skip: needsOwnEngine}, () => {
	let alice: Person;
	let swarm: TestSwarm;
	const gpus = ['GPU-aaaa', 'GPU-bbbb'];
	const runOn = (options: string[], script: string) =>
		alice.runGpubox(['run', '--on', 'swarm', ...options, '--', 'sh', '-c', script], {
			env: {DOCKER_HOST: swarm.manager.address},
		});
	const gpubox = (words: string[]) =>
		alice.runGpubox(words, {env: {DOCKER_HOST: swarm.manager.address}, signal: AbortSignal.timeout(60_000)});
	const services = async () => (await swarm.manager.docker.listServices()).length;
	const containers = async (engine: 'manager' | 'worker') => (await swarm[engine].docker.listContainers()).length;
	const known = async (name: string) => {
		const {stdout} = await gpubox(['runs', '--json']);
		const {runs} = JSON.parse(stdout) as {runs: Array<Record<string, unknown>>};
		return runs.find((run) => run.name === name);
	};

	before(async () => {
		alice = await makePerson(host, 'alice');
		swarm = await startSwarm({parent: host.own?.runFolder ?? '', groupId: host.gid, gpus});
		await writeFile(
			join(alice.project, 'gpubox.yaml'),
			'name: vision\nimage: shell\ngpus: 1\nenv: {ODD: "a $b {c}"}\n',
		);
	});
	after(async () => {
		await swarm?.stop();
		await alice?.remove();
	});

	test('a job runs where the GPUs are, gets one, and returns its code; nothing is left', async () => {
		const script = 'echo "ODD $ODD"; echo "GPU $CUDA_VISIBLE_DEVICES"; echo problem >&2; exit 7';
		const {stdout, stderr, code} = await runOn([], script);
		assert.equal(code, 7, stderr);
		assert.match(stdout, /^ODD a \$b \{c\}\nGPU GPU-(?:aaaa|bbbb)\n$/);
		assert.match(stderr, /^problem$/m);
		assert.match(stderr, /^Swarm of 2 nodes\. GPUs: \S+ \(10\.199\.0\.2\) 2$/m);
		assert.match(stderr, /^Not carried over: mounts\.code: a node does not see this folder → /m);
		const [, name = ''] = /^(\S+) is job \S+ of swarm/m.exec(stderr) ?? [];
		assert.equal(await services(), 0);
		const run = await known(name);
		assert.deepEqual([run?.on, run?.state, run?.exitCode], ['swarm', 'done', 7]);
		// In whatever order the swarm gave the two streams.
		const log = (await gpubox(['logs', name])).stdout;
		assert.deepEqual(log.split('\n').sort(), `${stdout}problem\n`.split('\n').sort());
		const strict = await runOn(['--strict'], 'true');
		assert.equal(strict.code, 125);
		assert.match(strict.stderr, /swarm cannot do everything: .*mounts\.code/);
	});

	test('why it waits within 3 s; Ctrl-C takes it away', async () => {
		const child = spawn(host.program.node, [host.program.cli, 'run', '--on', 'swarm', '--gpus', '3', '--', 'true'], {
			cwd: alice.project,
			env: {...alice.environment, DOCKER_HOST: swarm.manager.address},
			stdio: ['ignore', 'ignore', 'pipe'],
			uid: alice.uid,
			gid: alice.gid,
		});
		let told = '';
		let submitted = 0;
		let reasoned = 0;
		child.stderr.setEncoding('utf8').on('data', (text: string) => {
			told += text;
			submitted ||= / is job /.test(told) ? performance.now() : 0;
			reasoned ||= / waits: no node has room for it: insufficient resources on 2 nodes/.test(told)
				? performance.now()
				: 0;
		});
		const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
		await waitUntil('the reason', () => reasoned > 0);
		assert.ok(reasoned - submitted < 3500, `after ${reasoned - submitted} ms: ${told}`);
		child.kill('SIGINT');
		assert.equal(await ended, 130, told);
		assert.equal(await services(), 0);
	});

	test('one in the background: its log, stopping it, and its exit code', async () => {
		const {stdout, stderr} = await runOn(
			['--detach'],
			'trap "echo saved; exit 5" TERM; echo ready; while :; do sleep 0.1; done',
		);
		const name = stdout.trim();
		const log = join(alice.project, 'runs', name, 'log');
		await waitUntil(`the job to be ready: ${stderr}`, async () =>
			/ready/.test(await readFile(log, 'utf8').catch(() => '')),
		);
		assert.deepEqual([await containers('manager'), await containers('worker')], [0, 1]);
		const stopped = await gpubox(['stop', name]);
		assert.deepEqual([stopped.stdout, stopped.code], [`${name}\n`, 0], stopped.stderr);
		assert.equal((await gpubox(['wait', name])).code, 5);
		assert.equal((await gpubox(['logs', name])).stdout, 'ready\nsaved\n');
		await waitUntil('its service to go', async () => (await services()) === 0);
		assert.equal(await containers('worker'), 0);
	});

	test('the exported stack, deployed with docker: its task is where the GPUs are', async () => {
		// Docker's command knows jobs in stacks since 23.0; Debian 12 has an older one. This one refuses files of a newer version than 3.12.
		const program = `${await debian13Packages('docker-cli', ['docker-cli'])}/usr/bin/docker`;
		const docker = (...words: string[]) => alice.run(program, words, {env: {DOCKER_HOST: swarm.manager.address}});
		const exported = await gpubox(['export', 'swarm', '--', 'sh', '-c', 'echo "GPU $DOCKER_RESOURCE_GPU"; exit 7']);
		// An engine in a container cannot raise limits.
		const stack = exported.stdout.replace(/^ +ulimits:\n(?: +(?:memlock|stack): .*\n)+/m, '');
		await writeFile(join(alice.project, 'stack.yaml'), stack);
		const deployed = await docker('stack', 'deploy', '-c', 'stack.yaml', 'vision');
		assert.equal(deployed.code, 0, deployed.stderr);
		type Task = {NodeID?: string; Status?: {ContainerStatus?: {ExitCode?: number}; State?: string}};
		const [task] = await waitUntil('its task to end', async () => {
			const found = (await swarm.manager.docker.listTasks({filters: {name: ['vision_job']}})) as Task[];
			return found.some(({Status}) => Status?.State === 'failed') && found;
		});
		assert.equal(task?.Status?.ContainerStatus?.ExitCode, 7);
		const info = (await swarm.worker.docker.info()) as {Swarm: {NodeID: string}};
		assert.equal(task?.NodeID, info.Swarm.NodeID);
		assert.equal((await docker('stack', 'rm', 'vision')).code, 0);
	});

	test('an image that no node gets is the reason, with what to do', async () => {
		const {code, stderr} = await runOn(['--image', '127.0.0.1:1/team/vision:1', '--gpus', 'none'], 'true');
		assert.equal(code, 125);
		assert.match(stderr, /The node refused it: .*No such image.*\n.*gpubox push/);
		assert.equal(await services(), 0);
	});

	test('a worker is refused with its managers, and an engine without a swarm', async () => {
		const worker = await alice.runGpubox(['run', '--on', 'swarm', '--', 'true'], {
			env: {DOCKER_HOST: swarm.worker.address},
		});
		assert.equal(worker.code, 3);
		assert.match(worker.stderr, /is a worker of its swarm[\s\S]*Its managers: 10\.199\.0\.1:2377/);
		const none = await alice.runGpubox(['run', '--on', 'swarm', '--', 'true']);
		assert.equal(none.code, 3);
		assert.match(none.stderr, /is not in a swarm\.\n.*--host/);
	});

	test('a node that goes while the job runs is named within 30 s, and nothing is waited for', async () => {
		const {stdout} = await runOn(['--detach'], 'sleep 300');
		const name = stdout.trim();
		await waitUntil('the job to run', async () => (await known(name))?.state === 'running');
		await swarm.worker.freeze();
		const since = performance.now();
		try {
			const {code, stderr} = await gpubox(['wait', name]);
			assert.equal(code, 1, `${stderr}${JSON.stringify(await known(name))}`);
			assert.match(stderr, /Its node \S+ \(10\.199\.0\.2\) is down: heartbeat failure\./);
			assert.ok(performance.now() - since < 33_000, `${performance.now() - since} ms`);
			await waitUntil('its service to go', async () => (await services()) === 0);
		} finally {
			await swarm.worker.thaw();
		}
	});
});

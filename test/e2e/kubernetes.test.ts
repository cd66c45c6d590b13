import assert from 'node:assert/strict';
import {readFile, writeFile} from 'node:fs/promises';
import {delimiter, join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {ended, kubectlFolder, startCluster, type TestCluster} from '../_helpers/consumers/kubernetes.ts';
import {makePerson, type Person, testHost, waitUntil} from '../_helpers/test-host/index.ts';

// `gpubox run --on kubernetes` through a real kubectl, against an API server of the tests that keeps Jobs and pods and runs nothing.

const host = testHost();

describe('a Kubernetes API server and kubectl', () => {
	let alice: Person;
	let cluster: TestCluster;
	let env: Record<string, string>;
	const gpubox = (words: string[], variables: Record<string, string> = {}) =>
		alice.runGpubox(words, {env: {...env, ...variables}, signal: AbortSignal.timeout(60_000)});
	const runOn = (...options: string[]) =>
		gpubox(['run', '--on', 'kubernetes', '--trust', ...options, '--', 'python', '-c', 'print(1)']);
	const submitted = () => waitUntil('the job', () => [...cluster.jobs.keys()].at(-1), {seconds: 10});
	const startPod = (name: string, status: Record<string, unknown>) =>
		cluster.pods.set(name, {
			apiVersion: 'v1',
			kind: 'Pod',
			metadata: {name: `${name}-x`, namespace: 'vision', creationTimestamp: new Date().toISOString()},
			spec: {nodeName: 'node1', containers: [{name: 'job'}]},
			status,
		});

	before(async () => {
		alice = await makePerson(host, 'alice');
		cluster = await startCluster(alice.project);
		env = {KUBECONFIG: cluster.config, PATH: [await kubectlFolder(), alice.environment.PATH].join(delimiter)};
		await writeFile(
			join(alice.project, 'gpubox.yaml'),
			'name: vision\nimage: registry.example/team/vision:1\ngpus: 2\n',
		);
	});
	after(async () => {
		await cluster?.stop();
		await alice?.remove();
	});

	test('where it runs, why it waits, its log, its code; nothing is left', async () => {
		const running = runOn();
		const name = await submitted();
		startPod(name, {
			phase: 'Pending',
			conditions: [
				{
					type: 'PodScheduled',
					status: 'False',
					reason: 'Unschedulable',
					message: '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.',
				},
			],
		});
		const waits = Date.now();
		await waitUntil('it to be asked for several times', () => Date.now() - waits > 3000, {everyMs: 500});
		cluster.logs.set(name, 'one\n');
		startPod(name, {phase: 'Running'});
		await waitUntil('it to be followed', () => Date.now() - waits > 5500, {everyMs: 500});
		cluster.logs.set(name, 'one\ntwo\n');
		startPod(name, ended(7));
		const {stdout, stderr, code} = await running;
		assert.equal(code, 7, stderr);
		assert.equal(stdout, 'one\ntwo\n');
		assert.match(stderr, /^Kubernetes: context team\/test, namespace vision\. GPUs: node1 4$/m);
		assert.match(stderr, / waits: 0\/1 nodes are available: 1 Insufficient nvidia\.com\/gpu\.$/m);
		assert.match(stderr, / runs on node1 \(2 GPUs\)\.$/m);
		assert.equal(cluster.jobs.size, 0);
	});

	test('one in the background is stopped: its time to end, its log, its code', async () => {
		const git = (...words: string[]) => alice.run('git', words);
		await git('init', '-q');
		await writeFile(join(alice.project, 'settings.env'), '');
		await git('add', 'settings.env');
		await git('-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '-qm', 'Start');
		await writeFile(join(alice.project, 'settings.env'), 'TRACKING_KEY=not-for-anyone\nsteps=1\n');
		const {stdout, stderr, code} = await gpubox(
			['run', '--on', 'kubernetes', '--trust', '--detach', '--secret', 'TRACKING_KEY', '--', 'true'],
			{TRACKING_KEY: 'not-for-anyone'},
		);
		assert.equal(code, 0, stderr);
		const name = stdout.trim();
		// The cluster has the value; of the one that is known here nothing gets into the project.
		const patch = await readFile(join(alice.project, 'runs', name, 'patch'), 'utf8');
		assert.match(patch, /^\+TRACKING_KEY=\*\*\*\n\+steps=1$/m);
		const job = await submitted();
		cluster.logs.set(job, 'ready\n');
		startPod(job, {phase: 'Running'});
		await waitUntil('it to be seen running', async () => {
			const {runs} = JSON.parse((await gpubox(['runs', '--json'])).stdout) as {
				runs: Array<{name: string; state: string}>;
			};
			return runs.find((run) => run.name === name)?.state === 'running';
		});
		const stopped = await gpubox(['stop', name]);
		assert.deepEqual([stopped.stdout, stopped.code], [`${name}\n`, 0], stopped.stderr);
		assert.equal((await gpubox(['wait', name])).code, 5);
		assert.match((await gpubox(['logs', name])).stdout, /^ready\n(?:saved\n)?$/);
	});

	test('an image that cannot be pulled is the reason, and the job is taken away', async () => {
		const running = runOn();
		const name = await submitted();
		startPod(name, {
			phase: 'Pending',
			containerStatuses: [
				{
					name: 'job',
					state: {
						waiting: {reason: 'ImagePullBackOff', message: 'Back-off pulling image "registry.example/team/vision:1"'},
					},
				},
			],
		});
		const {stderr, code} = await running;
		assert.equal(code, 125);
		assert.match(stderr, /Its container cannot start: ImagePullBackOff: Back-off pulling image .*\n.*gpubox push/);
		assert.equal(cluster.jobs.size, 0);
	});

	test('no kubectl, no context, no cluster: exit code 3, and who would be it', async () => {
		const words = ['run', '--on', 'kubernetes', '--trust', '--', 'true'];
		const none = await alice.runGpubox(words, {env: {...env, PATH: join(alice.home, 'nothing')}});
		assert.deepEqual([none.code, /kubectl is not installed on this machine/.test(none.stderr)], [3, true], none.stderr);
		const empty = await alice.runGpubox(words, {env: {...env, KUBECONFIG: join(alice.home, 'none')}});
		assert.deepEqual([empty.code, /has no current context/.test(empty.stderr)], [3, true], empty.stderr);
	});
});

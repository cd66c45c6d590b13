import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {command} from '../_helpers/test-host/command.ts';
import {startFaultProxy} from '../_helpers/test-host/fault-proxy.ts';
import {
	dockerOf,
	makePerson,
	needsOwnEngine,
	type Person,
	type RunOptions,
	testHost,
	waitUntil,
	withDriver,
} from '../_helpers/test-host/index.ts';
import {type SecondEngine, startSecondEngine} from '../_helpers/test-host/second-engine.ts';

// What goes wrong around a job while it runs, on real engines and real file systems.

const host = testHost();
const docker = dockerOf(host);

type Manifest = {
	state: string;
	exitCode: number | null;
	reason: string | null;
	folder: string;
	complete: boolean;
	gpus: string[];
	cards: Array<{uuid: string; index: number; name: string}>;
	publish: {command: string; exitCode: number | null} | null;
	log: {missingBytes: number};
	gpuUse: Array<{uuid: string; peakMemoryMiB: number; meanUtilization: number; samples: number}>;
};

async function manifestOf(person: Person, name: string, options: RunOptions = {}): Promise<Manifest> {
	const {stdout, stderr} = await person.runGpubox(['runs', 'show', name, '--json'], options);
	assert.notEqual(stdout, '', stderr);
	return JSON.parse(stdout) as Manifest;
}

/** A gpubox that is watched while it runs. */
function startGpubox(person: Person, words: string[], env: Record<string, string>) {
	const child = spawn(host.program.node, [host.program.cli, ...words], {
		cwd: person.project,
		env: {...person.environment, ...env},
		stdio: ['ignore', 'pipe', 'pipe'],
		...(process.getuid?.() === 0 ? {uid: person.uid, gid: person.gid} : {}),
	});
	const said = {stdout: '', stderr: ''};
	for (const name of ['stdout', 'stderr'] as const) {
		child[name].setEncoding('utf8').on('data', (text: string) => {
			said[name] += text;
		});
	}

	return {
		child,
		said,
		until: (text: string) => waitUntil(text, async () => said.stdout.includes(text)),
		ended: new Promise<number | null>((resolve) => child.once('close', resolve)),
	};
}

describe('a job whose engine is restarted, or loses it', {skip: needsOwnEngine}, () => {
	let person: Person;
	let engine: SecondEngine;
	let env: Record<string, string>;
	// Until the test lets it end.
	const script = 'i=0; until [ -e "$1" ]; do i=$((i + 1)); echo "line $i"; sleep 0.1; done; echo over; exit 5';
	const start = (name: string) =>
		startGpubox(
			person,
			[...['run', '--image', 'shell', '--gpus', 'none', '--name', name], ...['--', 'sh', '-c', script, 'sh', name]],
			env,
		);

	before(async () => {
		person = await makePerson(host);
		engine = await startSecondEngine({parent: host.own?.runFolder ?? '', liveRestore: true, groupId: person.gid});
		env = {DOCKER_HOST: engine.address};
	});
	after(async () => {
		await engine.stop();
		await person.remove();
	});

	test('goes on; nothing of its output is missing or there twice, and its code comes through', async () => {
		const job = start('goes-on');
		await job.until('line 5\n');
		await engine.restart();
		const before = /line (\d+)\n$/.exec(job.said.stdout)?.[1] ?? '0';
		await job.until(`line ${Number(before) + 5}\n`);
		await writeFile(join(person.project, 'goes-on'), '');
		assert.equal(await job.ended, 5);
		const lines = job.said.stdout.split('\n');
		assert.deepEqual(
			lines.slice(0, -2),
			lines.slice(0, -2).map((_, index) => `line ${index + 1}`),
		);
		const {folder, exitCode, complete} = await manifestOf(person, 'goes-on-1', {env});
		assert.deepEqual([exitCode, complete], [5, true]);
		assert.equal(await readFile(join(folder, 'log'), 'utf8'), job.said.stdout);
	});

	test('is told as lost when its container is gone, by whoever looks next', async () => {
		const job = start('alone');
		await job.until('line 2\n');
		job.child.kill('SIGKILL');
		await job.ended;
		await engine.docker.getContainer('gpubox-alone-1').remove({force: true});
		assert.equal((await person.runGpubox(['ls'], {env})).code, 0);
		const {state, exitCode, complete, reason} = await manifestOf(person, 'alone-1', {env});
		assert.deepEqual([state, exitCode, complete], ['lost', null, true]);
		assert.match(reason ?? '', /^Its container was removed by another program/);
		const waited = await person.runGpubox(['wait', 'alone-1'], {env});
		assert.equal(waited.code, 1);
		assert.match(waited.stderr, /What became of alone-1 is not known/);
	});
});

describe('a job on this host', {skip: needsOwnEngine}, () => {
	let person: Person;
	let small: string;
	before(async () => {
		person = await makePerson(host);
		small = join(person.project, 'small');
		await mkdir(small);
		await command('mount', ['-t', 'tmpfs', '-o', `size=1m,uid=${person.uid},gid=${person.gid}`, 'tmpfs', small]);
		await writeFile(join(small, 'gpubox.yaml'), `image: ${host.images.jupyter}\ngpus: none\n`);
	});
	after(async () => {
		const left = await docker.listContainers({all: true, filters: {label: [`gpubox.project=${small}`]}});
		for (const {Id} of left) {
			await docker.getContainer(Id).remove({force: true, v: true});
		}

		await command('umount', [small]);
		await person.remove();
	});

	test('goes on when its disk is full; the gap is told in its log, its manifest and at its end', async () => {
		const much = 'import sys\nfor i in range(30000): print("x" * 99)\nprint("the end")';
		const {stdout, stderr, code} = await person.runGpubox(
			['run', '--name', 'full', '--', 'sh', '-c', 'python3 -c "$1"; exit 3', 'sh', much],
			{cwd: small},
		);
		assert.equal(code, 3, stderr);
		assert.equal(stdout.length, 30_000 * 100 + 8);
		const missing = Number(/^(\d+) bytes of the output are missing in the log of full-1/m.exec(stderr)?.[1]);
		assert.ok(missing > 2_000_000, stderr);
		const {log, exitCode, complete, folder} = await manifestOf(person, 'full-1');
		assert.deepEqual([exitCode, complete, log.missingBytes], [3, true, missing]);
		const kept = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Manifest;
		assert.deepEqual([kept.complete, kept.log.missingBytes], [true, missing]);
		const text = await readFile(join(folder, 'log'), 'utf8');
		assert.match(text, /\n\[gpubox: \d+ bytes of the output are missing here: the log could not be written\]\n$/);
		assert.equal(Number(/\[gpubox: (\d+) bytes/.exec(text)?.[1]), missing);
	});

	test('has all of its output where the connection was cut a moment before it ended', async () => {
		const {pathname: socketPath} = new URL(host.address);
		const proxy = await startFaultProxy({socketPath}, join(host.folder, 'cut.sock'));
		try {
			proxy.judge(({path}) => (path.includes('/attach') ? {kind: 'end', text: 'one\n'} : undefined));
			const {stdout, stderr, code} = await person.runGpubox(
				['run', '--name', 'cut', '--', 'sh', '-c', 'echo one; sleep 0.1; echo two; exit 3'],
				{cwd: small, env: {DOCKER_HOST: `unix://${proxy.address}`}},
			);
			assert.deepEqual([stdout, code], ['one\ntwo\n', 3], stderr);
			const {folder, log} = await manifestOf(person, 'cut-1');
			assert.equal(log.missingBytes, 0);
			assert.equal(await readFile(join(folder, 'log'), 'utf8'), 'one\ntwo\n');
		} finally {
			await proxy.stop();
		}
	});

	test('is what it was started as where gpubox is killed before it knows that it has started', async () => {
		const project = join(person.project, 'killed');
		await mkdir(project);
		await writeFile(join(project, 'gpubox.yaml'), `image: ${host.images.jupyter}\npublish: echo published\n`);
		await command('chown', ['-R', `${person.uid}:${person.gid}`, project]);
		const {pathname: socketPath} = new URL(host.address);
		const proxy = await startFaultProxy({socketPath}, join(host.folder, 'start.sock'));
		const env = {DOCKER_HOST: `unix://${proxy.address}`};
		try {
			// What an engine refuses in each first start is known from here on.
			const first = await person.runGpubox(['run', '--trust', '--gpus', 'none', '--', 'true'], {cwd: project, env});
			assert.equal(first.code, 0, first.stderr);
			const kill = new AbortController();
			proxy.judge(({path}, answered) => {
				if (!answered || !path.endsWith('/start')) {
					return undefined;
				}

				kill.abort();
				return {kind: 'hold', until: new Promise(() => {})};
			});
			const words = ['run', '--gpus', '1', '--name', 'killed', '--', 'sh', '-c', 'echo ran; sleep 1'];
			const options = {cwd: project, env, signal: kill.signal, killSignal: 'SIGKILL' as const};
			await assert.rejects(person.runGpubox(words, options));
			proxy.judge(() => undefined);
			await waitUntil('the end of the job', async () => {
				await person.runGpubox(['ls'], {env});
				return (await manifestOf(person, 'killed-1', {env})).complete;
			});
			const {exitCode, gpus, cards, publish, folder} = await manifestOf(person, 'killed-1', {env});
			const [card] = cards;
			const known = host.own?.gpus.find(({uuid}) => uuid === card?.uuid);
			assert.deepEqual([exitCode, gpus, cards], [0, [known?.uuid], [known]]);
			assert.deepEqual(publish, {command: 'echo published', exitCode: 0});
			assert.match(await readFile(join(folder, 'log'), 'utf8'), /^ran\npublished\n$/);
		} finally {
			await proxy.stop();
		}
	});

	test('has in its manifest how much of its GPUs was used while it ran', async () => {
		const [busy, idle] = host.own?.gpus ?? [];
		const card = (gpu: typeof busy, more: object) => ({
			...{index: gpu?.index, uuid: gpu?.uuid, name: gpu?.name, busId: `00000000:0${(gpu?.index ?? 0) + 1}:00.0`},
			...{computeCapability: '8.6', memoryTotalMiB: 49_140, ...more},
		});
		const PATH = await withDriver(host, person, {
			about: 'One of two computes',
			driverVersion: '575.57.08',
			cudaVersion: '12.9',
			gpus: [
				card(busy, {memoryUsedMiB: 20_480, load: {kind: 'constant', utilization: 80}}),
				card(idle, {memoryUsedMiB: 1, load: {kind: 'idle'}}),
			],
		});
		// What is there already would be taken for another user's.
		const {code, stderr} = await person.runGpubox(
			[
				...['run', '--image', host.images.jupyter, '--gpus', '0,1', '--share-gpus', '--name', 'used'],
				...['--', 'sleep', '6'],
			],
			{env: {PATH}},
		);
		assert.equal(code, 0, stderr);
		const {gpuUse} = await manifestOf(person, 'used-1');
		assert.deepEqual(
			gpuUse.map(({uuid, peakMemoryMiB, meanUtilization}) => [uuid, peakMemoryMiB, meanUtilization]),
			[
				[busy?.uuid, 20_480, 80],
				[idle?.uuid, 1, 0],
			],
		);
		assert.ok(gpuUse.every(({samples}) => samples >= 1));
	});
});

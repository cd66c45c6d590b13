import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {dockerOf, makePerson, needsOwnEngine, type Person, testHost, withDriver} from '../_helpers/test-host/index.ts';

// Unknown is neither none nor free: what the driver cannot say, or says wrongly, of its cards.

const host = testHost();
const docker = dockerOf(host);
const cards = host.own?.gpus ?? [];
const h100 = {name: 'NVIDIA H100 80GB HBM3', computeCapability: '9.0', memoryTotalMiB: 81_559};
const driver = {driverVersion: '580.95.05', cudaVersion: '13.0'};

type GpuJson = {
	index: number;
	uuid: string;
	utilization: number | null;
	memoryUsedMiB: number | null;
	temperature: number | null;
	state: string;
	stateReason: string | null;
	processes: Array<{pid: number; name: string | null; user: string | null; box: string | null}>;
};

describe('the state of the GPUs', {skip: needsOwnEngine}, () => {
	let person: Person;
	let PATH = '';
	const play = async (scenario: object) => {
		PATH = await withDriver(host, person, {...driver, ...scenario});
	};
	const run = (...words: string[]) => person.runGpubox(words, {env: {PATH}});
	const gpusOf = async () => (JSON.parse((await run('gpus', '--json')).stdout) as {gpus: GpuJson[]}).gpus;
	const plan = (wanted: string, ...options: string[]) =>
		run('up', person.project, '--dry-run', '--image', host.images.jupyter, '--gpus', wanted, ...options);
	const given = (stdout: string) => /NVIDIA_VISIBLE_DEVICES=(\S+)|device=([^"'\s]+)/.exec(stdout)?.[0] ?? '';

	before(async () => {
		person = await makePerson(host);
	});
	after(async () => {
		await person.remove();
	});

	test('a card in use on which the driver lists nobody is not free, and auto takes the idle one', async () => {
		await play({
			gpus: [{...h100, memoryUsedMiB: 68_812, load: {kind: 'constant', utilization: 94}}, h100],
		});
		const [one, two] = await gpusOf();
		assert.deepEqual([one?.state, two?.state], ['busy', 'free']);
		assert.match(one?.stateReason ?? '', /94 %, 67\.2 GiB, no process listed/);
		const auto = await plan('auto');
		assert.equal(auto.code, 0, auto.stderr);
		assert.match(given(auto.stdout), new RegExp(two?.uuid ?? 'x'));
		assert.doesNotMatch(auto.stderr, /seems to be in use/);
		const named = await plan('0,');
		assert.equal(named.code, 0, named.stderr);
		assert.match(named.stderr, /GPU 0 seems to be in use \(94 %, 67\.2 GiB/);
	});

	test('MIG on and no slice, a forbidden card: given to no one, refused by name with the ways out', async () => {
		await play({
			gpus: [
				{...h100, migMode: true, mig: [], cells: {'utilization.gpu': '[N/A]'}},
				{...h100, cells: {compute_mode: 'Prohibited'}},
				{...h100, migMode: false, cells: {'mig.mode.pending': 'Enabled'}},
				h100,
				{...h100, cells: {gpu_recovery_action: 'Reset'}},
				{...h100, cells: {gpu_recovery_action: 'Drain and Reset'}},
			],
		});
		const listed = await gpusOf();
		assert.deepEqual(
			listed.map(({state, stateReason}) => [state, stateReason]),
			[
				['unusable', 'MIG on, no slice'],
				['unusable', 'compute mode Prohibited'],
				['unusable', 'MIG on only after a reset'],
				['free', null],
				['unusable', 'needs a reset'],
				['unusable', 'needs a reset once what runs has ended'],
			],
		);
		assert.match((await run('gpus')).stdout, /unusable \(MIG on, no slice\)/);
		for (const wanted of ['auto', '1', 'all']) {
			const {stdout, stderr, code} = await plan(wanted);
			assert.equal(code, 0, stderr);
			assert.match(given(stdout), new RegExp(listed[3]?.uuid ?? 'x'));
			assert.doesNotMatch(stdout, new RegExp(listed[0]?.uuid ?? 'x'));
		}

		for (const [index, way] of [
			[0, /nvidia-smi mig -cgi PROFILE -C -i 0\b.*nvidia-smi -i 0 -mig 0/],
			[1, /nvidia-smi -i 1 -c DEFAULT/],
			[2, /--gpu-reset -i 2/],
			[4, /--gpu-reset -i 4/],
		] as const) {
			const {stderr, code} = await plan(`${index},`);
			assert.equal(code, 4, stderr);
			assert.match(stderr, way);
		}

		await play({gpus: [{...h100, migMode: true, mig: []}]});
		const only = await plan('auto');
		assert.equal(only.code, 4, only.stderr);
		assert.match(only.stderr, /GPU 0: MIG on, no slice/);
	});

	test('figures that cannot be are null', async () => {
		await play({
			gpus: [
				{
					...h100,
					cells: {'utilization.gpu': '808334905', 'memory.used': '17179869184', 'temperature.gpu': '255'},
				},
				{...h100, memoryUsedMiB: 68_812, load: {kind: 'constant', utilization: 94}},
			],
		});
		const [one, two] = await gpusOf();
		assert.deepEqual([one?.utilization, one?.memoryUsedMiB, one?.temperature], [null, null, null]);
		assert.deepEqual([one?.state, two?.utilization, two?.memoryUsedMiB], ['unknown', 94, 68_812]);
		assert.match((await run('gpus')).stdout, /unknown \(neither load nor memory reported\) +- +- +- /);
	});

	test('process numbers of elsewhere: no name, no owner, no box, and the card is not given away', async (t) => {
		const sleeper = spawn('sleep', ['600'], {stdio: 'ignore'});
		t.after(() => sleeper.kill('SIGKILL'));
		const folder = join(person.project, 'holder');
		await mkdir(folder, {recursive: true});
		await person.run('mkdir', ['-p', folder]);
		const [here, there] = cards.map(({uuid}) => ({...h100, uuid}));
		await play({gpus: [here, there]});
		const made = await run('up', folder, '--ssh', '--json', '--image', host.images.jupyter, '--gpus', '1,');
		assert.equal(made.code, 0, made.stderr);
		const {id, name} = JSON.parse(made.stdout) as {id: string; name: string};
		t.after(() => docker.getContainer(id).remove({force: true, v: true}));
		const {State} = await docker.getContainer(id).inspect();
		const process = (gpu: number, pid: number, program: string) => ({gpu, pid, name: program, usedMemoryMiB: null});
		await play({
			gpus: [{...here, memoryUsedMiB: 12_000, cells: {'utilization.gpu': '[N/A]'}}, there],
			processes: [
				process(0, 1, '[Not Found]'),
				process(0, 4_194_000, '[Insufficient Permissions]'),
				process(0, sleeper.pid ?? 2, '/opt/env/bin/python3.12'),
				process(0, State.Pid, '/opt/env/bin/python3.12'),
			],
		});
		const [card] = await gpusOf();
		assert.deepEqual(
			card?.processes.map(({name: program, user, box}) => [program, user, box]),
			[
				[null, null, null],
				[null, null, null],
				['/opt/env/bin/python3.12', null, null],
				['/opt/env/bin/python3.12', null, null],
			],
		);
		assert.equal(card?.state, 'busy');
		const auto = await run('up', join(person.project), '--dry-run', '--image', host.images.jupyter);
		assert.equal(auto.code, 7, auto.stderr);
		assert.match(auto.stderr, new RegExp(`GPU 0 is used by process 1.*GPU 1 is used by box ${name}`));
		assert.match(auto.stderr, /never go away.*--share-gpus/);
		assert.equal((await plan('0,', '--share-gpus')).code, 0);

		// The same with the real name: told whose it is, and still of no box on a card that the box does not hold.
		await play({gpus: [here, there], processes: [process(0, sleeper.pid ?? 2, 'sleep')]});
		const [known] = await gpusOf();
		assert.deepEqual(
			known?.processes.map(({user, box}) => [user, box]),
			[['root', null]],
		);
	});

	test('docker and YAML lists, and a number that is also a card', async () => {
		await play({gpus: cards.map(({uuid}) => ({...h100, uuid}))});
		for (const wanted of ['device=3', '"device=3"', '[3]', '3,']) {
			const {stdout, stderr, code} = await plan(wanted);
			assert.equal(code, 0, stderr);
			assert.ok(given(stdout).endsWith(cards[3]?.uuid ?? 'x'), given(stdout));
		}

		const seven = await plan('7');
		assert.equal(seven.code, 0, seven.stderr);
		assert.match(seven.stderr, /--gpus 7 means 7 GPUs; for GPU 7 write --gpus 7,/);
		await play({
			gpus: cards.map(({uuid}) => ({...h100, uuid})),
			processes: [0, 1].map((gpu) => ({gpu, pid: 4_193_000 + gpu, name: 'python', usedMemoryMiB: 900})),
		});
		const taken = await plan('7');
		assert.equal(taken.code, 7, taken.stderr);
		assert.match(taken.stderr, /--gpus 7 means 7 GPUs; for GPU 7 write --gpus 7,/);
	});
});

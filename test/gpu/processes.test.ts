import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir, userInfo} from 'node:os';
import path from 'node:path';
import {describe, type TestContext, test} from 'node:test';
import {containerIdOf, namesAgree, ownerOf, userNames} from '../../source/gpu/process-owner.ts';
import {type ProcessList, readProcesses, watchProcesses} from '../../source/gpu/processes.ts';
import {makeNvidiaSmi, makeScenarioGpu, makeSmiScript} from '../_helpers/nvidia-smi.ts';

const id = '0123456789abcdef'.repeat(4);
const inner = 'fedcba9876543210'.repeat(4);

describe('processes', () => {
	test('listed with their card and memory', async (t) => {
		const fake = makeNvidiaSmi('mixed-cards');
		t.after(fake.remove);
		const {processes, problems} = await readProcesses(fake.smi);
		assert.deepEqual(problems, []);
		assert.deepEqual(
			processes.map(({pid, name, usedMemoryMiB}) => [pid, name, usedMemoryMiB]),
			[
				[51720, 'python', 28104],
				[48831, '/usr/lib/jupyter/kernel, notebook 3', 11890],
			],
		);
		assert.match(processes[0]?.gpuUuid ?? '', /^GPU-/);
	});

	test('none is no problem', async (t) => {
		const fake = makeNvidiaSmi({gpus: [makeScenarioGpu(0)]});
		t.after(fake.remove);
		const {processes, problems} = await readProcesses(fake.smi);
		assert.deepEqual([processes, problems], [[], []]);
	});

	test('trouble is told', async (t) => {
		const fake = makeNvidiaSmi('driver-mismatch');
		t.after(fake.remove);
		const {processes, problems} = await readProcesses(fake.smi);
		assert.deepEqual(processes, []);
		assert.deepEqual(
			problems.map(({code}) => code),
			['version-mismatch'],
		);
	});

	test('a watch sees the last one end', async (t) => {
		const fake = makeSmiScript(`if [ "$N" = 1 ]; then echo 'GPU-1, 42, python, 100'; fi`);
		t.after(fake.remove);
		const controller = new AbortController();
		const lists: ProcessList[] = [];
		const ended = watchProcesses(fake.smi, {
			signal: controller.signal,
			intervalMs: 10,
			onList: (list) => lists.push(list),
		});
		await t.waitFor(() => assert.ok(lists.length >= 2), {interval: 10, timeout: 20_000});
		controller.abort();
		await ended;
		assert.deepEqual(
			lists.slice(0, 2).map(({processes}) => processes.map(({pid}) => pid)),
			[[42], []],
		);
	});
});

test('a watch asks when something is due, and after a while anyway', async (t) => {
	const fake = makeSmiScript(`echo 'GPU-1, 42, python, 100'`);
	t.after(fake.remove);
	const controller = new AbortController();
	let lists = 0;
	let looks = 0;
	const watch = (longestMs: number) =>
		watchProcesses(fake.smi, {
			signal: controller.signal,
			intervalMs: 5,
			longestMs,
			isDue: () => ++looks === 5,
			onList() {
				lists += 1;
			},
		});
	const never = watch(1_000_000);
	await t.waitFor(() => assert.ok(looks > 20), {interval: 5, timeout: 20_000});
	assert.equal(lists, 2, 'the first time, and when it was due');
	const soon = watch(20);
	await t.waitFor(() => assert.ok(lists >= 5), {interval: 5, timeout: 20_000});
	controller.abort();
	await Promise.all([never, soon]);
});

describe('the container of a process', () => {
	for (const [how, cgroup, expected] of [
		['v2, systemd', `0::/system.slice/docker-${id}.scope\n`, id],
		['v2, cgroupfs', `0::/docker/${id}\n`, id],
		['v1', `12:memory:/docker/${id}\n11:devices:/docker/${id}\n0::/system.slice/containerd.service\n`, id],
		['podman', `0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope/container\n`, id],
		["podman's monitor is outside", `0::/machine.slice/libpod-conmon-${id}.scope\n`, null],
		['Kubernetes', `0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope\n`, id],
		['containers in a container: the outer one', `0::/docker/${id}/docker/${inner}\n`, id],
		['rootless docker', `0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${id}.scope\n`, id],
		['a session', '0::/user.slice/user-1000.slice/session-3.scope\n', null],
		['too many digits', `0::/docker/${id}0\n`, null],
		['nothing', '', null],
	] as const) {
		test(how, () => {
			assert.equal(containerIdOf(cgroup), expected);
		});
	}
});

describe('the owner of a process', () => {
	function machine(t: TestContext): {proc: string; passwd: string} {
		const directory = mkdtempSync(path.join(tmpdir(), 'gpubox-proc-'));
		t.after(() => rmSync(directory, {recursive: true, force: true}));
		mkdirSync(path.join(directory, '42'));
		writeFileSync(path.join(directory, '42', 'cmdline'), '/opt/env/bin/python3\0train.py\0');
		writeFileSync(path.join(directory, '42', 'stat'), `42 (py) (x) S 1 ${Array(17).fill(0).join(' ')} 5000 0 0\n`);
		writeFileSync(path.join(directory, 'uptime'), '100.00 90.00\n');
		writeFileSync(path.join(directory, '42', 'status'), 'Name:\tpython\nUid:\t1234567\t0\t0\t0\nGid:\t5\t5\t5\t5\n');
		writeFileSync(path.join(directory, '42', 'cgroup'), `0::/system.slice/docker-${id}.scope\n`);
		const passwd = path.join(directory, 'passwd');
		writeFileSync(passwd, 'root:x:0:0:root:/root:/bin/sh\nalice:x:1234567:100::/home/alice:/bin/sh\nbroken\n');
		return {proc: directory, passwd};
	}

	const python = {pid: 42, name: '/opt/env/bin/python3', listedAt: Date.now()};

	test('container, uid and name', async (t) => {
		assert.deepEqual(await ownerOf(python, machine(t)), {containerId: id, uid: 1_234_567, user: 'alice'});
	});

	test('a uid without a name', async (t) => {
		const {proc} = machine(t);
		const owner = await ownerOf(python, {proc, passwd: path.join(proc, 'passwd-of-nobody')});
		assert.deepEqual([owner?.uid, owner?.user], [1_234_567, null]);
	});

	test('gone', async (t) => {
		assert.equal(await ownerOf({...python, pid: 43}, machine(t)), undefined);
	});

	for (const name of [null, '/usr/bin/python3', '/opt/env/bin/python3.12', 'sleep', '[Not Found]']) {
		test(`another process has this number here: the driver calls it ${name}`, async (t) => {
			assert.equal(await ownerOf({...python, name}, machine(t)), undefined);
		});
	}

	test('a process that started after the driver was asked is another one', async (t) => {
		// It has run for 50 seconds.
		assert.equal(await ownerOf({...python, listedAt: Date.now() - 51_000}, machine(t)), undefined);
		assert.equal((await ownerOf({...python, listedAt: Date.now() - 49_000}, machine(t)))?.user, 'alice');
	});

	test('names that agree', () => {
		const names = ['/usr/bin/python3', 'pt_main_thread', '/usr/bin/python3.12'];
		for (const name of ['/usr/bin/python3', '/usr/bin/python3.12', 'python3', 'pt_main_thread']) {
			assert.equal(namesAgree(name, names), true, name);
		}

		assert.equal(namesAgree('/opt/chrome/chrome', ['/opt/chrome/chrome --type=gpu-process', 'chrome', '']), true);
		assert.equal(namesAgree('sglang::scheduler_TP0', ['sglang::scheduler_TP0', 'sglang::schedul', '']), true);
		assert.equal(namesAgree('python', ['', 'kthreadd', '']), false);
	});

	test('this very process', async () => {
		const owner = await ownerOf({pid: process.pid, name: process.execPath, listedAt: Date.now()});
		assert.deepEqual([owner?.uid, owner?.user], [process.getuid?.(), userInfo().username]);
	});

	test('the first name of a uid counts', () => {
		assert.equal(userNames('root:x:0:0::/:/x\ntoor:x:0:0::/:/x\n').get(0), 'root');
		assert.equal(userNames('a\u001B[2Jb:x:7:0::/:/x').get(7), 'ab');
	});
});

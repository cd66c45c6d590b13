import assert from 'node:assert/strict';
import {access, chown, mkdir, readFile, rm, utimes, writeFile} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {
	dockerOf,
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	testHost,
	waitUntil,
} from '../_helpers/test-host/index.ts';
import {type SecondEngine, startSecondEngine} from '../_helpers/test-host/second-engine.ts';
import {addProgram, type SshMachine, startSshMachine} from '../_helpers/test-host/ssh-machine.ts';

// Several machines: two engines in network namespaces of their own, each behind real OpenSSH servers. One of these answers later than
// gpubox waits, one loses its power while it answers. Where tests share two cores, three seconds are too short for a machine that is well.

const host = testHost();

type HostJson = {
	name: string;
	reachable: boolean;
	driverVersion: string | null;
	gpus: Array<{index: number; state: string; free: boolean | null; claimedBy: string[]}> | null;
	boxes: Array<{name: string; state: string}> | null;
	diskFreeMiB: number | null;
	error: string | null;
	unanswered: Array<{what: string; why: string}>;
};

const exists = (path: string) =>
	access(path).then(
		() => true,
		() => false,
	);

describe('several machines', {skip: needsOwnEngine}, () => {
	let person: Person;
	let engines: SecondEngine[] = [];
	const machines: SshMachine[] = [];
	let hidden: string;
	before(async () => {
		person = await makePerson(host, 'rita', {known: true});
		const file = join(person.project, 'gpubox.yaml');
		await writeFile(file, `image: ${host.images.jupyter}\ngpus: none\n`);
		await chown(file, person.uid, person.gid);
		const engine = {parent: host.own?.runFolder ?? '', liveRestore: false, groupId: host.gid};
		const [first, second] = await Promise.all([startSecondEngine(engine), startSecondEngine(engine)]);
		engines = [first, second];
		const path = [host.own?.hostPath ?? ''];
		// The parent of the project is another folder on gpu-d.
		hidden = join(person.home, '../hidden');
		await mkdir(hidden);
		await chown(hidden, person.uid, person.gid);
		for (const options of [
			{name: 'gpu-a', engine: first, path},
			{name: 'gpu-b', engine: second, path},
			{name: 'gpu-slow', engine: second, path, delayMs: 20_000},
			{name: 'gpu-dies', engine: second, path},
			{name: 'gpu-c', engine: first, path, address: host.address},
			{name: 'gpu-d', engine: second, path, instead: {[dirname(person.project)]: hidden}},
		]) {
			machines.push(await startSshMachine(person, options));
		}

		const [, , , dying, real, copy] = machines;
		assert.ok(dying && real && copy);
		// With records of its own, as another machine has them.
		await addProgram(
			real,
			'gpubox',
			`XDG_STATE_HOME="$HOME/.state-of-gpu-c" exec ${host.program.node} ${host.program.cli} "$@"`,
		);
		await addProgram(copy, 'gpubox', 'pwd; ls -A; echo "$@"; exit 5');
		await addProgram(dying, 'nvidia-smi', `timeout 1 sh -c 'echo off > "$1"' sh "$(dirname "$0")/off"; sleep 4`);
		await first.startWriter('gpubox-rita-train', {
			'gpubox.name': 'rita-train',
			'gpubox.owner': 'rita',
			'gpubox.services': '',
			'gpubox.project': '/train',
			'gpubox.gpus': host.own?.gpus[0]?.uuid ?? '',
		});
	});
	after(async () => {
		for (const machine of machines) {
			await machine.stop();
		}

		await Promise.all(engines.map((engine) => engine.stop()));
		await person.remove();
	});

	const runsHere = async () => {
		const {stdout, stderr} = await person.runGpubox(['runs', '--json']);
		return {runs: (JSON.parse(stdout) as {runs: Array<Record<string, unknown>>}).runs, stderr};
	};

	test('side by side: what answers is shown, what does not says why', async () => {
		assert.equal((await person.runGpubox(['config', 'hosts', 'gpu-a,gpu-slow,gpu-dies,gpu-b'])).code, 0);
		const started = Date.now();
		const {stdout, stderr, code} = await person.runGpubox(['hosts', '--timeout', '6', '--json']);
		const took = Date.now() - started;
		assert.equal(code, 0, stderr);
		assert.ok(took < 9000, `it took ${took} ms`);
		const {hosts} = JSON.parse(stdout) as {hosts: HostJson[]};
		const [a, slow, dies, b] = hosts;
		assert.ok(a && slow && dies && b, stdout);

		assert.deepEqual([a.name, a.reachable, a.error, a.unanswered], ['gpu-a', true, null, []], stdout);
		assert.deepEqual(a.boxes, [{name: 'rita-train', state: 'running', kind: 'box'}]);
		assert.equal(a.gpus?.length, host.own?.gpus.length);
		assert.deepEqual([a.gpus?.[0]?.state, a.gpus?.[0]?.claimedBy], ['held', ['rita-train']]);
		assert.ok((a.diskFreeMiB ?? 0) > 0);
		assert.match(a.driverVersion ?? '', /^\d+\./);
		assert.deepEqual([b.reachable, b.boxes, b.gpus?.[0]?.free], [true, [], true]);

		assert.deepEqual([slow.reachable, slow.gpus, slow.boxes], [false, null, null]);
		assert.equal(slow.error, 'no answer within 6 s');
		// Whether its engine answered before the power went is a matter of chance; its cards did not.
		assert.equal(dies.gpus, null);
		assert.match(
			dies.unanswered.find(({what}) => what === 'gpus')?.why ?? '',
			/^the connection was (?:closed|refused)$/,
		);
	});

	test('as a table, and none that answers', async () => {
		const {stdout, code} = await person.runGpubox(['hosts', '--timeout', '2.5', 'local', 'gpu-slow']);
		assert.equal(code, 0);
		assert.match(stdout, /^HOST +GPUS +FREE +BUSY +HELD +DRIVER/);
		assert.match(stdout, /^local +8 × NVIDIA RTX A6000 +\d /m);
		assert.match(stdout, /^gpu-slow +\? +\? .*\n\ngpu-slow: no answer within 2.5 s\n {2}→ /m);
		const none = await person.runGpubox(['hosts', 'rita@nowhere.invalid', '--json']);
		assert.equal(none.code, 3);
		assert.match(none.stdout, /"error": "no host has the name nowhere\.invalid"/);
		assert.match(none.stderr, /"code":"no-engine"/);
	});

	test('a job on a host that has the same files: output, exit code, and a signal', async () => {
		const run = ['run', '--on', 'gpu-c', '--'];
		const {stdout, stderr, code} = await person.runGpubox([...run, 'sh', '-c', "echo it\\'s here; pwd; exit 7"]);
		assert.deepEqual([stdout, code], ["it's here\n/workspace\n", 7], stderr);

		const controller = new AbortController();
		const script = 'trap "echo bye; exit 9" TERM; touch ready; while :; do sleep 0.1; done';
		const running = person.runGpubox([...run, 'sh', '-c', script], {signal: controller.signal}).catch((error) => error);
		const ready = join(person.project, 'ready');
		await waitUntil('the job to run', () => exists(ready), {seconds: 30});
		await rm(ready);
		controller.abort();
		await running;
		const last = await waitUntil(
			'the job to end',
			async () => {
				const [latest] = (await runsHere()).runs;
				return latest?.state === 'done' && latest;
			},
			{seconds: 30},
		);
		assert.deepEqual([last.on, last.exitCode], ['gpu-c', 9]);
	});

	test('a job in the background there is listed here: its log, stopping it, its exit code', async () => {
		const script = 'trap "echo saved; exit 5" TERM; echo ready; while :; do sleep 0.1; done';
		const started = await person.runGpubox(['run', '--on', 'gpu-c', '--detach', '--', 'sh', '-c', script]);
		assert.equal(started.code, 0, started.stderr);
		const name = started.stdout.trim();
		const log = await waitUntil('its log', async () => {
			const {stdout} = await person.runGpubox(['logs', name]);
			return stdout.includes('ready') && stdout;
		});
		assert.equal(log, 'ready\n');
		const listed = await person.runGpubox(['runs']);
		assert.match(listed.stdout, new RegExp(`^gpu-c:${name} +running `, 'm'), listed.stderr);
		const shown = await person.runGpubox(['runs', 'show', `gpu-c:${name}`]);
		assert.match(shown.stdout, new RegExp(`^${name}\\n[\\s\\S]*^ +State +running$`, 'm'), shown.stderr);
		const stopped = await person.runGpubox(['stop', name]);
		assert.deepEqual([stopped.stdout, stopped.code], [`${name}\n`, 0], stopped.stderr);
		assert.equal((await person.runGpubox(['wait', `gpu-c:${name}`])).code, 5);
		const whole = await person.runGpubox(['logs', name]);
		assert.match(whole.stdout, /^ready\n(?:gpubox: stopped by rita .*\n)?saved\n$/);
		const none = await person.runGpubox(['wait', `gpu-b:${name}`]);
		assert.equal(none.code, 6, none.stderr);
	});

	test('a project that is not there: told, shown, copied, and started there', async () => {
		const call = ['run', '--on', 'gpu-d', '--gpus', '2', '--', 'python', 'train.py'];
		const refused = await person.runGpubox(call);
		assert.equal(refused.code, 2);
		assert.match(refused.stderr, /^gpubox: gpu-d does not have \S+\.\n {2}→ Copy .* gpubox run --on gpu-d --sync /);
		await writeFile(join(person.project, 'train.py'), 'print(1)\n');
		await mkdir(join(person.project, '.git'));
		await writeFile(join(person.project, '.git/HEAD'), '');
		const [verb = '', ...rest] = call;
		const unasked = await person.runGpubox([verb, '--sync', ...rest]);
		assert.equal(unasked.code, 2);
		assert.match(
			unasked.stderr,
			/^To be copied to gpu-d:\S+: \d new and 0 changed files[\s\S]*train\.py\n[\s\S]*--yes/,
		);
		const copied = await person.runGpubox([verb, '--sync', '--yes', ...rest]);
		assert.deepEqual(
			[copied.code, copied.stdout],
			[5, `${person.project}\ngpubox.yaml\ntrain.py\nrun --gpus=2 -- python train.py\n`],
			copied.stderr,
		);

		const there = join(hidden, basename(person.project), 'train.py');
		await utimes(there, new Date(), new Date(Date.now() + 60_000));
		await writeFile(there, 'print(2)\n');
		const newer = await person.runGpubox([verb, '--sync', '--yes', ...rest]);
		assert.match(newer.stderr, /^gpubox: On gpu-d there are newer files than here: train\.py\.\n/);
		assert.equal(await readFile(there, 'utf8'), 'print(2)\n');
		const up = await person.runGpubox(['--host', 'rita@gpu-d', 'up', '--ssh']);
		assert.match(up.stderr, /on rita@gpu-d is a copy of the project/);
	});

	test('any host that fits', async () => {
		assert.equal((await person.runGpubox(['config', 'hosts', 'local'])).code, 0);
		const {stdout, stderr, code} = await person.runGpubox(['run', '--on', 'any', '--yes', '--', 'echo', 'chosen']);
		assert.deepEqual([code, stdout], [0, 'chosen\n'], stderr);
		assert.match(stderr, /^local fits \(\d of 8 free/m);
		const none = await person.runGpubox(['run', '--on', 'any', '--yes', '--gpus', '99', '--', 'true']);
		assert.equal(none.code, 7);
		assert.match(none.stderr, /^ {2}local: \d of 8 GPUs free, 99 requested$/m);
	});

	test('the session goes over to a host, and returns', async () => {
		assert.equal((await person.runGpubox(['config', 'hosts', 'gpu-a,gpu-dies'])).code, 0);
		const terminal = openTerminal(host, person, [], {columns: 120, rows: 30});
		await terminal.waitFor(/RTX A6000/);
		terminal.write('h');
		// A host that needs longer is asked again.
		await terminal.waitFor(/● gpu-a +7 of 8 free, 1 held[\s\S]*✕ gpu-dies +the connection was/);
		terminal.write('\r');
		await terminal.waitFor(/rita-train[\s\S]* r return /);
		terminal.write('r');
		await terminal.waitFor((screen) => screen.includes('RTX A6000') && !/rita-train|r return/.test(screen));
		terminal.write('q');
		assert.equal((await terminal.exited).exitCode, 0);
	});

	test('a job on a host that does not answer any more: unknown, and said so', async () => {
		const {stdout, stderr} = await person.runGpubox(['run', '--on', 'gpu-c', '--detach', '--', 'sleep', '1000']);
		const name = stdout.trim();
		try {
			const before = (await runsHere()).runs.find((run) => run.name === name);
			assert.deepEqual([before?.on, before?.state], ['gpu-c', 'running'], stderr);
			machines[4]?.die();
			const after = await runsHere();
			const run = after.runs.find((each) => each.name === name);
			assert.deepEqual([run?.on, run?.state, run?.exitCode], ['gpu-c', 'unknown', null]);
			assert.match(after.stderr, /^Runs on gpu-c are not known: the connection was refused\n {2}→ /m);
			const waited = await person.runGpubox(['wait', name]);
			assert.equal(waited.code, 1);
			assert.match(waited.stderr, /^gpubox: The connection to gpu-c was lost, or could not be made\.\n {2}→ /m);
		} finally {
			await dockerOf(host).getContainer(`gpubox-${name}`).remove({force: true});
		}
	});

	test('a name of the setting for --host', async () => {
		assert.equal((await person.runGpubox(['config', 'hosts', 'gpu-a'])).code, 0);
		const {stdout, stderr, code} = await person.runGpubox(['--host', 'gpu-a', 'ls']);
		assert.deepEqual([code, stderr], [0, '']);
		assert.match(stdout, /^rita-train +/m);
	});
});

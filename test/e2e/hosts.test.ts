import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {makePerson, needsOwnEngine, type Person, testHost} from '../_helpers/test-host/index.ts';
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

describe('several machines', {skip: needsOwnEngine}, () => {
	let person: Person;
	let engines: SecondEngine[] = [];
	const machines: SshMachine[] = [];
	before(async () => {
		person = await makePerson(host, 'rita', {known: true});
		const engine = {parent: host.own?.runFolder ?? '', liveRestore: false, groupId: host.gid};
		const [first, second] = await Promise.all([startSecondEngine(engine), startSecondEngine(engine)]);
		engines = [first, second];
		const path = [host.own?.hostPath ?? ''];
		for (const options of [
			{name: 'gpu-a', engine: first, path},
			{name: 'gpu-b', engine: second, path},
			{name: 'gpu-slow', engine: second, path, delayMs: 20_000},
			{name: 'gpu-dies', engine: second, path},
		]) {
			machines.push(await startSshMachine(person, options));
		}

		const [, , , dying] = machines;
		assert.ok(dying);
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
		const {stdout, code} = await person.runGpubox(['hosts', '--timeout', '4', 'gpu-a', 'gpu-slow']);
		assert.equal(code, 0);
		assert.match(stdout, /^HOST +GPUS +FREE +BUSY +HELD +DRIVER/);
		assert.match(stdout, /^gpu-a .* 7 +0 +1 .* rita-train$/m);
		assert.match(stdout, /^gpu-slow +\? +\? .*\n\ngpu-slow: no answer within 4 s\n {2}→ /m);
		const none = await person.runGpubox(['hosts', 'rita@nowhere.invalid', '--json']);
		assert.equal(none.code, 3);
		assert.match(none.stdout, /"error": "no host has the name nowhere\.invalid"/);
		assert.match(none.stderr, /"code":"no-engine"/);
	});

	test('a name of the setting for --host', async () => {
		const {stdout, stderr, code} = await person.runGpubox(['--host', 'gpu-a', 'ls']);
		assert.deepEqual([code, stderr], [0, '']);
		assert.match(stdout, /^rita-train +/m);
	});
});

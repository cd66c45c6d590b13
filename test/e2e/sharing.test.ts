import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
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

// Two people with accounts of their own want the same GPUs.

const host = testHost();
const docker = dockerOf(host);
const count = host.own?.gpus.length ?? 0;

type Entry = {user: string; uid: number; mine: boolean; name: string; gpus: number; behind: string[]};

describe('two people who want the same GPUs', {skip: needsOwnEngine}, () => {
	let alice: Person;
	let bob: Person;
	let holder = '';
	const up = (...options: string[]) => ['up', '--ssh', '--image', host.images.jupyter, ...options];
	const queueOf = async (person: Person, verb = 'gpus') => {
		const {stdout, stderr, code} = await person.runGpubox([verb, '--json']);
		assert.equal(code, 0, stderr);
		return (JSON.parse(stdout) as {queue: Entry[]}).queue;
	};

	before(async () => {
		alice = await makePerson(host, 'alice', {known: true, uid: 70_050});
		bob = await makePerson(host, 'bob', {known: true, uid: 70_051});
		const {stdout, stderr, code} = await alice.runGpubox([...up('--gpus', 'all', '--for', '1h'), '--json']);
		assert.equal(code, 0, stderr);
		holder = (JSON.parse(stdout) as {name: string}).name;
	});
	after(async () => {
		const boxes = await docker.listContainers({all: true, filters: {label: ['gpubox.name']}});
		for (const {Id} of boxes) {
			await docker.getContainer(Id).remove({force: true, v: true});
		}

		for (const person of [alice, bob]) {
			await person.remove();
		}
	});

	test('each sees who is queued, since when and behind whom; one that is killed vanishes', async () => {
		const first = openTerminal(host, bob, up('--gpus', 'all', '--wait'));
		await first.waitFor(`Waiting for GPUs, behind box ${holder}`);
		const folder = join(alice.project, 'second');
		await mkdir(folder);
		const second = openTerminal(host, alice, up(folder, '--gpus', '1', '--wait'));
		await second.waitFor(new RegExp(`Waiting for GPUs, behind bob .*queued for ${count} GPUs`));

		await waitUntil('two entries', async () => (await queueOf(alice)).length === 2);
		const [one, other] = await queueOf(alice, 'ls');
		assert.deepEqual(
			{uid: one?.uid, mine: one?.mine, gpus: one?.gpus, behind: one?.behind},
			{uid: bob.uid, mine: false, gpus: count, behind: [`box ${holder}`]},
		);
		assert.deepEqual([other?.uid, other?.mine, other?.gpus], [alice.uid, true, 1]);
		const {stdout} = await bob.runGpubox(['gpus', '--wide']);
		assert.match(stdout, new RegExp(`alice .* 1 GPU +\\S+ +bob .*queued for ${count} GPUs`));

		process.kill(waiterOf(first.pid), 'SIGKILL');
		await first.exited;
		assert.deepEqual(
			(await queueOf(bob)).map(({uid}) => uid),
			[alice.uid],
		);
		await second.waitFor(`Waiting for GPUs, behind box ${holder}`);
		second.write('\u0003');
		assert.equal((await second.exited).exitCode, 130);
		assert.deepEqual(await queueOf(bob), []);
	});

	test('a reservation is extended by its owner only, and everyone sees its end', async () => {
		const endFor = async (person: Person) => {
			const {stdout} = await person.runGpubox(['ls', '--json']);
			const {boxes} = JSON.parse(stdout) as {boxes: Array<{name: string; until: string}>};
			return Date.parse(boxes.find(({name}) => name === holder)?.until ?? '');
		};
		const before = await endFor(bob);
		const refused = await bob.runGpubox(['extend', holder, '2h']);
		assert.equal(refused.code, 1);
		assert.match(refused.stderr, /belongs to alice, who alone can extend its reservation/);
		for (const hours of [2, 4]) {
			const {stdout, stderr, code} = await alice.runGpubox(['extend', holder, '2h']);
			assert.equal(code, 0, stderr);
			assert.match(stdout, /is reserved until/);
			assert.equal(await endFor(bob), before + hours * 3_600_000);
			assert.equal(await endFor(alice), before + hours * 3_600_000);
		}

		const extensions = await docker.listContainers({all: true, filters: {label: ['gpubox.kind=extension']}});
		assert.equal(extensions.length, 1, 'the one before is removed');
	});

	test('an owner who is asked reads it in the log, in their open session, and with ls', async () => {
		const session = openTerminal(host, alice, []);
		await session.waitFor(holder);
		const {stderr, code} = await bob.runGpubox(['ask', holder, 'Do you still need', 'GPU 3?']);
		assert.equal(code, 0, stderr);
		assert.equal(stderr, '');
		await session.waitFor(/bob \(uid 70051\) asks about \S+, \S+ \S+: Do you still[\s\S]*need GPU 3\?/);
		session.write('A');
		await session.waitFor(/What happened[\s\S]*bob \(uid 70051\) asks about/);
		session.write('\u0003');
		await session.exited;
		const log = await alice.runGpubox(['logs', holder]);
		assert.match(log.stdout, /gpubox: bob \(uid 70051\) asks: Do you still need GPU 3\?/);
		await bob.runGpubox(['ask', holder, 'And now?']);
		assert.match((await alice.runGpubox(['ls'])).stderr, /bob \(uid 70051\) asks about .*: And now\?/);
	});

	test('who came first gets the GPUs first', async () => {
		const first = openTerminal(host, bob, up('--gpus', 'all', '--wait'));
		await first.waitFor(`Waiting for GPUs, behind box ${holder}`);
		const second = openTerminal(host, alice, up(join(alice.project, 'second'), '--gpus', '1', '--wait'));
		await second.waitFor(/behind bob .*queued/);
		assert.equal((await alice.runGpubox(['stop', '--yes', holder])).code, 0);
		assert.equal((await first.exited).exitCode, 0);
		await second.waitFor(/behind box bob-/);
		second.write('\u0003');
		await second.exited;
		assert.deepEqual(await queueOf(alice), []);
	});
});

/** The process that a terminal runs may be a child of the one that made it this user's. */
function waiterOf(pid: number): number {
	for (let current = pid; ; ) {
		const [child] = readFileSync(`/proc/${current}/task/${current}/children`, 'utf8').trim().split(' ');
		const isNode = readFileSync(`/proc/${current}/cmdline`, 'utf8').includes('cli.js');
		if (isNode || child === undefined || child === '') {
			return current;
		}

		current = Number(child);
	}
}

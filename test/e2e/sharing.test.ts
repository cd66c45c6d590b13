import assert from 'node:assert/strict';
import {readFileSync, rmSync} from 'node:fs';
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
		const {stdout, stderr, code} = await alice.runGpubox([...up('--gpus', 'all'), '--json']);
		assert.equal(code, 0, stderr);
		holder = (JSON.parse(stdout) as {name: string}).name;
	});
	after(async () => {
		const boxes = await docker.listContainers({all: true, filters: {label: ['gpubox.name']}});
		for (const {Id} of boxes) {
			await docker.getContainer(Id).remove({force: true, v: true});
		}

		for (const person of [alice, bob]) {
			rmSync(`/dev/shm/gpubox-${person.uid}`, {recursive: true, force: true});
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

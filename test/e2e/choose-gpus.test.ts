import assert from 'node:assert/strict';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {
	dockerOf,
	gpuRequests,
	makePerson,
	needsOwnEngine,
	type Person,
	testHost,
	withDriver,
} from '../_helpers/test-host/index.ts';

// What --gpus asks for is what the engine hands out, by UUID: whole cards and MIG slices.

const host = testHost();
const docker = dockerOf(host);
const gpus = host.own?.gpus ?? [];
const hook = host.own?.hookFolder ?? '';

type BoxJson = {name: string; id: string; gpus: string[]};

describe('--gpus', {skip: needsOwnEngine}, () => {
	let person: Person;
	let PATH: string | undefined;
	const up = async (name: string, wanted: string, ...options: string[]) => {
		const folder = join(person.project, name);
		await person.run('mkdir', ['-p', folder]);
		const words = ['up', folder, '--ssh', '--json', '--image', host.images.jupyter, '--gpus', wanted, ...options];
		return person.runGpubox(words, PATH ? {env: {PATH}} : {});
	};
	const made = async (name: string, wanted: string, ...options: string[]) => {
		const {stdout, stderr, code} = await up(name, wanted, ...options);
		assert.equal(code, 0, stderr);
		return JSON.parse(stdout) as BoxJson;
	};
	/** What the engine's GPU hook was asked for. */
	const handedOut = async ({id}: BoxJson) =>
		(await gpuRequests(hook)).filter((request) => request.id === id).flatMap(({devices}) => devices.split(','));
	const clear = async () => {
		for (const {Id} of await docker.listContainers({all: true, filters: {label: ['gpubox.name']}})) {
			await docker.getContainer(Id).remove({force: true, v: true});
		}
	};

	before(async () => {
		person = await makePerson(host);
	});
	after(async () => {
		await clear();
		await person.remove();
	});

	test('a count takes free ones, indexes and UUIDs exactly these, none none', async () => {
		const uuid = (index: number) => gpus[index]?.uuid ?? '';
		const exact = await made('exact', '0,2');
		assert.deepEqual(exact.gpus, [uuid(0), uuid(2)]);
		assert.deepEqual(await handedOut(exact), exact.gpus);
		const named = await made('named', uuid(5));
		assert.deepEqual(named.gpus, [uuid(5)]);
		const counted = await made('counted', '2');
		assert.deepEqual(counted.gpus, [uuid(1), uuid(3)]);
		const none = await made('none', 'none');
		assert.deepEqual(none.gpus, []);
		assert.deepEqual(await handedOut(none), [], 'the hook is not even asked');
		const refused = await up('all', 'all');
		assert.equal(refused.code, 7);
		assert.match(refused.stderr, new RegExp(`GPUs 0 and 2 are used by box ${exact.name}`));
		await clear();
	});

	test('two boxes share a card when both were made so, and not when only one was', async () => {
		const kept = await made('kept', '0,');
		const refused = await up('late', '0,', '--share-gpus');
		assert.equal(refused.code, 7);
		assert.match(refused.stderr, new RegExp(`GPU 0 is used by box ${kept.name}\\.[^]*only when both were created`));
		const [one, two] = [await made('one', '1,', '--share-gpus'), await made('two', '1,', '--share-gpus')];
		assert.deepEqual(one.gpus, two.gpus);
		const alone = await up('alone', '1,');
		assert.equal(alone.code, 7);
		await clear();
	});

	test('a MIG slice by its UUID, each to one box, and the card it is cut from to none', async (t) => {
		const scenario = JSON.parse(await readFile('templates/scenarios/mig-h100.json', 'utf8')) as object;
		PATH = await withDriver(host, person, {...scenario, processes: []});
		const {stdout} = await person.runGpubox(['gpus', '--json'], {env: {PATH}});
		const {gpus: cards} = JSON.parse(stdout) as {gpus: Array<{uuid: string; mig: Array<{uuid: string}>}>};
		const cut = cards.find(({mig}) => mig.length > 1);
		const [first = '', second = ''] = cut?.mig.map(({uuid}) => uuid) ?? [];
		const known = await readFile(join(hook, 'gpus.csv'), 'utf8');
		t.after(() => writeFile(join(hook, 'gpus.csv'), known));
		await writeFile(join(hook, 'gpus.csv'), [first, second].map((uuid, index) => `${index}, ${uuid}, MIG\n`).join(''));

		const one = await made('first', first);
		assert.deepEqual([one.gpus, await handedOut(one)], [[first], [first]]);
		const refused = await up('same', first);
		assert.equal(refused.code, 7);
		assert.match(refused.stderr, new RegExp(`is used by box ${one.name}`));
		assert.deepEqual((await made('second', second)).gpus, [second]);
		const whole = await up('whole', cut?.uuid ?? '');
		assert.equal(whole.code, 2);
		assert.match(whole.stderr, /is divided into MIG slices/);
	});
});

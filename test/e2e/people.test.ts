import assert from 'node:assert/strict';
import {readFileSync, rmSync} from 'node:fs';
import {chmod, mkdir, mkdtemp, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {dockerOf, makePerson, needsOwnEngine, type Person, testHost} from '../_helpers/test-host/index.ts';

// Several people with accounts of their own, one host, one folder that all may write to.

const host = testHost();
const docker = dockerOf(host);

type BoxJson = {name: string; id: string; owner: string; uid: number | null; mine: boolean; state: string};

describe('people who share a folder', {skip: needsOwnEngine}, () => {
	let first: Person;
	let second: Person;
	let root = '';
	let shared = '';
	let boxes: BoxJson[] = [];

	const up = async (person: Person, ...more: string[]) => {
		const result = await person.runGpubox(['up', '--json', '--image', host.images.jupyter, '--gpus', 'none', ...more], {
			cwd: shared,
		});
		assert.equal(result.code, 0, result.stderr);
		const box = JSON.parse(result.stdout) as BoxJson;
		if (!boxes.some(({id}) => id === box.id)) {
			boxes.push(box);
		}

		return {...result, box};
	};
	const list = async (person: Person) => {
		const {stdout, stderr, code} = await person.runGpubox(['ls', '--json']);
		assert.equal(code, 0, stderr);
		const all = (JSON.parse(stdout) as {boxes: BoxJson[]}).boxes;
		return all.filter(({id}) => boxes.some((box) => box.id === id));
	};
	const removeAll = async () => {
		for (const {id} of boxes) {
			await docker
				.getContainer(id)
				.remove({force: true, v: true})
				.catch(() => {});
		}

		boxes = [];
	};

	before(async () => {
		root = await mkdtemp(join(host.folder, 'people-'));
		await chmod(root, 0o755);
		shared = join(root, 'shared');
		await mkdir(shared);
		await chmod(shared, 0o777);
		first = await makePerson(host, 'müller', {known: true, uid: 70_020});
		second = await makePerson(host, 'möller', {known: true, uid: 70_021});
	});
	after(async () => {
		await removeAll();
		for (const person of [first, second]) {
			rmSync(`/dev/shm/gpubox-${person.uid}`, {recursive: true, force: true});
			await person.remove();
		}

		await rm(root, {recursive: true});
	});

	test('two whose names look alike each have a box of their own, and nobody takes one for the other', async () => {
		const {box: ofFirst} = await up(first, '--ssh');
		const {box: ofSecond, stderr} = await up(second, '--ssh');
		assert.notEqual(ofSecond.id, ofFirst.id);
		assert.deepEqual([ofFirst.uid, ofSecond.uid], [first.uid, second.uid]);
		assert.deepEqual([ofFirst.name, ofSecond.name], ['m_ller-shared', 'm_ller-shared-70021']);
		assert.match(stderr, /Another box for this folder: m_ller-shared \(m_ller \(uid 70020\), running\)\./);
		// Again, each finds their own.
		assert.equal((await up(first, '--ssh')).box.id, ofFirst.id);
		assert.equal((await up(second, '--ssh')).box.id, ofSecond.id);

		const {stdout: table} = await second.runGpubox(['ls']);
		assert.match(table, /^m_ller-shared +m_ller \(uid 70020\) /m);
		assert.match(table, /^m_ller-shared-70021 +m_ller \(uid 70021\) /m);
		assert.deepEqual(
			(await list(second)).map(({name, mine}) => [name, mine]),
			[
				['m_ller-shared', false],
				['m_ller-shared-70021', true],
			],
		);

		const inside = await second.runGpubox(['attach', ofSecond.name, '--', 'id', '-u']);
		assert.equal(inside.stdout, '70021\n');
		const attached = await second.runGpubox(['attach', ofFirst.name, '--', 'id']);
		assert.equal(attached.code, 125);
		assert.match(attached.stderr, /belongs to m_ller \(uid 70020\)/);
		const opened = await second.runGpubox(['open', '--print', ofFirst.name]);
		assert.deepEqual([opened.code, opened.stdout], [1, '']);
		const ssh = readFileSync(join(second.home, '.ssh/gpubox.config'), 'utf8');
		assert.match(ssh, /^Host m_ller-shared-70021 /m);
		assert.doesNotMatch(ssh, /^Host m_ller-shared /m);
		await second.runGpubox(['config', 'idle.stopAfter', '1s']);
		const reaped = await second.runGpubox(['reap', '--dry-run']);
		assert.equal(reaped.code, 0, reaped.stderr);
		assert.doesNotMatch(reaped.stdout, /m_ller-shared:/);
		const offered = await second.runGpubox(['__complete', '--', 'attach', 'm_ller']);
		assert.match(offered.stdout, /^m_ller-shared-70021[\s\S]*^m_ller-shared\t/m);
	});
});

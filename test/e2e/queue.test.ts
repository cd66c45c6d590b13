import assert from 'node:assert/strict';
import {mkdir, readFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {
	dockerOf,
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	testHost,
	waitUntil,
	withDriver,
} from '../_helpers/test-host/index.ts';

// All GPUs are taken: waiting for one, and boxes whose time is over.

const host = testHost();
const docker = dockerOf(host);
const gpus = host.own?.gpus ?? [];

describe('when all GPUs are taken', {skip: needsOwnEngine}, () => {
	let person: Person;
	let holder: string;
	const folder = async (name: string) => {
		const path = join(person.project, name);
		await person.run('mkdir', ['-p', path]);
		return path;
	};
	const up = async (name: string, ...options: string[]) => [
		'up',
		await folder(name),
		'--ssh',
		'--image',
		host.images.jupyter,
		'--json',
		...options,
	];

	before(async () => {
		person = await makePerson(host);
		await mkdir(person.project, {recursive: true});
		const {stdout, stderr, code} = await person.runGpubox(await up('holder', '--gpus', 'all', '--for', '1s'));
		assert.equal(code, 0, stderr);
		const box = JSON.parse(stdout) as {name: string; gpus: string[]; until: string};
		holder = box.name;
		assert.equal(box.gpus.length, gpus.length);
		assert.ok(!Number.isNaN(Date.parse(box.until)));
	});
	after(async () => {
		const boxes = await docker.listContainers({all: true, filters: {label: ['gpubox.name']}});
		for (const {Id} of boxes) {
			await docker.getContainer(Id).remove({force: true, v: true});
		}

		await person.remove();
	});

	test('the refusal names the holder, and that its time is over', async () => {
		await waitUntil('the end of its time', async () => (await person.runGpubox(['ls'])).stdout.includes('expired'));
		const {stderr, code} = await person.runGpubox(await up('late', '--gpus', '1'));
		assert.equal(code, 7);
		assert.match(stderr, new RegExp(`GPUs [\\d, ]+ and \\d are used by box ${holder}\\.`));
		assert.match(
			stderr,
			new RegExp(`The reservation of ${holder} expired .* ago\\. To stop it: gpubox stop ${holder}`),
		);
	});

	test('--wait says behind whom, and gets a card once it is free', async () => {
		const terminal = openTerminal(host, person, await up('waiting', '--gpus', '1', '--wait'));
		await terminal.waitFor(`Waiting for GPUs, behind box ${holder}`);
		assert.equal((await person.runGpubox(['stop', holder])).code, 0);
		assert.equal((await terminal.exited).exitCode, 0);
		const {stdout} = await person.runGpubox(['ls', '--json']);
		const {boxes} = JSON.parse(stdout) as {boxes: Array<{project: string; state: string; gpus: string[]}>};
		const waited = boxes.find(({project}) => project.endsWith('/waiting'));
		assert.equal(waited?.state, 'running');
		assert.equal(waited?.gpus.length, 1);
	});

	test('waiting can be broken off, and leaves nothing', async () => {
		const terminal = openTerminal(host, person, await up('patient', '--gpus', 'all', '--wait'));
		await terminal.waitFor('Waiting for GPUs, behind box');
		terminal.write('\u0003');
		assert.equal((await terminal.exited).exitCode, 130);
		const {stdout} = await person.runGpubox(['ls', '--json']);
		assert.ok(!stdout.includes('/patient'));
	});
});

describe('a stopped box whose GPU somebody else has by now', {skip: needsOwnEngine}, () => {
	let person: Person;
	let own: BoxJson;
	const up = async (name: string, ...options: string[]): Promise<BoxJson> => {
		const words = ['--ssh', '--image', host.images.jupyter, '--json', ...options];
		const {stdout, stderr, code} = await person.runGpubox(['up', await folder(person, name), ...words]);
		assert.equal(code, 0, stderr);
		return JSON.parse(stdout) as BoxJson;
	};
	const waitFor = (...options: string[]) =>
		openTerminal(host, person, ['up', join(person.project, 'own'), '--wait', ...options]);

	before(async () => {
		person = await makePerson(host);
		own = await up('own', '--gpus', '0,');
		assert.equal((await person.runGpubox(['stop', own.name])).code, 0);
	});
	after(() => removeEverything(person));

	test('is refused, with the name of the holder and what can be done', async () => {
		const rival = await up('rival', '--gpus', '0,');
		for (const call of [
			['start', own.name],
			['up', join(person.project, 'own')],
		]) {
			const {stderr, code} = await person.runGpubox(call);
			assert.equal(code, 7);
			assert.match(stderr, new RegExp(`The GPUs of ${own.name} are now held by box ${rival.name}`));
			assert.match(stderr, /→ Other GPUs are free\. To use them .*: gpubox up --recreate/);
		}
	});

	test('waits in line with --wait, says behind whom and what else there is, and is the same box afterwards', async () => {
		const terminal = waitFor();
		await terminal.waitFor(/Other GPUs are free\. To use them/);
		await terminal.waitFor(/Waiting for GPUs, behind box \S+rival/);
		const {stdout} = await person.runGpubox(['ls', '--json']);
		const {boxes} = JSON.parse(stdout) as {boxes: BoxJson[]};
		assert.equal(boxes.find(({id}) => id === own.id)?.state, 'exited', 'it holds nothing meanwhile');
		const rival = boxes.find(({project}) => project.endsWith('/rival'))?.name ?? '';
		assert.equal((await person.runGpubox(['stop', rival])).code, 0);
		assert.equal((await terminal.exited).exitCode, 0);
		const detail = await docker.getContainer(own.id).inspect();
		assert.equal(detail.State.Running, true);
		assert.equal(detail.Config.Labels['gpubox.gpus'], own.gpus.join());
		assert.equal((await person.runGpubox(['stop', own.name])).code, 0);
	});

	test('waits for all of its cards when no others are free, and can be left', async () => {
		await up('rival', '--recreate', '--gpus', 'all');
		const terminal = waitFor();
		await terminal.waitFor(/Waiting for GPUs, behind box \S+rival/);
		assert.ok(!terminal.raw().includes('--recreate'));
		terminal.write('\u0003');
		assert.equal((await terminal.exited).exitCode, 130);
		assert.equal((await docker.getContainer(own.id).inspect()).State.Running, false);
		const {stdout} = await person.runGpubox(['ls', '--json']);
		const {boxes} = JSON.parse(stdout) as {boxes: BoxJson[]};
		await person.runGpubox(['rm', '--yes', boxes.find(({project}) => project.endsWith('/rival'))?.name ?? '']);
	});

	test('made anew with --wait, or never made, it takes a card that is free', async () => {
		const rival = await up('rival', '--gpus', '0,');
		const again = await up('own', '--recreate', '--gpus', '1', '--wait');
		assert.notDeepEqual(again.gpus, rival.gpus);
		await person.runGpubox(['rm', '--yes', rival.name, again.name]);
	});
});

describe('a process outside of any box', {skip: needsOwnEngine}, () => {
	let person: Person;
	before(async () => {
		person = await makePerson(host);
	});
	after(() => removeEverything(person));

	test('keeps its card from new boxes and from stopped ones, and is named', async () => {
		const up = async (name: string, ...options: string[]) =>
			person.runGpubox(['up', await folder(person, name), '--ssh', '--image', host.images.jupyter, ...options]);
		assert.equal((await up('own', '--gpus', '3,', '--json')).code, 0);
		const [name = ''] = /\S+-own/.exec((await person.runGpubox(['ls'])).stdout) ?? [];
		await person.runGpubox(['stop', name]);

		const env = {PATH: await withProcessOn(person, 3)};
		const told = new RegExp(`${basename(process.execPath)} \\(${process.pid}\\) of `);
		const refused = await person.runGpubox(['up', await folder(person, 'new'), '--gpus', '3,', '--ssh'], {env});
		assert.deepEqual([refused.code, told.test(refused.stderr)], [7, true], refused.stderr);
		const started = await person.runGpubox(['start', name], {env});
		assert.deepEqual([started.code, told.test(started.stderr)], [7, true], started.stderr);
		const another = await person.runGpubox(
			['up', await folder(person, 'new'), '--gpus', '8', '--ssh', '--image', host.images.jupyter],
			{env},
		);
		assert.deepEqual([another.code, told.test(another.stderr)], [7, true], another.stderr);
		const shared = await person.runGpubox(
			[...['up', await folder(person, 'new'), '--gpus', '3,', '--ssh', '--image', host.images.jupyter], '--share-gpus'],
			{env},
		);
		assert.equal(shared.code, 0, shared.stderr);
		assert.equal((await person.runGpubox(['start', name])).code, 7, 'now the box that shares it has it');
	});
});

type BoxJson = {name: string; id: string; project: string; state: string; gpus: string[]};

async function folder(person: Person, name: string): Promise<string> {
	const path = join(person.project, name);
	await person.run('mkdir', ['-p', path]);
	return path;
}

async function removeEverything(person: Person): Promise<void> {
	for (const {Id} of await docker.listContainers({all: true, filters: {label: ['gpubox.name']}})) {
		await docker.getContainer(Id).remove({force: true, v: true});
	}

	await person.remove();
}

/** A PATH on which the driver knows of this process on a card. */
async function withProcessOn(person: Person, gpu: number): Promise<string> {
	const known = JSON.parse(await readFile(join(host.own?.hookFolder ?? '', 'scenario.json'), 'utf8')) as object;
	const processes = [{gpu, pid: process.pid, name: basename(process.execPath), usedMemoryMiB: 1024}];
	return withDriver(host, person, {...known, processes});
}

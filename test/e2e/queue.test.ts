import assert from 'node:assert/strict';
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
		await waitUntil('the end of its time', async () => (await person.runGpubox(['ls'])).stdout.includes('time over'));
		const {stderr, code} = await person.runGpubox(await up('late', '--gpus', '1'));
		assert.equal(code, 7);
		assert.match(stderr, new RegExp(`GPU 0 is used by box ${holder};`));
		assert.match(stderr, new RegExp(`→ The time of ${holder} ended .* ago: gpubox stop ${holder}`));
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

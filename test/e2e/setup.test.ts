import assert from 'node:assert/strict';
import {existsSync} from 'node:fs';
import {mkdir, readdir, readFile, rm, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {after, afterEach, before, describe, test} from 'node:test';
import {
	dockerOf,
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	testHost,
	waitUntil,
} from '../_helpers/test-host/index.ts';

// A first morning: nothing but the session, from an empty list to a notebook that answers; and leaving it half-way.

const host = testHost();
const docker = dockerOf(host);
let person: Person;
let file: string;
let drafts: string;

before(async () => {
	person = await makePerson(host, 'newcomer');
	file = join(person.project, 'gpubox.yaml');
	drafts = join(person.home, '.local/state/gpubox/setup');
	await mkdir(join(person.home, 'pictures'));
	// All persons of the tests are one to the engine, and this one has no box yet.
	await removeBoxes();
});

afterEach(async () => {
	await removeBoxes();
	await rm(file, {force: true});
});

after(async () => {
	await person.remove();
});

type Listed = {name: string; project: string; state: string; gpus: string[]};

async function boxes(): Promise<Listed[]> {
	const {stdout} = await person.runGpubox(['ls', '--json']);
	return (JSON.parse(stdout) as {boxes: Listed[]}).boxes;
}

async function removeBoxes(): Promise<void> {
	for (const {name} of await boxes()) {
		await person.runGpubox(['rm', '--yes', name]);
	}
}

/** What the file sets, without its comments. */
async function settings(): Promise<string[]> {
	return (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '' && !/^\s*#/.test(line));
}

/** The key of a line on the screen. */
function keyOf(screen: string, label: string): string {
	return new RegExp(`(\\w) {2}${label}`).exec(screen)?.[1] ?? assert.fail(`no line "${label}":\n${screen}`);
}

describe('the session sets a folder up', {skip: needsOwnEngine}, () => {
	let recommended: string;
	before(async () => {
		// What suits this host best is in a registry of the world; here it is the tests' image by that name.
		const {stdout} = await person.runGpubox(['images', '--json']);
		const {images} = JSON.parse(stdout) as {images: Array<{reference: string; recommended: boolean}>};
		recommended = images.find((image) => image.recommended)?.reference ?? assert.fail('no image is recommended');
		const [repo = '', tag = ''] = recommended.split(':');
		await docker.getImage(host.images.jupyter).tag({repo, tag});
	});
	after(async () => {
		await docker.getImage(recommended).remove();
	});

	test('from an empty list to a Jupyter that answers', async () => {
		const terminal = openTerminal(host, person, [], {columns: 120, rows: 40});
		await terminal.waitFor(/No boxes yet[\s\S]*n {2}set up here/);
		terminal.write('n');
		await terminal.waitFor('What is it for?');
		terminal.write('1');
		await terminal.waitFor(/8 × RTX A6000; 8 free/);
		terminal.write('1');
		const question = await terminal.waitFor(/another folder/);
		terminal.write(keyOf(question, 'another folder'));
		await terminal.waitFor('Folder:');
		terminal.write('~/nothing-there\r');
		await terminal.waitFor('No such folder');
		terminal.write('\u0015~/pictures\r');
		const plan = await terminal.waitFor('write it and start the box');
		assert.ok(plan.includes(recommended), plan);
		assert.ok(!existsSync(file));
		terminal.write('\r');
		const card = await terminal.waitFor(/is up: http:\/\/127\.0\.0\.1:\d+/, {seconds: 120});
		assert.match(card, /Five commands to remember/);
		assert.deepEqual(await settings(), [
			`image: ${recommended}`,
			'services:',
			'  - jupyter',
			'gpus: 1',
			'mounts:',
			`  - ${join(person.home, 'pictures')}:/data:ro`,
		]);
		assert.deepEqual(await readdir(drafts), []);

		const [box, ...others] = await boxes();
		assert.equal(others.length, 0);
		assert.equal(box?.state, 'running');
		assert.equal(box?.project, person.project);
		assert.equal(box?.gpus.length, 1);
		assert.ok(card.includes(`gpubox stop ${box?.name}`), card);

		const up = await person.runGpubox(['up', '--json']);
		const {jupyter} = JSON.parse(up.stdout) as {jupyter: {url: string; token: string}};
		const answer = await fetch(new URL('api/status', jupyter.url), {
			headers: {authorization: `token ${jupyter.token}`},
		});
		assert.equal(answer.status, 200);
		assert.ok(!card.includes(jupyter.token));
		terminal.write('o');
		await terminal.waitFor((screen) => screen.includes(`${jupyter.url}?token=${jupyter.token}`));

		terminal.write('\r');
		await terminal.waitFor(/1 of 1 running/);
		terminal.write('n');
		await terminal.waitFor(/gpubox\.yaml already exists/);
		terminal.write('q');
		assert.equal((await terminal.exited).exitCode, 0);
	});
});

describe('left half-way', {skip: needsOwnEngine}, () => {
	test('a session that was killed is gone on with by gpubox init, and that by a session', async () => {
		const first = openTerminal(host, person, []);
		await first.waitFor(/n {2}set up here/);
		first.write('n');
		await first.waitFor('What is it for?');
		first.write('2');
		await first.waitFor('How many GPUs?');
		first.write('0');
		await first.waitFor(/another folder/);
		// A file that is being written has a name of its own, which begins with a dot.
		let draft = '';
		await waitUntil('a saved answer', async () => {
			draft = (await readdir(drafts)).find((name) => !name.startsWith('.')) ?? '';
			return draft !== '';
		});
		// It is on the screen a moment before it is on the disk.
		await waitUntil('the answer on the disk', async () =>
			(await readFile(join(drafts, draft), 'utf8')).includes('"none"'),
		);
		first.kill('SIGKILL');
		await first.exited;
		assert.equal((await stat(join(drafts, draft))).mode & 0o777, 0o600);

		const second = openTerminal(host, person, ['init', '--image', host.images.jupyter]);
		await second.waitFor('Resuming from your saved answers');
		await second.waitFor('1, 2 or 3? [2]');
		second.write('\r');
		await second.waitFor('[none]');
		second.write('\r');
		await second.waitFor('Where is the data?');
		second.write('~/pictures\r');
		await second.waitFor('Write it?');
		second.write('\u0003');
		assert.equal((await second.exited).exitCode, 130);
		assert.ok(!existsSync(file));

		const third = openTerminal(host, person, []);
		await third.waitFor(/n {2}continue setting up here/);
		third.write('n');
		const plan = await third.waitFor(/The plan[\s\S]*only write it[\s\S]*Resuming/);
		assert.match(plan, /an editor or debugger/);
		assert.ok(plan.includes(host.images.jupyter), plan);
		third.write(keyOf(plan, 'only write it'));
		await third.waitFor(/✓ Wrote/);
		assert.deepEqual(await settings(), [
			`image: ${host.images.jupyter}`,
			'services:',
			'  - ssh',
			'gpus: none',
			'mounts:',
			`  - ${join(person.home, 'pictures')}:/data:ro`,
		]);
		assert.deepEqual(await readdir(drafts), []);
		third.write('u');
		await third.waitFor(/is up: SSH answers/, {seconds: 120});
		third.write('q');
		assert.equal((await third.exited).exitCode, 0);
	});

	test('answers of a person are not for scripts', async () => {
		const left = openTerminal(host, person, ['init']);
		await left.waitFor('1, 2 or 3?');
		left.write('3\r');
		await left.waitFor('How many GPUs?');
		left.write('4\r');
		await left.waitFor('Where is the data?');
		left.write('\u0004');
		await left.exited;
		assert.equal((await person.runGpubox(['init', '--yes', '--image', 'team/train:3'])).code, 0);
		assert.deepEqual(await settings(), ['image: team/train:3', 'services:', '  - jupyter', 'gpus: 1']);
		assert.deepEqual(await readdir(drafts), []);
	});
});

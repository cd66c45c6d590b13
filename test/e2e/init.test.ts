import assert from 'node:assert/strict';
import {existsSync} from 'node:fs';
import {mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, afterEach, before, describe, test} from 'node:test';
import {makePerson, openTerminal, type Person, testHost} from '../_helpers/test-host/index.ts';

const host = testHost();

let person: Person;
let file: string;

before(async () => {
	person = await makePerson(host, 'newcomer');
	file = join(person.project, 'gpubox.yaml');
});

afterEach(async () => {
	await rm(file, {force: true});
});

after(async () => {
	const {stdout} = await person.runGpubox(['ls', '--json']);
	const {boxes} = JSON.parse(stdout) as {boxes: Array<{name: string; project: string}>};
	for (const {name} of boxes.filter(({project}) => project === person.project)) {
		await person.runGpubox(['rm', '--yes', name]);
	}

	await person.remove();
});

/** What the file sets, without its comments. */
async function settings(): Promise<string[]> {
	return (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '' && !/^\s*#/.test(line));
}

describe('gpubox init, asking', () => {
	test('asks, shows the plan, writes, ends with the card', async () => {
		const data = join(person.home, 'pictures');
		await mkdir(data, {recursive: true});
		const terminal = openTerminal(host, person, ['init', '--image', host.images.jupyter, '--gpus', 'none']);
		await terminal.waitFor('1, 2 or 3?');
		terminal.write('4\r');
		await terminal.waitFor('Enter 1, 2 or 3.');
		terminal.write('editor\r');
		await terminal.waitFor('Where is the data?');
		terminal.write('/nowhere/at/all\r');
		await terminal.waitFor('No such folder: /nowhere/at/all');
		terminal.write('~/pictures\r');
		const plan = await terminal.waitFor('Write it? [Y/n]');
		assert.match(plan, /as \/data, read-only/);
		assert.ok(!existsSync(file));
		terminal.write('\r');
		await terminal.waitFor('Start the box now?');
		terminal.write('n\r');
		await terminal.waitFor(/gpubox stop \S+-p/);
		assert.equal((await terminal.exited).exitCode, 0);
		assert.deepEqual(await settings(), [
			`image: ${host.images.jupyter}`,
			'services:',
			'  - ssh',
			'gpus: none',
			'mounts:',
			`  - ${data}:/data:ro`,
		]);
	});

	for (const [name, key] of [
		['Ctrl-C', '\u0003'],
		['Ctrl-D', '\u0004'],
	] as const) {
		test(`${name} at a question leaves nothing behind`, async () => {
			const terminal = openTerminal(host, person, ['init']);
			await terminal.waitFor('1, 2 or 3?');
			terminal.write('\r');
			await terminal.waitFor(/How many GPUs\?|Where is the data\?/);
			terminal.write(key);
			assert.equal((await terminal.exited).exitCode, 130);
			assert.ok(!(await readdir(person.project)).some((entry) => entry.startsWith('gpubox')));
		});
	}

	test('no to the plan writes nothing', async () => {
		const terminal = openTerminal(host, person, ['init', '--use', 'notebook', '--gpus', 'none', '--no-data']);
		await terminal.waitFor('Write it? [Y/n]');
		terminal.write('n\r');
		assert.equal((await terminal.exited).exitCode, 1);
		assert.ok(!existsSync(file));
	});

	test('starts the box when told to, and names it on the card', async () => {
		const flags = ['--image', host.images.jupyter, '--gpus', 'none', '--no-data'];
		const terminal = openTerminal(host, person, ['init', '--use', 'notebook', ...flags]);
		await terminal.waitFor('Write it? [Y/n]');
		terminal.write('\r');
		await terminal.waitFor('Start the box now? [Y/n]');
		terminal.write('y\r');
		await terminal.waitFor('Five commands to remember', {seconds: 120});
		assert.equal((await terminal.exited).exitCode, 0);
		const {stdout} = await person.runGpubox(['ls', '--json']);
		const {boxes} = JSON.parse(stdout) as {boxes: Array<{name: string; project: string; state: string}>};
		const box = boxes.find(({project}) => project === person.project);
		assert.equal(box?.state, 'running');
		assert.ok(terminal.screen().includes(`gpubox stop ${box?.name}`));
	});
});

describe('gpubox init, without a terminal', () => {
	const flags = ['--use', 'training', '--gpus', '2', '--no-data', '--image', 'team/train:3', '--name', 'vision'];

	test('takes flags for answers', async () => {
		const {code, stdout} = await person.runGpubox(['init', ...flags]);
		assert.equal(code, 0);
		assert.match(stdout, /gpubox open \S+-vision/);
		assert.deepEqual(await settings(), [
			'name: vision',
			'image: team/train:3',
			'services:',
			'  - jupyter',
			'  - ssh',
			'gpus: 2',
		]);
	});

	test('says which one is missing', async () => {
		const {code, stderr} = await person.runGpubox(['init', '--gpus', '1']);
		assert.equal(code, 2);
		assert.match(stderr, /Not a terminal, and --use is missing/);
		assert.ok(!existsSync(file));
	});

	test('never writes over a file, unless told to', async () => {
		await writeFile(file, 'gpus: 7\n', {mode: 0o666});
		const refused = await person.runGpubox(['init', ...flags]);
		assert.equal(refused.code, 1);
		assert.match(refused.stderr, /gpubox\.yaml already exists/);
		assert.equal(await readFile(file, 'utf8'), 'gpus: 7\n');
		assert.equal((await person.runGpubox(['init', '--force', ...flags])).code, 0);
		assert.ok((await settings()).includes('name: vision'));
	});

	test('works without an engine, and says what is wrong with it', async () => {
		const env = {DOCKER_HOST: 'unix:///nowhere/docker.sock'};
		const {code, stderr} = await person.runGpubox(['init', '--yes'], {env});
		assert.equal(code, 0);
		assert.match(stderr, /No Docker Engine answers/);
		assert.ok(existsSync(file));
	});

	test('a setting that up would refuse is refused before anything is written', async () => {
		const {code} = await person.runGpubox(['init', '--yes', '--image', 'not an image']);
		assert.equal(code, 2);
		assert.ok(!existsSync(file));
	});
});

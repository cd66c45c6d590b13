import assert from 'node:assert/strict';
import {readdirSync, writeFileSync} from 'node:fs';
import {after, before, describe, test} from 'node:test';
import timers from 'node:timers/promises';
import {type LoneHost, makeLoneHost} from '../_helpers/isolated-host.ts';
import {makePerson, type Person} from '../_helpers/test-host/person.ts';
import {openTerminal, type Terminal} from '../_helpers/test-host/terminal.ts';

// Somebody at a real terminal who does what the tour says, and nothing else.

/** What a terminal sends for a key, by how the tour writes it. */
const sent: Record<string, string> = {
	'⏎': '\r',
	Tab: '\t',
	'Shift-Tab': '\u001B[Z',
	Esc: '\u001B',
	'↑': '\u001B[A',
	'↓': '\u001B[B',
	'→': '\u001B[C',
	PgUp: '\u001B[5~',
};

const asked = /TOUR (\d+)\/(\d+) {2}(?:Press (\S+)|(Wait|Watch|Type))/;

/** What a key changes: what the tour asks for, or where one has to move on to something, what is chosen. */
function signOf(screen: string): string {
	const lines = screen.split('\n');
	const tour = lines.find((line) => line.includes('TOUR')) ?? '';
	const moves = /Press [↑↓]/.test(tour);
	return [tour, ...lines.filter((line) => moves && line.includes('▸')).map((line) => line.slice(0, 24))].join('\n');
}

/** Takes the tour to its last step; returns the steps seen, each with the keys that it asked for. */
async function takeTour(terminal: Terminal): Promise<Map<number, string[]>> {
	const steps = new Map<number, string[]>();
	for (let turn = 0; turn < 120; turn += 1) {
		const screen = await terminal.waitFor((text) => asked.test(text) || /\/workspace\S*\$ *$/.test(text), {
			seconds: 60,
		});
		const match = asked.exec(screen);
		if (match === null) {
			// A shell in the box: somebody looks at its card and leaves.
			terminal.write('nvidia-smi\r');
			await terminal.waitFor(/Processes:[\s\S]*\$ *$/);
			terminal.write('exit\r');
			await terminal.waitFor(/Back from/);
			continue;
		}

		const [, step = '', last = '', key, wait] = match;
		const keys = steps.get(Number(step)) ?? [];
		steps.set(Number(step), keys);
		if (step === last) {
			return steps;
		}

		const before = signOf(screen);
		if (key !== undefined) {
			keys.push(key);
			terminal.write(sent[key] ?? key);
		} else if (wait === 'Type') {
			// Whatever the log is about, this is in it.
			terminal.write('e');
		}

		await terminal.waitFor((text) => signOf(text) !== before, {seconds: 60});
		// The tour may have gone on by itself just before the key came, which then counts for the part behind it.
		for (let seen = ''; seen !== signOf(terminal.screen()); await timers.setTimeout(100)) {
			seen = signOf(terminal.screen());
		}
	}

	throw new Error(`The tour did not come to its end:\n${terminal.screen()}`);
}

describe('the tour of the made-up host', () => {
	let lone: LoneHost;
	let person: Person;
	before(async () => {
		lone = await makeLoneHost();
		person = await makePerson(lone.host);
	});
	after(async () => {
		await person.remove();
		await lone[Symbol.asyncDispose]();
	});

	// Most of the time it waits for what takes its time on a real host: both go on meanwhile.
	describe('from its first step to its last', {concurrency: true}, () => {
		for (const [columns, rows] of [
			[80, 24],
			[160, 50],
		] as const) {
			test(`is taken by pressing what it asks for, at ${columns}x${rows}`, async () => {
				const terminal = openTerminal(lone.host, person, ['demo'], {columns, rows, env: lone.environment});
				// What comes meanwhile would look like the effect of a key.
				await terminal.waitFor(/gpu_burn[\s\S]*alice-llm-train/);
				const steps = await takeTour(terminal);
				assert.deepEqual([...steps.keys()], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
				const all = [...steps.values()].flat();
				for (const key of [
					'Shift-Tab',
					'⏎',
					'PgUp',
					'l',
					'/',
					'n',
					'z',
					'2',
					'4',
					':',
					'1',
					'i',
					'p',
					'c',
					'Esc',
					'u',
					'o',
					'a',
					'A',
					'f',
					'y',
					's',
					'x',
					'D',
					',',
					'?',
				]) {
					assert.ok(all.includes(key), `it never asked for ${key}: ${all.join(' ')}`);
				}

				// What was done is to be seen: a card is lost, and the box that was made is gone.
				await terminal.waitFor(
					(text) => /1 unusable[\s\S]*✕ lost[\s\S]*dora-eda/.test(text) && !/^│.[●○] dora-(?!eda|sweep-4)/m.test(text),
				);
				terminal.write('t');
				await terminal.waitFor(/Tour closed/);
				terminal.write('q');
				assert.equal((await terminal.exited).exitCode, 0);
			});
		}
	});

	test('nothing real was touched by all that', () => {
		const deeds = lone.deeds();
		const writes = deeds.filter(({what}) => what === 'write').map(({where}) => where);
		const own = new RegExp(`^${lone.temporary}/gpubox-demo-`);
		assert.ok(writes.length > 10, 'what it writes is seen');
		assert.deepEqual(
			writes.filter((path) => !own.test(path)),
			[],
		);
		assert.deepEqual(
			deeds.filter(({what}) => what === 'connect'),
			[],
		);
		assert.equal(lone.knocks(), 0);
		const programs = deeds.filter(({what}) => what === 'run').map(({where}) => where);
		assert.ok(programs.length > 0, 'what it starts is seen');
		for (const program of programs) {
			assert.match(program, /^\S*node\S* \S+\/nvidia-smi\.js --scenario \S+\/gpubox-demo-\w+\/scenario\.json( |$)/);
		}

		assert.deepEqual(readdirSync(lone.temporary), []);
		assert.deepEqual(readdirSync(person.project), []);
	});

	test('the probe sees a program that does knock', async () => {
		const {stdout} = await person.runGpubox(['ls'], {env: lone.environment});
		assert.equal(stdout, '');
		assert.ok(lone.knocks() > 0);
		assert.ok(lone.deeds().some(({what}) => what === 'connect'));
	});
});

describe('gpubox demo', () => {
	let lone: LoneHost;
	let person: Person;
	before(async () => {
		lone = await makeLoneHost();
		person = await makePerson(lone.host);
	});
	after(async () => {
		await person.remove();
		await lone[Symbol.asyncDispose]();
	});

	test('without a terminal it is a plain report', async () => {
		const {stdout, stderr, code} = await person.runGpubox(['demo'], {env: lone.environment});
		assert.deepEqual([stderr, code], ['', 0]);
		assert.match(
			stdout,
			/^DEMO: this host is simulated\.[\s\S]*7 {2}NVIDIA H100[\s\S]*alice-llm-train +alice +running +4/,
		);
		assert.doesNotMatch(stdout, /\u001B/);
		assert.deepEqual(readdirSync(lone.temporary), []);
	});

	test('shows the host of another scenario, and offers the tour there', async () => {
		const terminal = openTerminal(lone.host, person, ['demo', '--scenario', 'mixed-cards'], {env: lone.environment});
		await terminal.waitFor(/workbench[\s\S]*RTX 5090[\s\S]*bob-finetune[\s\S]*t tour/);
		terminal.write('t');
		await terminal.waitFor(/TOUR 1\/13/);
		terminal.write('q');
		assert.equal((await terminal.exited).exitCode, 0);
	});

	test('the tour goes on where it was after a look at another host', async () => {
		const terminal = openTerminal(lone.host, person, ['demo'], {columns: 100, rows: 30, env: lone.environment});
		await terminal.waitFor(/hopper[\s\S]*TOUR 1\/13/);
		terminal.write(sent['→'] ?? '');
		await terminal.waitFor(/TOUR 2\/13/);
		terminal.write('h');
		await terminal.waitFor(/3 of 4 answered[\s\S]*▸● hopper/);
		terminal.write('j');
		await terminal.waitFor(/▸● noether/);
		terminal.write('\r');
		await terminal.waitFor(/r return/);
		terminal.write('r');
		await terminal.waitFor(/hopper[\s\S]*8 GPUs[\s\S]*TOUR (?!1\/)\d+\/13/);
		terminal.write('q');
		assert.equal((await terminal.exited).exitCode, 0);
	});

	test('a session without an engine leads to it by its key, with the tour', async () => {
		const terminal = openTerminal(lone.host, person, [], {columns: 80, rows: 24});
		await terminal.waitFor(/ d demo /);
		terminal.write('d');
		await terminal.waitFor(/DEMO[\s\S]*TOUR 1\/13 {2}Press Shift-Tab/);
		terminal.write(sent['Shift-Tab'] ?? '');
		await terminal.waitFor(/Press ↓ to select a GPU/);
		terminal.write('q');
		assert.equal((await terminal.exited).exitCode, 0);
	});

	for (const [scenario, wrong] of [
		['mixd-cards', /^gpubox: No scenario or file named mixd-cards\.\n {2}→ Did you mean mixed-cards\?\n$/],
		['nothing.json', /^gpubox: .*nothing\.json\.\n {2}→ Built-in scenarios: workstation-8x-h100, .*\n$/],
		['/etc/hostname', /^gpubox: \/etc\/hostname: invalid JSON: .*\n {2}→ docs\/demo\.md .*\n$/],
	] as const) {
		test(`tells in two lines what is wrong with ${scenario}`, async () => {
			const result = await person.runGpubox(['demo', '--scenario', scenario], {env: lone.environment});
			assert.match(result.stderr, wrong);
			assert.deepEqual([result.stdout, result.code], ['', 2]);
		});
	}

	test('tells where a file is no scenario', async () => {
		const file = `${person.project}/ours.json`;
		writeFileSync(file, JSON.stringify({gpus: [{name: 'X', computeCapability: '9.0', load: {kind: 'bursty'}}]}));
		const {stderr, code} = await person.runGpubox(['demo', '--scenario', 'ours.json'], {env: lone.environment});
		assert.match(stderr, /^gpubox: \S+\/ours\.json: scenario\.gpus\[0\]\.load\.kind must be idle, .* not "bursty"\n/);
		assert.equal(code, 2);
	});
});

import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {appendFile} from 'node:fs/promises';
import {Readable} from 'node:stream';
import {after, before, test} from 'node:test';
import {
	dockerOf,
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	readLogOfOther,
	type Terminal,
	testHost,
} from '../_helpers/test-host/index.ts';

// A log that is longer than anyone keeps in memory, on a real engine, in a real terminal.

const host = testHost();
const lines = 3_000_000;
const name = `long-${randomUUID().slice(0, 8)}`;
let person: Person;
let terminal: Terminal;
let say: (text: string) => Promise<void>;
let remove: (() => Promise<void>) | undefined;

before(async () => {
	if (needsOwnEngine) {
		return;
	}

	person = await makePerson(host);
	const container = await dockerOf(host).createContainer({
		name: `gpubox-${name}`,
		Image: host.images.bare,
		Cmd: ['sleep', '600'],
		Labels: {'gpubox.name': name, 'gpubox.owner': 'tester', 'gpubox.project': '/nowhere', 'gpubox.services': ''},
		HostConfig: {LogConfig: {Type: 'json-file', Config: {}}},
	});
	remove = async () => container.remove({force: true});
	await container.start();
	await container.kill();
	// As the engine writes it; line by line through a program's output it would take minutes.
	const {LogPath} = (await container.inspect()) as {LogPath: string};
	await appendFile(LogPath, Readable.from(entries()));
	await container.start();
	say = async (text) => {
		const exec = await container.exec({Cmd: ['sh', '-c', `echo "${text}" >/proc/1/fd/1`]});
		// What is not read keeps its connection, and this process, open for minutes.
		(await exec.start({Detach: true})).destroy();
	};
	terminal = openTerminal(host, person, [], {columns: 100, rows: 30});
});

/** Every 10,000th line says more, and some report an error; one each millisecond, up to now. */
function* entries(): Generator<string> {
	const begin = Date.now() - lines;
	let second = '';
	let part: string[] = [];
	for (let line = 1; line <= lines; line += 1) {
		const ms = (begin + line) % 1000;
		second = second === '' || ms === 0 ? new Date(begin + line).toISOString().slice(0, 19) : second;
		const text = `step ${line}${line % 10_000 === 0 ? ' saved' : ''}`;
		part.push(`{"log":"${text}\\n","stream":"stdout","time":"${second}.${String(ms).padStart(3, '0')}000001Z"}\n`);
		if (part.length === 10_000) {
			yield part.join('');
			part = [];
		}
	}

	yield part.join('');
}

after(async () => {
	terminal?.kill('SIGKILL');
	await remove?.();
	await person?.remove();
});

const options = {skip: needsOwnEngine};

test(
	'a search over three million lines finds the first match and the last, and keys are answered meanwhile',
	options,
	async () => {
		// Other tests may have boxes on this engine.
		const isChosen = (screen: string) => new RegExp(`╭─ ${name} `).test(screen);
		for (let screen = await terminal.waitFor(name); !isChosen(screen); ) {
			terminal.write('j');
			screen = await terminal.waitFor((shown) => shown !== screen);
		}

		await readLogOfOther(terminal);
		await terminal.waitFor(`step ${lines} saved`);
		terminal.write('l');
		await terminal.waitFor(/▸ long-[\s\S]*Esc back/);
		terminal.write('/');
		await terminal.waitFor(/│ \//);
		terminal.write('saved$\r');
		// While it is being searched the screen follows the keys.
		await terminal.waitFor(/ in [\d,]+ lines …/);
		terminal.write('T');
		await terminal.waitFor((screen) => / in [\d,]+ lines …/.test(screen) && /\d\d:\d\d:\d\d step/.test(screen));
		terminal.write('T');
		await terminal.waitFor(/▸step 3000000 saved/);

		// From the last one to the first.
		terminal.write('n');
		const first = await terminal.waitFor(/▸step 10000 saved/);
		assert.match(first, /│ step 9999 [\s\S]*│ step 10001 /);
		terminal.write('n');
		await terminal.waitFor(/▸step 20000 saved/);

		// One far from both ends. What comes meanwhile does not move it.
		terminal.write('/');
		await terminal.waitFor(/│ \//);
		terminal.write(`step 150000\\b\r`);
		await say('and on');
		const found = await terminal.waitFor(/▸step 150000 saved/, {seconds: 40});
		assert.match(found, /│ step 149999 [\s\S]*│ step 150001 /);
		const read = Number(/1 in ([\d,]+) lines/.exec(found)?.[1]?.replaceAll(',', ''));
		assert.ok(read < lines, found);
		terminal.write('\u001B');
		await terminal.waitFor((screen) => !screen.includes(' lines …'));
	},
);

test(
	'its start is read, then what follows and what is before, without a gap; its end is followed again',
	options,
	async () => {
		terminal.write('g');
		await terminal.waitFor(/│ step 1 /);
		/** Numbers of the lines on a screen that is drawn to its end: then they follow each other. */
		const numbers = (screen: string) => {
			const shown = [...screen.matchAll(/step (\d+)\b/g)].map(([, number]) => Number(number));
			return shown.length > 0 && shown.every((number, place) => number === (shown[0] ?? 0) + place) ? shown : [];
		};
		let top = 1;
		for (let page = 0; page < 60; page += 1) {
			terminal.write(' ');
			const screen = await terminal.waitFor((shown) => (numbers(shown)[0] ?? 0) > top);
			const [next = 0] = numbers(screen);
			// A page, or two where one was waited for.
			assert.ok(next - top < 60, screen);
			top = next;
		}

		terminal.write('g');
		await terminal.waitFor(/│ step 1 /);
		terminal.write('G');
		const end = await terminal.waitFor(
			(screen) => screen.includes('following') && /step 3000000 saved[\s\S]*and on/.test(screen),
		);
		[top = 0] = numbers(end);
		for (let page = 0; page < 60; page += 1) {
			terminal.write('b');
			const screen = await terminal.waitFor((shown) => (numbers(shown)[0] ?? top) < top);
			const [next = 0] = numbers(screen);
			assert.ok(top - next < 60, screen);
			top = next;
		}

		assert.ok(top < lines - 1000);
	},
);

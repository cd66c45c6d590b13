import assert from 'node:assert/strict';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, type TestContext, test} from 'node:test';
import {nameProcesses} from '../../source/box/gpus/process-names.ts';
import {listBoxes} from '../../source/box/list.ts';
import {makeDemoHost} from '../../source/demo/host.ts';
import {parseScenario} from '../../source/demo/parse-scenario.ts';
import {readScenario, scenarioFile} from '../../source/demo/read-scenario.ts';
import {scenarioSchema} from '../../source/demo/scenario.ts';
import {scenarioNames} from '../../source/demo/scenario-names.ts';
import {readInventory} from '../../source/gpu/inventory.ts';
import {readProcesses} from '../../source/gpu/processes.ts';
import {bindings} from '../../source/session/state/keymap.ts';
import {frozenAt, makeFrozenHost, scenarioFrames} from '../_helpers/demo.ts';
import {showSession} from '../_helpers/session.tsx';

/** What a terminal sends for a key by its name in the table; a letter is sent as it is. */
const sent: Record<string, string> = {
	enter: '\r',
	tab: '\t',
	'shift+tab': '\u001B[Z',
	escape: '\u001B',
	up: '\u001B[A',
	down: '\u001B[B',
	right: '\u001B[C',
	left: '\u001B[D',
	home: '\u001B[H',
	end: '\u001B[F',
	pageup: '\u001B[5~',
	pagedown: '\u001B[6~',
	space: ' ',
	backspace: '\u007F',
	delete: '\u001B[3~',
};

/** Each once, in the order of the table, without those that need a real terminal or end the session. */
const keysToPress = new Set(
	bindings.filter(({action}) => action.type !== 'attach' && action.type !== 'quit').map(({keys: [key = '']}) => key),
);

const document = readFileSync(new URL('../../docs/demo.md', import.meta.url), 'utf8');

/** The members of every object in a schema. */
function membersOf(schema: object): string[] {
	const {entries = {}, ...parts}: {entries?: object; [part: string]: unknown} = {...schema};
	const inner = [parts.wrapped, parts.item, parts.options, parts.pipe, ...Object.values(entries)].flat();
	return [
		...Object.keys(entries),
		...inner.filter((part) => typeof part === 'object' && part !== null && part !== schema).flatMap(membersOf),
	];
}

function fileOf(t: TestContext, text: string): string {
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-scenario-'));
	t.after(() => rmSync(folder, {recursive: true}));
	const file = join(folder, 'ours.json');
	writeFileSync(file, text);
	return file;
}

describe('a scenario that comes along', () => {
	for (const name of scenarioNames) {
		test(`${name} is a host whose cards, processes and boxes know each other`, async (t) => {
			const scenario = readScenario(scenarioFile(name));
			const host = await makeFrozenHost(name);
			t.after(async () => host[Symbol.asyncDispose]());
			const boxes = await listBoxes(host);
			assert.deepEqual(
				boxes.map((box) => box.name),
				scenario.boxes.map((box) => box.name).sort(),
			);
			const inventory = await readInventory(host.nvidiaSmi);
			assert.equal(inventory.gpus.length, scenario.gpus.length);
			assert.equal(inventory.problems.length > 0, scenario.failure !== null);
			for (const box of boxes) {
				assert.ok(box.gpus.every((uuid) => inventory.gpus.some((gpu) => gpu.uuid === uuid)));
				assert.notEqual(await host.engine.inspectImage(box.image), undefined);
			}

			const list = await readProcesses(host.nvidiaSmi);
			const named = await nameProcesses(host, list, boxes, inventory.gpus);
			assert.deepEqual(
				named.map(({pid, box}) => [pid, box]),
				scenario.processes.map(({pid, box}) => [pid, box]),
			);
		});

		test(`${name} plays through all of its events, and every key can be pressed on it`, async (t) => {
			const {events, failure} = readScenario(scenarioFile(name));
			const moments = [0, 20, ...events.flatMap(({afterSeconds}) => [afterSeconds, afterSeconds + 5]), 300];
			const shown = await showSession(
				t,
				{columns: 100, rows: 30},
				{scenario: name, useCases: {images: async () => []}},
			);
			for (const frame of failure === null ? scenarioFrames(name, moments) : []) {
				shown.feed.tell({kind: 'frame', frame});
			}

			await shown.waitFor(/DEMO/);
			for (const key of keysToPress) {
				const [, letter] = /^ctrl\+([a-z])$/.exec(key) ?? [];
				const input = letter === undefined ? (sent[key] ?? key) : String.fromCharCode(letter.charCodeAt(0) - 0x60);
				assert.ok(input.length === 1 || key in sent, key);
				shown.type(input);
				// Whatever it leads to has a pane.
				assert.match(await shown.waitFor(/DEMO/), /╭─/);
			}
		});
	}
});

describe('the document about it', () => {
	test('lists the scenarios in their own words', () => {
		const rows = [...document.matchAll(/^\| `([\w-]+)` \| ([A-Z][^|]*) \|$/gm)].map(([, name, about]) => [name, about]);
		assert.deepEqual(
			rows,
			scenarioNames.map((name) => [name, readScenario(scenarioFile(name)).about]),
		);
	});

	test('tells of every member', () => {
		const members = membersOf(scenarioSchema);
		assert.ok(members.includes('epochSeconds') && members.includes('afterSeconds'));
		for (const member of members) {
			assert.ok(document.includes(`\`${member}\``), member);
		}
	});

	test('has an example that plays', async (t) => {
		const [, example = ''] = /```json\n(.*?)```/s.exec(document) ?? [];
		const host = await makeDemoHost(fileOf(t, example), {pace: 0, alive: false, now: () => frozenAt});
		t.after(async () => host[Symbol.asyncDispose]());
		assert.equal((await readInventory(host.nvidiaSmi)).gpus.length, 2);
		assert.equal(host.person.name, 'erik');
		assert.deepEqual(
			(await listBoxes(host)).map(({name, gpus}) => [name, gpus.length]),
			[
				['erik-finetune', 1],
				['fay-reading', 1],
			],
		);
		assert.equal((await host.readHost()).hostname, 'turing');
	});

	test('tells truly what is left out, and what is said of a mistake', (t) => {
		const least = parseScenario({gpus: [{name: 'X', computeCapability: '9.0'}]});
		const [gpu] = least.gpus;
		assert.deepEqual([least.driverVersion, least.cudaVersion, least.person], ['580.95.05', '13.0', 'dora']);
		assert.deepEqual(least.host, {name: 'hopper', cpus: 96, memoryGiB: 1024, diskGiB: 7168, diskFreeGiB: 2458});
		assert.deepEqual(
			[gpu?.load, gpu?.temperature, gpu?.power],
			[{kind: 'idle'}, {idle: 35, busy: 70}, {idle: 30, limit: 300}],
		);
		const [, said = ''] = /```text\ngpubox: \S+: (.*)\n```/.exec(document) ?? [];
		const file = fileOf(t, JSON.stringify({gpus: [{name: 'X', computeCapability: '9.0', load: {kind: 'bursty'}}]}));
		assert.throws(() => readScenario(file), {message: `${file}: ${said}`, exitCode: 2});
	});
});

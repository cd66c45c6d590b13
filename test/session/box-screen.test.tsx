import assert from 'node:assert/strict';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {UseHistory} from '../../source/session/state/inspect/box-state.ts';
import {selectBoxLines} from '../../source/session/state/inspect/select-box-screen.ts';
import {withFacts} from '../../source/session/state/store.ts';
import {frozenAt} from '../_helpers/demo.ts';
import {showSession} from '../_helpers/session.tsx';
import {assertScreen} from '../_helpers/snapshot.ts';

const folder = fileURLToPath(new URL('snapshots', import.meta.url));

for (const size of [
	{columns: 60, rows: 20},
	{columns: 80, rows: 24},
	{columns: 120, rows: 40},
	{columns: 200, rows: 60},
]) {
	const name = `${size.columns}x${size.rows}`;
	test(`the screen of a box at ${name}`, async (t) => {
		const shown = await showSession(t, size);
		await shown.waitFor(/hopper[\s\S]*dora-eda/);
		shown.type('jj');
		await shown.waitFor(/▸● alice/);
		shown.type('\r');
		await shown.waitFor(/CPU +\d+ %/);
		await shown.waitFor(/python3\.11 20411/);
		// All of it can be reached, at every size.
		shown.type('G');
		await shown.waitFor(/only its owner is shown these/);
		shown.type('g');
		const frame = await shown.waitFor(/name +alice-llm-train/);
		assertScreen(folder, `box-${name}`, frame.replaceAll(/gpubox-demo-\w{6}/g, 'gpubox-demo-XXXXXX'));
	});
}

test('secrets are hidden, another user’s environment is not shown, and nothing hostile reaches the terminal', async (t) => {
	const shown = await showSession(t, {columns: 200, rows: 60});
	await shown.waitFor(/hopper[\s\S]*dora-eda/);
	shown.type('jj');
	await shown.waitFor(/▸● alice/);
	shown.type('\r');
	await shown.waitFor(/only its owner/);
	const {spec} = shown.session.store.get().facts.boxCard;
	assert.ok(spec);
	const environment = {
		HF_TOKEN: 'hf_abcdefghijklmnop',
		EPOCHS: '12',
		NOTE: 'red\u001B[31m \u202Egnp.exe',
		DATABASE: 'postgres://erik:hunter2@db/x',
	};
	const show = (mine: boolean) =>
		shown.session.store.changeNow(
			withFacts(({boxCard, box}) => ({
				boxCard: {...boxCard, spec: {...spec, environment, command: ['serve', '--api-key', 'abc', '--port=80']}},
				box: {...box, boxes: box.boxes.map((each) => ({...each, mine}))},
			})),
		);
	const all = () => {
		const {facts, view} = shown.session.store.get();
		return selectBoxLines(facts, view, {now: frozenAt, width: 120})
			.map(({text}) => text)
			.join('\n');
	};
	show(true);
	const own = all();
	assert.match(own, /EPOCHS=12/);
	assert.doesNotMatch(own, /hf_abc|hunter2|abc\b|\u001B\[31m|\u202E/);
	assert.match(own, /HF_TOKEN=\(hidden\)/);
	assert.match(own, /--api-key '?\(hidden\)/);
	show(false);
	const other = all();
	assert.match(other, /only its owner is shown these/);
	assert.doesNotMatch(other, /EPOCHS|docker run|\/workspace/);
});

test('a process that is a whole script does not hide the next one', async (t) => {
	const shown = await showSession(t, {columns: 200, rows: 60});
	await shown.waitFor(/hopper[\s\S]*dora-eda/);
	shown.type('jj');
	await shown.waitFor(/▸● alice/);
	shown.type('\r');
	await shown.waitFor(/only its owner/);
	const script = `sh -c # The shell ${'echo something and go on; '.repeat(500)}`;
	shown.session.store.changeNow(
		withFacts(({boxCard}) => ({
			boxCard: {
				...boxCard,
				processes: [
					{pid: 1, title: script},
					{pid: 2, title: 'python train.py'},
				] as NonNullable<typeof boxCard.processes>,
			},
		})),
	);
	const {facts, view} = shown.session.store.get();
	const lines = selectBoxLines(facts, view, {now: frozenAt, width: 78});
	const place = (label: string) => lines.findIndex((line) => line.label.trim() === label);
	assert.ok(place('1') > 0);
	assert.ok(place('2') - place('1') <= 4, `${place('2') - place('1')} lines`);
	assert.match(lines[place('2')]?.text ?? '', /python train\.py/);
	assert.match(lines[place('2') - 1]?.text ?? '', /…$/);
});

test('nothing is asked of the engine about a box that no one looks at', async (t) => {
	const asked: string[] = [];
	const shown = await showSession(
		t,
		{columns: 80, rows: 24},
		{
			prepare({engine}) {
				for (const name of ['stats', 'top', 'inspectContainer'] as const) {
					const original = engine[name] as (...given: unknown[]) => unknown;
					Object.assign(engine, {
						[name](...given: unknown[]) {
							asked.push(name);
							return original.apply(engine, given);
						},
					});
				}
			},
		},
	);
	await shown.waitFor(/hopper[\s\S]*dora-eda/);
	shown.type('jj');
	await shown.waitFor(/▸● alice/);
	const before = asked.filter((name) => name === 'stats').length;
	assert.equal(before, 0);
	shown.type('\r');
	await shown.waitFor(/CPU +\d+ %/);
	assert.ok(asked.includes('stats') && asked.includes('inspectContainer'));
	assert.equal(
		shown.session.store.get().facts.boxCard.processes,
		undefined,
		"another user's command lines stay theirs",
	);
	shown.type('\u001B');
	await shown.waitFor(/Boxes/);
});

test('the engine measures nothing while another program has the terminal, and again after that', async (t) => {
	const signals: AbortSignal[] = [];
	const shown = await showSession(
		t,
		{columns: 80, rows: 24},
		{
			prepare({engine}) {
				const {stats} = engine;
				engine.stats = (id, options) => {
					signals.push(options.signal);
					return stats(id, options);
				};
			},
		},
	);
	const lend = (lent: boolean) => shown.session.store.changeNow(withFacts(() => ({lent})));
	await shown.waitFor(/hopper[\s\S]*dora-eda/);
	shown.type('jj');
	await shown.waitFor(/▸● alice/);
	shown.type('\r');
	await shown.waitFor(/CPU +\d+ %/);
	lend(true);
	assert.deepEqual(
		signals.map(({aborted}) => aborted),
		[true],
	);
	lend(false);
	assert.deepEqual(
		signals.map(({aborted}) => aborted),
		[true, false],
	);
});

test('what was measured before a pause is not shown as if it had been just before', () => {
	const history = new UseHistory(4);
	const use = {memoryBytes: 1, memoryLimitBytes: null, receivedBytes: null, sentBytes: null};
	for (const [cpuPercent, second] of [
		[10, 0],
		[20, 1],
		[30, 600],
		[40, 601],
	] as const) {
		history.add({...use, cpuPercent, at: second * 1000});
	}

	assert.deepEqual(history.of('cpuPercent', 4), [null, null, 30, 40]);
	assert.deepEqual(history.of('cpuPercent', 2), [null, 35], 'a narrow curve covers the same time');
});

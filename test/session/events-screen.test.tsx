import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {withFacts} from '../../source/session/state/store.ts';
import {type Happening, noEvents, withHappening} from '../../source/session/state/tells/events.ts';
import {frozenAt} from '../_helpers/demo.ts';
import {showSession} from '../_helpers/session.tsx';
import {assertScreen} from '../_helpers/snapshot.ts';

// Times are shown on the clock of the machine.
process.env.TZ = 'UTC';

const folder = fileURLToPath(new URL('snapshots', import.meta.url));
const ago = (seconds: number) => frozenAt.getTime() - seconds * 1000;

/** One of each kind; the names are as long and as wide as they come. */
const happened: Array<Omit<Happening, 'id'>> = [
	{at: ago(7300), kind: 'disk-full', severity: 'bad', text: 'The disk of the engine has 3 % left', fix: 'gpubox disk'},
	{at: ago(3600), kind: 'gpu-lost', severity: 'bad', text: 'GPU 3 is lost', fix: 'Restart the host'},
	{at: ago(1200), kind: 'gpu-throttled', severity: 'note', text: 'GPU 5 is slowed by heat', fix: ''},
	{
		at: ago(600),
		kind: 'out-of-memory',
		severity: 'bad',
		text: 'dora-sweep-4 was killed at its memory limit',
		fix: 'gpubox up --memory 64g',
	},
	{at: ago(90), kind: 'run-ended', severity: 'good', text: `Job 大规模语言模型训练-${'预'.repeat(60)} ended`, fix: ''},
	{
		at: ago(20),
		kind: 'box-stopped',
		severity: 'bad',
		text: `Box ${'dora-'.repeat(40)}x stopped with exit code 137`,
		fix: 'gpubox logs dora-x',
	},
	{at: ago(5), kind: 'gpu-free', severity: 'good', text: 'GPU 7 is free', fix: 'u starts a box on it'},
];

test('what the empty list is for is told whole, also on a narrow terminal', async (t) => {
	const shown = await showSession(t, {columns: 80, rows: 24});
	await shown.waitFor(/hopper[\s\S]*alice-llm/);
	shown.type('A');
	await shown.waitFor(/Nothing since the session began[\s\S]*listed here\./);
});

for (const size of [
	{columns: 60, rows: 20},
	{columns: 120, rows: 40},
]) {
	const name = `${size.columns}x${size.rows}`;
	test(`what happened, at ${name}`, async (t) => {
		const shown = await showSession(t, size);
		await shown.waitFor(/hopper[\s\S]*dora-eda/);
		const events = happened.reduce(withHappening, noEvents);
		shown.session.store.changeNow(withFacts(({tells}) => ({tells: {...tells, events}})));
		shown.type('A');
		assertScreen(folder, `events-${name}`, await shown.waitFor(/GPU 7 is free/));
	});
}

test('what happened and what was run are filtered, read whole and copied like every list', async (t) => {
	const shown = await showSession(t, {columns: 80, rows: 24});
	await shown.waitFor(/hopper[\s\S]*dora-eda/);
	const {store} = shown.session;
	const events = happened.reduce(withHappening, noEvents);
	store.changeNow(withFacts(({tells}) => ({tells: {...tells, events}})));
	const commands = ['gpubox up', `gpubox up --image ${'x'.repeat(90)}.end`, 'gpubox stop dora-eda'];
	store.changeNow(withFacts(() => ({commands: commands.map((line, id) => ({id, at: frozenAt, line}))})));
	shown.type('A');
	await shown.waitFor(/▸✓ 11:59:55/);
	shown.type('/');
	shown.type('memory');
	await shown.waitFor(/1 found[\s\S]*▸✕ 11:50:00[\s\S]*→ gpubox up --memory 64g/);
	shown.type('\r');
	shown.type('\u001B');
	await shown.waitFor(/▸✕ 11:50:00[\s\S]*GPU 3 is lost/);
	shown.type('C');
	// From the newest, which is the last.
	await shown.waitFor(/▸ {2}12:00:00 {2}gpubox stop dora-eda/);
	shown.type('k');
	await shown.waitFor(/▸ {2}12:00:00 {2}gpubox up --image[\s\S]*In full[\s\S]*\.end/);
	shown.type('/');
	shown.type('stop');
	await shown.waitFor(/1 found[\s\S]*▸ {2}12:00:00 {2}gpubox stop dora-eda/);
	shown.type('\r');
	shown.type('y');
	await shown.waitFor(/Copied: gpubox stop dora-eda$/m);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import type {SetupOptions} from '../../source/app/setup/setup.ts';
import {createTour} from '../../source/session/tour/index.tsx';
import {scenarioFrames} from '../_helpers/demo.ts';
import {showSession} from '../_helpers/session.tsx';
import {assertScreen} from '../_helpers/snapshot.ts';

const folder = fileURLToPath(new URL('snapshots', import.meta.url));
const everything = /hopper[\s\S]*gpu_burn[\s\S]*08:59:56/;
const right = '\u001B[C';

const make = (shown = true) => {
	const failed: number[] = [];
	return {failed, tour: createTour({shown, failCard: (index) => failed.push(index)})};
};

for (const size of [
	{columns: 80, rows: 24},
	{columns: 160, rows: 50},
]) {
	test(`the tour begins below the main screen at ${size.columns}x${size.rows}`, async (t) => {
		const shown = await showSession(t, size, make());
		assertScreen(folder, `tour-${size.columns}x${size.rows}`, await shown.waitForWhole(everything));
	});
}

test('at 80x24 all eight cards stay in sight, also beside a message of two lines', async (t) => {
	const {tour, failed} = make();
	const shown = await showSession(t, {columns: 80, rows: 24}, {tour});
	await shown.waitForWhole(everything);
	for (let step = 1; step < 6; step += 1) {
		await shown.waitFor(new RegExp(`TOUR ${step}/13`));
		shown.type(right);
	}

	await shown.waitFor(/TOUR 6\/13 {2}Watch the GPUs/);
	assert.deepEqual(failed, [5]);
	const [frame] = scenarioFrames('workstation-8x-h100', [40], [{afterSeconds: 40, kind: 'lost', gpu: 5}]);
	if (frame !== undefined) {
		shown.feed.tell({kind: 'frame', frame});
	}

	await shown.waitFor(/TOUR 6\/13 {2}Press ↓ until chen-vllm is selected/);
	shown.type('jjjjj');
	await shown.waitFor(/Press → to continue/);
	shown.type('g');
	// All of its log: how far that was read must not hang on how quickly code was loaded.
	await shown.waitFor(/08:59:56/);
	shown.type('o');
	await shown.waitFor(/✓ http[\s\S]*→ On a real host/);
	assertScreen(folder, 'tour-lost-80x24', shown.frame());
	for (let card = 0; card < 8; card += 1) {
		assert.match(shown.frame(), new RegExp(`^│ {2}${card} H100`, 'm'));
	}
});

test('the tour is with one on every screen', async (t) => {
	const shown = await showSession(t, {columns: 80, rows: 24}, {...make(), useCases: {images: async () => []}});
	await shown.waitForWhole(everything);
	for (const key of ['?', '\u001B', 'i', '\u001B', 'x', 'n']) {
		assert.match(await shown.waitFor(/hopper/), /TOUR 1\/13/);
		shown.type(key);
	}

	assert.match(await shown.waitFor(/hopper/), /TOUR 1\/13/);
	shown.type('?');
	await shown.waitFor(/Keys/);
	// The help tells of its keys, below the edge of a small terminal.
	const told = /▸ On the tour[\s\S]*t {2}Leave or resume/;
	for (let line = 0; line < 100 && !told.test(shown.frame()); line += 1) {
		const before = shown.frame();
		shown.type('j');
		await shown.waitFor(/Keys/);
		for (let turn = 0; turn < 50 && shown.frame() === before; turn += 1) {
			await new Promise((resolve) => setImmediate(resolve));
		}
	}

	assert.match(shown.frame(), told);
});

test('where a folder is typed, the keys of the tour are text, and it does not offer them', async (t) => {
	const setup: SetupOptions = {
		recall: async () => ({file: undefined, draft: {use: 'notebook', gpus: '1'}}),
		folders: async () => [],
		look: async () => ({file: '', image: undefined, why: '', downloads: new Map(), canStart: true, troubles: []}),
		check: async (folder) => ({path: folder}),
		keep: async () => {},
		write: async () => '',
	};
	const shown = await showSession(t, {columns: 80, rows: 24}, {...make(), useCases: {setup: async () => setup}});
	await shown.waitForWhole(everything);
	shown.type('n');
	await shown.waitFor(/Where is the data[\s\S]*another folder[\s\S]*t leaves/);
	shown.type('1');
	await shown.waitFor(/Folder:/);
	shown.type('t');
	const frame = await shown.waitFor(/Folder: t/);
	assert.match(frame, /TOUR 1\/13 {2}Press Esc to go back/);
	assert.doesNotMatch(frame, /t leaves/);
});

test('left, it is offered; asked for, it is there again; who has none is not offered any', async (t) => {
	const shown = await showSession(t, {columns: 80, rows: 24}, make());
	await shown.waitForWhole(everything);
	shown.type('t');
	await shown.waitFor(/Tour closed; t resumes it[\s\S]*t tour/);
	assert.doesNotMatch(shown.frame(), /TOUR/);
	shown.type('t');
	await shown.waitFor(/TOUR 1\/13/);
	assert.doesNotMatch(shown.frame(), /put away|t tour/);

	const asked = await showSession(t, {columns: 80, rows: 24}, make(false));
	await asked.waitForWhole(everything);
	assert.match(asked.frame(), / t tour /);
	asked.type('t');
	await asked.waitFor(/TOUR 1\/13/);

	const plain = await showSession(t, {columns: 80, rows: 24});
	await plain.waitForWhole(everything);
	plain.type('t');
	plain.type(right);
	plain.type('j');
	await plain.waitFor(/▸● dora-sweep/);
	assert.doesNotMatch(plain.frame(), /TOUR|t tour/);
});

test('on a small terminal one line is left for it, on the smallest none', async (t) => {
	const shown = await showSession(t, {columns: 60, rows: 16}, make());
	assert.match(await shown.waitFor(/hopper/), /TOUR 1\/13 {2}Press Shift-Tab[^\n]*\n?$/);
	shown.resize(40, 10);
	const smallest = await shown.waitFor(/^(?![\s\S]*TOUR)[\s\S]*quit/);
	assert.match(smallest, /q quit/);
});

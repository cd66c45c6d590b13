import assert from 'node:assert/strict';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import type {Verb} from '../../source/session/state/palette/palette.ts';
import {showSession} from '../_helpers/session.tsx';
import {assertScreen} from '../_helpers/snapshot.ts';

const folder = fileURLToPath(new URL('snapshots', import.meta.url));
const small = {columns: 80, rows: 24};
/** Host line, boxes and processes are all there. */
const everything = /hopper[\s\S]*dora-eda/;

const verbs: Verb[] = [
	{name: 'up', aliases: [], summary: "start this project's box and show how to connect", usage: '[dir]'},
	{name: 'stop', aliases: ['down'], summary: 'stop boxes', usage: '[box...]'},
	{name: 'ls', aliases: ['ps'], summary: 'list boxes', usage: ''},
];
const loadVerbs = async () => verbs;

for (const size of [small, {columns: 60, rows: 20}, {columns: 120, rows: 40}, {columns: 200, rows: 60}]) {
	test(`the palette at ${size.columns}x${size.rows}`, async (t) => {
		const shown = await showSession(t, size, {loadVerbs});
		await shown.waitFor(everything);
		shown.type(':');
		await shown.waitFor(/What to do/);
		shown.type('stop b');
		assertScreen(folder, `palette-${size.columns}x${size.rows}`, await shown.waitFor(/› stop b[\s\S]*gpubox stop/));
	});
}

test('the palette finds an action by any part of its name and does it', async (t) => {
	const shown = await showSession(t, small, {loadVerbs});
	await shown.waitFor(everything);
	shown.type('\u0010');
	await shown.waitFor(/What to do/);
	shown.type('what was run');
	await shown.waitFor(/▸ What was run/);
	shown.type('\r');
	await shown.waitFor(/Nothing yet/);
	shown.type('\u001B');
	await shown.waitFor(/Boxes/);
});

test('Esc and Backspace on an empty line leave the palette as it was found', async (t) => {
	const shown = await showSession(t, small, {loadVerbs});
	await shown.waitFor(everything);
	for (const leave of ['\u001B', '\u007F']) {
		shown.type(':');
		await shown.waitFor(/What to do/);
		shown.type(leave);
		await shown.waitFor(/▸ Boxes/);
	}
});

test('what a key did stands in the command log as one would have typed it', async (t) => {
	const shown = await showSession(t, small, {loadVerbs, hostWord: 'ssh://gpu2'});
	await shown.waitFor(everything);
	shown.type('s');
	await shown.waitFor(/Stop dora-eda/);
	shown.type('y');
	await shown.waitFor(/(?<!y) ⏎ yes {2}n no/);
	shown.type('\r');
	await shown.waitFor(/dora-eda is stopped/);
	shown.type('C');
	await shown.waitFor(/What was run[\s\S]*\d\d:\d\d:\d\d {2}gpubox --host ssh:\/\/gpu2 stop dora-eda/);
});

for (const size of [small, {columns: 60, rows: 20}]) {
	test(`one question about marked boxes names each and its owner, at ${size.columns}x${size.rows}`, async (t) => {
		const shown = await showSession(t, size);
		await shown.waitFor(everything);
		shown.type('jj');
		await shown.waitFor(/▸● alice/);
		shown.type(' ');
		await shown.waitFor(/✓ ●/);
		shown.type(' ');
		await shown.waitFor(/✓ ●[\s\S]*✓ ●/);
		shown.type('x');
		// What uses them is asked of programs, which may be slow: it is not the same on every run.
		await shown.waitFor(
			/Remove 2 boxes, 2 of them not yours:[\s\S]*alice-llm-train; owner: alice[\s\S]*bob-segmentation; owner: bob[\s\S]*y ⏎/,
		);
		shown.type('y');
		await shown.waitFor(/(?<!y) ⏎ yes {2}n no/);
		shown.type('\r');
		await shown.waitFor(/2 of 2 removed/);
		await shown.waitFor(/^(?![\s\S]*bob-segm)/);
		const names = shown.session.store.get().facts.box.boxes.map(({name}) => name);
		assert.equal(names.includes('alice-llm-train'), false);
		assert.equal(names.length, 4);
		assert.deepEqual(shown.session.store.get().view.marks, []);
	});
}

test('Esc takes the marks off before anything else', async (t) => {
	const shown = await showSession(t, small);
	await shown.waitFor(everything);
	shown.type(' ');
	await shown.waitFor(/1 marked/);
	shown.type('\u001B');
	await shown.waitFor(/5 of 6 running ─╮/);
});

test('the menu of what can be copied hides the token, and copies it', async (t) => {
	const shown = await showSession(t, small);
	await shown.waitFor(everything);
	const own = shown.session.store.get().facts.box.boxes.find(({mine}) => mine);
	shown.session.store.changeNow((state) => ({...state, view: {...state.view, boxId: own?.id}}));
	shown.type('y');
	const frame = await shown.waitFor(/Copy of [\s\S]*1 {2}address/);
	assert.match(frame, /token=…/);
	const value = shown.session.store.get().view.menu?.items?.[0]?.value ?? '';
	assert.match(value, /token=[\w-]{10,}/);
	assert.equal(frame.includes(value), false);
});

test('a zoomed pane has the whole screen, until Esc', async (t) => {
	const shown = await showSession(t, small);
	await shown.waitFor(everything);
	shown.type('z');
	await shown.waitFor(/^(?![\s\S]*8 GPUs)[\s\S]*Boxes/);
	shown.type('\u001B');
	await shown.waitFor(/8 GPUs[\s\S]*Boxes/);
	shown.type('\u001B[Z');
	await shown.waitFor(/▸ 8 GPUs/);
	shown.type('z');
	const frame = await shown.waitFor(/^(?![\s\S]*Boxes)[\s\S]*▸ 8 GPUs/);
	assert.equal(frame.split('\n').length, 24);
});

test('a session that is read-only greys what changes something, and does none of it', async (t) => {
	const shown = await showSession(t, {columns: 120, rows: 40}, {readOnly: true, loadVerbs});
	await shown.waitFor(everything);
	const before = shown.session.store.get().facts.box.boxes.map(({id, state}) => [id, state]);
	for (const key of ['s', 'x', 'R', 'a', 'u', 'o', 'f']) {
		shown.type(key);
		await new Promise((resolve) => setImmediate(resolve));
	}

	await shown.waitFor(/read-only/);
	const {boxes} = shown.session.store.get().facts.box;
	assert.deepEqual(
		boxes.map(({id, state}) => [id, state]),
		before,
	);
	assert.deepEqual(shown.session.store.get().facts.commands, []);
	shown.type('?');
	await shown.waitFor(/Start this folder's box[\s\S]*└ read-only session/);
});

test('what a session does in the background knows that it is read-only', async (t) => {
	const told: unknown[] = [];
	const shown = await showSession(t, small, {
		readOnly: true,
		useCases: {
			async keepHistory(_host, _past, _signal, _onTrouble, readOnly) {
				told.push(readOnly);
			},
			async endOfRun(_host, _name, _signal, readOnly) {
				told.push(readOnly);
				return {ok: true, text: 'The run is over', fix: ''};
			},
		},
	});
	await shown.waitFor(everything);
	const job = shown.session.store.get().facts.box.boxes.find((box) => box.job !== undefined && box.mine);
	await shown.host.engine.stopContainer(job?.id ?? '', {timeoutSeconds: 1});
	await shown.waitFor(/The run is over/);
	assert.deepEqual(told, [true, true]);
});

test('a key that does nothing says why, until the next key', async (t) => {
	const shown = await showSession(t, small);
	await shown.waitFor(everything);
	shown.type('A');
	await shown.waitFor(/What happened/);
	shown.type('\r');
	await shown.waitFor(/does nothing here: there is no event/);
	shown.type('j');
	await shown.waitFor(/^(?![\s\S]*is no event)/);
});

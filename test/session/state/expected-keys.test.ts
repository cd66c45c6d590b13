import assert from 'node:assert/strict';
import {test} from 'node:test';
import {brokenText} from '../../../source/session/index.tsx';
import {scopesOf} from '../../../source/session/state/key-hints.ts';
import {actionFor, isMove} from '../../../source/session/state/keymap.ts';
import {firstView, reduce, type View} from '../../../source/session/state/reduce.ts';
import {situation} from './_situation.ts';

// What users of k9s, lazydocker and lazygit press without looking it up, on every screen where no text is typed.

const screens: Array<View['screen']> = [
	'main',
	'containers',
	'processes',
	'people',
	'images',
	'disk',
	'hosts',
	'gpu',
	'box',
	'log',
	'events',
	'commands',
	'help',
];
const views: Array<[name: string, view: View]> = [
	...screens.map((screen): [string, View] => [screen, {...firstView, screen}]),
	['main, GPUs', {...firstView, focus: 'gpus'}],
	['main, log', {...firstView, focus: 'side'}],
];

for (const [name, view] of views) {
	test(`on ${name} the keys that one guesses do what they do elsewhere`, () => {
		const action = (key: string) => actionFor(key, scopesOf(view));
		assert.equal(action('q')?.type, 'ask-quit');
		assert.equal(action('ctrl+c')?.type, 'quit');
		assert.ok(['help', 'back'].includes(action('?')?.type ?? ''));
		assert.equal(action(':')?.type, 'palette');
		assert.ok(action('escape'), 'Esc');
		for (const key of ['up', 'down', 'k', 'j', 'home', 'end', 'g', 'G', 'pageup', 'pagedown']) {
			const found = action(key);
			assert.ok(found !== undefined && isMove(found) === true, `${key} moves`);
		}

		assert.deepEqual(action('j'), action('down'));
		assert.deepEqual(action('k'), action('up'));
		assert.deepEqual(action('g'), action('home'));
		assert.deepEqual(action('G'), action('end'));
		// It marks where something can be marked, and turns the page elsewhere.
		assert.ok(action('space') !== undefined, 'Space');
	});

	test(`Esc leads from ${name} back to the first screen`, () => {
		let now: View = {...view, inspect: {...view.inspect, cursorMs: 1}, marks: ['a1'], zoom: 'boxes'};
		for (let time = 0; time < 4; time += 1) {
			const action = actionFor('escape', scopesOf(now));
			assert.ok(action);
			now = reduce(now, action, situation).view;
		}

		assert.equal(now.screen, 'main');
		assert.equal(now.zoom, undefined);
	});
}

test('Esc goes back to where the list of what happened and the command log were opened from', () => {
	const press = (view: View, ...keys: string[]) =>
		keys.reduce((now, key) => {
			const action = actionFor(key, scopesOf(now));
			return action === undefined ? now : reduce(now, action, situation).view;
		}, view);
	const containers: View = {...firstView, screen: 'containers'};
	assert.equal(press(containers, 'A').screen, 'events');
	assert.equal(press(containers, 'A', 'escape').screen, 'containers');
	assert.equal(press(containers, 'C', 'escape').screen, 'containers');
	assert.equal(press(containers, 'A', 'C', 'A', 'escape').screen, 'containers');
	assert.equal(press(containers, 'A', '?', 'C', 'escape').screen, 'containers');
	assert.equal(press(containers, '?', 'A', 'escape').screen, 'containers');
});

test('a session that broke says so in two lines, without what led to it', () => {
	const text = brokenText(new TypeError('x is not\u001B[2J a function'), false);
	assert.match(text, /^gpubox: [^\n\u001B]*x is not/);
	assert.ok(text.split('\n').length <= 3);
	assert.doesNotMatch(text, /\n +at /);
	assert.match(brokenText(new TypeError('x'), true), /\n +at /);
});

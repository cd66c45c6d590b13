import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {OwnSetting} from '../../../source/app/own-settings.ts';
import {brokenText} from '../../../source/session/index.tsx';
import {scopesOf} from '../../../source/session/state/key-hints.ts';
import {actionFor, isMove} from '../../../source/session/state/keymap.ts';
import {whyNot} from '../../../source/session/state/keys/here.ts';
import {noFacts} from '../../../source/session/state/model.ts';
import {selectPalette} from '../../../source/session/state/palette/select-palette.ts';
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
	'doctor',
	'settings',
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

/** What `/`, Enter, Space, `y`, `l` and `s` mean on each screen; a dot where a screen has nothing of the kind. */
const meant: Array<[name: string, view: Partial<View>, slash: string, enter: string, space: string, rest: string]> = [
	['main', {}, 'list filter', 'open-box', 'mark', 'copy-menu, show, stop-or-start'],
	['main, GPUs', {focus: 'gpus'}, 'list filter', 'open-gpu', 'scroll', 'copy-menu, show, stop-or-start'],
	['main, log', {focus: 'side'}, 'log ask', 'zoom-log', 'scroll', 'log copy, show, stop-or-start'],
	[
		'containers',
		{},
		'list filter',
		'list enter-row',
		'list select-row',
		'copy-menu, container log, container stop-or-start',
	],
	['processes', {}, 'list filter', 'list enter-row', 'list select-row', 'copy-menu, container log, .'],
	['people', {}, 'list filter', 'list enter-row', 'list select-row', 'list copy-row, ., .'],
	['disk', {}, 'list filter', 'list enter-row', 'list select-row', 'list copy-row, ., .'],
	['settings', {}, 'list filter', 'config change', 'list select-row', 'list copy-row, ., .'],
	['images', {}, 'list filter', 'up-with-image', 'list select-row', 'copy-menu, ., .'],
	['hosts', {}, 'list filter', 'go-to-host', 'list select-row', 'copy-menu, ., .'],
	// As in vi, `l` is the arrow to the right, through the time.
	['gpu', {}, '.', 'leave-inspect', 'move-cursor', 'copy-menu, move-cursor, .'],
	['box', {}, '.', 'leave-inspect', 'scroll-box', 'copy-menu, container log, stop-or-start'],
	// The key that opened it leads back.
	['log', {}, 'log ask', '.', 'scroll', 'log copy, zoom-log, .'],
	['doctor', {}, 'list filter', 'doctor ask-fix', 'doctor scroll', 'doctor copy, ., .'],
	['events', {}, 'list filter', 'list enter-row', 'list select-row', 'list copy-row, ., .'],
	['commands', {}, 'list filter', 'list enter-row', 'list select-row', 'list copy-row, ., .'],
	['help', {}, '.', 'back', 'scroll-help', '., ., .'],
	['setup', {}, '.', 'setup take', 'setup move', '., ., .'],
];

for (const [name, change, slash, enter, space, rest] of meant) {
	test(`/ Enter Space y l s on ${name}`, () => {
		const [screen = 'main'] = name.split(',') as Array<View['screen']>;
		const view: View = {...firstView, screen, ...change};
		const inWords = (key: string): string => {
			const action = actionFor(key, scopesOf(view));
			const does = action !== undefined && 'does' in action ? action.does : undefined;
			const what = typeof does === 'string' ? does : does && ('what' in does ? does.what : does.type);
			return action === undefined ? '.' : [action.type, what].filter((word) => word !== undefined).join(' ');
		};
		assert.deepEqual(
			[inWords('/'), inWords('enter'), inWords('space'), ['y', 'l', 's'].map(inWords).join(', ')],
			[slash, enter, space, rest],
		);
	});
}

test('on the screen of a setup they move, take, lead back, and explain as elsewhere', () => {
	const view: View = {...firstView, screen: 'setup'};
	const types = ['j', 'k', 'enter', 'escape', '?', ':', 'q'].map((key) => actionFor(key, scopesOf(view))?.type);
	assert.deepEqual(types, ['setup', 'setup', 'setup', 'setup', 'help', 'palette', 'ask-quit']);
});

test('where there is nothing yet, the keys of a box and of a GPU say why they do nothing', () => {
	const facts = noFacts({demo: false, engineAddress: '', person: 'alice', folder: '~'});
	const why = (key: string, view: View) => {
		const action = actionFor(key, scopesOf(view));
		return action && whyNot(action, facts, view);
	};
	for (const key of ['enter', 'l', 's', 'space', '/']) {
		assert.equal(why(key, firstView), 'there is no box', key);
	}

	assert.equal(why('enter', {...firstView, focus: 'gpus'}), 'there is no GPU');
	assert.equal(why('y', {...firstView, screen: 'doctor'}), 'there is no command to copy');
	assert.equal(why('enter', {...firstView, screen: 'settings'}), 'there is no setting');
	assert.equal(why('enter', {...firstView, screen: 'disk'}), 'it leads nowhere');
	for (const key of ['enter', 'p', 'y']) {
		assert.equal(why(key, {...firstView, screen: 'images'}), 'there is no image', key);
	}

	for (const key of ['enter', 'y']) {
		assert.equal(why(key, {...firstView, screen: 'hosts'}), 'there is no host', key);
	}

	for (const key of ['l', 's', 'y']) {
		assert.equal(why(key, {...firstView, screen: 'containers'}), 'there is no container', key);
	}
});

test('a container is copied from like a box, and a log that was opened on the screen of a box leads back there', () => {
	const container = {
		id: 'c1',
		name: 'db',
		owner: 'owner unknown',
		mine: false,
		box: false,
		claim: false,
		running: true,
	};
	const about = (change: Partial<typeof container>) =>
		reduce(
			{...firstView, screen: 'containers'},
			{type: 'copy-menu'},
			{...situation, container: () => ({...container, ...change})},
		).effects;
	assert.deepEqual(about({}), [{type: 'find-copies', about: {kind: 'container', id: 'c1', name: 'db'}}]);
	assert.deepEqual(about({box: true}), [{type: 'find-copies', about: {kind: 'box', boxId: 'c1'}}]);

	const own = {...situation, container: () => ({...container, box: true, mine: true})};
	const press = (view: View, key: string) => {
		const action = actionFor(key, scopesOf(view));
		assert.ok(action, key);
		return reduce(view, action, own).view;
	};
	const log = press({...firstView, screen: 'box', boxId: 'c1'}, 'l');
	assert.deepEqual([log.screen, log.logOf?.id], ['log', 'c1']);
	assert.equal(press(log, 'escape').screen, 'box');
});

test('Esc goes back to where a screen that opens from anywhere was opened from', () => {
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
	assert.equal(press(containers, 'D', 'escape').screen, 'containers');
	assert.equal(press(containers, 'D', 'D').screen, 'containers');
	assert.equal(press(containers, ',', 'D', 'A', 'escape').screen, 'containers');
	const log: View = {...containers, screen: 'log', logOf: {id: 'c1', name: 'db', back: 'containers'}};
	assert.equal(press(log, 'A', 'escape').logOf?.id, 'c1');
});

test('a session that broke says so in two lines, without what led to it', () => {
	const text = brokenText(new TypeError('x is not\u001B[2J a function'), false);
	assert.match(text, /^gpubox: [^\n\u001B]*x is not/);
	assert.ok(text.split('\n').length <= 3);
	assert.doesNotMatch(text, /\n +at /);
	assert.match(brokenText(new TypeError('x'), true), /\n +at /);
});

test('below a field that is typed into, the keys that type nothing walk through the lines', () => {
	const field = {before: '', after: ''};
	const filter = {...firstView.lists.containers, typing: true};
	const fields: Array<[name: string, view: View]> = [
		['palette', {...firstView, palette: {field, cursor: 0, fault: ''}}],
		['filter', {...firstView, screen: 'containers', lists: {...firstView.lists, containers: filter}}],
		['filter of the checks', {...firstView, screen: 'doctor', lists: {...firstView.lists, doctor: filter}}],
		['folder', {...firstView, screen: 'setup', setup: {...firstView.setup, step: 'folder', field}}],
	];
	for (const [name, view] of fields) {
		const action = (key: string) => actionFor(key, scopesOf(view));
		const by = (key: string) => JSON.stringify(action(key)).match(/"by":(-?\d+)/)?.[1];
		assert.deepEqual(['up', 'down', 'pageup', 'pagedown'].map(by), ['-1', '1', '-10', '10'], name);
		assert.deepEqual(action('ctrl+n'), action('down'), name);
		assert.deepEqual(action('ctrl+p'), action('up'), name);
		assert.deepEqual([action('home')?.type, action('end')?.type, action('g')], ['type', 'type', undefined], name);
	}
});

test('where nothing is typed, a list to choose from has the keys of every list', () => {
	const setting = {choices: ['a', 'b']} as unknown as OwnSetting;
	const lists: Array<[name: string, view: View]> = [
		['set-up', {...firstView, screen: 'setup'}],
		['values of a setting', {...firstView, config: {setting, field: undefined, cursor: 0, fault: ''}}],
		['what to copy', {...firstView, menu: {title: 'Copy', items: [], cursor: 0}}],
	];
	for (const [name, view] of lists) {
		for (const key of ['j', 'k', 'g', 'G', 'home', 'end', 'pageup', 'pagedown', 'tab']) {
			assert.match(JSON.stringify(actionFor(key, scopesOf(view))), /"what":"move"/, `${name} ${key}`);
		}
	}
});

test('the palette offers what the keys do here, and not what they do elsewhere', () => {
	const facts = noFacts({demo: false, engineAddress: '', person: 'alice', folder: '~'});
	const palette = {field: {before: '', after: ''}, cursor: 0, fault: ''};
	const labels = selectPalette(facts, {...firstView, screen: 'images', palette}).map(({label}) => label);
	assert.ok(labels.includes('Copy its name') && labels.includes('Start box with this image'));
	assert.ok(!labels.includes('Copy its name, or line') && !labels.includes('Go to what it belongs to'));
});

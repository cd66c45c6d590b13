import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Key} from 'ink';
import {scopesOf} from '../../../source/session/state/key-hints.ts';
import {actionFor, bindings} from '../../../source/session/state/keymap.ts';
import type {Scope} from '../../../source/session/state/keys/binding.ts';
import {characterOf, keysOf, shownKey} from '../../../source/session/state/keys/key-names.ts';
import {firstView, type View} from '../../../source/session/state/reduce.ts';

const plain = {shift: false, ctrl: false, meta: false} as Key;
const flagged = (flags: Partial<Key>) => ({...plain, ...flags});

test('a chunk of keys is taken apart', () => {
	assert.deepEqual(keysOf('jjj', plain), ['j', 'j', 'j']);
	assert.deepEqual(keysOf('j\rk', plain), ['j', 'enter', 'k']);
	assert.deepEqual(keysOf(' \u007F\t\u0003', plain), ['space', 'backspace', 'tab', 'ctrl+c']);
	assert.deepEqual(keysOf('\u0015/data', plain), ['ctrl+u', '/', 'd', 'a', 't', 'a']);
});

test('special keys have names', () => {
	assert.deepEqual(keysOf('', flagged({upArrow: true})), ['up']);
	assert.deepEqual(keysOf('', flagged({pageDown: true})), ['pagedown']);
	assert.deepEqual(keysOf('\r', flagged({return: true})), ['enter']);
	assert.deepEqual(keysOf('', flagged({tab: true, shift: true})), ['shift+tab']);
	assert.deepEqual(keysOf('c', flagged({ctrl: true})), ['ctrl+c']);
});

test('Esc with a key right behind it is both', () => {
	assert.deepEqual(keysOf('u', flagged({meta: true})), ['escape', 'u']);
});

test('no key means two things at the same place', () => {
	const reachable: Scope[][] = [
		['gpus', 'main', 'anywhere', 'tour'],
		['boxes', 'main', 'anywhere', 'tour'],
		['side', 'main', 'anywhere', 'tour'],
		['help', 'tour'],
		['images', 'tour'],
		['log-found', 'log', 'log-arrows', 'log-whole', 'anywhere'],
		['log-found', 'log', 'log-whole', 'anywhere', 'tour'],
		['log-prompt', 'typing'],
		['setup', 'anywhere', 'tour'],
		['card', 'anywhere', 'tour'],
		['field', 'typing'],
		['confirm'],
	];
	for (const scopes of reachable) {
		const seen = new Map<string, string>();
		for (const {scope, keys, label} of bindings.filter((binding) => scopes.includes(binding.scope))) {
			for (const key of keys) {
				assert.equal(seen.get(key), undefined, `${key} in ${scope}: ${seen.get(key)} and ${label}`);
				seen.set(key, label);
			}
		}
	}
});

test('while something is asked, the keys of the tour do nothing', () => {
	const tour = {shown: true, step: 0, part: 0};
	const keys = bindings.filter(({scope}) => scope === 'tour').flatMap((binding) => binding.keys);
	assert.ok(keys.length >= 3);
	for (const asking of [
		{what: 'quit', tasks: []},
		{what: 'trust', title: '', lines: [], question: '', top: 0},
	] as Array<NonNullable<View['asking']>>) {
		for (const key of keys) {
			assert.equal(actionFor(key, scopesOf({...firstView, tour, asking})), undefined, key);
			assert.ok(actionFor(key, scopesOf({...firstView, tour})) !== undefined, key);
		}
	}
});

test('the nearest scope wins', () => {
	assert.deepEqual(actionFor('j', ['boxes', 'main', 'anywhere']), {type: 'select-box', by: 1});
	assert.deepEqual(actionFor('j', ['side', 'main', 'anywhere']), {type: 'scroll', by: 1, unit: 'line'});
	assert.deepEqual(actionFor('q', ['main', 'anywhere']), {type: 'ask-quit'});
	assert.deepEqual(actionFor('q', ['confirm']), {type: 'answer', yes: false});
	assert.equal(actionFor('u', ['confirm']), undefined);
});

test('Ctrl-C leaves wherever one is', () => {
	for (const scopes of [
		['boxes', 'main', 'anywhere'],
		['help', 'anywhere'],
		['images', 'anywhere'],
		['setup', 'anywhere'],
		['field', 'typing'],
		['log-prompt', 'typing'],
		['confirm'],
	]) {
		assert.deepEqual(actionFor('ctrl+c', scopes as Scope[]), {type: 'quit'});
	}
});

test('only what can be written is typed', () => {
	assert.deepEqual(['a', 'é', '漢', 'space', '~'].map(characterOf), ['a', 'é', '漢', ' ', '~']);
	assert.deepEqual(['up', 'ctrl+x', 'enter', '\u009B', '\u202E'].map(characterOf), Array(5).fill(undefined));
	assert.equal(shownKey('ctrl+u'), 'Ctrl-U');
});

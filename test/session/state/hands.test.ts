import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import type {Host} from '../../../source/host/host.ts';
import {copyText, doubtAbout, wrapFor} from '../../../source/session/clipboard.ts';
import {commandLinesFor, lineOf} from '../../../source/session/state/command-log/command-lines.ts';
import {copyChoices} from '../../../source/session/state/copy/copy-choices.ts';
import {isHarmless} from '../../../source/session/state/effects.ts';
import {scopesOf} from '../../../source/session/state/key-hints.ts';
import {bindings} from '../../../source/session/state/keymap.ts';
import {whyNot} from '../../../source/session/state/keys/here.ts';
import {bulk, bulkScreen} from '../../../source/session/state/marks/marks.ts';
import {type Facts, noFacts} from '../../../source/session/state/model.ts';
import {selectPalette} from '../../../source/session/state/palette/select-palette.ts';
import {firstView, reduce, type View} from '../../../source/session/state/reduce.ts';
import {readBeginning} from '../../../source/start/command-line.ts';
import {makeBox} from '../../_helpers/make-box.ts';
import {situation} from './_situation.ts';

const start = noFacts({demo: false, engineAddress: 'unix:///x', person: 'dora', folder: '~/thesis'});
const verbs = [
	{name: 'stop', aliases: ['down'], summary: 'stop boxes', usage: '[box...]'},
	{name: 'ls', aliases: ['ps', 'list'], summary: 'list boxes', usage: ''},
	{name: 'disk', aliases: [], summary: 'show disk use', usage: ''},
];
const box = makeBox({id: 'a1', name: 'dora-train', mine: true, state: 'running'});
const facts: Facts = {...start, verbs, box: {...start.box, phase: 'live', boxes: [box]}};

const typed = (text: string): View => ({
	...firstView,
	palette: {field: {before: text, after: ''}, cursor: 0, fault: ''},
});

function take(text: string, within: Facts = facts) {
	const view = typed(text);
	return reduce(
		view,
		{type: 'palette', does: {what: 'take'}},
		{...situation, palette: () => selectPalette(within, view)},
	);
}

describe('the palette', () => {
	test('takes a verb in two steps: first its line with the chosen box, then it runs', () => {
		const first = take('stop');
		assert.deepEqual(first.effects, []);
		assert.deepEqual(first.view.palette?.field, {before: 'stop dora-train ', after: ''});
		assert.deepEqual(take('stop dora-train --yes').effects, [
			{type: 'run-verb', words: ['stop', 'dora-train', '--yes']},
		]);
		assert.deepEqual(take('gpubox down "dora train"').effects, [{type: 'run-verb', words: ['down', 'dora train']}]);
	});
	test('runs a verb without a box at once, and says that a quote is open', () => {
		assert.deepEqual(take('ls').effects, [{type: 'run-verb', words: ['ls']}]);
		const open = take(`stop it's`);
		assert.deepEqual(open.effects, []);
		assert.match(open.view.palette?.fault ?? '', /quote/);
	});
	test('does an action as its key does, and none that does nothing now', () => {
		assert.equal(take('Restart').view.asking?.what, 'restart');
		const greyed = take('Cancel task');
		assert.match(greyed.view.palette?.fault ?? '', /nothing to cancel/);
		assert.deepEqual(greyed.effects, []);
	});
	test('in a read-only session offers only verbs that look', () => {
		const readOnly = {...facts, readOnly: true};
		assert.deepEqual(take('ls --wide', readOnly).effects.length, 1);
		for (const line of ['stop dora-train', 'disk --prune', 'disk --prune=now']) {
			assert.deepEqual(take(line, readOnly).effects, [], line);
		}

		assert.deepEqual(take('ls', {...facts, demo: true}).effects, []);
	});
});

test('in a read-only session no key that is not greyed leads to a change', () => {
	const readOnly = {...facts, readOnly: true};
	const here = bindings.filter(({scope}) => scopesOf(firstView).includes(scope));
	assert.ok(here.length > 20);
	for (const {scope, action, keys} of here) {
		if (whyNot(action, readOnly, firstView) !== undefined) {
			continue;
		}

		const {view, effects} = reduce(firstView, action, situation);
		const refused = effects.filter((effect) => !isHarmless(effect));
		assert.deepEqual(refused, [], `${scope} ${keys[0]}`);
		const isEnding = view.asking !== undefined && 'tasks' in view.asking;
		assert.ok(view.asking === undefined || isEnding, `${scope} ${keys[0]}`);
	}
});

describe('the command log', () => {
	test('has what was done as one would type it, with the host', () => {
		const lines = (within: Facts) => [
			...commandLinesFor({type: 'stop', boxId: 'a1'}, within),
			...commandLinesFor({type: 'bulk', deed: 'remove', boxIds: ['a1', 'gone4567890123456']}, within),
			...commandLinesFor({type: 'up', image: 'a b'}, within),
			...commandLinesFor({type: 'say', text: '', fix: ''}, within),
		];
		assert.deepEqual(lines(facts), [
			'gpubox stop dora-train',
			'gpubox rm dora-train gone45678901',
			"gpubox up --image 'a b'",
		]);
		assert.equal(lines({...facts, hostWord: 'ssh://gpu2'})[0], 'gpubox --host ssh://gpu2 stop dora-train');
	});
	test('has nothing secret in it', () => {
		for (const words of [
			['up', '--env', 'HF_TOKEN=hunter2'],
			['up', '--env=X=hunter2'],
			['run', '--', 'train', '--password=hunter2'],
			['run', '--', 'train', '--api-key', 'hunter2'],
			['run', '--', 'env', 'MY_SECRET=hunter2', 'x'],
			['config', 'env.WANDB', 'hunter2'],
			['open', 'http://x/lab?token=hunter2&a=b'],
			['run', '--', 'train', '--passphrase', 'hunter2'],
			['run', '--', 'env', 'AUTH=hunter2', 'x'],
			['run', '--', 'train', 'hf_hunter2'],
			['run', '--', 'train', '--from=https://me:hunter2@x'],
		]) {
			const line = lineOf(words);
			assert.doesNotMatch(line, /hunter2/);
			assert.match(line, /…/);
		}

		const name = 'alice-llm-finetune-2026-11-26';
		assert.equal(lineOf(['stop', name]), `stop ${name}`);
		assert.equal(lineOf(['up', '--secret', 'HF_TOKEN', '--gpus', '2']), 'up --secret HF_TOKEN --gpus 2');
	});
});

describe('marked boxes', () => {
	const boxes = [
		{id: 'a', name: 'dora-a', owner: 'dora', mine: true, running: true},
		{id: 'b', name: 'bob-b', owner: 'bob', mine: false, running: true},
		{id: 'c', name: 'dora-c', owner: 'dora', mine: true, running: false},
	];
	test('are asked about once, by name and owner, and only what runs is stopped', () => {
		const {asking} = bulk('stop-or-start', boxes);
		assert.deepEqual(
			asking?.boxes.map(({id}) => id),
			['a', 'b'],
		);
		assert.ok(asking);
		const screen = bulkScreen({...asking, uses: {a: '', b: 'in use: a kernel is busy'}});
		assert.equal(screen.title, 'Stop 2 boxes, 1 of them not yours:');
		assert.deepEqual(screen.lines, ['  dora-a', '  bob-b; owner: bob; in use: a kernel is busy']);
	});
	test('that are all stopped are started without a question', () => {
		assert.deepEqual(bulk('stop-or-start', boxes.slice(2)).effects, [{type: 'bulk', deed: 'start', boxIds: ['c']}]);
	});
});

describe('what the key to copy is about', () => {
	const about = (view: Partial<View>) =>
		reduce({...firstView, gpuUuid: 'GPU-1', boxId: 'b1', ...view}, {type: 'copy-menu'}, situation).effects;
	test('on the screen of a GPU or a box it is that one, wherever the keyboard was before', () => {
		for (const focus of ['gpus', 'boxes', 'side'] as const) {
			assert.deepEqual(about({screen: 'gpu', focus}), [{type: 'find-copies', about: {kind: 'gpu', uuid: 'GPU-1'}}]);
			assert.deepEqual(about({screen: 'box', focus}), [{type: 'find-copies', about: {kind: 'box', boxId: 'b1'}}]);
		}
	});
	test('docker run comes last, and says whether something in it is hidden', () => {
		const host = {} as Host;
		const lines = (run: string) => copyChoices(host, facts, {kind: 'box', boxId: 'a1'}, run).items.at(-1);
		assert.equal(lines('docker run \\\n  --detach \\\n  busybox')?.shown, 'docker run --detach busybox');
		assert.equal(lines("docker run \\\n  --env 'TOKEN=(hidden)' x")?.label, 'docker run, secrets hidden');
	});
});

test('the screen of a box is about that box, whatever is marked in the list', () => {
	const marked: View = {...firstView, boxId: 'a1', marks: ['b1', 'c1']};
	assert.equal(reduce(marked, {type: 'stop-or-start'}, situation).view.asking?.what, 'bulk');
	assert.equal(reduce({...marked, screen: 'box'}, {type: 'stop-or-start'}, situation).view.asking?.what, 'stop');
});

describe('copying', () => {
	const signal = new AbortController().signal;
	test('sends OSC 52, as tmux and screen hand it on', async () => {
		const written: string[] = [];
		const copied = await copyText('äb', {
			environment: {TERM: 'xterm-256color'},
			write: (text) => void written.push(text),
			signal,
		});
		assert.deepEqual(written, [`\u001B]52;c;${Buffer.from('äb').toString('base64')}\u0007`]);
		assert.ok(copied.sent);
		assert.equal(
			wrapFor({TMUX: '/tmp/x'}, '\u001B]52;c;YQ==\u0007'),
			'\u001BPtmux;\u001B\u001B]52;c;YQ==\u0007\u001B\\',
		);
		const pieces = wrapFor({STY: '1.x'}, 'x'.repeat(600));
		assert.equal(pieces.replaceAll(/\u001BP|\u001B\\/g, ''), 'x'.repeat(600));
		assert.equal(pieces.split('\u001BP').length, 4);
	});
	test('refuses what no terminal takes, and says which may not take it', async () => {
		const copied = await copyText('x'.repeat(80_000), {environment: {}, write: () => assert.fail(), signal});
		assert.equal(copied.sent, false);
		assert.match(doubtAbout({TERM: 'linux'}) ?? '', /console/);
		assert.match(doubtAbout({VTE_VERSION: '7200'}) ?? '', /version/);
	});
});

test('options of the session are told from verbs', () => {
	assert.deepEqual(readBeginning([]), {readOnly: false});
	assert.deepEqual(readBeginning(['--host', 'gpu2', '--read-only']), {host: 'gpu2', readOnly: true});
	assert.deepEqual(readBeginning(['--host=gpu2']), {host: 'gpu2', readOnly: false});
	for (const words of [
		['ls'],
		['--host'],
		['--host='],
		['--host', 'gpu2', 'ls'],
		['--help'],
		['--read-only', 'demo'],
	]) {
		assert.notEqual(readBeginning(words).word, undefined, words.join(' '));
	}
});

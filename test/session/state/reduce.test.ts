import assert from 'node:assert/strict';
import {test} from 'node:test';
import {scopesOf} from '../../../source/session/state/key-hints.ts';
import {actionFor} from '../../../source/session/state/keymap.ts';
import {answerHints, questionLines} from '../../../source/session/state/question.ts';
import {type Action, firstView, reduce, type Situation, type View} from '../../../source/session/state/reduce.ts';
import {situation} from './_situation.ts';

function after(actions: Action[], from: Partial<View> = {}, within: Partial<Situation> = {}) {
	let view: View = {...firstView, ...from};
	const effects = [];
	for (const action of actions) {
		const next = reduce(view, action, {...situation, ...within});
		view = next.view;
		effects.push(...next.effects);
	}

	return {view, effects};
}

test('a box is chosen by moving, and the ends hold', () => {
	assert.equal(after([{type: 'select-box', by: 1}]).view.boxId, 'b1');
	assert.equal(after([{type: 'select-box', by: Number.POSITIVE_INFINITY}]).view.boxId, 'c1');
	assert.equal(after([{type: 'select-box', by: -1}], {boxId: 'c1'}).view.boxId, 'b1');
	assert.equal(after([{type: 'select-box', by: 5}], {boxId: 'c1'}).view.boxId, 'c1');
});

test('choosing another box follows its log from the end', () => {
	const log = {
		...firstView.log,
		position: {line: 12, row: 0},
		search: 'loss',
		filter: {text: 'x', inverse: false},
		wrap: true,
	};
	assert.deepEqual(after([{type: 'select-box', by: 1}], {log}).view.log, {...firstView.log, wrap: true});
});

test('a chosen box that is gone gives way to the first one', () => {
	assert.deepEqual(after([{type: 'attach'}], {boxId: 'gone'}).effects, [{type: 'attach', boxId: 'a1'}]);
});

/** What the look at a box's use adds to the question. */
const withUse = (view: View, use = ''): View => ({...view, asking: {...view.asking, use} as View['asking']});
const yes = [{type: 'arm'}, {type: 'answer', yes: true}] as const;

test('one asks before removing and before stopping, also one’s own box, and only yes and Enter do it', () => {
	for (const [type, what] of [
		['ask-remove', 'remove'],
		['stop-or-start', 'stop'],
	] as const) {
		for (const boxId of ['a1', 'b1']) {
			const asked = after([{type}], {boxId});
			assert.deepEqual(asked.effects, [{type: 'find-use', boxId}]);
			assert.equal(asked.view.asking?.what, what);
			// Not before the question says what is in use.
			assert.deepEqual(after([...yes], asked.view).effects, []);
			const complete = withUse(asked.view, 'in use: 1 kernel is computing');
			assert.deepEqual(after([{type: 'answer', yes: true}], complete).effects, [], 'Enter alone');
			assert.deepEqual(after([{type: 'arm'}], complete).effects, [], 'y alone');
			assert.deepEqual(after([{type: 'arm'}, {type: 'disarm'}, {type: 'answer', yes: true}], complete).effects, []);
			assert.deepEqual(after([...yes], complete).effects, [{type: what, boxId}]);
			const refused = after([{type: 'arm'}, {type: 'answer', yes: false}], complete);
			assert.deepEqual([refused.effects, refused.view.asking], [[], undefined]);
		}
	}
});

test('the box asked about is the one removed, also when the list moved meanwhile', () => {
	const asked = after([{type: 'arm'}], withUse(after([{type: 'ask-remove'}], {boxId: 'b1'}).view)).view;
	const {effects} = reduce(asked, {type: 'answer', yes: true}, {...situation, boxes: situation.boxes.slice(0, 1)});
	assert.deepEqual(effects, [{type: 'remove', boxId: 'b1'}]);
});

test('cancelling and leaving ask where they end a task', () => {
	assert.deepEqual(after([{type: 'ask-quit'}]).effects, [{type: 'quit'}]);
	assert.deepEqual(after([{type: 'ask-cancel'}]).effects, [{type: 'cancel'}]);
	const tasks = [
		{title: 'Stop it', cancellable: false},
		{title: 'Pull it', cancellable: true},
	];
	const cancelled = after([{type: 'ask-cancel'}], {}, {tasks});
	assert.deepEqual(cancelled.view.asking, {what: 'cancel', tasks: ['Pull it']});
	assert.deepEqual(after([...yes], cancelled.view).effects, [{type: 'cancel'}]);
	const left = after([{type: 'ask-quit'}], {screen: 'help'}, {tasks});
	assert.deepEqual([left.view.screen, left.view.asking], ['main', {what: 'quit', tasks: ['Stop it', 'Pull it']}]);
	assert.deepEqual(after([{type: 'answer', yes: false}], left.view).effects, []);
});

test('a stopped box is started, and cannot be attached to', () => {
	assert.deepEqual(after([{type: 'stop-or-start'}], {boxId: 'c1'}).effects, [{type: 'start', boxId: 'c1'}]);
	assert.deepEqual(after([{type: 'attach'}], {boxId: 'c1'}).effects, [
		{type: 'say', text: 'old is stopped', fix: 's starts it'},
	]);
});

test('without boxes a key says how to get one', () => {
	for (const type of ['attach', 'open', 'stop-or-start', 'ask-remove'] as const) {
		assert.equal(after([{type}], {}, {boxes: []}).effects[0]?.type, 'say');
	}
});

test('without room beside the boxes, the log takes their place and gives it back', () => {
	const narrow: Partial<Situation> = {panes: ['gpus', 'boxes']};
	const log: Action = {type: 'show', side: 'log'};
	assert.equal(after([log], {}, narrow).view.focus, 'side');
	assert.equal(after([log, log], {}, narrow).view.screen, 'log');
	const {view} = after([log, log, {type: 'zoom-log'}], {}, narrow);
	assert.deepEqual([view.screen, view.focus], ['main', 'boxes']);
	assert.equal(after([log, {type: 'focus', by: 1}], {}, narrow).view.focus, 'boxes');
});

test('the log that is shown becomes the whole screen with the same key', () => {
	const log: Action = {type: 'show', side: 'log'};
	assert.equal(after([log]).view.screen, 'log');
	assert.deepEqual(
		[after([log, {type: 'zoom-log'}]).view.screen, after([{type: 'zoom-log'}]).view.screen],
		['main', 'log'],
	);
});

test('panes are gone through in a circle, only those on the screen', () => {
	assert.equal(after([{type: 'focus', by: 1}]).view.focus, 'side');
	assert.equal(
		after([
			{type: 'focus', by: 1},
			{type: 'focus', by: 1},
		]).view.focus,
		'gpus',
	);
	assert.equal(after([{type: 'focus', by: -1}]).view.focus, 'gpus');
	assert.equal(after([{type: 'focus', by: 1}], {focus: 'side'}, {panes: ['gpus', 'boxes']}).view.focus, 'boxes');
});

test('the made-up host is entered only where it is offered', () => {
	assert.deepEqual(after([{type: 'demo'}]).effects, []);
	assert.deepEqual(after([{type: 'demo'}], {}, {demoOffered: true}).effects, [{type: 'demo'}]);
});

test('the images screen asks for images, and is left again', () => {
	const shown = after([{type: 'images'}]);
	assert.equal(shown.view.screen, 'images');
	assert.deepEqual(shown.effects, [{type: 'load-images'}]);
	assert.deepEqual(after([{type: 'images'}, {type: 'pull-image'}]).effects.at(-1), {
		type: 'pull-image',
		image: 'pytorch/pytorch',
	});
	const none = {chosenImage: () => undefined};
	assert.deepEqual(after([{type: 'pull-image'}, {type: 'up-with-image'}], {}, none).effects, []);
	assert.equal(after([{type: 'images'}, {type: 'back'}]).view.screen, 'main');
});

test('the help scrolls no further than it is long', () => {
	assert.equal(after([{type: 'help'}, {type: 'scroll-help', by: 9}]).view.helpTop, 4);
	assert.equal(after([{type: 'help'}, {type: 'scroll-help', by: -1}]).view.helpTop, 0);
	assert.equal(after([{type: 'help'}, {type: 'help'}]).view.screen, 'main');
});

test('the help is left for the screen it was opened on', () => {
	assert.equal(after([{type: 'images'}, {type: 'help'}, {type: 'back'}]).view.screen, 'images');
	assert.equal(after([{type: 'setup', does: {what: 'open'}}, {type: 'help'}, {type: 'help'}]).view.screen, 'setup');
	assert.equal(after([{type: 'help'}, {type: 'back'}]).view.screen, 'main');
});

test('only a log is scrolled', () => {
	assert.deepEqual(after([{type: 'scroll', by: -1, unit: 'page'}]).view.log.position, {line: 179, row: 0});
});

test('going over to another host, and back', () => {
	const go: Action = {type: 'go-to-host'};
	assert.equal(after([{type: 'hosts'}]).view.screen, 'hosts');
	assert.equal(after([{type: 'hosts'}], {}, {hostsOffered: false}).view.screen, 'main');
	assert.equal(after([{type: 'hosts'}, {type: 'help'}, {type: 'back'}]).view.screen, 'hosts');
	const to = (name: string | undefined) => ({chosenHost: () => name});
	assert.deepEqual(after([go], {}, to('gpu3')).effects, [{type: 'go-to-host', name: 'gpu3', address: 'ssh://gpu3'}]);
	assert.deepEqual(after([go], {}, to(undefined)).effects, []);
	// One that does not answer says why, and nothing that runs here is ended.
	assert.deepEqual(after([go], {}, to('gpu2')).effects, [{type: 'say', text: 'gpu2: no answer within 3 s', fix: ''}]);
	const tasks = [{title: 'Pulling', cancellable: true}];
	assert.deepEqual(
		after([go, {type: 'return'}], {}, {tasks, returnOffered: true}).effects.map(({type}) => type),
		['say', 'say'],
	);
	assert.deepEqual(after([{type: 'return'}]).effects, []);
	assert.deepEqual(after([{type: 'return'}], {}, {returnOffered: true}).effects, [{type: 'return'}]);
	assert.deepEqual(after([go], {}, {hosts: []}).effects, []);
});

test('Enter opens the screen of the box chosen; without a box it says what to do', () => {
	const open: Action = {type: 'open-box'};
	assert.equal(after([open]).view.screen, 'box');
	assert.equal(after([open], {}, {boxes: []}).effects[0]?.type, 'say');
	const scrolled = after([open, {type: 'scroll-box', by: 10}, {type: 'scroll-box', by: -1}]).view;
	assert.equal(scrolled.inspect.top, 4, 'it stops at the last line');
	assert.equal(after([open, {type: 'leave-inspect'}]).view.screen, 'main');
});

test('when the filter of the boxes is cleared, the box that was shown as chosen stays so', () => {
	const boxes = {...firstView.lists.boxes, filter: {before: 'eda', after: ''}};
	const {view} = after([{type: 'dismiss'}], {boxId: 'a1', lists: {...firstView.lists, boxes}}, {listed: ['b1']});
	assert.equal(view.boxId, 'b1');
	assert.equal(view.lists.boxes.filter.before, '');
});

test('a key that does nothing says why, where a reason is known; in a question its lines do', () => {
	const refusal = () => 'it leads nowhere';
	const enter: Action = {type: 'list', does: {type: 'enter-row'}};
	assert.match(JSON.stringify(after([enter], {screen: 'disk'}, {refusal}).effects), /it leads nowhere/);
	assert.deepEqual(after([enter], {screen: 'disk'}).effects, []);
	const asking = {what: 'remove', boxId: 'a1', name: 'alice-train', owner: 'alice', mine: true} as const;
	assert.deepEqual(after([{type: 'arm'}], {asking}, {refusal}).effects, []);
});

test('the keys that a question names answer it, in each of its states', () => {
	const asked = {what: 'remove', boxId: 'a1', name: 'alice-train', owner: 'alice', mine: true} as const;
	const hints = (question: NonNullable<View['asking']>) =>
		answerHints(question).map(({key, label}) => `${key} ${label}`);
	assert.deepEqual(hints(asked), ['n no']);
	assert.deepEqual(hints({...asked, use: ''}), ['y ⏎ yes', 'n no']);
	assert.deepEqual(hints({...asked, use: '', armed: true}), ['⏎ yes', 'n no']);
	const press = (view: View, key: string) => {
		const action = actionFor(key, scopesOf(view));
		assert.ok(action, key);
		return reduce(view, action, situation);
	};
	const open: View = {...firstView, asking: {...asked, use: ''}};
	const armed = press(open, 'y').view;
	assert.deepEqual(press(armed, 'enter').effects, [{type: 'remove', boxId: 'a1'}]);
	assert.deepEqual(press(open, 'enter').effects, []);
	for (const view of [open, armed]) {
		const no = press(view, 'n');
		assert.deepEqual([no.view.asking, no.effects], [undefined, []]);
	}
});

test('the keys of a question have a line of their own where they do not fit beside it', () => {
	const asked = {what: 'quit', tasks: ['Pull an image']} as const;
	const wide = questionLines({...asked, tasks: [...asked.tasks]}, 80);
	const narrow = questionLines({...asked, tasks: [...asked.tasks]}, 40);
	assert.equal(wide.length, 1);
	assert.deepEqual(narrow.at(-1), '');
	assert.equal(narrow.join(' ').trim(), wide[0]);
});

test('from the GPUs, too, the key to filter goes to the line above the boxes', () => {
	const filter: Action = {type: 'list', does: {type: 'filter', does: 'open'}};
	for (const from of [{focus: 'gpus'}, {focus: 'gpus', zoom: 'gpus'}] as const) {
		const {view} = after([filter], from);
		assert.deepEqual([view.focus, view.zoom, view.lists.boxes.typing], ['boxes', undefined, true]);
	}
});

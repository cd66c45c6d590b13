import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import type {ImageChoice} from '../../../source/app/images/image-choices.ts';
import type {Box} from '../../../source/box/box.ts';
import {viewGpus} from '../../../source/gpu/live.ts';
import {scopesOf} from '../../../source/session/state/key-hints.ts';
import {type Facts, type GpuReading, noFacts} from '../../../source/session/state/model.ts';
import {type Action, type Effect, firstView, type TourState, type View} from '../../../source/session/state/reduce.ts';
import {emptyField} from '../../../source/session/state/setup/field.ts';
import {keyFor} from '../../../source/session/tour/index.tsx';
import {cardToLose, lossStep, steps} from '../../../source/session/tour/steps.ts';
import {advance, type Now, partNow, tourFrom} from '../../../source/session/tour/tour.ts';
import {widthOf, wrap} from '../../../source/text/layout/fit.ts';
import {frameOf, frozenAt, inventoryOf} from '../../_helpers/demo.ts';
import {makeBox} from '../../_helpers/make-box.ts';

const boxOf = (name: string, members: Partial<Box> = {}): Box => {
	const owner = name.split('-')[0] ?? '';
	return makeBox({name, owner, mine: owner === 'dora', createdAt: frozenAt, ...members});
};

const inventory = inventoryOf(4);
const readings: GpuReading[] = viewGpus(inventory.gpus, frameOf(inventory)).map((card) => ({...card, history: []}));
const alice = boxOf('alice-train', {gpus: [readings[0]?.uuid ?? '', readings[1]?.uuid ?? '']});
const bob = boxOf('bob-eda', {gpus: [readings[2]?.uuid ?? ''], shareGpus: true});
const chen = boxOf('chen-serve', {gpus: [readings[3]?.uuid ?? '']});
const dora = boxOf('dora-eda', {gpus: [readings[2]?.uuid ?? ''], shareGpus: true});
const sweep = boxOf('dora-sweep-4', {
	job: {stopSeconds: 120},
	services: [],
	createdAt: new Date(frozenAt.getTime() - 1),
});
const image = (reference: string, fits: boolean, local: boolean): ImageChoice => ({
	reference,
	fits,
	local,
	recommended: false,
	cuda: null,
	framework: null,
	sizeBytes: null,
	reasons: [],
});

/** A host with everything that the tour speaks of. */
const full: Facts = {
	...noFacts({demo: true, engineAddress: '', person: 'dora', folder: '~/thesis'}),
	gpu: {phase: 'live', inventory, readings, processes: [], processesUnknown: false, problems: []},
	box: {phase: 'live', boxes: [alice, bob, chen, dora, sweep], problem: undefined, age: undefined, connection: 1},
	images: {
		phase: 'known',
		choices: [image('here', true, true), image('away', true, false), image('too-new', false, false)],
		problem: undefined,
	},
};
const work = {id: 1, title: 'x', step: '', share: undefined};
const at = (id: string, part = 0): TourState => ({shown: true, step: steps.findIndex((step) => step.id === id), part});
const now = (facts: Partial<Facts> = {}, view: Partial<View> = {}): Now => ({
	facts: {...full, ...facts},
	view: {...firstView, ...view},
});
const atImage = (place: number, filter = ''): View['lists'] => ({
	...firstView.lists,
	images: {...firstView.lists.images, place, filter: {before: filter, after: ''}},
});
const key = (type: string, members: object = {}, effects: Array<Partial<Effect>> = [], before: Facts = full) => ({
	action: {type, ...members} as Action,
	effects: effects as Effect[],
	before,
});
const go = (state: TourState, ...rest: [Now, ReturnType<typeof key>?]) => advance(steps, state, rest[0], rest[1]);

describe('what moves the tour', () => {
	// One for each part that asks for something: where one is, what is done, and what is to be seen then.
	const said = {kind: 'success', text: '', fix: ''} as const;
	const lost = {
		...full,
		gpu: {...full.gpu, readings: readings.map((card) => ({...card, lost: card.index === 3}))},
	};
	const free = {what: 'free', boxId: dora.id, name: '', owner: '', mine: true, kernels: []} as const;
	const remove = {what: 'remove', boxId: dora.id, name: '', owner: '', mine: true} as const;
	const stopped = {box: {...full.box, boxes: [alice, {...dora, state: 'exited' as const}]}};
	const mine = {boxId: dora.id};
	const palette = {field: emptyField, cursor: 0, fault: ''};
	const prompting: Partial<View> = {
		screen: 'log',
		log: {...firstView.log, prompt: {for: 'search', field: emptyField, problem: ''}},
	};
	const deeds: Array<[part: string, Now, ReturnType<typeof key>?]> = [
		['cards 0', now({}, {focus: 'gpus'}), key('focus')],
		['cards 1', now({}, {focus: 'gpus'}), key('select-gpu')],
		['cards 2', now({}, {screen: 'gpu'}), key('open-gpu')],
		['cards 3', now({}, {screen: 'gpu', inspect: {...firstView.inspect, cursorMs: 1}}), key('move-cursor')],
		['cards 4', now({}, {focus: 'gpus'}), key('leave-inspect')],
		['boxes 0', now({}, {focus: 'boxes'}), key('focus')],
		['boxes 1', now({}, {boxId: bob.id}), key('select-box')],
		['boxes 2', now({}, {screen: 'box'}), key('open-box')],
		['boxes 3', now({}, {screen: 'main'}), key('leave-inspect')],
		['boxes 4', now({}, {screen: 'log'}), key('show')],
		['boxes 5', now({}, prompting), key('log')],
		['boxes 6', now({}, {screen: 'log', log: {...firstView.log, search: 'loss'}}), key('log')],
		['boxes 7', now({}, {screen: 'log'}), key('log', {does: {what: 'walk'}})],
		['boxes 8', now({}, {screen: 'main'}), key('zoom-log')],
		['boxes 9', now({}, {screen: 'containers'}), key('list')],
		['boxes 10', now({}, {screen: 'people'}), key('list')],
		['boxes 11', now({}, {screen: 'people', palette}), key('palette')],
		['boxes 12', now({}, {screen: 'people'}), key('palette')],
		['boxes 13', now({}, {screen: 'main'}), key('list')],
		['images 0', now({}, {screen: 'images'}), key('images')],
		['images 1', now({}, {screen: 'images'}), key('list', {does: {type: 'select-row', by: 1}})],
		['images 2', now({tasks: [work]}, {screen: 'images'}), key('pull-image', {}, [{type: 'pull-image'}])],
		['images 3', now({}, {screen: 'images'}), key('answer', {yes: true}, [{type: 'cancel'}])],
		['images 4', now(), key('back')],
		['up 0', now({tasks: [work]}), key('up', {}, [{type: 'up'}])],
		['up 1', now({message: said}, mine)],
		['way-in 0', now({}, mine), key('open', {}, [{type: 'open'}])],
		['way-in 1', now({}, mine), key('attach', {}, [{type: 'attach'}])],
		['way-in 2', now({}, mine), key('tour-step', {by: 1})],
		[`${lossStep} 0`, now(lost)],
		[`${lossStep} 1`, now(lost, {boxId: chen.id}), key('select-box')],
		[`${lossStep} 2`, now(lost), key('tour-step', {by: 1})],
		['events 0', now({}, {screen: 'events'}), key('events')],
		['events 1', now(), key('back')],
		['kernels 0', now({}, {...mine, asking: {...free, kernels: []}})],
		['kernels 1', now({}, mine), key('answer', {yes: true}, [{type: 'free'}])],
		['kernels 2', now({}, mine), key('tour-step', {by: 1})],
		['jobs 0', now({}, {boxId: sweep.id}), key('select-box')],
		['jobs 1', now({tasks: [work]}, {boxId: sweep.id}), key('stop-or-start', {}, [{type: 'stop'}])],
		['jobs 2', now({}, {boxId: sweep.id}), key('tour-step', {by: 1})],
		['stop 0', now({tasks: [work]}, mine), key('stop-or-start', {}, [{type: 'stop'}])],
		['stop 1', now(stopped, mine)],
		['stop 2', now(stopped, {...mine, asking: remove}), key('ask-remove')],
		['stop 3', now({}, mine), key('answer', {yes: false})],
		['host 0', now({}, {screen: 'doctor'}), key('doctor')],
		['host 1', now(), key('back')],
		['host 2', now({}, {screen: 'settings'}), key('config')],
		['host 3', now(), key('list')],
		['help 0', now({}, {screen: 'help'}), key('help')],
		['help 1', now(), key('back')],
	];

	for (const [place, [name, seen, happened]] of deeds.entries()) {
		test(`${name}: the thing it asks for, and neither time nor another key`, () => {
			const [id = '', part = ''] = name.split(' ');
			const state = at(id, Number(part));
			const [next = 'end 0'] = deeds[place + 1] ?? [];
			const after = go(state, seen, happened);
			assert.equal(`${steps[after.step]?.id} ${after.part}`, next);
			// Unseen and undone: before the deed, and with a key that does nothing of the kind.
			const before = beforeOf(name);
			assert.equal(go(state, before), state);
			assert.equal(go(state, before, key('scroll')), state);
		});
	}

	/** What is to be seen while a part still waits. */
	function beforeOf(name: string): Now {
		const screens: Record<string, Now> = {
			'cards 0': now(),
			'boxes 0': now({}, {focus: 'gpus'}),
			'boxes 3': now({}, {screen: 'box'}),
			'cards 4': now({}, {screen: 'gpu'}),
			'boxes 5': now({}, {screen: 'log'}),
			'boxes 6': now({}, prompting),
			'boxes 8': now({}, {screen: 'log'}),
			'boxes 12': now({}, {screen: 'people', palette}),
			'boxes 13': now({}, {screen: 'people'}),
			'events 1': now({}, {screen: 'events'}),
			'host 1': now({}, {screen: 'doctor'}),
			'host 3': now({}, {screen: 'settings'}),
			'images 3': now({tasks: [work]}, {screen: 'images'}),
			'images 4': now({}, {screen: 'images'}),
			'up 1': now({tasks: [work]}, mine),
			[`${lossStep} 1`]: now(lost),
			[`${lossStep} 2`]: now(lost, {boxId: chen.id}),
			'stop 1': now({tasks: [work]}, mine),
			'stop 2': now(stopped, mine),
			'help 1': now({}, {screen: 'help'}),
		};
		return screens[name] ?? now();
	}

	test('every part that waits for something is among them', () => {
		const all = steps.slice(0, -1).flatMap(({id, parts}) => parts.map((_, part) => `${id} ${part}`));
		assert.deepEqual(
			deeds.map(([name]) => name),
			all,
		);
	});

	test('an up that failed is asked for again, and does not count', () => {
		const failed = now({message: {kind: 'failure', text: 'x', fix: ''}}, {boxId: dora.id});
		const state = at('up', 1);
		assert.equal(go(state, failed), state);
		assert.deepEqual(partNow(steps, state)?.ask(failed), {press: {type: 'up'}, to: 'to try again'});
	});

	test('one key counts for one part', () => {
		const state = go(at('boxes', 1), now(), key('select-box'));
		assert.equal(state.part, 2);
	});
});

describe('on and back by its own keys', () => {
	test('every step can be skipped, to the end, which holds', () => {
		let state = tourFrom(true);
		const seen = [];
		for (let turn = 0; turn < steps.length + 2; turn += 1) {
			seen.push(steps[state.step]?.id);
			state = go(state, now(), key('tour-step', {by: 1}));
		}

		assert.deepEqual(
			[...new Set(seen)],
			steps.map(({id}) => id),
		);
		assert.equal(steps[state.step]?.id, 'end');
		state = go(state, now(), key('tour-step', {by: -1}));
		assert.equal(steps[state.step]?.id, 'help');
		assert.equal(go(tourFrom(true), now(), key('tour-step', {by: -1})).step, 0);
	});

	test('what a host does not have is left out', () => {
		const bare = now({
			gpu: {...full.gpu, phase: 'silent', readings: []},
			box: {phase: 'no-engine', boxes: [], problem: undefined, age: undefined, connection: 0},
		});
		let state = go(tourFrom(true), bare);
		assert.equal(steps[state.step]?.id, 'host');
		state = go(state, bare, key('tour-step', {by: 1}));
		assert.equal(steps[state.step]?.id, 'help');
		state = go(state, bare, key('tour-step', {by: 1}));
		assert.equal(steps[state.step]?.id, 'end');
		// Before anything is known, the cards are expected.
		const early = now({gpu: {...full.gpu, phase: 'waiting', readings: []}});
		assert.equal(go(tourFrom(true), early).step, 0);
	});

	test('a step that is under way goes on although its box is stopped by it', () => {
		const stopped = now({box: {...full.box, boxes: [{...dora, state: 'exited'}]}}, {boxId: dora.id});
		assert.equal(steps[go(at('stop', 2), stopped).step]?.id, 'stop');
	});
});

describe('left and taken up', () => {
	test('by its key, where it was', () => {
		const left = go(at('up', 1), now(), key('tour'));
		assert.deepEqual(left, {...at('up', 1), shown: false});
		assert.equal(go(left, now(), key('up', {}, [{type: 'up'}])), left);
		assert.equal(go(left, now(), key('tour-step', {by: 1})), left);
		assert.deepEqual(go(left, now(), key('tour')), at('up', 1));
	});

	test('by Esc, where that has nothing else to put away', () => {
		const puts = [{type: 'dismiss'}] as const;
		assert.equal(go(at('up'), now(), key('dismiss', {}, [...puts])).shown, false);
		// It took marks off instead.
		assert.equal(go(at('up'), now(), key('dismiss')).shown, true);
		const before = {...full, message: {kind: 'note' as const, text: 'x', fix: ''}};
		assert.equal(go(at('up'), now(), key('dismiss', {}, [...puts], before)).shown, true);
		assert.equal(go(at('up'), now(), key('back')).shown, true);
	});

	test('left at its end it begins anew', () => {
		const left = go(at('end'), now(), key('tour'));
		assert.deepEqual(go(left, now(), key('tour')), tourFrom(true));
	});
});

describe('where somebody is elsewhere, it leads them', () => {
	const ask = (state: TourState, view: Partial<View>) => {
		const asked = partNow(steps, state)?.ask(now({}, view));
		return asked !== undefined && 'press' in asked ? `${keyFor(asked.press)} ${asked.to}` : asked?.wait;
	};

	test('a key is that of the place where one is, where several places have one for it', () => {
		const log: View = {...firstView, screen: 'log'};
		assert.equal(keyFor({type: 'zoom-log'}, scopesOf(log)), 'z');
		assert.equal(keyFor({type: 'zoom-log'}, ['side', 'main']), '⏎');
	});

	test('to a pane, the shorter way', () => {
		assert.equal(ask(at('cards'), {focus: 'boxes'}), 'Shift-Tab to go to the GPUs');
		assert.equal(ask(at('cards'), {focus: 'side'}), 'Tab to go to the GPUs');
		assert.equal(ask(at('boxes'), {focus: 'side'}), 'Shift-Tab to go to the boxes');
	});

	test('to a screen that they left, and out of the palette', () => {
		assert.equal(ask(at('boxes', 6), {}), 'l to open it again');
		assert.equal(ask(at('cards', 3), {focus: 'boxes'}), 'Shift-Tab to go to the GPUs');
		assert.equal(ask(at('cards', 3), {focus: 'gpus'}), '⏎ to open it again');
		const cursorMs = frozenAt.getTime();
		assert.equal(ask(at('up'), {screen: 'gpu', inspect: {...firstView.inspect, cursorMs}}), 'Esc to return to now');
		assert.equal(ask(at('up'), {screen: 'gpu'}), 'Esc to go back');
		assert.equal(ask(at('up'), {palette: {field: emptyField, cursor: 0, fault: ''}}), 'Esc to close it');
	});

	test('to a box, and to its list first', () => {
		assert.equal(ask(at('kernels'), {}), '↓ until dora-eda is selected');
		assert.equal(ask(at('kernels'), {focus: 'gpus'}), 'Tab to go to the boxes');
		assert.equal(ask(at('kernels'), {boxId: dora.id}), 'f to find its idle kernels');
	});

	test('back from another screen, and out of a question', () => {
		assert.equal(ask(at('up'), {screen: 'images'}), 'Esc to go back');
		const asking = {what: 'stop', boxId: bob.id, name: '', owner: '', mine: false} as const;
		assert.equal(ask(at('stop'), {asking}), 'n to answer no');
	});

	test('to an image that can be pulled, from above and from below', () => {
		const screen = 'images';
		assert.equal(ask(at('images', 2), {screen}), '↓ to select a ✓ that is not local yet');
		assert.equal(ask(at('images', 2), {screen, lists: atImage(1)}), 'p to pull it');
		assert.equal(ask(at('images', 2), {screen, lists: atImage(2)}), '↑ to select a ✓ that is not local yet');
		for (const filter of ['here', 'nothing']) {
			assert.equal(ask(at('images', 2), {screen, lists: atImage(0, filter)}), 'Esc to show all images');
		}
	});
});

test('the card that fails is one that a box of somebody else has for itself, and it fails once', () => {
	assert.equal(cardToLose(now()), 3);
	const broken = {...full.gpu, readings: readings.map((card) => ({...card, lost: card.index === 1}))};
	assert.equal(cardToLose(now({gpu: broken})), undefined);
	assert.equal(cardToLose(now({box: {...full.box, boxes: []}})), 3);
});

test('whatever it asks for has a key, and what it tells has room', () => {
	const views: Array<Partial<View>> = [
		{},
		{focus: 'gpus'},
		{focus: 'side'},
		{boxId: dora.id},
		{screen: 'images'},
		{screen: 'images', lists: atImage(1)},
		{screen: 'help'},
		{screen: 'gpu', inspect: {...firstView.inspect, cursorMs: 1}},
		{screen: 'log'},
		{palette: {field: emptyField, cursor: 0, fault: ''}},
		{asking: {what: 'remove', boxId: dora.id, name: '', owner: '', mine: true}},
	];
	for (const {id, parts} of steps) {
		for (const [place, part] of parts.entries()) {
			for (const view of views) {
				const asked = part.ask(now({}, view));
				const pressed = 'press' in asked ? keyFor(asked.press) : undefined;
				assert.notEqual(pressed, '', `${id} ${place} asks for what no key does: ${JSON.stringify(asked)}`);
				const words = 'press' in asked ? `Press ${pressed} ${asked.to}` : asked.wait;
				assert.ok(widthOf(words) <= 80 - ' TOUR 13/13  '.length, `${id} ${place}: ${words}`);
			}

			for (const [columns, most] of [
				[80, 2],
				[60, 3],
			] as const) {
				const lines = wrap(part.text(now()), columns - 2);
				assert.ok(lines.length <= most, `${id} ${place} at ${columns}: ${lines.join('\n')}`);
			}
		}
	}
});

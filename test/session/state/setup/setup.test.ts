import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {type Facts, noFacts} from '../../../../source/session/state/model.ts';
import {hasNoBox, isFirstRun} from '../../../../source/session/state/setup/select-setup.ts';
import {
	choicesOf,
	cursorOf,
	reduceSetup,
	resume,
	type SetupAction,
	type SetupEffect,
	type SetupSituation,
	type SetupView,
	startOf,
	withFolder,
	withOther,
} from '../../../../source/session/state/setup/setup.ts';
import {makeBox} from '../../../_helpers/make-box.ts';

const situation: SetupSituation = {
	file: undefined,
	folders: ['/data', '/scratch'],
	suggested: [],
	busy: false,
	outcome: undefined,
	cards: {all: 4, free: 1},
	canStart: true,
};

const keys: Record<string, SetupAction> = {
	enter: {what: 'take'},
	down: {what: 'move', by: 1},
	up: {what: 'move', by: -1},
	escape: {what: 'back'},
	o: {what: 'visit'},
};

/** Presses keys one after the other; what is no name of one is a line's key. */
function press(from: SetupView, names: string[], within: Partial<SetupSituation> = {}) {
	let setup = from;
	let screen: string | undefined;
	const effects: SetupEffect[] = [];
	for (const name of names) {
		const next = reduceSetup(setup, keys[name] ?? {what: 'line', key: name}, {...situation, ...within});
		({setup, screen} = next);
		effects.push(...next.effects);
	}

	return {setup, screen, effects};
}

const begin = startOf({});

describe('the questions', () => {
	test('Enter all the way takes what suggests itself, and each answer is kept at once', () => {
		const {setup, effects} = press(begin, ['enter', 'enter', 'enter']);
		assert.deepEqual(effects, [
			{type: 'setup-keep', draft: {use: 'notebook'}},
			{type: 'setup-keep', draft: {use: 'notebook', gpus: '1'}},
			{type: 'setup-check', folder: '/data'},
		]);
		const checked = withFolder(setup, {path: '/data'});
		assert.equal(checked.step, 'plan');
		assert.deepEqual(press(checked, ['enter']).effects, [
			{type: 'setup-write', draft: {use: 'notebook', gpus: '1', data: '/data'}, start: true},
		]);
	});

	test('a digit takes its line; for GPUs it is how many', () => {
		const {setup} = press(begin, ['3', '4', '0']);
		assert.deepEqual(setup.draft, {use: 'training', gpus: '4', data: null});
		assert.equal(setup.step, 'plan');
	});

	test('Esc goes a step back, with the answer still marked, and from the first one leaves', () => {
		const {setup, screen} = press(begin, ['2', '3', 'escape']);
		assert.equal(screen, undefined);
		assert.equal(setup.step, 'gpus');
		assert.equal(cursorOf(setup, choicesOf(setup, situation)), 2);
		assert.equal(press(setup, ['escape', 'escape']).screen, 'main');
		assert.deepEqual(press(setup, ['escape', 'escape']).setup.draft, {use: 'editor', gpus: '3'});
	});

	test('the mark stops at both ends', () => {
		assert.equal(press(begin, ['up']).setup.cursor, 0);
		assert.equal(press(begin, ['down', 'down', 'down', 'down']).setup.cursor, 2);
	});

	test('how many are free is told where more are asked for', () => {
		const notes = choicesOf(startOf({use: 'notebook'}), situation).map(({key, note}) => `${key} ${note}`.trim());
		assert.deepEqual(notes, [
			'1',
			'2 only 1 free now',
			'3 only 1 free now',
			'4 only 1 free now',
			'a only 1 free now',
			'0',
		]);
	});

	test('what was said before and is no usual answer has a line of its own, and is marked', () => {
		const setup = {...startOf({use: 'notebook', gpus: '0,2'}), step: 'gpus' as const};
		const choices = choicesOf(setup, situation);
		assert.equal(choices[cursorOf(setup, choices)]?.label, '0,2');
		const data = {...startOf({use: 'notebook', gpus: '1', data: '/mine'}), step: 'data' as const};
		assert.equal(choicesOf(data, situation)[0]?.label, '/mine');
	});

	test('without cards the choice is left to each host', () => {
		const {setup} = press(startOf({use: 'notebook'}), ['enter'], {cards: {all: 0, free: 0}});
		assert.equal(setup.draft.gpus, null);
	});

	test('what is not known yet cannot be answered', () => {
		assert.deepEqual(press(startOf({use: 'notebook'}), ['enter', '1'], {cards: undefined}).effects, []);
		const data = startOf({use: 'notebook', gpus: '1'});
		assert.deepEqual(press(data, ['enter', '0'], {folders: undefined}).effects, []);
		assert.deepEqual(press({...data, step: 'plan'}, ['enter', '1'], {canStart: undefined}).effects, []);
	});

	test('without an engine it can only be written', () => {
		const plan = startOf({use: 'notebook', gpus: '1', data: null});
		assert.deepEqual(press(plan, ['1'], {canStart: false}).effects, [
			{type: 'setup-write', draft: plan.draft, start: false},
		]);
	});

	test('what is being written is not written twice', () => {
		const plan = startOf({use: 'notebook', gpus: '1', data: null});
		assert.deepEqual(press(plan, ['enter'], {busy: true}).effects, []);
	});
});

describe('a folder that is typed', () => {
	const typing = press(startOf({use: 'notebook', gpus: '1'}), ['3']).setup;
	const type = (setup: SetupView, text: string) => reduceSetup(setup, {what: 'insert', text}, situation).setup;

	test('is checked before it is taken', () => {
		const {setup, effects} = press(type(typing, ' /mine '), ['enter']);
		assert.deepEqual(effects, [{type: 'setup-check', folder: '/mine'}]);
		const refused = withFolder(setup, {fault: 'No such folder /mine.'});
		assert.equal(refused.step, 'data');
		assert.equal(refused.fault, 'No such folder /mine.');
		assert.equal(type(refused, 'x').fault, '');
	});

	test('Esc puts the line away, and so does Enter on an empty one', () => {
		assert.equal(press(type(typing, '/x'), ['escape']).setup.field, undefined);
		assert.equal(press(typing, ['enter']).setup.field, undefined);
		assert.equal(press(typing, ['escape']).screen, undefined);
	});

	test('an answer that comes late changes nothing for who went on', () => {
		const {setup} = press(type(typing, '/x'), ['escape', 'escape']);
		assert.equal(withFolder(setup, {path: '/x'}), setup);
	});
});

describe('going on where it was left', () => {
	test('at the first question that is open', () => {
		assert.equal(startOf({use: 'editor'}).step, 'gpus');
		assert.equal(startOf({use: 'editor', gpus: null}).step, 'data');
		assert.equal(startOf({use: 'editor', gpus: '1', data: null}).step, 'plan');
	});

	test('but not over what the person answered meanwhile', () => {
		assert.deepEqual(resume(begin, {use: 'editor'}).draft, {use: 'editor'});
		const {setup} = press(begin, ['3']);
		assert.equal(resume(setup, {use: 'editor', gpus: '1'}), setup);
	});

	test('it is not opened over a gpubox.yaml that is there', () => {
		const {screen, effects} = reduceSetup(begin, {what: 'open'}, {...situation, file: '~/thesis/gpubox.yaml'});
		assert.equal(screen, 'main');
		assert.match(JSON.stringify(effects), /gpubox\.yaml already exists: ~\/thesis/);
	});
});

describe('the card', () => {
	const card = {...begin, step: 'card' as const};
	const outcome = {file: 'f', use: 'notebook', box: 'x', address: ''} as const;

	test('opens the box only when it is up', () => {
		const starting = {...outcome, phase: 'starting', boxId: undefined} as const;
		assert.equal(press(card, ['o'], {outcome: starting}).effects[0]?.type, 'say');
		const up = {...outcome, phase: 'up', boxId: 'b1'} as const;
		assert.deepEqual(press(card, ['o'], {outcome: up}).effects, [{type: 'open', boxId: 'b1'}]);
	});

	test('Enter and Esc are done with it', () => {
		assert.equal(press(card, ['enter']).screen, 'main');
		assert.equal(press(card, ['escape']).screen, 'main');
	});
});

describe('a first run', () => {
	const start = noFacts({demo: false, engineAddress: 'unix:///x', person: 'dora', folder: '~/thesis'});
	const boxOf = (owner: string) => makeBox({owner, mine: owner === 'dora'});
	const facts = (
		owners: string[],
		project: Facts['setup']['project'],
		phase: Facts['box']['phase'] = 'live',
	): Facts => ({
		...start,
		box: {phase, boxes: owners.map(boxOf), problem: undefined, age: undefined, connection: 1},
		setup: {...start.setup, project},
	});
	const nothing = {file: undefined, begun: false};

	test('is one without a box of one’s own and without a file', () => {
		assert.ok(isFirstRun(facts([], nothing)));
		assert.ok(isFirstRun(facts(['alice'], nothing)));
		assert.ok(!isFirstRun(facts(['alice', 'dora'], nothing)));
		assert.ok(!isFirstRun(facts([], {file: 'gpubox.yaml', begun: false})));
	});

	test('is none before that is known', () => {
		assert.ok(!isFirstRun(facts([], undefined)));
		assert.ok(!isFirstRun(facts([], nothing, 'waiting')));
		assert.ok(!isFirstRun(facts([], nothing, 'no-engine')));
	});

	test('whoever has a box is not looked at any further', () => {
		assert.ok(hasNoBox(facts(['alice'], undefined)));
		assert.ok(!hasNoBox(facts(['dora'], undefined)));
	});
});

describe('another folder', () => {
	const at = (text: string): SetupView => ({...startOf({}), step: 'folder', field: {before: text, after: ''}});
	const act = (setup: SetupView, action: SetupAction, suggested: readonly string[] = []) =>
		reduceSetup(setup, action, {...situation, suggested});

	test('begins with those that the user was in, and finds others for what is typed', () => {
		const {setup, effects} = act(begin, {what: 'open-other'});
		assert.equal(setup.step, 'folder');
		assert.deepEqual(effects, [{type: 'setup-suggest', text: ''}]);
		const typed = act(setup, {what: 'insert', text: '~/th'});
		assert.deepEqual(typed.effects, [{type: 'setup-suggest', text: '~/th'}]);
		assert.equal(act(typed.setup, {what: 'back'}).screen, 'main');
	});

	test('Enter takes the line that is marked, and a path that is typed where none was chosen', () => {
		const lines = ['~/thesis', '~/sweep'];
		const taken = (setup: SetupView) => act(setup, {what: 'take'}, lines).effects;
		assert.deepEqual(taken(at('')), [{type: 'setup-choose', folder: '~/thesis'}]);
		assert.deepEqual(taken(at('swe')), [{type: 'setup-choose', folder: '~/thesis'}]);
		assert.deepEqual(taken(at('/data/x')), [{type: 'setup-choose', folder: '/data/x'}]);
		assert.deepEqual(taken(act(at('/data/x'), {what: 'move', by: 2}, lines).setup), [
			{type: 'setup-choose', folder: '~/sweep'},
		]);
		assert.deepEqual(act(at(''), {what: 'take'}).effects, [], 'nothing is chosen');
		assert.deepEqual(reduceSetup(at('/x'), {what: 'take'}, {...situation, busy: true}).effects, []);
	});

	test('Tab completes as far as all are the same, then the first one', () => {
		const completed = (text: string, lines: string[]) => {
			const {field} = act(at(text), {what: 'complete'}, lines).setup;
			return field === undefined ? undefined : field.before + field.after;
		};
		assert.equal(completed('~/m', ['~/models-a', '~/models-b']), '~/models-');
		assert.equal(completed('~/models-', ['~/models-a', '~/models-b']), '~/models-a/');
		assert.equal(completed('~/m', ['~/models']), '~/models/');
		assert.equal(completed('~/m', []), '~/m');
		assert.equal(completed('~/日', ['~/日本', '~/日光']), '~/日本/', 'no half characters');
	});

	test('what was found is taken only while one still waits for it; its file and box are of that folder', () => {
		const fault = withOther(at('/x'), {fault: 'No such folder: /x'});
		assert.equal(fault.fault, 'No such folder: /x');
		assert.equal(act(fault, {what: 'insert', text: 'y'}).setup.fault, '');
		const setup = withOther(at('/x'), {path: '/x'});
		assert.deepEqual([setup.step, setup.folder], ['use', '/x']);
		assert.equal(withOther(setup, {fault: 'late'}), setup);
		const plan: SetupView = {...startOf({use: 'notebook', gpus: '1', data: null}, '/x'), touched: true};
		assert.deepEqual(press(plan, ['enter']).effects, [
			{type: 'setup-write', draft: plan.draft, start: true, folder: '/x'},
		]);
		assert.deepEqual(reduceSetup({...plan, step: 'card'}, {what: 'up'}, situation).effects, [
			{type: 'up', folder: '/x'},
		]);
		assert.equal(press(plan, []).setup.folder, '/x');
		assert.deepEqual(
			reduceSetup(plan, {what: 'open'}, situation).setup.folder,
			undefined,
			'n is about the session’s own',
		);
	});
});

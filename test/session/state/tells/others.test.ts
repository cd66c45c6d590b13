import assert from 'node:assert/strict';
import {test} from 'node:test';
import {commandLinesFor} from '../../../../source/session/state/command-log/command-lines.ts';
import {noFacts} from '../../../../source/session/state/model.ts';
import {firstView, reduce} from '../../../../source/session/state/reduce.ts';
import {textOf} from '../../../../source/session/state/setup/field.ts';
import {beginCommand} from '../../../../source/session/state/tells/others/others-keys.ts';
import {whyNotOthers} from '../../../../source/session/state/tells/others/select-others.ts';
import {splitWords} from '../../../../source/text/split-words.ts';
import {situation} from '../_situation.ts';

const facts = noFacts({demo: false, engineAddress: 'unix:///run/docker.sock', person: 'alice', folder: '~/train'});
const at = (hour: number) => new Date(Date.UTC(2026, 0, 1, hour));
const own = {
	id: 'a1',
	name: 'alice-train',
	owner: 'alice',
	mine: true,
	state: 'running',
	gpus: ['GPU-1'],
	until: at(1),
};
const foreign = {...own, id: 'b1', name: 'bob-eda', owner: 'bob', mine: false};
const withBoxes = (boxes: object[]) =>
	({
		...facts,
		box: {...facts.box, boxes},
		gpu: {
			...facts.gpu,
			inventory: {
				gpus: [
					{uuid: 'GPU-0', mig: []},
					{uuid: 'GPU-1', mig: []},
				],
			},
		},
	}) as unknown as typeof facts;

test('each key says why it does nothing: own boxes, boxes of others, and what a box has not', () => {
	const extend = {type: 'begin-command', verb: 'extend'} as const;
	const ask = {type: 'begin-command', verb: 'ask'} as const;
	const handBack = {type: 'hand-back'} as const;
	for (const [action, boxes, expected] of [
		[extend, [own], undefined],
		[extend, [{...own, until: undefined}], 'it has no reservation'],
		[extend, [foreign], 'it belongs to bob'],
		[extend, [], 'there is no box'],
		[ask, [foreign], undefined],
		[ask, [own], 'it is yours'],
		[ask, [{...foreign, ownerIs: 'claimed'}], 'its owner is not known'],
		[handBack, [own], undefined],
		[handBack, [foreign], 'no box of yours holds it'],
		[handBack, [{...own, state: 'exited'}], 'no box of yours holds it'],
	] as const) {
		const view = {...firstView, gpuUuid: 'GPU-1'};
		assert.equal(whyNotOthers(action, withBoxes(boxes as unknown as object[]), view), expected);
	}

	assert.equal(whyNotOthers(extend, {...withBoxes([own]), demo: true}, firstView), 'runs on a real host only');
	assert.equal(whyNotOthers(handBack, withBoxes([own]), {...firstView, gpuUuid: 'GPU-0'}), 'no box of yours holds it');
});

test('a key that does nothing says so, and changes nothing', () => {
	const refused = {...situation, refusal: () => 'it is yours'};
	const {view, effects} = reduce(firstView, {type: 'begin-command', verb: 'ask'}, refused);
	assert.equal(view, firstView);
	assert.deepEqual(
		effects.map(({type}) => type),
		['say'],
	);
});

test('handing a GPU back asks before it stops the box that holds it', () => {
	const holder = () => ({id: 'a1', name: 'alice-train', owner: 'alice'});
	const {view, effects} = reduce(firstView, {type: 'hand-back'}, {...situation, holder});
	assert.deepEqual(view.asking, {what: 'stop', boxId: 'a1', name: 'alice-train', owner: 'alice', mine: true});
	assert.deepEqual(effects, [{type: 'find-use', boxId: 'a1'}]);
});

test('queueing starts the box with --wait, and is logged so', () => {
	const {effects} = reduce(firstView, {type: 'queue-up'}, situation);
	assert.deepEqual(effects, [{type: 'up', wait: true}]);
	assert.deepEqual(commandLinesFor({type: 'up', wait: true}, facts), ['gpubox up --wait']);
});

test('a message is typed between quotes, so that an apostrophe ends nothing', () => {
	const {field} = beginCommand('ask', 'bob-eda');
	assert.deepEqual(splitWords(`${field.before}don't you${field.after}`), ['ask', 'bob-eda', "don't you"]);
	assert.deepEqual(splitWords(textOf(beginCommand('extend', 'alice-train').field)), ['extend', 'alice-train', '4h']);
});

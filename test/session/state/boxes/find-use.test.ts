import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setImmediate as turn} from 'node:timers/promises';
// Loaded before, so that what is asked takes only turns of the event loop.
import '../../../../source/box/idle/idle.ts';
import '../../../../source/box/idle/observe.ts';
import {findUse, findUses} from '../../../../source/session/state/boxes/find-use.ts';
import type {Context} from '../../../../source/session/state/context.ts';
import {bulk} from '../../../../source/session/state/marks/marks.ts';
import {noFacts} from '../../../../source/session/state/model.ts';
import {firstView, isComplete, type Question} from '../../../../source/session/state/reduce.ts';
import {createStore} from '../../../../source/session/state/store.ts';
import {makeBox} from '../../../_helpers/make-box.ts';

// Of a job no engine has to be asked.
const job = {stopSeconds: 120};
const boxes = ['one', 'two'].map((id) => makeBox({id, name: id, job}));
const facts = noFacts({demo: false, engineAddress: 'unix:///x', person: 'dora', folder: '~'});

function askedAbout(...ids: string[]): Question {
	const about = ids.map((id) => ({id, name: id, owner: 'dora', mine: true, running: true}));
	const {asking} = bulk('remove', about);
	assert.ok(asking);
	return asking;
}

function contextWith(asking: Question) {
	const store = createStore({
		facts: {...facts, box: {...facts.box, boxes}},
		view: {...firstView, asking},
	});
	const context = {host: {}, store, signal: new AbortController().signal, fail: assert.ifError};
	const ask = (next: Question) => store.changeNow((state) => ({...state, view: {...state.view, asking: next}}));
	/** When everything that was asked has come. */
	const settled = async () => {
		for (let turns = 0; turns < 50; turns += 1) {
			await turn();
		}

		return store.get().view.asking;
	};
	return {context: context as unknown as Context, ask, settled};
}

test('what uses marked boxes is not taken for what uses those of the next question', async () => {
	const {context, ask, settled} = contextWith(askedAbout('one'));
	findUses(context, {boxIds: ['one']});
	ask(askedAbout('two'));
	const asking = await settled();
	assert.ok(asking);
	assert.equal(isComplete(asking), false);
});

test('a question says that a job ends with its box', async () => {
	const marked = contextWith(askedAbout('one', 'two'));
	findUses(marked.context, {boxIds: ['one', 'two']});
	const asking = await marked.settled();
	assert.deepEqual(asking?.what === 'bulk' && asking.uses, {
		one: 'its command is running',
		two: 'its command is running',
	});
	const single = contextWith({what: 'stop', boxId: 'one', name: 'one', owner: 'dora', mine: true});
	findUse(single.context, {boxId: 'one'});
	const stop = await single.settled();
	assert.equal(stop?.what === 'stop' && stop.use, 'its command is running');
});

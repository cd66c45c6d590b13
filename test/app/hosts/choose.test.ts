import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {cardStates} from '../../../source/app/hosts/cells.ts';
import {chooseHosts, whyUnfit} from '../../../source/app/hosts/choose.ts';
import type {HostFacts} from '../../../source/app/hosts/facts.ts';
import {card, late, machine, silent} from './_hosts.ts';

const busy = machine('busy', {
	gpus: {value: {driverVersion: '1', cards: [card(0, {state: 'busy'}), card(1)], note: null}},
});

test('the first that fits, and why the others do not', () => {
	const {fitting, passed} = chooseHosts([silent('down'), busy, machine('gpu2'), machine('gpu3')], 2);
	assert.deepEqual(
		fitting.map(({name}) => name),
		['gpu2', 'gpu3'],
	);
	assert.deepEqual(passed, [
		{name: 'down', why: 'no answer within 3 s'},
		{name: 'busy', why: '1 of 2 GPUs free, 2 requested'},
	]);
});

test('none fits', () => {
	assert.deepEqual(chooseHosts([silent('down')], 1), {
		fitting: [],
		passed: [{name: 'down', why: 'no answer within 3 s'}],
	});
});

test('all GPUs of a machine', () => {
	assert.equal(chooseHosts([busy, machine('gpu2')], 'all').fitting[0]?.name, 'gpu2');
});

test('what is not known speaks against a machine', () => {
	assert.equal(whyUnfit(machine('a', {gpus: late}), 1), 'GPUs not known: no answer within 3 s');
	assert.equal(whyUnfit(machine('a', {boxes: late}), 0), 'no answer within 3 s');
	const unknown = {value: {driverVersion: '1', cards: [card(0, {state: 'unknown'})], note: null}};
	assert.equal(whyUnfit(machine('a', {gpus: unknown}), 1), '0 of 1 GPUs free, 1 requested');
	const lock = {value: {fits: null, why: 'driver not known', unfitCards: []}};
	assert.equal(whyUnfit(machine('a', {lock}), 1), 'gpubox.lock: driver not known');
});

test('without a GPU only the engine counts', () => {
	assert.equal(whyUnfit(machine('a', {gpus: late, disk: late}), 0), undefined);
});

test('a card that the lock does not run on is not counted', () => {
	const lock = {value: {fits: true, why: 'image there', unfitCards: [0]}};
	assert.equal(whyUnfit(machine('a', {lock}), 1), undefined);
	assert.equal(whyUnfit(machine('a', {lock}), 2), '1 of 1 GPUs free, 2 requested');
});

test('whatever the machines say, each fits or is passed with a reason, and one that fits has the GPUs', () => {
	const answer = fc.option(fc.array(fc.constantFrom(...cardStates), {maxLength: 3}), {nil: undefined});
	const facts = fc.record({states: answer, engine: fc.boolean()});
	fc.assert(
		fc.property(fc.array(facts, {maxLength: 5}), fc.constantFrom(0, 1, 2, 'all' as const), (list, wish) => {
			const hosts = list.map(({states, engine}, index): HostFacts => {
				const cards = states?.map((state, place) => card(place, {state}));
				return machine(`m${index}`, {
					...(cards ? {gpus: {value: {driverVersion: '1', cards, note: null}}} : {gpus: late}),
					...(engine ? {} : {boxes: late}),
				});
			});
			const {fitting, passed} = chooseHosts(hosts, wish);
			const names = passed.map(({name}) => name);
			assert.ok(passed.every(({why}) => why !== ''));
			assert.deepEqual(
				fitting,
				hosts.filter(({name}) => !names.includes(name)),
			);
			for (const {gpus} of wish === 0 ? [] : fitting) {
				assert.ok('value' in gpus);
				const free = gpus.value.cards.filter(({state}) => state === 'free').length;
				assert.ok(free >= (wish === 'all' ? gpus.value.cards.length : wish));
			}
		}),
	);
});

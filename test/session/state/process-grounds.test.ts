import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type GroundsToAsk, mayShowProcesses} from '../../../source/session/state/gpus/process-grounds.ts';

const grounds = (memory: Record<string, number | null>): GroundsToAsk => ({
	memory: new Map(Object.entries(memory)),
	boxes: [],
	inventory: undefined,
});
const before = grounds({a: 1000, b: 0});
const same = {boxes: before.boxes, inventory: before.inventory};

test('the driver is asked for processes again when one that started or ended would show in memory', () => {
	assert.equal(mayShowProcesses(before, {...grounds({a: 1010, b: 4}), ...same}), false);
	assert.equal(mayShowProcesses(before, {...grounds({a: 1000, b: 480}), ...same}), true);
	assert.equal(mayShowProcesses(before, {...grounds({a: 12, b: 0}), ...same}), true);
});

test('and when memory is not reported, a card came or went, or there is something new to name them after', () => {
	assert.equal(mayShowProcesses(before, {...grounds({a: 1000, b: null}), ...same}), true);
	assert.equal(mayShowProcesses(before, {...grounds({a: 1000}), ...same}), true);
	assert.equal(mayShowProcesses(before, {...grounds({a: 1000, c: 0}), ...same}), true);
	assert.equal(mayShowProcesses(before, {...before, boxes: []}), true);
	assert.equal(mayShowProcesses(before, {...before, inventory: {gpus: []} as never}), true);
});

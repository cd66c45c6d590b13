import assert from 'node:assert/strict';
import {test} from 'node:test';
import {
	boxesCell,
	cardsCell,
	diskCell,
	driverCell,
	lockCell,
	runsOn,
	statesCell,
	troubleLines,
} from '../../../source/app/hosts/cells.ts';
import type {RunElsewhere} from '../../../source/app/runs/elsewhere.ts';
import {card, late, machine, silent} from './_hosts.ts';

test('a machine in words', () => {
	const facts = machine('gpu2', {
		gpus: {
			value: {
				driverVersion: '575.57.08',
				cards: [card(0), card(1, {state: 'busy'}), card(2, {name: 'A100'})],
				note: null,
			},
		},
		boxes: {
			value: [
				{name: 'old', state: 'exited', job: false},
				{name: 'train', state: 'running', job: true},
			],
		},
		lock: {value: {fits: true, why: 'image there', unfitCards: []}},
	});
	assert.equal(cardsCell(facts), '2 × NVIDIA H100 80GB HBM3, 1 × A100');
	assert.equal(statesCell(facts), '2 of 3 free, 1 busy');
	assert.equal(driverCell(facts), '575.57.08');
	assert.equal(boxesCell(facts), 'train, old (exited)');
	assert.equal(diskCell(facts), '2.0 TiB');
	assert.equal(lockCell(facts), 'fits: image there');
	assert.deepEqual(troubleLines(facts), []);
});

test('what is not known is a question mark, with the reason below', () => {
	const partial = machine('gpu2', {boxes: late, lock: late});
	assert.deepEqual([boxesCell(partial), lockCell(partial), diskCell(machine('x', {disk: late}))], ['?', '?', '?']);
	assert.deepEqual(troubleLines(partial), [
		{text: 'boxes, fit of gpubox.lock not known: no answer within 3 s', fix: ''},
	]);
	assert.deepEqual([cardsCell(silent('x')), statesCell(silent('x')), driverCell(silent('x'))], ['?', '?', '?']);
});

test('a machine without any answer says why once', () => {
	assert.deepEqual(troubleLines(silent('x')), [{text: 'no answer within 3 s', fix: ''}]);
});

test('the runs that were started from here on a host, the newest first', () => {
	const run = (host: string, createdAt: string, there: object | null, state: 'unknown' | 'running' | 'done') =>
		({
			record: {host, createdAt, there, command: ['python', 'my train.py', '\u001B[31m']},
			state,
		}) as unknown as RunElsewhere;
	const runs = [
		run('gpu2', '2026-01-01', {name: 'a-1', exitCode: 7}, 'done'),
		run('gpu2', '2026-03-01', {name: 'a-3', exitCode: null}, 'running'),
		run('gpu3', '2026-02-01', {name: 'b-1', exitCode: null}, 'running'),
		run('gpu2', '2026-02-01', null, 'unknown'),
	];
	assert.deepEqual(runsOn(runs, 'gpu2'), [
		"gpu2:a-3  running  python 'my train.py' ''",
		"gpu2:?  state unknown  python 'my train.py' ''",
		"gpu2:a-1  done, exit code 7  python 'my train.py' ''",
	]);
	assert.deepEqual(runsOn(runs, undefined), []);
});

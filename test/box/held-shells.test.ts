import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {chooseShell, takeShell} from '../../source/box/held-shells.ts';
import type {Paths} from '../../source/host/host.ts';

describe('which shell attach opens', () => {
	const shells = [
		{number: 1, attached: true},
		{number: 2, attached: false},
		{number: 4, attached: false},
	];

	test('the first that no terminal has, else the first number that is free', () => {
		assert.equal(chooseShell('return', shells), 2);
		assert.equal(chooseShell('return', []), 1);
		assert.equal(chooseShell('return', [{number: 1, attached: true}]), 2);
		assert.equal(chooseShell('new', shells), 3);
		assert.equal(chooseShell(1, shells), 1);
		assert.equal(chooseShell(9, shells), 9);
	});
});

describe('taking a shell', () => {
	const state = mkdtempSync(join(tmpdir(), 'gpubox-shells-'));
	after(() => rmSync(state, {recursive: true}));
	const paths = {state} as Paths;
	const place = join(state, 'box~1', 'shells');
	mkdirSync(place, {recursive: true});
	mkdirSync(join(state, 'box~2'));

	test('returns to that of a process that is gone, and not to that of one that lives', () => {
		writeFileSync(join(place, '1'), JSON.stringify({pid: process.pid, start: 'another time'}));
		const first = takeShell(paths, 'box~1', 'return');
		assert.deepEqual([first.number, first.open], [1, []]);
		const second = takeShell(paths, 'box~1', 'return');
		assert.deepEqual([second.number, second.open], [2, [1]]);
		assert.equal(takeShell(paths, 'box~1', 'new').number, 3);
		second.end();
		assert.deepEqual(readdirSync(place).sort(), ['1', '3']);
		assert.equal(takeShell(paths, 'box~1', 'return').number, 2);
	});

	test('one that this process left is returned to, also by itself', () => {
		const first = takeShell(paths, 'box~2', 'return');
		first.leave();
		const again = takeShell(paths, 'box~2', 'return');
		assert.deepEqual([again.number, again.open], [1, []]);
		again.end();
		assert.deepEqual(readdirSync(join(state, 'box~2', 'shells')), []);
	});

	test('what has been taken over is not forgotten by the one who had it', () => {
		const mine = takeShell(paths, 'box~1', 7);
		const other = JSON.stringify({pid: 1, start: 'x'});
		writeFileSync(join(place, '7'), other);
		mine.end();
		mine.leave();
		assert.equal(readFileSync(join(place, '7'), 'utf8'), other);
	});

	test('a file that is damaged is a shell that no terminal has', () => {
		writeFileSync(join(place, '5'), '{');
		writeFileSync(join(place, 'notes'), '');
		assert.equal(takeShell(paths, 'box~1', 'return').number, 5);
	});
});

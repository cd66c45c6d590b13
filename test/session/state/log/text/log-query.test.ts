import assert from 'node:assert/strict';
import {test} from 'node:test';
import {errorQuery, levelOf} from '../../../../../source/session/state/log/text/log-level.ts';
import {createMatcher, problemOfQuery} from '../../../../../source/session/state/log/text/log-query.ts';

const matcher = (text: string, inverse = false) => createMatcher({text, inverse});

test('without a capital letter case does not count, with one it does', () => {
	assert.equal(matcher('loss').test('Loss 1.2'), true);
	assert.equal(matcher('Loss').test('loss 1.2'), false);
	assert.equal(matcher('\\Sx').test('AX'), true);
	assert.equal(matcher('loss', true).test('Loss 1.2'), false);
});

test('a regular expression, or what is none as it stands', () => {
	assert.equal(matcher('step \\d+$').test('step 12'), true);
	assert.equal(matcher('(half').test('a (half open'), true);
	assert.equal(matcher('[x').test('y'), false);
});

test('what is searched is what one reads', () => {
	assert.equal(matcher('error').test('\u001B[31mERR\u001B[0mOR'), true);
	assert.equal(matcher('10%').test(' 10%\r 20%'), false);
	assert.equal(matcher('20%').test(' 10%\r 20%\r'), true);
	assert.equal(matcher('31m').test('\u001B[31mred'), false);
});

test('matches are marked at their places', () => {
	assert.deepEqual(matcher('a+').spans('aa b A'), [
		[0, 2],
		[5, 6],
	]);
	assert.deepEqual(matcher('x*').spans('abc'), []);
	assert.deepEqual(matcher('a', true).spans('aaa'), []);
	assert.equal(matcher('a').spans('a'.repeat(4000)).length, 200);
});

test('no expression holds up the keys', () => {
	const begun = performance.now();
	matcher('(a+)+$').test(`${'a'.repeat(3000)}b`);
	matcher('(a+)+$').spans(`${'a'.repeat(3000)}b`);
	assert.ok(performance.now() - begun < 2000);
});

test('an expression that could hold up the keys is refused', () => {
	for (const text of ['(?=a)(a+)+$', '(a+)+\\1$', '(a*){20}$', '(?i:a+)+$']) {
		assert.match(problemOfQuery(text), /may never end/, text);
	}

	// What is no expression is searched for as it stands.
	for (const text of ['(a+)+$', 'step \\d{1,16}', '[(?=]\\b', '(half', '(?=', 'a', '', '{17}x']) {
		assert.equal(problemOfQuery(text), '', text);
	}
});

test('errors as programs write them', () => {
	for (const line of [
		'Traceback (most recent call last):',
		'RuntimeError: CUDA error: device-side assert triggered',
		'torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB',
		'2026-01-31 09:00:00,123 ERROR trainer: no data',
		'[E 2026-11-20 08:59:17.000 ServerApp] Uncaught exception',
		'E0131 09:00:00.123 1 main.cc:12] failed',
		'level=error msg="no"',
		'\u001B[31mFATAL\u001B[0m disk',
		'Killed',
		'/start.sh: line 12:    37 Killed                  python train.py',
		'Segmentation fault (core dumped)',
		'NVRM: Xid (PCI:0000:3b:00): 79',
		'KeyboardInterrupt',
	]) {
		assert.equal(levelOf(line), 'error', line);
		assert.ok(createMatcher(errorQuery).test(line), line);
	}

	for (const line of [
		'epoch 3 error=0.01 val_error 0.2',
		'0 errors, 0 warnings',
		'errors/ERROR.txt is kept',
		'loss 1.2 ErrorRate 0.1',
		'the process was not killed',
		'INFO no error',
	]) {
		assert.equal(levelOf(line), undefined, line);
	}

	assert.equal(levelOf('x.py:3: UserWarning: slow'), 'warning');
	assert.equal(levelOf('[W 2026-11-20 ServerApp] slow'), 'warning');
	assert.equal(levelOf('DEBUG x'), 'debug');
});

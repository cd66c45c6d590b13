import assert from 'node:assert/strict';
import fs, {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {syncBuiltinESMExports} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {type TestContext, test} from 'node:test';
import {noticeText, takeNotices} from '../../../source/box/up/tell-owner.ts';
import type {Host} from '../../../source/host/host.ts';
import {formatTime} from '../../../source/text/time.ts';

function setUp(t: TestContext) {
	const home = mkdtempSync(join(tmpdir(), 'gpubox-tell-owner-'));
	t.after(() => rmSync(home, {recursive: true}));
	return {
		home,
		paths: {home} as Host['paths'],
		put: (name: string, content: string) => writeFileSync(join(home, `.gpubox-notice-${name}`), content),
	};
}

const asked = {what: 'asked', text: 'Done?', box: 'alice-train', by: 'bob', uid: 7, at: '2026-01-01T00:00:00.000Z'};

test('a notice is taken once, as safe text of one line', (t) => {
	const {home, paths, put} = setUp(t);
	put('1', JSON.stringify({...asked, text: 'a\u001B]0;x\u0007b\nc\u202E', by: 'bob\r\n'}));
	put('2', JSON.stringify({...asked, box: '../alice'}));
	assert.deepEqual(takeNotices({paths}).map(noticeText), [
		`bob (uid 7) asks about alice-train, ${formatTime(new Date(asked.at))}: ab c`,
	]);
	assert.deepEqual(readdirSync(home), []);
	assert.deepEqual(takeNotices({paths}), []);
});

test('one that is being written is left until it is whole', (t) => {
	const {home, paths, put} = setUp(t);
	const whole = JSON.stringify(asked);
	for (const part of ['', whole.slice(0, 20)]) {
		put('1', part);
		assert.deepEqual(takeNotices({paths}), []);
		assert.equal(readFileSync(join(home, '.gpubox-notice-1'), 'utf8'), part);
	}

	put('1', whole);
	assert.equal(takeNotices({paths}).length, 1);
});

test('what is no file is not followed, and hides no notice', (t) => {
	const {home, paths, put} = setUp(t);
	writeFileSync(join(home, 'mine'), JSON.stringify(asked));
	symlinkSync('mine', join(home, '.gpubox-notice-0'));
	for (let index = 0; index < 30; index++) {
		mkdirSync(join(home, `.gpubox-notice-0-${index}`));
	}

	put('1', JSON.stringify(asked));
	assert.equal(takeNotices({paths}).length, 1);
	assert.equal(readFileSync(join(home, 'mine'), 'utf8'), JSON.stringify(asked));
});

test('one that another session takes at the same moment is not shown twice', (t) => {
	const {paths, put} = setUp(t);
	put('1', JSON.stringify(asked));
	const {unlinkSync} = fs;
	const others = t.mock.method(fs, 'unlinkSync', (path: string) => {
		// The other one was faster.
		unlinkSync(path);
		unlinkSync(path);
	});
	syncBuiltinESMExports();
	try {
		assert.deepEqual(takeNotices({paths}), []);
	} finally {
		others.mock.restore();
		syncBuiltinESMExports();
	}

	assert.equal(others.mock.callCount(), 1);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {makeDetachWatch} from '../../source/box/attach.ts';

test('Ctrl-P Ctrl-Q detaches, in one chunk or in two', () => {
	assert.deepEqual(makeDetachWatch()(Buffer.from('ab\u0010\u0011cd')), {pass: Buffer.from('ab'), detach: true});
	const watch = makeDetachWatch();
	assert.deepEqual(watch(Buffer.from('a\u0010')), {pass: Buffer.from('a'), detach: false});
	assert.deepEqual(watch(Buffer.from('\u0011')), {pass: Buffer.from(''), detach: true});
});

test('a Ctrl-P that is meant for the shell arrives with the key after it', () => {
	const watch = makeDetachWatch();
	watch(Buffer.from('\u0010'));
	assert.deepEqual(watch(Buffer.from('x')), {pass: Buffer.from('\u0010x'), detach: false});
});

test('nothing else that is typed is lost or changed, however it is cut', () => {
	fc.assert(
		fc.property(fc.array(fc.uint8Array({maxLength: 5})), (chunks) => {
			const watch = makeDetachWatch();
			const typed = Buffer.concat([...chunks.map((chunk) => Buffer.from(chunk)), Buffer.from('.')]);
			fc.pre(!typed.includes(Buffer.from([0x10, 0x11])));
			const passed = [...chunks.map((chunk) => Buffer.from(chunk)), Buffer.from('.')].map((chunk) => watch(chunk).pass);
			assert.deepEqual(Buffer.concat(passed), typed);
		}),
	);
});

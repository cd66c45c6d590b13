import assert from 'node:assert/strict';
import {once} from 'node:events';
import {PassThrough} from 'node:stream';
import {test} from 'node:test';
import fc from 'fast-check';
import {type AttachStreams, attachToBox, makeDetachWatch} from '../../source/box/attach.ts';
import type {Engine} from '../../source/engine/engine.ts';

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

test('who left by the keys has detached, also where what connected to the shell has ended by then', async () => {
	const stream = new PassThrough();
	const engine = {
		exec: async () => ({
			stream,
			resize: async () => {},
			wait: async () => {
				await once(stream, 'close');
				return {exitCode: 129, detached: false};
			},
		}),
	} as unknown as Engine;
	const keys = Object.assign(new PassThrough(), {isTTY: true, isRaw: false, setRawMode: () => {}});
	const screen = Object.assign(new PassThrough(), {isTTY: true, columns: 80, rows: 24});
	const streams = {stdin: keys, stdout: screen, stderr: screen} as unknown as AttachStreams;
	const attached = attachToBox(engine, 'x', [], streams);
	keys.write('\u0010\u0011');
	assert.deepEqual(await attached, {exitCode: 0, detached: true});
});

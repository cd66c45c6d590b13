import assert from 'node:assert/strict';
import {Readable} from 'node:stream';
import {test} from 'node:test';
import {Failure} from '../../../source/base/failure.ts';
import type {Engine} from '../../../source/engine/engine.ts';
import {readInsideBox} from '../../../source/job/lock/inside.ts';
import {makeBox} from '../../_helpers/make-box.ts';

/** As the engine frames what a command without a terminal prints. */
function frame(stream: 1 | 2, text: string): Buffer {
	const head = Buffer.alloc(8);
	head.writeUInt8(stream);
	head.writeUInt32BE(Buffer.byteLength(text), 4);
	return Buffer.concat([head, Buffer.from(text)]);
}

for (const [what, exitCode, stderr, message, fix] of [
	['a box that stops meanwhile', 137, '', /ended with exit code 137$/, /stopped in the meantime/],
	['one that SIGTERM ends', 143, '', /ended with exit code 143$/, /stopped in the meantime/],
	['an old Python', 1, '  File\nSyntaxError: invalid syntax\n', /SyntaxError: invalid syntax$/, /^Python 3\.8/],
	['a broken Python', 1, 'Fatal Python error: init_fs_encoding\n', /init_fs_encoding$/, /^Check that python3/],
	['no Python', 127, '', /has no Python/, /gpubox images/],
] as const) {
	test(`the packages of a box are told as unreadable: ${what}`, async () => {
		const exec = async () => ({stream: Readable.from([frame(2, stderr)]), wait: async () => ({exitCode})});
		const engine = {exec} as unknown as Engine;
		await assert.rejects(readInsideBox(engine, makeBox(), [], new AbortController().signal), (error) => {
			assert.ok(error instanceof Failure, String(error));
			assert.match(error.message, message);
			assert.match(error.fix, fix);
			return true;
		});
	});
}

import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {Failure} from '../../source/base/failure.ts';
import {readLock} from '../../source/job/lock/read.ts';
import {writeLock} from '../../source/job/lock/write.ts';
import {readSettings} from '../../source/settings/read.ts';
import {lock} from '../job/lock/_lock.ts';

// Whatever a file of a project holds: it is read, or its mistakes are named, each with its place and on one safe line.

const yaml = `name: train
image: pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime
services: [jupyter, ssh]
gpus: 2
mounts:
  - ./data:/data:ro
packages: {apt: [git], pip: [numpy]}
env: {SEED: "1"}
secrets: [TOKEN]
limits: {memory: 32g, cpus: 4}
idle: {warnAfter: 1h, stopAfter: 2d}
`;

/** The text with a piece of it replaced: what a hand that slips writes. */
const slipped = (text: string) => {
	const odd = fc.oneof(
		fc.string({unit: 'binary', maxLength: 4}),
		fc.constantFrom(
			...'& * ! !!binary !!set | > ? - : , { } [ ] # % @ ` " \' \\ \t \uFEFF --- ... &a *a <<: {*a:*a} !!js/function 1e999 .nan 0x10 ~ null'.split(
				' ',
			),
			'\n',
			'\n\n',
			'  ',
			'\r\n',
			'\u001B[31m',
			'\u202E',
		),
	);
	const edit = fc.tuple(fc.nat(text.length), fc.nat(6), odd);
	return fc
		.array(edit, {minLength: 1, maxLength: 4})
		.map((edits) =>
			edits.reduce((now, [at, length, piece]) => now.slice(0, at) + piece + now.slice(at + length), text),
		);
};

const unsafe = /[\u0000-\u001F\u007F-\u009F\u061C\u200B-\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/;

describe('any file', () => {
	test('in the place of a gpubox.yaml', () => {
		fc.assert(
			fc.property(fc.oneof(slipped(yaml), fc.string({unit: 'binary', maxLength: 60})), (text) => {
				const {settings, mistakes} = readSettings(text, {place: 'gpubox.yaml', shownAs: 'gpubox.yaml', base: '/p'});
				assert.ok(Array.isArray(settings));
				for (const {line, column, message, hint} of mistakes) {
					assert.ok(line >= 1 && column >= 1);
					assert.doesNotMatch(`${message}${hint ?? ''}`, unsafe);
				}
			}),
			{numRuns: 400},
		);
	});

	test('in the place of a gpubox.lock', () => {
		const right = writeLock(lock);
		fc.assert(
			fc.property(fc.oneof(slipped(right), fc.string({unit: 'binary', maxLength: 60})), (text) => {
				try {
					const read = readLock(text, 'gpubox.lock');
					assert.deepEqual(readLock(writeLock(read), 'gpubox.lock'), read);
				} catch (error) {
					assert.ok(error instanceof Failure, `${String(error)}\n${(error as Error).stack}`);
					assert.match(error.message, /^gpubox\.lock/);
				}
			}),
			{numRuns: 400},
		);
	});
});

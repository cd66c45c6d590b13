import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {lineGroupsOf, linesOf} from '../../source/box/logs.ts';
import type {LogChunk} from '../../source/engine/engine.ts';
import {findRemedies, findRemedy} from '../../source/host/remedies.ts';
import {safeLogLine} from '../../source/text/safe.ts';

async function* given(chunks: LogChunk[]): AsyncGenerator<LogChunk> {
	yield* chunks;
}

const part = fc.constantFrom(
	'loss 0.1',
	'\n',
	'\r\n',
	'\r',
	'\t',
	'\u001B[31m',
	'\u001B]0;x\u0007',
	'\u009B2J',
	'é',
	'\u202E',
	'█',
);
const piece = fc.record({
	stream: fc.constantFrom('stdout' as const, 'stderr' as const),
	text: fc.array(part, {minLength: 1, maxLength: 12}).map((parts) => parts.join('')),
});

describe('the lines of a log', () => {
	test('are each as safe as alone, in their order, however the pieces are cut', async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(piece, {maxLength: 8}), async (pieces) => {
				const expected = {stdout: '', stderr: ''};
				for (const {stream, text} of pieces) {
					expected[stream] += text;
				}

				const found: Record<string, string[]> = {stdout: [], stderr: []};
				const chunks = pieces.map(({stream, text}) => ({stream, data: Buffer.from(text)}));
				for await (const {stream, texts} of lineGroupsOf(given(chunks))) {
					assert.ok(texts.length > 0);
					found[stream]?.push(...texts);
				}

				for (const stream of ['stdout', 'stderr'] as const) {
					const lines = expected[stream].replace(/\n$/, '').split(/\r?\n/);
					assert.deepEqual(found[stream], expected[stream] === '' ? [] : lines.map(safeLogLine));
				}
			}),
		);
	});

	test('of both streams keep the order of their pieces', async () => {
		const chunks: LogChunk[] = [
			{stream: 'stdout', data: Buffer.from('one\ntwo\n')},
			{stream: 'stderr', data: Buffer.from('oh\n')},
			{stream: 'stdout', data: Buffer.from('three')},
		];
		const lines: string[] = [];
		for await (const {stream, text} of linesOf(given(chunks))) {
			lines.push(`${stream} ${text}`);
		}

		assert.deepEqual(lines, ['stdout one', 'stdout two', 'stderr oh', 'stdout three']);
	});

	test('searched together have the known errors that each of them has', () => {
		const file = new URL('../fixtures/error-texts.json', import.meta.url);
		const texts = [...readFileSync(file, 'utf8').matchAll(/"text": ("(?:[^"\\]|\\.)*")/g)].flatMap(([, text = '']) =>
			(JSON.parse(text) as string).split('\n'),
		);
		assert.ok(texts.length > 20);
		const line = fc.oneof(fc.constantFrom(...texts), fc.constantFrom('epoch 1', '', 'inotify: a watch', ' ok'));
		fc.assert(
			fc.property(fc.array(line, {maxLength: 6}), (lines) => {
				assert.deepEqual(
					findRemedies(lines),
					lines.flatMap((each) => findRemedy(each) ?? []),
				);
			}),
		);
	});
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {Failure} from '../../source/base/failure.ts';
import type {UseCases} from '../../source/session/index.tsx';
import {breakLines} from '../../source/text/layout/fit.ts';
import {showSession} from '../_helpers/session.tsx';

const ready = /5 of 6 running/;
const lines = Array.from({length: 40}, (_, index) => `secrets  NAME_${index}  (a secret of yours)`);

/** Asks first, as `gpubox up` does. */
function asking(answers: boolean[], said: string[] = lines): UseCases['up'] {
	return async (_, {ask}) => {
		const yes = await ask?.({title: 'It asks for:', lines: said, question: 'Do you trust it with this?'});
		answers.push(yes ?? assert.fail('nobody to ask'));
		throw new Failure(yes ? 'Started after a yes.' : 'Nothing was done.');
	};
}

for (const [key, yes, words] of [
	['y\r', true, /Started after a yes\./],
	['n', false, /Nothing was done\./],
	['\u001B', false, /Nothing was done\./],
] as const) {
	test(`what a project asks for is answered with ${JSON.stringify(key)}`, async (t) => {
		const answers: boolean[] = [];
		const {waitFor, type} = await showSession(t, {columns: 80, rows: 24}, {useCases: {up: asking(answers)}});
		await waitFor(ready);
		type('u');
		const frame = await waitFor(/A question first[\s\S]*Do you trust it with this\? {2}y ⏎ yes {2}n no/);
		assert.match(frame, /1–19 of 42/);
		for (const each of key) {
			type(each);
		}

		await waitFor(words);
		assert.deepEqual(answers, [yes]);
	});
}

test('every line of it can be seen at 80 by 24, and no other key answers', async (t) => {
	const answers: boolean[] = [];
	const {waitFor, type} = await showSession(t, {columns: 80, rows: 24}, {useCases: {up: asking(answers)}});
	await waitFor(ready);
	type('u');
	let seen = await waitFor(/1–19 of 42/);
	type('ux\r');
	type('   ');
	seen += await waitFor(/24–42 of 42/);
	type('k');
	seen += await waitFor(/23–41 of 42/);
	for (const line of [0, 10, 20, 39]) {
		assert.match(seen, new RegExp(`NAME_${line} `));
	}

	assert.deepEqual(answers, []);
	// What comes right behind the text above would count as the rest of it.
	await sleep(150);
	type('n');
	await waitFor(/Nothing was done\./);
});

test('a long line is broken and not cut', async (t) => {
	const long = `postCreate  ${'x'.repeat(200)}THE-END`;
	const {waitFor, type} = await showSession(t, {columns: 80, rows: 24}, {useCases: {up: asking([], [long])}});
	await waitFor(ready);
	type('u');
	assert.match(await waitFor(/Do you trust/), /THE-END/);
	type('n');
	await waitFor(/Nothing was done\./);
});

test('leaving while it stands ends the wait', async (t) => {
	let ended: unknown;
	const up: UseCases['up'] = async (_, {ask}) => {
		try {
			await ask?.({title: 'x', lines, question: 'Do you trust it with this?'});
		} catch (error) {
			ended = error;
		}

		throw new Failure('Left.');
	};
	const {waitFor, type, session} = await showSession(t, {columns: 80, rows: 24}, {useCases: {up}});
	await waitFor(ready);
	type('u');
	await waitFor(/Do you trust/);
	await session.stop();
	assert.equal((ended as Error)?.name, 'AbortError');
});

test('lines are broken between words, and nothing of them is left out', () => {
	for (const [text, width] of [
		['one two three four', 9],
		['x'.repeat(30), 7],
		['宽字宽字宽字宽字', 5],
		[`a ${'b'.repeat(12)} c`, 10],
		['', 5],
	] as const) {
		const broken = breakLines(text, width);
		assert.equal(broken.join(''), text);
		assert.ok(broken.every((line) => line.length <= width));
	}
});

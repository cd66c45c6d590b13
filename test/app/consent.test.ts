import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, test} from 'node:test';
import {type ConsentQuestion, consent, newAsks, questionsOf} from '../../source/app/consent.ts';
import {Failure} from '../../source/base/failure.ts';
import type {Ask} from '../../source/box/plan/permissions.ts';

let folder: string;
let host: {paths: {state: string}};
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'gpubox-consent-'));
	host = {paths: {state: join(folder, 'boxes')}};
});
afterEach(() => rmSync(folder, {recursive: true, force: true}));

const make = (key: string, exact: string, alone?: true): Ask => ({
	key,
	lines: [exact],
	why: 'why',
	exact,
	...(alone ? {alone} : {}),
});
const two = [make('postCreate', 'make'), make('secrets', 'A')];

/** @returns what was asked */
async function go(asks: Ask[], answers: boolean[] | undefined, trust = false): Promise<ConsentQuestion[]> {
	const asked: ConsentQuestion[] = [];
	const ask = async (question: ConsentQuestion) => {
		asked.push(question);
		return answers?.shift() ?? assert.fail('one question too many');
	};
	const options = {trust, ask: answers === undefined ? undefined : ask, note: (text: string) => assert.fail(text)};
	await consent(host as never, '/projects/a', asks, options);
	return asked;
}

test('a yes is kept: nothing is asked twice, less asks nothing, more asks for the difference', async () => {
	assert.deepEqual(
		(await go(two, [true])).map(({lines}) => lines),
		[['postCreate  make  (why)', 'secrets     A  (why)']],
	);
	assert.deepEqual(await go(two, []), []);
	assert.deepEqual(await go(two.slice(1), []), []);
	const [more] = await go([...two, make('bind', '0.0.0.0')], [true]);
	assert.deepEqual(more?.lines, ['bind  0.0.0.0  (why)']);
	assert.match(more?.title ?? '', /now also requests/);
	assert.deepEqual(await go(two, undefined), []);
});

test('a no keeps nothing, also when it comes after a yes', async () => {
	const asks = [...two, make('project', '/home/ann', true), make('mounts', '/', true)];
	await assert.rejects(go(asks, [true, true, false]), (error) => error instanceof Failure && error.exitCode === 1);
	assert.equal(newAsks(host as never, '/projects/a', asks).length, asks.length);
});

test('where nobody can be asked it is told, and --trust is a yes to exactly that', async () => {
	await assert.rejects(
		go(two, undefined),
		(error) =>
			error instanceof Failure &&
			error.exitCode === 2 &&
			error.details.join('|') === 'postCreate  make  (why)|secrets     A  (why)' &&
			error.fix === 'If you trust it: gpubox trust /projects/a, or --trust',
	);
	await go(two, undefined, true);
	assert.deepEqual(await go(two, undefined), []);
	await assert.rejects(go([...two, make('bind', '::')], undefined), Failure);
});

test('another project has an answer of its own', async () => {
	await go(two, [true]);
	assert.equal(newAsks(host as never, '/projects/b', two).length, 2);
});

test('a long list is said to be one', () => {
	const many = Array.from({length: 30}, (_, index) => make('secrets', `A${index}`));
	assert.match(questionsOf('/projects/a', many, true)[0]?.question ?? '', /these 30 lines/);
});

import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';

const source = fileURLToPath(new URL('../../source/start/heap.ts', import.meta.url));

/** What V8 marks compiled code with, which it refuses under another mark: at the start, some time later, and at the end. */
function marksOf(purpose: string): [string, string, string] {
	const program = `
		import {cachedDataVersionTag} from 'node:v8';
		const {limitHeapFor} = await import(${JSON.stringify(source)});
		const marks = [];
		const mark = () => marks.push(cachedDataVersionTag());
		limitHeapFor(${JSON.stringify(purpose)}, 10);
		process.once('exit', () => {
			mark();
			console.log(JSON.stringify(marks));
		});
		mark();
		setTimeout(mark, 100);`;
	const words = ['--import=tsx', '--input-type=module', '--eval', program];
	const {status, stdout, stderr} = spawnSync(process.execPath, words, {encoding: 'utf8'});
	assert.equal(status, 0, stderr);
	return JSON.parse(stdout) as [string, string, string];
}

describe("the heap's limits", () => {
	test('are set for a session once it has started, and not while code is loaded or kept', () => {
		const [start, later, end] = marksOf('session');
		assert.notEqual(later, start);
		assert.equal(end, start);
		assert.equal(start, marksOf('ls')[0]);
	});

	test('are not set for a verb', () => {
		const [start, later] = marksOf('ls');
		assert.equal(later, start);
	});
});

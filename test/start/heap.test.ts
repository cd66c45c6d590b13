import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';

const source = fileURLToPath(new URL('../../source/start/heap.ts', import.meta.url));

/** What V8 marks compiled code with, which it refuses under another mark: at the start, some time later, at the end, and later without limits. */
function marksOf(purpose: string): [start: string, later: string, end: string, without: string] {
	const program = `
		import {cachedDataVersionTag} from 'node:v8';
		const {limitHeapFor, withoutHeapLimits} = await import(${JSON.stringify(source)});
		const marks = [];
		const mark = () => marks.push(cachedDataVersionTag());
		limitHeapFor(${JSON.stringify(purpose)}, 10);
		let without;
		process.once('exit', () => {
			mark();
			marks.push(without);
			console.log(JSON.stringify(marks));
		});
		mark();
		setTimeout(() => {
			without = withoutHeapLimits(() => withoutHeapLimits(cachedDataVersionTag));
			mark();
		}, 100);`;
	const words = ['--import=tsx', '--input-type=module', '--eval', program];
	const {status, stdout, stderr} = spawnSync(process.execPath, words, {encoding: 'utf8'});
	assert.equal(status, 0, stderr);
	return JSON.parse(stdout) as ReturnType<typeof marksOf>;
}

describe("the heap's limits", () => {
	test('are set for a session once it has started, and not while code is loaded or kept', () => {
		const [start, later, end, without] = marksOf('session');
		assert.notEqual(later, start);
		assert.equal(end, start);
		assert.equal(without, start);
		assert.equal(start, marksOf('ls')[0]);
	});

	test('are set before the space for what is new has outgrown its room', () => {
		const program = `
			const {limitHeapFor} = await import(${JSON.stringify(source)});
			const {getHeapSpaceStatistics} = await import('node:v8');
			limitHeapFor('session');
			let kept = [];
			for (let turn = 0; turn < 100; turn++) {
				for (let each = 0; each < 20_000; each++) {
					kept.push({each});
				}

				kept = turn % 5 === 0 ? [] : kept;
				await new Promise((resolve) => setTimeout(resolve, 10));
			}

			console.log(getHeapSpaceStatistics().find(({space_name}) => space_name === 'new_space').space_size / 2 ** 20);`;
		const words = ['--import=tsx', '--input-type=module', '--eval', program];
		const {stdout, stderr} = spawnSync(process.execPath, words, {encoding: 'utf8'});
		const size = Number(stdout);
		assert.ok(size >= 16 && size <= 32, `${stdout}${stderr}`);
	});

	test('are not set for a verb', () => {
		const [start, later] = marksOf('ls');
		assert.equal(later, start);
	});
});

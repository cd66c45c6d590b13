import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, beforeEach, describe, test} from 'node:test';
import {take, takesOf} from '../../source/base/take.ts';

describe('what one process at a time may have', () => {
	let folder = '';
	const folders: string[] = [];
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), 'gpubox-take-'));
		folders.push(folder);
	});
	after(() => {
		for (const made of folders) {
			rmSync(made, {recursive: true});
		}
	});

	test('is had once, until it is given back; another name is another thing', () => {
		const release = take(folder, 'train-1');
		assert.ok(release);
		assert.equal(take(folder, 'train-1'), undefined);
		assert.ok(take(folder, 'train-10'));
		assert.ok(take(folder, 'train'));
		release();
		assert.ok(take(folder, 'train-1'));
		assert.equal(takesOf(folder, 'train-1').length, 2);
	});

	test('is free again when the process is gone, also when its number is another process now', () => {
		writeFileSync(join(folder, 'a.take-1'), '4194304 12');
		assert.ok(take(folder, 'a'));
		writeFileSync(join(folder, 'b.take-1'), `${process.pid} 12`);
		assert.ok(take(folder, 'b'));
	});

	test('can be given back after its files are gone', () => {
		const release = take(folder, 'a');
		for (const file of takesOf(folder, 'a')) {
			rmSync(file);
		}

		release?.();
		assert.deepEqual(readdirSync(folder), []);
	});

	test('goes to one of many that want it at the same moment', async () => {
		writeFileSync(join(folder, 'a.take-1'), '4194304 12');
		const module = new URL('../../source/base/take.ts', import.meta.url).href;
		// Each says that it is ready, begins at the first byte, and lives until the last one is sent.
		const program = `import {take} from ${JSON.stringify(module)};
			process.stdout.write('.');
			process.stdin.once('data', () => process.stdout.write(take(${JSON.stringify(folder)}, 'a') ? 'mine' : 'no'));`;
		const children = Array.from({length: 4}, () =>
			spawn(process.execPath, ['--import=tsx', '--input-type=module', '--eval', program], {
				stdio: ['pipe', 'pipe', 'inherit'],
			}),
		);
		await Promise.all(children.map(({stdout}) => once(stdout, 'data')));
		const answers = children.map(({stdout}) => once(stdout, 'data'));
		for (const {stdin} of children) {
			stdin.write('x');
		}

		const told = (await Promise.all(answers)).map(([data]) => String(data));
		assert.deepEqual(told.toSorted(), ['mine', 'no', 'no', 'no']);
		for (const {stdin} of children) {
			stdin.end();
		}

		await Promise.all(children.map((child) => once(child, 'close')));
	});
});

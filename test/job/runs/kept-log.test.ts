import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {readKeptLog} from '../../../source/job/runs/kept-log.ts';
import {logPath} from '../../../source/job/runs/log-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'gpubox-kept-log-'));
after(() => rmSync(folder, {recursive: true}));

// More than one piece of the file, and of the lines that are printed together.
const lines = Array.from({length: 20_000}, (_, index) => `step ${index}`);
writeFileSync(logPath(folder), `${lines.join('\n')}\n`);

for (const tail of [undefined, 0, 1, 2500, 19_999, 20_001]) {
	test(`of a kept log ${tail === undefined ? 'all lines' : `the last lines, ${tail}`}, in groups that do not grow with it`, async () => {
		const groups: string[][] = [];
		for await (const {texts} of readKeptLog(folder, tail === undefined ? {} : {tail})) {
			groups.push(texts);
		}

		assert.deepEqual(groups.flat(), tail === undefined ? lines : lines.slice(Math.max(0, lines.length - tail)));
		assert.ok(groups.every(({length}) => length > 0 && length < 10_000));
	});
}

import assert from 'node:assert/strict';
import {globSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {root} from './_commands.ts';

/** Files with a function above the limit of 80 lines (biome.json). None is left, and none is added: split the function. */
const exceptions: string[] = [];

test('no function is excepted from the limit of lines', () => {
	const found = globSync('source/**/*.{ts,tsx}', {cwd: root}).filter((path) =>
		readFileSync(join(root, path), 'utf8').includes('biome-ignore lint/complexity/noExcessiveLinesPerFunction'),
	);
	assert.deepEqual(found, exceptions);
});

import assert from 'node:assert/strict';
import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';

/**
Compares a whole screen with the one kept in `folder`. `UPDATE_SNAPSHOTS=1` keeps the new one instead: look at the difference
in git before committing it.
*/
export function assertScreen(folder: string, name: string, frame: string): void {
	const file = path.join(folder, `${name}.txt`);
	const shown = `${frame
		.split('\n')
		.map((line) => line.trimEnd())
		.join('\n')}\n`;
	if (process.env.UPDATE_SNAPSHOTS === '1') {
		mkdirSync(folder, {recursive: true});
		writeFileSync(file, shown);
		return;
	}

	assert.ok(existsSync(file), `${file} is missing: UPDATE_SNAPSHOTS=1 makes it`);
	assert.equal(shown, readFileSync(file, 'utf8'));
}

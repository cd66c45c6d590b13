import assert from 'node:assert/strict';
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {inTurn} from '../../source/base/in-turn.ts';

const root = mkdtempSync(join(tmpdir(), 'gpubox-turn-'));
after(() => rmSync(root, {recursive: true}));

test('what several read and write back at once is not lost, and no more than one note of it stays', async () => {
	const folder = join(root, 'state');
	const file = join(root, 'count');
	writeFileSync(file, '0');
	const add = async () => {
		const count = Number(readFileSync(file, 'utf8'));
		await sleep(3);
		writeFileSync(file, String(count + 1));
	};
	await Promise.all(Array.from({length: 12}, () => inTurn(folder, 'count', add)));
	assert.equal(readFileSync(file, 'utf8'), '12');
	assert.equal(readdirSync(folder).length, 1);
});

test('work that fails gives its turn back', async () => {
	await assert.rejects(
		inTurn(root, 'failing', () => Promise.reject(new Error('no room'))),
		/no room/,
	);
	await inTurn(root, 'failing', async () => {});
});

test('where nothing can be noted, the work is done anyway', async () => {
	let done = false;
	writeFileSync(join(root, 'file'), '');
	await inTurn(join(root, 'file/below'), 'any', async () => {
		done = true;
	});
	assert.ok(done);
});

import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {knownSecrets, secretsOf} from '../../source/app/read-secrets.ts';

test('a secret is read once, however often `up` begins again', async () => {
	process.env.GPUBOX_TEST_SECRET = 'the value';
	const {source} = secretsOf({secret: ['GPUBOX_TEST_SECRET']}, [], {ask: false, signal: new AbortController().signal});
	const first = await source.read(['GPUBOX_TEST_SECRET']);
	assert.equal(first.get('GPUBOX_TEST_SECRET')?.toString(), 'the value');
	// Nothing that gpubox starts from here on finds it in its environment.
	assert.equal(process.env.GPUBOX_TEST_SECRET, undefined);
	const second = await source.read(['GPUBOX_TEST_SECRET']);
	assert.equal(second.get('GPUBOX_TEST_SECRET')?.toString(), 'the value');
});

test('values that are known without asking: to be kept out of what is written', (t) => {
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-secrets-'));
	t.after(() => rmSync(folder, {recursive: true}));
	const file = join(folder, 'token');
	writeFileSync(file, 'of the file');
	const known = knownSecrets(
		{secret: ['A=/nonexistent', `B=${file}`], secretEnv: ['C', 'E=-']},
		['A', 'B', 'C', 'D', 'E', 'F'],
		{C: 'of the variable', D: 'of the project', E: '', B: 'not this one', X: 'of no secret'},
	);
	assert.deepEqual(
		[...known].map(([name, value]) => [name, value.toString()]),
		[
			['B', 'of the file'],
			['C', 'of the variable'],
			['D', 'of the project'],
		],
	);
});

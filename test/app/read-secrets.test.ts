import assert from 'node:assert/strict';
import {test} from 'node:test';
import {secretsOf} from '../../source/app/read-secrets.ts';

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

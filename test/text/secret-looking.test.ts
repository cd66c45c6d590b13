import assert from 'node:assert/strict';
import {test} from 'node:test';
import {hideInCommand, looksSecret} from '../../source/text/secret-looking.ts';

test('what looks secret, by its name or its value', () => {
	for (const [name, value] of [
		['HF_TOKEN', 'x'],
		['WANDB_API_KEY', '1'],
		['MYSQL_PASSWORD', 'a'],
		['PGPASSWORD', 'a'],
		['AWS_SECRET_ACCESS_KEY', 'a'],
		['SSH_PRIVATE', 'a'],
		['SENTRY_DSN', 'a'],
		['URL', 'https://erik:hunter2@example.org/'],
		['X', 'hf_abcdef'],
		['X', 'ghp_abcdef'],
		['X', 'eyJhbGciOiJIUzI1NiJ9.e30.abc'],
		['X', 'a1b2c3d4e5f6a7b8c9d0e1f2a3b4'],
	] as const) {
		assert.ok(looksSecret(name, value), `${name}=${value}`);
	}

	for (const [name, value] of [
		['PATH', '/usr/local/bin:/usr/bin'],
		['EPOCHS', '12'],
		['NVIDIA_VISIBLE_DEVICES', 'GPU-5d5e3f3c-b26a-ed71-da6b-bd4db7243cb6'],
		['NV_CUDA_LIB_VERSION', '12.8.1-1'],
		['LANG', 'C.UTF-8'],
		['MONKEY', 'see'],
		['BASE', 'https://example.org/x'],
	] as const) {
		assert.ok(!looksSecret(name, value), `${name}=${value}`);
	}
});

test('a command line keeps its shape', () => {
	assert.deepEqual(
		hideInCommand([
			'python',
			'train.py',
			'--token',
			'abc',
			'--token=abc',
			'--lr',
			'0.1',
			'--api-key',
			'x',
			'https://a:b@c',
		]),
		[
			'python',
			'train.py',
			'--token',
			'(hidden)',
			'--token=(hidden)',
			'--lr',
			'0.1',
			'--api-key',
			'(hidden)',
			'(hidden)',
		],
	);
});

import assert from 'node:assert/strict';
import {chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {
	missingSecrets,
	orphanedSecrets,
	parseSecret,
	removeSecrets,
	secretMounts,
	warnOfOpenSecrets,
	writeSecrets,
} from '../../../source/box/files/secrets.ts';
import {hashRequest} from '../../../source/box/plan/base.ts';
import type {Paths} from '../../../source/host/host.ts';

const memory = mkdtempSync('/dev/shm/gpubox-test-');
const disk = mkdtempSync(join(tmpdir(), 'gpubox-secrets-'));
after(() => {
	rmSync(memory, {recursive: true});
	rmSync(disk, {recursive: true});
});
const pathsAt = (secrets: string): Paths => ({config: '', state: '', home: '', cache: '', ssh: '', secrets});
const me = {name: 'me', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0};

describe('--secret', () => {
	test('takes a name, or a name and a file', () => {
		assert.deepEqual(parseSecret('WANDB_API_KEY', '--secret'), {name: 'WANDB_API_KEY'});
		assert.deepEqual(parseSecret('A=~/x=y', '--secret'), {name: 'A', file: '~/x=y'});
		assert.deepEqual(parseSecret('A=-', '--secret'), {name: 'A', file: '-'});
	});

	test('refuses what cannot be a name, and does not repeat it', () => {
		for (const text of ['', '=x', 'a/b', '../x', 'A-B', 'A=', 'jupyter_token', 'hf_abc!def', '1A']) {
			assert.throws(
				() => parseSecret(text, '--secret'),
				(error: Error) =>
					/takes NAME or NAME=FILE/.test(error.message) && (text.length < 4 || !error.message.includes(text)),
				text,
			);
		}
	});
});

describe('a secret', () => {
	const paths = pathsAt(join(memory, 'mine'));
	const box = {folder: 'box', secrets: ['A', 'B']};

	test('lies in memory, for its owner alone, where the box has it mounted', () => {
		writeSecrets(paths, 'box', me, new Map([['A', Buffer.from('one\n')]]));
		const [mount] = secretMounts(paths, 'box', [{name: 'A', variable: false}]);
		assert.deepEqual(mount, {
			type: 'bind',
			source: join(memory, 'mine', 'box', 'A'),
			target: '/run/secrets/A',
			readOnly: true,
		});
		assert.equal(readFileSync(mount?.source ?? '', 'utf8'), 'one\n');
		assert.equal(statSync(mount?.source ?? '').mode & 0o777, 0o600);
		assert.equal(statSync(paths.secrets).mode & 0o777, 0o700);
		assert.deepEqual(missingSecrets(paths, box), ['B']);
	});

	test('changes within the same file, so that a running box sees it', () => {
		const path = join(memory, 'mine', 'box', 'A');
		const {ino} = statSync(path);
		writeSecrets(paths, 'box', me, new Map([['A', Buffer.from('2')]]));
		assert.equal(statSync(path).ino, ino);
		assert.equal(readFileSync(path, 'utf8'), '2');
	});

	test('is gone with its box', () => {
		removeSecrets(paths, 'box');
		assert.deepEqual(missingSecrets(paths, box), ['A', 'B']);
	});

	test('is not put into a folder that others can enter, nor on a disk', () => {
		const open = join(memory, 'open');
		mkdirSync(open);
		chmodSync(open, 0o755);
		const values = new Map([['A', Buffer.from('x')]]);
		assert.throws(() => writeSecrets(pathsAt(open), 'box', me, values), /not a private folder of yours/);
		if (statSync(disk).dev !== statSync(memory).dev) {
			assert.throws(() => writeSecrets(pathsAt(join(disk, 'secrets')), 'box', me, values), /is not in memory/);
		}
	});

	test('is an orphan when the folder of its box is gone, to that state folder alone', () => {
		const here = {...pathsAt(join(memory, 'shared')), state: join(disk, 'here')};
		const elsewhere = {...here, state: join(disk, 'elsewhere')};
		const values = new Map([['A', Buffer.from('x')]]);
		writeSecrets(here, 'gone~1', me, values);
		writeSecrets(here, 'kept~2', me, values);
		mkdirSync(join(here.state, 'kept~2'), {recursive: true});
		writeSecrets(elsewhere, 'gone~3', me, values);
		assert.deepEqual(orphanedSecrets(here, 0), ['gone~1']);
		assert.deepEqual(orphanedSecrets(elsewhere, 0), ['gone~3']);
		// A folder of an earlier version has no mark: whose it is cannot be known.
		mkdirSync(join(here.secrets, 'old~4'));
		writeFileSync(join(here.secrets, 'old~4', 'A'), 'x');
		mkdirSync(join(here.secrets, 'empty~5'));
		assert.deepEqual(orphanedSecrets(here, Date.now() - 60_000), ['gone~1']);
		assert.deepEqual(orphanedSecrets(here, Date.now() + 1000).sort(), ['empty~5', 'gone~1']);
	});

	test('that was given as a variable is warned of by its name', () => {
		const said = warnOfOpenSecrets({
			WANDB_API_KEY: 'a',
			HF_TOKEN: 'b',
			KEYBOARD: 'c',
			SEED: '1',
			TOKENIZERS_PARALLELISM: '0',
		});
		assert.deepEqual(
			said.map((line) => line.split(' ')[0]),
			['WANDB_API_KEY', 'HF_TOKEN'],
		);
	});

	test('is in the hash of a request by its name only', () => {
		const request = {
			project: '/p',
			services: [],
			gpus: 'none',
			shareGpus: false,
			bind: '127.0.0.1',
			mounts: [],
			environment: {},
		};
		const withSecret = (name: string) => hashRequest({...request, secrets: [{name, variable: false}]});
		assert.equal(withSecret('A'), withSecret('A'));
		assert.notEqual(withSecret('A'), withSecret('B'));
		assert.notEqual(withSecret('A'), hashRequest(request));
	});
});

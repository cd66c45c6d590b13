import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {Failure} from '../../../source/base/failure.ts';
import {complaint, here, over, remoteLine} from '../../../source/job/place/commands.ts';

test('words reach the other side of ssh as they are, in their folder, with their variables', () => {
	const folder = mkdtempSync(join(tmpdir(), "gpubox it's $HOME-"));
	try {
		const line = remoteLine(['printf', '%s\n', 'a b', "it's", '$HOME', '*'], {cwd: folder, environment: {}});
		assert.equal(execFileSync('sh', ['-c', line], {encoding: 'utf8'}), "a b\nit's\n$HOME\n*\n");
		const where = remoteLine(['sh', '-c', 'pwd; echo $ODD'], {cwd: folder, environment: {ODD: 'x y'}});
		assert.equal(execFileSync('sh', ['-c', where], {encoding: 'utf8'}), `${folder}\nx y\n`);
	} finally {
		rmSync(folder, {recursive: true});
	}
});

test('a program that is missing is an answer, and one that is aborted is none', async () => {
	assert.equal((await here.run(['gpubox-no-such-program'])).code, 127);
	const ending = new AbortController();
	const waiting = here.run(['sleep', '60'], {signal: ending.signal});
	ending.abort(new Error('enough'));
	await assert.rejects(waiting, /enough/);
	const {code, stdout} = await here.run(['cat'], {input: 'text'});
	assert.deepEqual([code, stdout], [0, 'text']);
});

test('a host that is no address of ssh is refused', () => {
	for (const address of ['login', 'tcp://login:2375', 'ssh://']) {
		assert.throws(() => over(address), Failure);
	}

	assert.equal(over('ssh://alice@login.example:2222').machine, 'login.example');
});

test('the line that says what is wrong is found', () => {
	const answer = (stderr: string, stdout = '') => ({code: 1, stdout, stderr});
	assert.equal(
		complaint(answer('sbatch: info\nsbatch: error: Batch job submission failed: Invalid account\n')),
		'Batch job submission failed: Invalid account',
	);
	assert.equal(complaint(answer('\n', '')), 'it ended with exit code 1');
});

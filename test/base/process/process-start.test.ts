import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {test} from 'node:test';
import {processStart} from '../../../source/base/process/process-start.ts';
import {waitUntil} from '../../_helpers/test-host/wait-until.ts';

test('a process is known by its start until it ends, also where its parent does not notice', async (t) => {
	// The shell becomes a program that never asks for its children.
	const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], {stdio: ['ignore', 'pipe', 'inherit']});
	t.after(() => parent.kill());
	const [line] = (await once(parent.stdout, 'data')) as [Buffer];
	const child = Number(line.toString());
	assert.match(processStart(child) ?? '', /^\d+$/);
	await waitUntil('the end of the child', async () => processStart(child) === undefined || undefined);
	assert.equal(processStart(2 ** 22 + 1), undefined);
});

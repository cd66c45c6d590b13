import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';

const cli = fileURLToPath(new URL('../../source/cli.ts', import.meta.url));

test('a verb whose connection is gone breaks off as with Ctrl-C, and so gets to clean up', async (t) => {
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-hang-up-'));
	const socket = join(folder, 'engine.sock');
	// It takes every question and answers none.
	const engine = createServer().listen(socket);
	t.after(() => {
		engine.close();
		rmSync(folder, {recursive: true, force: true});
	});
	await once(engine, 'listening');
	const verb = spawn(process.execPath, ['--import', 'tsx', cli, 'ls'], {
		env: {...process.env, HOME: folder, DOCKER_HOST: `unix://${socket}`},
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	await once(engine, 'connection');
	// Nobody reads any more.
	verb.stderr.destroy();
	verb.stdout.destroy();
	verb.kill('SIGHUP');
	const [code, signal] = await once(verb, 'exit');
	assert.deepEqual([code, signal], [130, null]);
});

import assert from 'node:assert/strict';
import {chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {delimiter, join} from 'node:path';
import {test} from 'node:test';
import {sshAgent} from '../../../source/engine/docker/ssh-agent.ts';
import {isRunning} from '../../_helpers/nvidia-smi.ts';

test('a connection that is given up ends its ssh and all that this started, deaf or not', async (t) => {
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-ssh-'));
	const log = join(folder, 'pids');
	// A ProxyCommand is such a child.
	writeFileSync(
		join(folder, 'ssh'),
		`#!/bin/sh\ntrap '' TERM\n(echo $(sh -c 'echo $PPID') >> '${log}'; while :; do sleep 1; done) &\necho $$ >> '${log}'\nwhile :; do sleep 1; done\n`,
	);
	chmodSync(join(folder, 'ssh'), 0o755);
	const before = process.env.PATH;
	process.env.PATH = `${folder}${delimiter}${before}`;
	t.after(() => {
		process.env.PATH = before;
		rmSync(folder, {recursive: true, force: true});
	});
	const agent = sshAgent(new URL('ssh://ann@machine'));
	const socket = agent.createConnection({}, () => {});
	const pids = () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean).map(Number) : []);
	await t.waitFor(() => assert.equal(pids().length, 2), {interval: 20, timeout: 20_000});
	assert.ok(pids().every(isRunning));
	socket?.destroy();
	await t.waitFor(() => assert.ok(!pids().some(isRunning)), {interval: 20, timeout: 20_000});
});

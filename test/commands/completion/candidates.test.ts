import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {recordElsewhere} from '../../../source/app/runs/elsewhere.ts';
import {lookUp} from '../../../source/commands/completion/candidates.ts';
import {openHost} from '../../../source/host/open-host.ts';

test('runs that were started from here on other hosts are offered, once their host has named them', async (t) => {
	const state = mkdtempSync(join(tmpdir(), 'gpubox-candidates-'));
	t.after(() => rmSync(state, {recursive: true}));
	process.env.XDG_STATE_HOME = state;
	const {paths} = openHost({quiet: true});
	const start = {host: 'gpu2', ssh: new URL('ssh://gpu2'), project: '/p', command: ['python', 'train.py']};
	recordElsewhere(paths, start);
	const named = recordElsewhere(paths, start);
	const there = {
		...{name: 'alice-train-3', id: null, owner: 'alice', project: '/p', state: 'running', command: start.command},
		...{gpus: [], startedAt: null, endedAt: null, exitCode: null, signal: null, reason: null, folder: '/p/runs/x'},
	};
	const file = join(paths.state, '..', 'runs-elsewhere', `${named.token}.json`);
	writeFileSync(file, JSON.stringify({...named, there}), {mode: 0o600});
	const {signal} = new AbortController();
	assert.deepEqual(await lookUp({kind: 'runs', verb: 'logs'} as Parameters<typeof lookUp>[0], {signal}), [
		{value: 'gpu2:alice-train-3', description: 'on gpu2, python train.py'},
	]);
});

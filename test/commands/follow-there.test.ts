import assert from 'node:assert/strict';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {recordElsewhere, recordsElsewhere} from '../../source/app/runs/elsewhere.ts';
import {verbThere} from '../../source/commands/follow-there.ts';
import type {Host, Paths} from '../../source/host/host.ts';
import {makeFrozenHost} from '../_helpers/demo.ts';

const folder = mkdtempSync(join(tmpdir(), 'gpubox-there-'));
const {PATH} = process.env;
// An `ssh` that writes down what it was asked, and ends as gpubox there does when it has no such run.
writeFileSync(join(folder, 'ssh'), `#!/bin/sh\nfor last; do :; done; echo "$last" >>${folder}/asked; exit 6\n`, {
	mode: 0o755,
});
process.env.PATH = `${folder}:${PATH}`;
const demo = await makeFrozenHost();
after(() => {
	process.env.PATH = PATH;
	rmSync(folder, {recursive: true});
});

const host: Host = {...demo, paths: {...demo.paths, state: join(folder, 'boxes')}};
const {signal} = new AbortController();

/** A run that gpu2 told of before. */
function knownRun(name: string, paths: Paths = host.paths): void {
	const record = recordElsewhere(paths, {host: 'gpu2', ssh: new URL('ssh://gpu2'), project: '/p', command: ['true']});
	const ended = {state: 'done', gpus: [], startedAt: null, endedAt: null, exitCode: 0, signal: null, reason: null};
	const there = {name, id: null, owner: 'alice', project: '/p', command: ['true'], folder: '/p/runs', ...ended};
	writeFileSync(
		join(folder, 'runs-elsewhere', `${record.token}.json`),
		JSON.stringify({...record, there: {...there, from: record.token}}),
	);
}

const asked = () => readFileSync(join(folder, 'asked'), {encoding: 'utf8', flag: 'a+'});

test('a box of this host goes before a run of another host with its name', async () => {
	const [box] = await demo.engine.listContainers();
	const name = box?.name.replace(/^gpubox-/, '') ?? '';
	knownRun(name);
	assert.equal(await verbThere(host, name, ['rm'], signal), undefined);
	assert.equal(asked(), '');
	assert.equal(await verbThere(host, `gpu2:${name}`, ['stop'], signal), 6);
	assert.match(asked(), /gpubox stop -- /);
});

test('a run that was removed on its host before is forgotten by rm', async () => {
	knownRun('gone-3');
	const before = recordsElsewhere(host.paths).length;
	assert.equal(await verbThere(host, 'gone-3', ['logs'], signal), 6);
	assert.equal(recordsElsewhere(host.paths).length, before);
	assert.equal(await verbThere(host, 'gone-3', ['rm'], signal), 6);
	assert.equal(recordsElsewhere(host.paths).length, before - 1);
});

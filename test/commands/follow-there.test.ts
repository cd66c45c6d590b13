import assert from 'node:assert/strict';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {after, test} from 'node:test';
import {recordElsewhere, recordsElsewhere} from '../../source/app/runs/elsewhere.ts';
import {listBoxes} from '../../source/box/list.ts';
import {verbThere} from '../../source/commands/follow-there.ts';
import {makeFrozenHost} from '../_helpers/demo.ts';

const folder = mkdtempSync(join(tmpdir(), 'gpubox-there-'));
const {PATH} = process.env;
// An `ssh` that writes down what it was asked, and ends as gpubox there does when it has no such run.
writeFileSync(join(folder, 'ssh'), `#!/bin/sh\nfor last; do :; done; echo "$last" >>${folder}/asked; exit 6\n`, {
	mode: 0o755,
});
process.env.PATH = `${folder}:${PATH}`;
const host = await makeFrozenHost();
after(() => {
	process.env.PATH = PATH;
	rmSync(folder, {recursive: true});
});

const {signal} = new AbortController();

/** A run that gpu2 told of before. */
function knownRun(name: string): void {
	const {paths} = host;
	const record = recordElsewhere(paths, {host: 'gpu2', ssh: new URL('ssh://gpu2'), project: '/p', command: ['true']});
	const ended = {state: 'done', gpus: [], startedAt: null, endedAt: null, exitCode: 0, signal: null, reason: null};
	const there = {name, id: null, owner: 'alice', project: '/p', command: ['true'], folder: '/p/runs', ...ended};
	writeFileSync(
		join(dirname(paths.state), 'runs-elsewhere', `${record.token}.json`),
		JSON.stringify({...record, there: {...there, from: record.token}}),
	);
}

const asked = () => readFileSync(join(folder, 'asked'), {encoding: 'utf8', flag: 'a+'});

test('a box of this host goes before a run of another host with its name', async () => {
	const boxes = await listBoxes(host, signal);
	const own = boxes.find(({mine}) => mine)?.name ?? '';
	const other = boxes.find(({mine}) => !mine)?.name ?? '';
	knownRun(own);
	knownRun(other);
	assert.equal(await verbThere(host, own, ['rm'], signal), undefined);
	assert.equal(asked(), '');
	assert.equal(await verbThere(host, `gpu2:${own}`, ['stop'], signal), 6);
	assert.match(asked(), /gpubox stop -- /);
	assert.equal(await verbThere(host, other, ['wait'], signal), 6, 'a box of another user');
});

test('a run that was removed on its host before is forgotten by rm', async () => {
	knownRun('gone-3');
	const before = recordsElsewhere(host.paths).length;
	assert.equal(await verbThere(host, 'gone-3', ['logs'], signal), 6);
	assert.equal(recordsElsewhere(host.paths).length, before);
	assert.equal(await verbThere(host, 'gone-3', ['rm'], signal), 6);
	assert.equal(recordsElsewhere(host.paths).length, before - 1);
});

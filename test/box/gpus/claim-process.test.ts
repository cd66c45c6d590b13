import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {thisProcess} from '../../../source/base/process/process-start.ts';
import {isLeft, noteClaims} from '../../../source/box/gpus/claim-process.ts';
import {readRecord, writeRecord} from '../../../source/box/record.ts';
import type {Host} from '../../../source/host/host.ts';
import {makeBox} from '../../_helpers/make-box.ts';

const state = mkdtempSync(join(tmpdir(), 'gpubox-claim-process-'));
after(() => rmSync(state, {recursive: true}));
const host = {paths: {state}} as Pick<Host, 'paths'>;
const folder = 'train~1';
mkdirSync(join(state, folder));
const box = makeBox({id: 'train', mine: true, folder});
const claim = makeBox({id: 'claim', startOf: 'train', gpus: ['GPU-1']});
const record = {engine: 'unix:///made-up', project: '/p', nonce: 'n', labels: {}};
const ended = {pid: spawnSync('true').pid, startedAt: '1'};

describe('the claim of a start', () => {
	test('is left when the process that has it has ended', () => {
		writeRecord(host.paths as Host['paths'], folder, {...record, claimedBy: {...ended, claims: ['claim']}});
		assert.equal(isLeft(host, claim, [box, claim]), true);
	});

	test('is not left while its process runs, this one or another', () => {
		writeRecord(host.paths as Host['paths'], folder, record);
		noteClaims(host as Host, box, ['claim']);
		assert.deepEqual(readRecord(host.paths, folder)?.claimedBy, {...thisProcess(), claims: ['claim']});
		assert.equal(isLeft(host, claim, [box, claim]), false);
	});

	test('is not left where its process is not known: of a later claim, of another user, without a record', () => {
		writeRecord(host.paths as Host['paths'], folder, {...record, claimedBy: {...ended, claims: ['an earlier one']}});
		assert.equal(isLeft(host, claim, [box, claim]), false);
		writeRecord(host.paths as Host['paths'], folder, {...record, claimedBy: {...ended, claims: ['claim']}});
		assert.equal(isLeft(host, claim, [{...box, mine: false}, claim]), false);
		assert.equal(isLeft(host, claim, [{...box, folder: 'gone~1'}, claim]), false);
		assert.equal(isLeft(host, claim, [claim]), false);
	});
});

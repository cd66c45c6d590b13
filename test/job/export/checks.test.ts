import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {delimiter, join} from 'node:path';
import {after, test} from 'node:test';
import {floorCheck, gpuCheck} from '../../../source/job/export/checks.ts';
import type {PortableJob} from '../../../source/job/export/portable-job.ts';
import {plainJob} from './_jobs.ts';

const folder = mkdtempSync(join(tmpdir(), 'gpubox-test-'));
after(() => rmSync(folder, {recursive: true}));

/** Runs the check where nvidia-smi prints these lines. */
function check(floor: PortableJob['floor'], lines: string[]) {
	writeFileSync(
		join(folder, 'nvidia-smi'),
		`#!/bin/sh\ncat <<'END'\n${lines.map((line) => `${line}\n`).join('')}END\n`,
		{mode: 0o755},
	);
	const {status, stderr} = spawnSync('sh', ['-c', floorCheck({...plainJob, floor}) ?? assert.fail()], {
		encoding: 'utf8',
		env: {PATH: [folder, process.env.PATH].join(delimiter)},
	});
	return {status, stderr: stderr.trim()};
}

test('a driver or a GPU below the floor ends the job and is named', () => {
	const floor = {driver: '570.26', computeCapability: '7.5'};
	assert.deepEqual(check(floor, ['570.26, 7.5', '570.26, 9.0']), {status: 0, stderr: ''});
	assert.deepEqual(check(floor, ['1000.2, 12.0']), {status: 0, stderr: ''});
	assert.deepEqual(check(floor, ['570.124.06, 8.0']), {status: 0, stderr: ''});
	assert.deepEqual(check(floor, ['570.9, 8.0']), {status: 1, stderr: 'The driver 570.9 is older than 570.26.'});
	assert.deepEqual(check(floor, ['580.1, 8.0', '580.1, 7.0']), {
		status: 1,
		stderr: 'The compute capability 7.0 is below 7.5.',
	});
	assert.deepEqual(check(floor, []), {status: 1, stderr: 'nvidia-smi shows no GPU.'});
	assert.deepEqual(check({driver: '570.26'}, ['580.1, 3.0']), {status: 0, stderr: ''});
});

test('without a floor or without GPUs there is no check', () => {
	assert.equal(floorCheck(plainJob), undefined);
	assert.equal(floorCheck({...plainJob, gpus: 0, floor: {driver: '570.26'}}), undefined);
	assert.equal(gpuCheck({...plainJob, gpus: 0}), undefined);
	assert.deepEqual(gpuCheck(plainJob)?.slice(0, 2), ['python3', '-c']);
});

import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {
	findElsewhere,
	forgetElsewhere,
	nameElsewhere,
	parseRuns,
	recordElsewhere,
	recordsElsewhere,
	withAnswer,
} from '../../source/app/runs/elsewhere.ts';
import type {Paths} from '../../source/host/host.ts';
import {callerToken} from '../../source/job/runs/record.ts';

const told = {
	name: 'alice-train-3',
	id: null,
	owner: 'alice',
	project: '/home/alice/train',
	state: 'running',
	command: ['python', 'train.py'],
	gpus: ['GPU-1'],
	on: 'local',
	startedAt: '2026-11-20T12:00:00.000Z',
	endedAt: null,
	exitCode: null,
	signal: null,
	reason: null,
	folder: '/home/alice/train/runs/alice-train-3',
};

function inFolder(use: (paths: Paths) => Promise<void> | void) {
	return async () => {
		const folder = mkdtempSync(join(tmpdir(), 'gpubox-elsewhere-'));
		try {
			await use({state: join(folder, 'boxes')} as Paths);
		} finally {
			rmSync(folder, {recursive: true});
		}
	};
}

const started = {
	host: 'gpu2',
	ssh: new URL('ssh://gpu2'),
	project: '/home/alice/train',
	command: ['python', 'train.py'],
};

test(
	'a run is found again by the token of the call that started it',
	inFolder((paths) => {
		const record = recordElsewhere(paths, started);
		assert.deepEqual(recordsElsewhere(paths), [record]);
		assert.equal(nameElsewhere(record), 'gpu2:?');
		const runs = parseRuns(
			JSON.stringify({
				runs: [
					{...told, name: 'other'},
					{...told, from: record.token},
				],
			}),
		);
		const known = withAnswer(record, runs, false);
		assert.deepEqual([known?.state, known && nameElsewhere(known.record)], ['running', 'gpu2:alice-train-3']);
		// Its host has none: none is there yet, or none any more.
		assert.equal(withAnswer(record, parseRuns('{"runs": []}'), true)?.state, 'waiting');
		assert.equal(withAnswer(record, [], false), undefined);
		forgetElsewhere(paths, record);
		assert.deepEqual(recordsElsewhere(paths), []);
	}),
);

test('what is not what gpubox prints is no run', () => {
	assert.deepEqual(parseRuns('Welcome to gpu2!\n'), []);
	assert.deepEqual(parseRuns('{"runs": 3}'), []);
	const odd = [{...told, name: 'a\u001B[2Jb'}, {...told, state: 'flying'}, 7, told];
	assert.deepEqual(
		parseRuns(JSON.stringify({runs: odd})).map(({name}) => name),
		['alice-train-3'],
	);
});

test(
	'names that are none of a run there: nothing is asked',
	inFolder(async (paths) => {
		const signal = AbortSignal.abort(new Error('it asked'));
		for (const name of ['alice-train-3', 'gpu2:alice-train-3', 'gpu2:', '../x', '3']) {
			assert.equal(await findElsewhere({paths}, name, signal), undefined, name);
		}

		recordElsewhere(paths, started);
		assert.equal(await findElsewhere({paths}, 'gpu3:alice-train-3', signal), undefined);
		await assert.rejects(findElsewhere({paths}, 'gpu2:alice-train-3', signal), /it asked/);
	}),
);

test('a token is a UUID', () => {
	const token = 'a3c5e0b2-6f3b-4b0e-9d7e-0a1b2c3d4e5f';
	assert.equal(callerToken({GPUBOX_RUN_FROM: token}), token);
	assert.equal(callerToken({GPUBOX_RUN_FROM: '../../x'}), undefined);
	assert.equal(callerToken({}), undefined);
});

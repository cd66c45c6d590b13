import assert from 'node:assert/strict';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {
	askElsewhere,
	findElsewhere,
	forgetElsewhere,
	parseRuns,
	recordElsewhere,
	recordsElsewhere,
	withAnswer,
} from '../../source/app/runs/elsewhere.ts';
import {nameElsewhere} from '../../source/app/runs/name-elsewhere.ts';
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
		assert.ok(runs);
		const known = withAnswer(record, runs, false);
		assert.deepEqual([known?.state, known && nameElsewhere(known.record)], ['running', 'gpu2:alice-train-3']);
		// Its host has none: none is there yet, or none any more.
		assert.deepEqual(parseRuns('{"runs": []}'), []);
		assert.equal(withAnswer(record, [], true)?.state, 'waiting');
		assert.equal(withAnswer(record, [], false), undefined);
		forgetElsewhere(paths, record);
		assert.deepEqual(recordsElsewhere(paths), []);
	}),
);

test('what is not what gpubox prints is no run, and says nothing about those that were started from here', () => {
	assert.equal(parseRuns('Welcome to gpu2!\n'), undefined);
	assert.equal(parseRuns('{"runs": 3}'), undefined);
	const odd = [{...told, name: 'a\u001B[2Jb'}, {...told, state: 'flying'}, 7, told];
	assert.deepEqual(
		parseRuns(JSON.stringify({runs: odd}))?.map(({name}) => name),
		['alice-train-3'],
	);
	assert.equal(parseRuns(JSON.stringify({runs: [{...told, state: 'flying', from: 'a token'}]})), undefined);
});

/** An `ssh` that runs the command on this machine, with a `gpubox` there, and writes a line for each call. */
async function withSsh(gpubox: string, use: (calls: () => number, folder: string) => Promise<void>) {
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-ssh-'));
	const {PATH} = process.env;
	try {
		const script = (name: string, text: string) =>
			writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, {mode: 0o755});
		script('ssh', `echo call >>${folder}/calls; for last; do :; done; eval "$last"`);
		script('gpubox', gpubox);
		process.env.PATH = `${folder}:${PATH}`;
		await use(() => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n').length, folder);
	} finally {
		process.env.PATH = PATH;
		rmSync(folder, {recursive: true});
	}
}

const soon = () => AbortSignal.timeout(20_000);

test(
	'an answer that cannot be read leaves what is known of a run, and says so',
	inFolder((paths) =>
		withSsh('echo Welcome to gpu2!', async () => {
			const record = recordElsewhere(paths, started);
			const {runs, silent} = await askElsewhere({paths}, soon());
			assert.deepEqual(
				runs.map(({state}) => state),
				['unknown'],
			);
			assert.match(silent[0]?.why ?? '', /cannot be read/);
			assert.deepEqual(recordsElsewhere(paths), [record]);
		}),
	),
);

test(
	'a host that is asked does not ask others in turn: two with runs of each other would never end',
	inFolder(async (paths) => {
		recordElsewhere(paths, started);
		const program = [
			'import {askElsewhere} from "./source/app/runs/elsewhere.ts";',
			`await askElsewhere({paths: {state: ${JSON.stringify(paths.state)}}}, AbortSignal.timeout(9000), () => true);`,
			'console.log(JSON.stringify({runs: []}));',
		].join('');
		const there = `cd ${process.cwd()} && exec ${process.execPath} --import=tsx --input-type=module -e '${program}'`;
		await withSsh(there, async (calls) => {
			const {silent} = await askElsewhere({paths}, soon(), () => true);
			assert.deepEqual([silent, calls()], [[], 1]);
		});
	}),
);

test(
	'a list does not wait long for a host that says nothing',
	inFolder((paths) =>
		withSsh('exec sleep 20', async () => {
			recordElsewhere(paths, started);
			const began = performance.now();
			const {silent} = await askElsewhere({paths}, soon());
			assert.match(silent[0]?.why ?? '', /no answer within 2 s/);
			assert.ok(performance.now() - began < 4500);
		}),
	),
);

test(
	'names that are none of a run there: nothing is asked',
	inFolder(async (paths) => {
		const signal = AbortSignal.abort(new Error('it asked'));
		for (const name of ['alice-train-3', 'gpu2:alice-train-3', 'gpu2:', '../x', '3']) {
			assert.equal(await findElsewhere({paths}, name, signal), undefined, name);
		}

		recordElsewhere(paths, started);
		assert.equal(await findElsewhere({paths}, 'gpu3:alice-train-3', signal), undefined);
		assert.equal(await findElsewhere({paths}, 'alice-train', signal), undefined, 'the name of a box');
		await assert.rejects(findElsewhere({paths}, 'gpu2:alice-train-3', signal), /it asked/);
	}),
);

test('a token is a UUID', () => {
	const token = 'a3c5e0b2-6f3b-4b0e-9d7e-0a1b2c3d4e5f';
	assert.equal(callerToken({GPUBOX_RUN_FROM: token}), token);
	assert.equal(callerToken({GPUBOX_RUN_FROM: '../../x'}), undefined);
	assert.equal(callerToken({}), undefined);
});

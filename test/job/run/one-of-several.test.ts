import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, test} from 'node:test';
import type {Engine} from '../../../source/engine/engine.ts';
import {followRun} from '../../../source/job/run/follow.ts';
import {adviceOf} from '../../../source/job/runs/gpu-use.ts';
import type {RunRecord} from '../../../source/job/runs/record.ts';
import {makeNvidiaSmi, makeScenarioGpu} from '../../_helpers/nvidia-smi.ts';

const folder = mkdtempSync(join(tmpdir(), 'gpubox-follow-'));
after(() => rmSync(folder, {recursive: true}));

const uuids = [0, 1].map((index) => `GPU-00000000-0000-4000-8000-00000000000${index}`);

/** Samples of a job's GPUs, more than the advice takes. */
const enough = 16;

/** Follows a job on two cards of which the first computes, until it is told something or had samples enough for it. */
async function follow(second: object, processes: number | null): Promise<{notes: string[]; use: RunRecord['use']}> {
	const smi = makeNvidiaSmi({
		about: 'Two cards',
		driverVersion: '575.57.08',
		cudaVersion: '12.9',
		gpus: [makeScenarioGpu(0, {memoryUsedMiB: 20_480}), makeScenarioGpu(1, second)],
	});
	const notes: string[] = [];
	const told: string[] = [];
	let end = () => {};
	const ended = new Promise<void>((resolve) => {
		end = resolve;
	});
	const engine = {
		async waitContainer() {
			await ended;
			return 0;
		},
		inspectContainer: async () => ({state: 'exited', exitCode: 0}),
		async *logs() {
			await ended;
			yield {stream: 'stdout', data: Buffer.from('over')};
		},
	} as unknown as Engine;
	let looks = 0;
	const run = {
		...{name: 'x-1', folder, logBytes: 0, stopped: null, deadline: null},
		/** Looked at with each sample, as long as nothing was advised. */
		get processes() {
			looks += 1;
			if (looks > enough) {
				end();
			}

			return processes;
		},
		use: uuids.map((uuid) => ({uuid, peakMemoryMiB: null, utilizationSum: null, samples: 0})),
	} as unknown as RunRecord & {container: string};
	try {
		const {use} = await followRun({engine, nvidiaSmi: smi.smi}, run, {
			signal: new AbortController().signal,
			sampleMs: 40,
			onUse(use) {
				told.push(adviceOf({use, processes}) ?? '');
			},
			onNote(text) {
				notes.push(text);
				end();
			},
		});
		assert.deepEqual(told, notes);
		return {notes, use};
	} finally {
		smi.remove();
	}
}

const idle = {memoryUsedMiB: 1, load: {kind: 'idle'}};

test('a job that has two GPUs and uses one is told so while it runs, with what starts it on both', async () => {
	const {notes, use} = await follow(idle, null);
	assert.deepEqual(notes, [
		'The job has 2 GPUs and uses one of them. To use all: gpubox run --nproc auto, which starts it with torchrun',
	]);
	assert.deepEqual(
		use.map(({peakMemoryMiB}) => peakMemoryMiB),
		[20_480, 1],
	);
});

test('nothing is said of a job that uses both, or that was started with torchrun', async () => {
	for (const {notes, use} of await Promise.all([follow({memoryUsedMiB: 20_480}, null), follow(idle, 2)])) {
		assert.deepEqual(notes, []);
		assert.ok((use[0]?.samples ?? 0) >= 12);
	}
});

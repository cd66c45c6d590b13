import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {describe, type TestContext, test} from 'node:test';
import type {GpuFrame, GpuProblem} from '../../source/gpu/gpu.ts';
import {readInventory} from '../../source/gpu/inventory.ts';
import {viewGpus} from '../../source/gpu/live.ts';
import {type WatchOptions, watchGpus} from '../../source/gpu/stream.ts';
import {type FakeNvidiaSmi, isRunning, makeNvidiaSmi, makeScenarioGpu, makeSmiScript} from '../_helpers/nvidia-smi.ts';

const eventually = {interval: 20, timeout: 20_000};
// A loaded test machine starts processes slowly; what must be noticed soon says so itself.
const timing = {
	slowMs: 15_000,
	startMs: 15_000,
	silenceMs: 15_000,
	restartAfterMs: 15_000,
	restartMs: 10,
	longestRestartMs: 20,
};

/** Watches until the test ends, and then proves that no process is left. */
function watch(t: TestContext, fake: FakeNvidiaSmi, options: Partial<WatchOptions> = {}) {
	const controller = new AbortController();
	const frames: GpuFrame[] = [];
	const problems: (GpuProblem | undefined)[] = [];
	const ended = watchGpus(fake.smi, {
		signal: controller.signal,
		onNews(news) {
			if (news.kind === 'frame') {
				frames.push(news.frame);
			} else {
				problems.push(news.problem);
			}
		},
		intervalMs: 40,
		...options,
		timing: {...timing, ...options.timing},
	});
	const stop = async () => {
		controller.abort();
		await ended;
	};

	t.after(async () => {
		await stop();
		await t.waitFor(() => assert.ok(!fake.pids().some(isRunning)), eventually);
		fake.remove();
	});
	return {frames, problems, stop};
}

const cards = (count: number) => Array.from({length: count}, (_, index) => makeScenarioGpu(index));
const indexes = (frame: GpuFrame | undefined) => frame?.samples.map(({index}) => index);

// A tick of two cards, as shell text.
const line = (index: number) =>
	`echo '${index}, GPU-${index}, 7, 1, 10, 100, 40, 50.00, 50.00, 300.00, 1000, 2000, [N/A], P0, 0x0000000000000004, 16'`;
const tick = `${line(0)}; ${line(1)}`;

describe('readings', () => {
	test('one child for many ticks', async (t) => {
		const fake = makeNvidiaSmi({gpus: cards(3)});
		const {frames, problems, stop} = watch(t, fake, {gpuCount: 3});
		await t.waitFor(() => assert.ok(frames.length >= 12), eventually);
		await stop();
		assert.equal(fake.starts().length, 1);
		assert.deepEqual(problems, []);
		for (const frame of frames) {
			assert.deepEqual(indexes(frame), [0, 1, 2]);
		}

		assert.deepEqual(
			[frames[0]?.samples[2]?.utilization, frames[0]?.samples[2]?.memoryTotalMiB, frames[0]?.samples[2]?.faulty],
			[50, 81559, false],
		);
	});

	test('the first frame is whole when the number of cards is learnt only after the rows came', async (t) => {
		const count = Promise.withResolvers<number>();
		const {frames} = watch(t, makeSmiScript(`${tick}; echo went >> "$LOG"; exec sleep 1000`), {
			gpuCount: count.promise,
			intervalMs: 3_600_000,
			timing: {gapMs: 20},
		});
		count.resolve(2);
		await t.waitFor(() => assert.deepEqual(indexes(frames[0]), [0, 1]), eventually);
	});

	test('the first frame does not wait for the second tick, nor does one card', async (t) => {
		const {frames} = watch(t, makeNvidiaSmi({gpus: cards(1)}), {
			gpuCount: 1,
			intervalMs: 3_600_000,
			timing: {gapMs: 20},
		});
		await t.waitFor(() => assert.equal(frames.length, 1), eventually);
	});

	test('lines cut anywhere', async (t) => {
		const fake = makeSmiScript(
			`printf '0, GPU-0, 7, 1, 10, 100, 40, 50'; sleep 0.2; printf '.00, 50.00, 300.00, 1000, 2000, [N/A], P0, 0x0000000000000004, 16\\n'; exec sleep 300`,
		);
		const {frames} = watch(t, fake, {gpuCount: 1});
		await t.waitFor(() => assert.equal(frames[0]?.samples[0]?.powerDraw, 50), eventually);
	});

	test('fields that the driver does not know are left out at once', async (t) => {
		const fake = makeNvidiaSmi({gpus: cards(1), unknownFields: ['power.draw', 'fan.speed']});
		const {frames, problems} = watch(t, fake, {gpuCount: 1, timing: {restartMs: 3_600_000}});
		await t.waitFor(() => assert.ok(frames.length > 2), eventually);
		assert.equal(fake.starts().length, 3);
		assert.deepEqual(problems, []);
		assert.equal(typeof frames[0]?.samples[0]?.powerDraw, 'number', 'from power.draw.instant');
	});
});

describe('cards', () => {
	test('one is lost: the others go on, it stays in the list, it comes back', async (t) => {
		const fake = makeNvidiaSmi({
			gpus: cards(3),
			events: [
				{afterSeconds: 0.4, kind: 'lost', gpu: 1},
				{afterSeconds: 1.2, kind: 'recover', gpu: 1},
			],
		});
		const {gpus} = await readInventory(fake.smi);
		const {frames, problems} = watch(t, fake, {gpuCount: 3});
		await t.waitFor(() => assert.deepEqual(indexes(frames.at(-1)), [0, 2]), eventually);
		const views = viewGpus(gpus, frames.at(-1));
		assert.deepEqual(
			views.map(({lost}) => lost),
			[false, true, false],
		);
		assert.equal(views[1]?.utilization, null);
		assert.equal(views[2]?.utilization, 50);
		await t.waitFor(() => assert.deepEqual(indexes(frames.at(-1)), [0, 1, 2]), eventually);
		await t.waitFor(
			() =>
				assert.deepEqual(
					problems.map((problem) => problem?.code),
					['gpu-lost', undefined],
				),
			eventually,
		);
		assert.equal(fake.starts().filter((start) => start.includes('-lms')).length, 1);
	});

	test('the only one is lost', async (t) => {
		const fake = makeNvidiaSmi({gpus: cards(1), events: [{afterSeconds: 0.2, kind: 'lost', gpu: 0}]});
		const {frames, problems} = watch(t, fake, {gpuCount: 1});
		await t.waitFor(() => assert.deepEqual(indexes(frames.at(-1)), []), eventually);
		assert.equal(problems.at(-1)?.code, 'gpu-lost');
	});

	test('one needs a reset', async (t) => {
		const fake = makeNvidiaSmi({gpus: cards(2), events: [{afterSeconds: 0, kind: 'reset', gpu: 1}]});
		const {frames} = watch(t, fake, {gpuCount: 2});
		await t.waitFor(
			() =>
				assert.deepEqual(
					frames.at(-1)?.samples.map(({faulty}) => faulty),
					[false, true],
				),
			eventually,
		);
		assert.equal(frames.at(-1)?.samples[1]?.temperature, null);
	});

	test('a lost card ends nvidia-smi: what it said before counts', async (t) => {
		const fake = makeSmiScript(
			`${line(0)}; echo 'Unable to determine the device handle for GPU1: 0000:02:00.0: GPU is lost.'; exit 15`,
		);
		const {frames, problems} = watch(t, fake, {gpuCount: 2});
		await t.waitFor(() => assert.ok(fake.starts().length > 2), eventually);
		assert.deepEqual(indexes(frames[0]), [0]);
		assert.deepEqual(
			problems.map((problem) => problem?.code),
			['gpu-lost'],
			'told once, not at each restart',
		);
	});
});

describe('what cannot be read', () => {
	const known = async () => {
		const fake = makeNvidiaSmi({gpus: cards(2)});
		try {
			return (await readInventory(fake.smi)).gpus.map((gpu) => ({...gpu, uuid: `GPU-${gpu.index}`}));
		} finally {
			fake.remove();
		}
	};

	test('nothing but rubbish: no card is lost, nothing is known of any', async (t) => {
		const fake = makeSmiScript('while :; do echo rubbish; sleep 0.02; done');
		const {frames, problems} = watch(t, fake, {gpuCount: 2, timing: {unreadableMs: 100}});
		await t.waitFor(() => assert.ok(frames.length > 2), eventually);
		const gpus = await known();
		for (const frame of frames) {
			const views = viewGpus(gpus, frame);
			assert.deepEqual(
				views.map(({lost, unread, utilization}) => [lost, unread, utilization]),
				[
					[false, true, null],
					[false, true, null],
				],
			);
		}

		assert.deepEqual(
			problems.map((problem) => problem?.message),
			['The output of nvidia-smi cannot be parsed'],
			'told once',
		);
	});

	test('a piece of a row: its card is not lost, the others go on', async (t) => {
		const fake = makeSmiScript(`while :; do ${line(0)}; echo '1, GPU-1, 7, 1'; sleep 0.05; done`);
		const {frames, problems} = watch(t, fake, {gpuCount: 2});
		await t.waitFor(() => assert.ok(frames.length > 3), eventually);
		const gpus = await known();
		for (const frame of frames) {
			assert.deepEqual(
				viewGpus(gpus, frame).map(({lost, unread, utilization}) => [lost, unread, utilization]),
				[
					[false, false, 7],
					[false, true, null],
				],
			);
		}

		assert.deepEqual(
			problems.map((problem) => problem?.code),
			['unreadable'],
		);
		assert.match(problems[0]?.message ?? '', /^Part of/);
	});

	test('a card of which the driver says that it is lost is lost in between, too', async (t) => {
		const fake = makeSmiScript(
			`while :; do ${line(0)}; echo rubbish; echo 'Unable to determine the device handle for GPU1: 0000:02:00.0: GPU is lost.'; sleep 0.05; done`,
		);
		const {frames} = watch(t, fake, {gpuCount: 2});
		await t.waitFor(() => assert.ok(frames.length > 1), eventually);
		assert.deepEqual(
			viewGpus(await known(), frames.at(-1)).map(({lost}) => lost),
			[false, true],
		);
	});

	test('it is told in the words of a program that ends at once, and goes when rows come', async (t) => {
		const fake = makeSmiScript(
			`if [ "$N" -lt 3 ]; then echo usage: something else; exit 0; fi; while :; do ${tick}; sleep 0.05; done`,
		);
		const {problems} = watch(t, fake, {gpuCount: 2});
		await t.waitFor(
			() =>
				assert.deepEqual(
					problems.map((problem) => problem?.code),
					['unreadable', undefined],
				),
			eventually,
		);
	});

	test('a flood of rubbish lines keeps nobody from anything, and the figures come back after it', async (t) => {
		// 100 MB, then well.
		const fake = makeSmiScript(
			`if [ "$N" = 1 ]; then yes 'some words that are no row of any card' | head -c 100000000; fi; while :; do ${tick}; sleep 0.05; done`,
		);
		const waits: number[] = [];
		let before = performance.now();
		const beat = setInterval(() => {
			waits.push(performance.now() - before - 5);
			before = performance.now();
		}, 5);
		t.after(() => clearInterval(beat));
		const used = process.cpuUsage();
		const {frames, problems} = watch(t, fake, {gpuCount: 2, timing: {unreadableMs: 200}});
		await t.waitFor(() => assert.equal(problems[0]?.code, 'unreadable'), eventually);
		await t.waitFor(() => assert.deepEqual(indexes(frames.at(-1)), [0, 1]), eventually);
		const {user, system} = process.cpuUsage(used);
		assert.equal(fake.starts().length, 1, 'one child, which was not ended');
		assert.equal(problems.at(-1), undefined);
		// Two and a half million lines. To look at each takes five to ten seconds of processor time.
		assert.ok((user + system) / 1e6 < 2.5, `${(user + system) / 1e6} s of processor time`);
		assert.ok(waits.length > 100);
	});

	test('a one-off answer that never ends is cut off and told', async (t) => {
		const fake = makeSmiScript('exec yes rubbish');
		t.after(fake.remove);
		const {gpus, problems} = await readInventory(fake.smi, {timeoutMs: 60_000});
		assert.deepEqual(gpus, []);
		assert.deepEqual(
			problems.map(({message}) => message),
			['The output of nvidia-smi cannot be parsed'],
		);
		await t.waitFor(() => assert.ok(!fake.pids().some(isRunning)), eventually);
	});
});

describe('the child', () => {
	test('is asked to end before it is killed', async (t) => {
		const fake = makeSmiScript(
			`trap '' PIPE; trap 'echo ended >> "$LOG"; exit' TERM; while :; do ${tick}; sleep 0.05; done`,
		);
		const {frames, stop} = watch(t, fake, {gpuCount: 2});
		await t.waitFor(() => assert.ok(frames.length > 1), eventually);
		await stop();
		assert.equal(fake.starts().at(-1), 'ended');
	});

	test('is killed with all that it started when it is deaf', async (t) => {
		const fake = makeSmiScript(
			`trap '' TERM PIPE; (trap '' TERM; echo "$(sh -c 'echo $PPID')" >> "$LOG"; while :; do sleep 1; done) & while :; do ${tick}; sleep 0.05; done`,
		);
		const {frames, stop} = watch(t, fake, {gpuCount: 2});
		await t.waitFor(() => assert.ok(frames.length > 1 && fake.pids().length === 2), eventually);
		await stop();
		await t.waitFor(() => assert.ok(!fake.pids().some(isRunning)), eventually);
	});

	test('goes with gpubox when that ends without having ended it', async (t) => {
		const fake = makeSmiScript(`trap '' TERM PIPE; while :; do sleep 1; done`);
		t.after(fake.remove);
		const module = new URL('../../source/gpu/smi/child.ts', import.meta.url).href;
		const script = `
			const {startSmi} = await import(${JSON.stringify(module)});
			startSmi({file: ${JSON.stringify(fake.smi.file)}, arguments: [], environment: process.env}, [], () => {}, {linesPerWindow: 10, onLeftOut() {}});
			setInterval(() => {
				if (require('node:fs').existsSync(${JSON.stringify(`${fake.directory}/starts.log`)})) throw new Error('broken');
			}, 20);`;
		const broken = spawnSync(
			process.execPath,
			[
				'--import',
				'tsx',
				'--input-type=module',
				'-e',
				`import {createRequire} from 'node:module'; const require = createRequire('/');${script}`,
			],
			{encoding: 'utf8'},
		);
		assert.match(broken.stderr, /Error: broken/);
		assert.equal(fake.pids().length, 1);
		await t.waitFor(() => assert.ok(!fake.pids().some(isRunning)), eventually);
	});

	test('hangs: it is killed, told and started again', async (t) => {
		const fake = makeSmiScript(`while :; do ${tick}; if [ "$N" = 1 ]; then exec sleep 300; fi; sleep 0.05; done`);
		const {frames, problems} = watch(t, fake, {gpuCount: 2, timing: {restartAfterMs: 1000}});
		await t.waitFor(
			() =>
				assert.deepEqual(
					problems.map((problem) => problem?.code),
					['no-answer', undefined],
				),
			eventually,
		);
		assert.equal(fake.starts().length, 2);
		assert.equal(isRunning(fake.pids()[0] ?? 0), false);
		assert.deepEqual(indexes(frames.at(-1)), [0, 1]);
	});

	test('wakes slowly: it is waited for, and that is told', async (t) => {
		const fake = makeSmiScript(`sleep 2; while :; do ${tick}; sleep 0.05; done`);
		const {problems, frames} = watch(t, fake, {gpuCount: 2, timing: {slowMs: 300}});
		await t.waitFor(() => assert.ok(frames.length > 2), eventually);
		assert.deepEqual(
			problems.map((problem) => problem?.code),
			['waking', undefined],
		);
		assert.match(problems[0]?.fix ?? '', /sudo nvidia-smi -pm 1/);
		assert.equal(fake.starts().length, 1, 'it was not ended, which would put the driver back to sleep');
	});

	test('is silent for a while in between: that is told, and it is waited for', async (t) => {
		const fake = makeSmiScript(`${tick}; sleep 2; while :; do ${tick}; sleep 0.05; done`);
		const {problems, frames} = watch(t, fake, {gpuCount: 2, timing: {silenceMs: 500}});
		await t.waitFor(() => assert.ok(frames.length > 3), eventually);
		assert.deepEqual(
			problems.map((problem) => problem?.code),
			['no-answer', undefined],
		);
		assert.equal(fake.starts().length, 1);
	});

	test('hangs before its first line', async (t) => {
		const fake = makeSmiScript(`if [ "$N" = 1 ]; then exec sleep 300; fi; while :; do ${tick}; sleep 0.05; done`);
		const {problems, frames} = watch(t, fake, {gpuCount: 2, timing: {startMs: 500}});
		await t.waitFor(() => assert.ok(frames.length > 0), eventually);
		assert.deepEqual(
			problems.map((problem) => problem?.code),
			['no-answer', undefined],
		);
	});

	test('hangs in the middle of a tick: the cards that it did not come to are not lost', async (t) => {
		const fake = makeSmiScript(`${tick}; sleep 0.2; ${line(0)}; exec sleep 300`);
		const {problems, frames} = watch(t, fake, {gpuCount: 2, timing: {restartAfterMs: 700}});
		await t.waitFor(() => assert.equal(problems[0]?.code, 'no-answer'), eventually);
		for (const frame of frames) {
			assert.deepEqual(indexes(frame), [0, 1]);
		}
	});

	test('ends, and a process of another session holds its pipe: it is started again all the same', async (t) => {
		const fake = makeSmiScript(`setsid sleep 5 & ${tick}; echo 'Failed to initialize NVML: Unknown Error'; exit 255`);
		const {problems} = watch(t, fake, {gpuCount: 2});
		await t.waitFor(() => assert.ok(fake.starts().length >= 2), eventually);
		assert.match(problems[0]?.message ?? '', /Unknown Error/);
	});

	test('hangs with its pipe held by another process', async (t) => {
		const fake = makeSmiScript(`setsid sleep 5 & ${tick}; exec sleep 300`);
		const {problems} = watch(t, fake, {gpuCount: 2, timing: {restartAfterMs: 400}});
		await t.waitFor(() => assert.ok(fake.starts().length >= 2), eventually);
		assert.equal(problems[0]?.code, 'no-answer');
	});

	test('ends: the reason is told, and it is started again until it works', async (t) => {
		const fake = makeSmiScript(
			`if [ "$N" -lt 4 ]; then echo 'Failed to initialize NVML: Driver/library version mismatch'; echo 'NVML library version: 580.159'; exit 18; fi; while :; do ${tick}; sleep 0.05; done`,
		);
		const {problems, frames} = watch(t, fake, {gpuCount: 2});
		await t.waitFor(() => assert.ok(frames.length > 0), eventually);
		await t.waitFor(
			() =>
				assert.deepEqual(
					problems.map((problem) => problem?.code),
					['version-mismatch', undefined],
				),
			eventually,
		);
		assert.match(problems[0]?.message ?? '', /580\.159/);
		assert.equal(fake.starts().length, 4);
	});

	test('is not there', async (t) => {
		const fake = makeSmiScript('');
		const {problems} = watch(t, {...fake, smi: {...fake.smi, file: '/nonexistent/nvidia-smi', local: true}});
		await t.waitFor(() => assert.equal(problems[0]?.code, 'not-installed'), eventually);
	});

	test('writes faults to stderr', async (t) => {
		const fake = makeSmiScript(
			`echo "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver." >&2; exit 9`,
		);
		const {problems} = watch(t, fake);
		await t.waitFor(() => assert.equal(problems[0]?.code, 'driver-not-running'), eventually);
	});

	test('speaks English whatever the language', async (t) => {
		const fake = makeSmiScript('echo "LC_ALL is $LC_ALL"; exit 1');
		const {problems} = watch(t, fake);
		await t.waitFor(() => assert.equal(problems[0]?.message, 'LC_ALL is C'), eventually);
	});

	test('is gone when the watch has ended, and nothing is told after', async (t) => {
		const fake = makeNvidiaSmi({gpus: cards(2)});
		const {frames, stop} = watch(t, fake, {gpuCount: 2});
		await t.waitFor(() => assert.ok(frames.length > 1), eventually);
		await stop();
		const count = frames.length;
		assert.ok(fake.pids().length === 1 && !fake.pids().some(isRunning));
		await new Promise((resolve) => setImmediate(resolve));
		assert.equal(frames.length, count);
	});

	test('is not started by a watch that is over', async (t) => {
		const fake = makeNvidiaSmi({gpus: cards(1)});
		t.after(fake.remove);
		await watchGpus(fake.smi, {
			signal: AbortSignal.abort(),
			onNews: () => assert.fail(),
		});
		assert.deepEqual(fake.starts(), []);
	});
});

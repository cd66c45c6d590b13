import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {setImmediate} from 'node:timers/promises';
import {nameProcesses} from '../../source/box/gpus/process-names.ts';
import {listBoxes} from '../../source/box/list.ts';
import {makeDemoHost} from '../../source/demo/host.ts';
import {readInventory} from '../../source/gpu/inventory.ts';
import {viewGpus} from '../../source/gpu/live.ts';
import {readProcesses} from '../../source/gpu/processes.ts';
import {type HostReading, noFacts} from '../../source/session/state/model.ts';
import {firstView} from '../../source/session/state/reduce.ts';
import {createStore, type SessionState, withFacts} from '../../source/session/state/store.ts';
import {followEvents} from '../../source/session/state/tells/watch-events.ts';
import {followVerdicts} from '../../source/session/state/tells/watch-verdicts.ts';
import {makeFrozenHost, scenarioFrames} from '../_helpers/demo.ts';

/** What a session sees of a scenario, second by second, without the time that it takes. */
async function play(scenario: string, seconds: number, end: AbortSignal) {
	const host = await makeFrozenHost(scenario);
	const inventory = await readInventory(host.nvidiaSmi);
	const boxes = await listBoxes(host);
	const processes = await nameProcesses(host, await readProcesses(host.nvidiaSmi), boxes, inventory.gpus);
	const facts = noFacts({demo: true, engineAddress: '', person: 'dora', folder: '~'});
	const first: SessionState = {
		facts: {
			...facts,
			box: {...facts.box, boxes, phase: 'live'},
			gpu: {...facts.gpu, inventory, phase: 'live', processesUnknown: false},
			host: {cpuCount: 64} as HostReading,
		},
		view: firstView,
	};
	const store = createStore(first);
	let clockMs = 0;
	const clock = () => clockMs;
	followVerdicts(host, store, end, clock);
	followEvents({host, store, signal: end, alert() {}, clock, now: clock});
	const frames = scenarioFrames(
		scenario,
		Array.from({length: seconds}, (_, second) => second),
	);
	for (const [second, frame] of frames.entries()) {
		clockMs = second * 1000;
		const readings = viewGpus(inventory.gpus, frame).map((view) => ({...view, history: []}));
		// Of a GPU that does nothing any more the processes have ended.
		const there = processes.filter(({gpuUuid}) => {
			const load = readings.find(({uuid}) => uuid === gpuUuid)?.utilization;
			return scenario === 'badly-used' || load !== 0;
		});
		store.changeNow(withFacts(({gpu}) => ({gpu: {...gpu, readings, processes: there}})));
		await setImmediate();
	}

	return {tells: store.get().facts.tells, boxes};
}

test('badly-used shows a verdict on every box that does not use its GPUs well', async (t) => {
	const end = new AbortController();
	t.after(() => end.abort());
	const {tells, boxes} = await play('badly-used', 110, end.signal);
	assert.deepEqual(
		boxes.flatMap(({id, name}) => {
			const verdict = tells.verdicts.get(id);
			return verdict === undefined ? [] : [[name, verdict.text]];
		}),
		[
			['alice-llm-train', '1 of 4 GPUs works'],
			['bob-segmentation', 'GPU 4 waits for data'],
			['chen-diffusion', 'GPU 5 slowed by power'],
			['dora-sweep-5', 'GPU 7 slowed by heat'],
			['dora-vision', 'GPU 6 full, no process'],
		],
	);
});

test('on the first scenario a GPU gets too hot, and one becomes free', async (t) => {
	const end = new AbortController();
	t.after(() => end.abort());
	const {tells, boxes} = await play('workstation-8x-h100', 180, end.signal);
	assert.deepEqual(
		tells.events.happened.map(({text}) => text),
		['GPU 3 is slowed by heat at 87 °C', 'GPU 6 is free'],
	);
	assert.deepEqual(
		[...tells.verdicts].map(([id, {text}]) => [boxes.find((box) => box.id === id)?.name, text]),
		[['alice-llm-train', 'GPU 3 slowed by heat']],
	);
});

test('a box stops by itself as the scenario says, also at its memory limit, and a job ends with its container', async (t) => {
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-scenario-'));
	t.after(() => rmSync(folder, {recursive: true}));
	const file = join(folder, 'ours.json');
	const box = (name: string) => ({name, owner: 'dora', image: 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime'});
	writeFileSync(
		file,
		JSON.stringify({
			boxes: [box('fails'), box('killed'), {...box('sweep-1'), job: ['python', 'sweep.py']}],
			events: [
				{afterSeconds: 0, kind: 'stop', box: 'fails', exitCode: 3},
				{afterSeconds: 0, kind: 'stop', box: 'killed', outOfMemory: true},
				{afterSeconds: 0, kind: 'stop', box: 'sweep-1'},
			],
		}),
	);
	await using host = await makeDemoHost(file, {pace: 0});
	const running = async () => (await host.engine.listContainers({labels: []})).filter(({state}) => state === 'running');
	while ((await running()).length > 0 || (await host.engine.inspectContainer('gpubox-sweep-1')) !== undefined) {
		await setImmediate();
	}

	const endOf = async (name: string) => {
		const detail = await host.engine.inspectContainer(`gpubox-${name}`);
		return [detail?.exitCode, detail?.oomKilled];
	};
	assert.deepEqual(await endOf('fails'), [3, false]);
	assert.deepEqual(await endOf('killed'), [137, true]);
});

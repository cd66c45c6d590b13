import assert from 'node:assert/strict';
import {test} from 'node:test';
import {fillPast} from '../../source/demo/past.ts';
import {readScenario, scenarioFile} from '../../source/demo/read-scenario.ts';
import {scenarioNames} from '../../source/demo/scenario-names.ts';
import {cellOf} from '../../source/demo/smi-fields.ts';
import {streamFields} from '../../source/gpu/fields.ts';
import {GpuHistory} from '../../source/gpu/history/gpu-history.ts';
import {figuresOf, metrics, tiers} from '../../source/gpu/history/metrics.ts';
import {ProcessHistory} from '../../source/gpu/history/process-history.ts';
import {parseRow, sampleOf} from '../../source/gpu/parse.ts';

const nowMs = Date.UTC(2026, 10, 20, 12);
const none = () => ({gpus: new GpuHistory(), processes: new ProcessHistory()});

test('the past of the demo host has what its nvidia-smi would have printed', async () => {
	const signal = new AbortController().signal;
	for (const name of scenarioNames) {
		const scenario = readScenario(scenarioFile(name));
		const history = none();
		await fillPast(scenario, history, {nowMs, signal});
		for (const gpu of scenario.gpus) {
			const cells = streamFields.map((field) =>
				cellOf(field, {scenario, gpu, seconds: -1}, {units: false, needsReset: false}),
			);
			const row = parseRow(cells.join(', '), streamFields);
			const {figures} = history.gpus.at(gpu.uuid, nowMs - 1000) ?? {};
			assert.deepEqual(
				metrics.map((metric) => figures?.[metric] ?? null),
				row && figuresOf(sampleOf(row)).map((figure) => figure && Math.fround(figure)),
				`${name}, GPU ${gpu.index}`,
			);
			for (const {seconds, length} of tiers) {
				assert.ok(history.gpus.at(gpu.uuid, nowMs - seconds * length * 1000), `${name}: ${seconds}`);
			}
		}

		assert.equal(history.processes.since(0).length, scenario.processes.length);
	}
});

test('the past is not made up further once the session ends', async () => {
	const history = none();
	const controller = new AbortController();
	const scenario = readScenario(scenarioFile(scenarioNames[0]));
	const filling = fillPast(scenario, history, {nowMs, signal: controller.signal});
	controller.abort(new Error('left'));
	await assert.rejects(filling, {name: 'AbortError'});
	assert.deepEqual(history.gpus.uuids, []);
});

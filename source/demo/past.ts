/** What the simulated machine did in the day before the session, for the curves and for who ran what. */

import {setImmediate as breathe} from 'node:timers/promises';
import {throttleField} from '../gpu/fields.ts';
import type {GpuHistory} from '../gpu/history/gpu-history.ts';
import {figuresOf, tiers} from '../gpu/history/metrics.ts';
import type {ProcessHistory} from '../gpu/history/process-history.ts';
import {sampleOf} from '../gpu/parse.ts';
import type {Scenario} from './scenario.ts';
import {cellOf} from './smi-fields.ts';

/** What is kept of a reading comes from these; all others would double the work for some ten thousand readings. */
const fields: readonly string[] = [
	'utilization.gpu',
	'memory.used',
	'memory.total',
	'utilization.memory',
	'power.draw',
	'temperature.gpu',
	'clocks.current.sm',
	throttleField,
];
const cellOptions = {units: false, needsReset: false};

/**
Fills the history with what the scenario would have shown, in steps of some milliseconds: it is done while the session is used.

@param nowMs the start of the scenario, milliseconds since 1970
@throws AbortError once the signal aborts
*/
export async function fillPast(
	scenario: Scenario,
	history: {gpus: GpuHistory; processes: ProcessHistory},
	{nowMs, signal}: {nowMs: number; signal: AbortSignal},
): Promise<void> {
	const owners = new Map(scenario.boxes.map(({name, owner}) => [name, owner]));
	for (const {gpu, pid, name, usedMemoryMiB, box} of scenario.processes) {
		const {uuid = ''} = scenario.gpus.find(({index}) => index === gpu) ?? {};
		const {ageHours = 6} = scenario.boxes.find((each) => each.name === box) ?? {};
		const span = {uuid, pid, name, usedMemoryMiB, box, user: owners.get(box ?? '') ?? null, toMs: nowMs};
		history.processes.fill({...span, fromMs: nowMs - Math.min(24, ageHours) * 3_600_000});
	}

	for (const gpu of scenario.gpus) {
		for (const {seconds, length} of tiers) {
			await breathe(undefined, {signal});
			const newest = Math.floor(nowMs / 1000 / seconds) - 1;
			for (let at = newest - length + 1; at <= newest; at += 1) {
				const moment = {scenario, gpu, seconds: at * seconds - nowMs / 1000};
				const row = new Map(fields.map((field) => [field, cellOf(field, moment, cellOptions)]));
				history.gpus.fill({uuid: gpu.uuid, seconds, at, figures: figuresOf(sampleOf(row))});
			}
		}
	}
}

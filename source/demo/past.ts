/** What the simulated machine did in the day before the session, for the curves and for who ran what. */

import {streamFields} from '../gpu/fields.ts';
import type {GpuHistory} from '../gpu/history/gpu-history.ts';
import {figuresOf, tiers} from '../gpu/history/metrics.ts';
import type {ProcessHistory} from '../gpu/history/process-history.ts';
import {parseRow, sampleOf} from '../gpu/parse.ts';
import type {Scenario} from './scenario.ts';
import {cellOf} from './smi-fields.ts';

/** Fills the history with what the scenario would have shown. @param nowMs the start of the scenario, milliseconds since 1970 */
export function fillPast(
	scenario: Scenario,
	history: {gpus: GpuHistory; processes: ProcessHistory},
	nowMs: number,
): void {
	const owners = new Map(scenario.boxes.map(({name, owner}) => [name, owner]));
	for (const gpu of scenario.gpus) {
		for (const {seconds, length} of tiers) {
			const newest = Math.floor(nowMs / 1000 / seconds) - 1;
			for (let at = newest - length + 1; at <= newest; at += 1) {
				const moment = {scenario, gpu, seconds: at * seconds - nowMs / 1000};
				const cells = streamFields.map((field) => cellOf(field, moment, {units: false, needsReset: false}));
				const row = parseRow(cells.join(', '), streamFields);
				if (row !== undefined) {
					history.gpus.fill({uuid: gpu.uuid, seconds, at, figures: figuresOf(sampleOf(row))});
				}
			}
		}
	}

	for (const {gpu, pid, name, usedMemoryMiB, box} of scenario.processes) {
		const {uuid = ''} = scenario.gpus.find(({index}) => index === gpu) ?? {};
		const {ageHours = 6} = scenario.boxes.find((each) => each.name === box) ?? {};
		const span = {uuid, pid, name, usedMemoryMiB, box, user: owners.get(box ?? '') ?? null, toMs: nowMs};
		history.processes.fill({...span, fromMs: nowMs - Math.min(24, ageHours) * 3_600_000});
	}
}

/**
The events on the demo host at run time, for the simulated nvidia-smi: each call is a separate process, and all must show the same
machine. A file with one event a line, in the temporary folder of the host.
*/
import {appendFileSync, readFileSync, statSync} from 'node:fs';
import type {ScenarioEvent} from './scenario.ts';

/** The variable that names the file for the simulated nvidia-smi. */
export const happeningsVariable = 'GPUBOX_SCENARIO_HAPPENINGS';

export function writeHappening(file: string, event: ScenarioEvent): void {
	appendFileSync(file, `${JSON.stringify(event)}\n`);
}

/** Keeps the events up to date: those given, followed by those in the file. */
export function createHappenings(file: string | undefined, given: readonly ScenarioEvent[]): () => ScenarioEvent[] {
	let size = 0;
	let events = [...given];
	return () => {
		const now = file === undefined ? 0 : (statSync(file, {throwIfNoEntry: false})?.size ?? 0);
		if (file !== undefined && now !== size) {
			size = now;
			// An incomplete line is read the next time.
			const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
			events = [...given, ...lines.map((line) => JSON.parse(line) as ScenarioEvent)];
		}

		return events;
	};
}

/**
What happens on the made-up host while it is looked at, told to the stand-ins of nvidia-smi: each is a process of its own, and
all are to show the same machine. A file of one event a line, in the temporary folder of the host.
*/
import {appendFileSync, readFileSync, statSync} from 'node:fs';
import type {ScenarioEvent} from './scenario.ts';

/** Names the file for the stand-in. */
export const happeningsVariable = 'GPUBOX_SCENARIO_HAPPENINGS';

export function writeHappening(file: string, event: ScenarioEvent): void {
	appendFileSync(file, `${JSON.stringify(event)}\n`);
}

/** Keeps the events up to date: those given, and behind them what the file holds by now. */
export function createHappenings(file: string | undefined, given: readonly ScenarioEvent[]): () => ScenarioEvent[] {
	let size = 0;
	let events = [...given];
	return () => {
		const now = file === undefined ? 0 : (statSync(file, {throwIfNoEntry: false})?.size ?? 0);
		if (file !== undefined && now !== size) {
			size = now;
			// The line that is being written is left for the next time.
			const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
			events = [...given, ...lines.map((line) => JSON.parse(line) as ScenarioEvent)];
		}

		return events;
	};
}

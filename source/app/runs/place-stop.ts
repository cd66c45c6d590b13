import {Failure} from '../../base/failure.ts';
import type {Host} from '../../host/host.ts';
import {NoAnswer} from '../../job/place/place.ts';
import {findRun} from './find.ts';
import {placed, stopPlaced} from './places.ts';

/**
Ends those of the named runs that another place has, and prints their names.

@param options.hard without time to end
@returns the other names, and what was ended
@throws Failure when a place does not answer
*/
export async function endPlacedRuns(
	host: Pick<Host, 'paths'>,
	names: readonly string[],
	{hard, json, signal}: {hard: boolean; json?: true | undefined; signal: AbortSignal},
): Promise<{others: string[]; ended: Array<{name: string; id: string}>}> {
	const found = names.map((name) => ({name, run: placed(findRun(host, name))}));
	const runs = found.flatMap(({run}) => (run === undefined || run.ended !== null ? [] : [run]));
	for (const run of runs) {
		try {
			await stopPlaced(host, run, {hard, signal});
		} catch (error) {
			throw error instanceof NoAnswer
				? new Failure(`${run.name} could not be stopped: ${error.message}`, {fix: 'Try again when the place answers.'})
				: error;
		}

		if (!json) {
			process.stdout.write(`${run.name}\n`);
		}
	}

	return {
		others: found.filter(({run}) => run === undefined || run.ended !== null).map(({name}) => name),
		ended: runs.map(({name, on}) => ({name, id: on.id})),
	};
}

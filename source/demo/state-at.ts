import type {Replay, Scenario, ScenarioEvent, ScenarioGpu, ScenarioProcess} from './scenario.ts';

export type CardState = 'well' | 'lost' | 'reset';

const happened = (event: ScenarioEvent, seconds: number) => event.afterSeconds <= seconds;

/** Whether a card answers at this time of the scenario. */
export function cardStateOf(scenario: Scenario, gpu: ScenarioGpu, seconds: number): CardState {
	let state: CardState = 'well';
	for (const {kind} of eventsOf(scenario, gpu, seconds)) {
		if (kind === 'lost' || kind === 'reset' || kind === 'recover') {
			state = kind === 'recover' ? 'well' : kind;
		}
	}

	return state;
}

/** What happened to a card until then, in order. */
function eventsOf({events}: Scenario, {index}: ScenarioGpu, seconds: number) {
	return events
		.filter((event) => 'gpu' in event)
		.filter((event) => event.gpu === index && happened(event, seconds))
		.sort((one, other) => one.afterSeconds - other.afterSeconds);
}

/** Since when a card gets too hot; undefined where it does not. */
function hotSince(scenario: Scenario, gpu: ScenarioGpu, seconds: number): number | undefined {
	const last = eventsOf(scenario, gpu, seconds).findLast(({kind}) => kind === 'heat' || kind === 'cool');
	return last?.kind === 'heat' ? last.afterSeconds : undefined;
}

/**
The scenario without what has ended by then: processes are gone, and a card without processes is idle; with what gets too hot. Of a recording
what was so then.
*/
export function at(scenario: Scenario, seconds: number): Scenario {
	if (scenario.replay !== undefined) {
		return {...scenario, processes: replayed(scenario, scenario.replay, seconds)};
	}

	const ends = new Map<number, number>();
	for (const event of scenario.events) {
		if (event.kind === 'end' && happened(event, seconds)) {
			ends.set(event.pid, Math.min(event.afterSeconds, ends.get(event.pid) ?? Number.POSITIVE_INFINITY));
		}
	}

	return {
		...scenario,
		processes: scenario.processes.filter(({pid}) => !ends.has(pid)),
		gpus: scenario.gpus.map((gpu) => {
			const idleAfterSeconds = lastEnd(
				scenario.processes.filter((process) => process.gpu === gpu.index),
				ends,
			);
			const hotAfterSeconds = hotSince(scenario, gpu, seconds);
			return {
				...gpu,
				...(idleAfterSeconds === undefined ? {} : {idleAfterSeconds}),
				...(hotAfterSeconds === undefined ? {} : {hotAfterSeconds}),
			};
		}),
	};
}

function replayed({gpus}: Scenario, replay: Replay, seconds: number): ScenarioProcess[] {
	return replay.processes(seconds).flatMap(({uuid, ...process}) => {
		const gpu = gpus.find((each) => each.uuid === uuid);
		return gpu === undefined ? [] : [{...process, gpu: gpu.index, box: null, container: null}];
	});
}

/** When the last of them ended; undefined while one is there, or none ever was. */
function lastEnd(processes: readonly ScenarioProcess[], ends: ReadonlyMap<number, number>): number | undefined {
	let last: number | undefined;
	for (const {pid} of processes) {
		const end = ends.get(pid);
		if (end === undefined) {
			return undefined;
		}

		last = Math.max(end, last ?? 0);
	}

	return last;
}

/** Names the cards, by UUID, that a process sees: those of its box. */
export const visibleVariable = 'GPUBOX_SCENARIO_VISIBLE';

/** The scenario as seen from inside a box: only its cards, counted from 0. */
export function seenFrom(scenario: Scenario, uuids: readonly string[]): Scenario {
	const gpus = scenario.gpus.filter(({uuid}) => uuids.includes(uuid));
	const places = new Map(gpus.map(({index}, place) => [index, place]));
	const counted = <Item extends {gpu: number}>(item: Item): Item[] => {
		const gpu = places.get(item.gpu);
		return gpu === undefined ? [] : [{...item, gpu}];
	};

	return {
		...scenario,
		gpus: gpus.map((gpu, index) => ({...gpu, index})),
		processes: scenario.processes.flatMap(counted),
		events: scenario.events.flatMap((event): ScenarioEvent[] => ('gpu' in event ? counted(event) : [event])),
	};
}

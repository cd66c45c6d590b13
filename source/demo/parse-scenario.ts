import * as v from 'valibot';
import {type Scenario, scenarioSchema} from './scenario.ts';

/** The message names the place of the mistake in a scenario. */
export class ScenarioError extends Error {
	override name = 'ScenarioError';
}

/**
A scenario from what a JSON file holds, with the defaults filled in.
@throws {ScenarioError} naming the place of the mistake
*/
export function parseScenario(json: unknown): Scenario {
	const parsed = v.safeParse(scenarioSchema, json, {abortEarly: true});
	if (!parsed.success) {
		throw new ScenarioError(explain(parsed.issues[0]));
	}

	checkReferences(parsed.output);
	return parsed.output;
}

function explain({path, expected, message, input}: v.BaseIssue<unknown>): string {
	const keys = (path ?? []).map(({key}) => (typeof key === 'number' ? `[${key}]` : `.${key}`));
	if (expected === 'never') {
		return `scenario${keys.slice(0, -1).join('')} ${message}`;
	}

	const found = JSON.stringify(input) ?? 'missing';
	return `scenario${keys.join('')} must be ${message}, not ${found.length > 60 ? `${found.slice(0, 59)}…` : found}`;
}

/** Each part of a scenario may be valid on its own and still refer to something that does not exist. @throws ScenarioError */
function checkReferences({gpus, processes, boxes, containers, hosts, events}: Scenario): void {
	unique('gpus', 'index', gpus);
	unique('gpus', 'uuid', gpus);
	unique('gpus', 'busId', gpus);
	unique('boxes', 'name', boxes);
	unique('containers', 'name', containers);
	unique('hosts', 'name', hosts);

	const indexes = gpus.map(({index}) => index);
	const cards = indexes.length === 0 ? 'there is none' : `there are ${indexes.join(', ')}`;
	for (const [place, {gpu, box, container}] of processes.entries()) {
		known(`processes[${place}].gpu`, 'card', gpu, indexes, cards);
		known(`processes[${place}].box`, 'box', box, [null, ...boxes.map(({name}) => name)]);
		known(`processes[${place}].container`, 'container', container, [null, ...containers.map(({name}) => name)]);
	}

	for (const [place, box] of boxes.entries()) {
		for (const [which, index] of box.gpus.entries()) {
			known(`boxes[${place}].gpus[${which}]`, 'card', index, indexes, cards);
		}
	}

	for (const [place, event] of events.entries()) {
		if ('gpu' in event) {
			known(`events[${place}].gpu`, 'card', event.gpu, indexes, cards);
		} else if (event.kind === 'end') {
			known(
				`events[${place}].pid`,
				'process',
				event.pid,
				processes.map(({pid}) => pid),
			);
		} else if (event.kind === 'stop') {
			known(
				`events[${place}].box`,
				'box',
				event.box,
				boxes.map(({name}) => name),
			);
		}
	}
}

function known<T>(where: string, what: string, value: T, all: readonly T[], there = 'there is none'): void {
	if (!all.includes(value)) {
		throw new ScenarioError(`scenario.${where} refers to an unknown ${what} ${JSON.stringify(value)}; ${there}`);
	}
}

function unique<Key extends string>(list: string, key: Key, items: ReadonlyArray<Record<Key, string | number>>): void {
	const values = items.map((item) => item[key]);
	for (const [place, value] of values.entries()) {
		const before = values.indexOf(value);
		if (before !== place) {
			throw new ScenarioError(
				`scenario.${list}[${place}].${key} is ${JSON.stringify(value)}, the same as in scenario.${list}[${before}]`,
			);
		}
	}
}

import type {Scenario} from './scenario.ts';
import {ScenarioError} from './value.ts';

/** What boxes may be called is what `gpubox up --name` takes; people are called as the system calls them. */
const boxName = /^[a-z0-9][a-z0-9_.-]{0,61}$/;
const personName = /^[a-z_][a-z0-9_-]{0,31}$/;

/** Each part of a scenario may be right by itself and still speak of what is not there. @throws ScenarioError */
export function checkReferences({gpus, processes, boxes, events, person}: Scenario): void {
	unique('gpus', 'index', gpus);
	unique('gpus', 'uuid', gpus);
	unique('gpus', 'busId', gpus);
	unique('boxes', 'name', boxes);
	if (!personName.test(person)) {
		throw new ScenarioError(`scenario.person must be a name such as dora, not ${JSON.stringify(person)}`);
	}

	const indexes = new Set(gpus.map(({index}) => index));
	const needCard = (where: string, index: number) => {
		if (!indexes.has(index)) {
			const known = indexes.size === 0 ? 'there is none' : `there are ${[...indexes].join(', ')}`;
			throw new ScenarioError(`${where} speaks of a card ${index}; ${known}`);
		}
	};

	const names = new Set(boxes.map(({name}) => name));
	for (const [place, {gpu, box}] of processes.entries()) {
		needCard(`scenario.processes[${place}].gpu`, gpu);
		if (box !== null && !names.has(box)) {
			throw new ScenarioError(`scenario.processes[${place}].box speaks of a box ${JSON.stringify(box)}; there is none`);
		}
	}

	for (const [place, box] of boxes.entries()) {
		const where = `scenario.boxes[${place}]`;
		for (const [which, index] of box.gpus.entries()) {
			needCard(`${where}.gpus[${which}]`, index);
		}

		if (!boxName.test(box.name)) {
			throw new ScenarioError(`${where}.name must be a name such as alice-train, not ${JSON.stringify(box.name)}`);
		}

		if (!personName.test(box.owner)) {
			throw new ScenarioError(`${where}.owner must be a name such as alice, not ${JSON.stringify(box.owner)}`);
		}
	}

	const pids = new Set(processes.map(({pid}) => pid));
	for (const [place, event] of events.entries()) {
		if ('gpu' in event) {
			needCard(`scenario.events[${place}].gpu`, event.gpu);
		} else if (event.kind === 'end' && !pids.has(event.pid)) {
			throw new ScenarioError(`scenario.events[${place}].pid speaks of a process ${event.pid}; there is none`);
		}
	}
}

function unique<Key extends string>(list: string, key: Key, items: ReadonlyArray<Record<Key, string | number>>): void {
	const seen = new Map<string | number, number>();
	for (const [place, item] of items.entries()) {
		const before = seen.get(item[key]);
		if (before !== undefined) {
			const {[key]: value} = item;
			throw new ScenarioError(
				`scenario.${list}[${place}].${key} is ${JSON.stringify(value)}, as that of scenario.${list}[${before}]`,
			);
		}

		seen.set(item[key], place);
	}
}

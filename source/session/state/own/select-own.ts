/** What placeholders of the user's own commands stand for where the keyboard is. */
import {ownerText} from '../../../box/list.ts';
import {boxOf} from '../boxes/shown-boxes.ts';
import {containerSituation} from '../machine/select-lists.ts';
import type {Facts} from '../model.ts';
import type {View} from '../reduce.ts';
import type {OwnValues} from './own-commands.ts';

/** Which row is chosen does not depend on the time. */
const anyTime = new Date(0);

/** Of what is seen to be chosen: on a screen without boxes there is none. */
export function ownValues(facts: Facts, view: View): OwnValues {
	const host = facts.hostWord === undefined ? {} : {host: facts.hostWord};
	switch (view.screen) {
		case 'main':
		case 'log':
		case 'box': {
			return {...host, ...ofBox(facts, boxOf({facts, view})?.id), ...gpuOf(facts, view)};
		}

		case 'gpu': {
			return {...host, ...gpuOf(facts, view)};
		}

		case 'images': {
			const image = facts.images.choices[Math.min(view.imageIndex, facts.images.choices.length - 1)]?.reference;
			return {...host, ...(image === undefined ? {} : {image})};
		}

		case 'containers': {
			const container = containerSituation({facts, view}, anyTime);
			return container === undefined || container.box
				? {...host, ...ofBox(facts, container?.id)}
				: {...host, id: container.id, owner: `${container.name}, not a box; ${container.owner}`};
		}

		default: {
			return host;
		}
	}
}

function ofBox(facts: Facts, id: string | undefined): OwnValues {
	const box = facts.box.boxes.find((each) => each.id === id);
	return box === undefined
		? {}
		: {
				box: box.name,
				id: box.id,
				folder: box.projectPath,
				image: box.image,
				...(box.mine ? {} : {owner: ownerText(box)}),
			};
}

function gpuOf({gpu}: Facts, {gpuUuid}: View): OwnValues {
	// In the place of one that was chosen and is gone no other is taken.
	const uuid = gpuUuid ?? gpu.readings[0]?.uuid;
	return uuid !== undefined && gpu.readings.some((each) => each.uuid === uuid) ? {gpu: uuid} : {};
}

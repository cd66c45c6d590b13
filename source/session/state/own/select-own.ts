/** What placeholders of the user's own commands stand for where the keyboard is. */
import {holdsCard} from '../../../box/gpus/process-names.ts';
import {ownerText} from '../../../box/list.ts';
import {boxOf} from '../boxes/shown-boxes.ts';
import {chosenImage, containerSituation} from '../machine/select-lists.ts';
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
			const image = chosenImage({facts, view});
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

function gpuOf(facts: Facts, {gpuUuid}: View): OwnValues {
	const {readings} = facts.gpu;
	// In the place of one that was chosen and is gone no other is taken.
	const uuid = gpuUuid ?? readings[0]?.uuid;
	if (uuid === undefined || !readings.some((each) => each.uuid === uuid)) {
		return {};
	}

	const users = othersOn(uuid, facts);
	return {gpu: uuid, ...(users === '' ? {} : {gpuUsers: users})};
}

/** Who else holds a GPU or computes on it, in words; empty for no one. What is not known may be anyone's. */
function othersOn(uuid: string, {gpu, box, person}: Facts): string {
	const holders = box.boxes.filter((each) => !each.mine && holdsCard(each, uuid, gpu.inventory?.gpus ?? []));
	const processes = gpu.processes.filter(({gpuUuid, user}) => gpuUuid === uuid && user !== person);
	const users = [
		...holders.map((each) => `box ${each.name} of ${ownerText(each)}`),
		...processes
			.filter((each) => !holders.some(({name}) => name === each.box))
			.map(({pid, user}) => `process ${pid} of ${user ?? 'an unknown user'}`),
	];
	const [first, ...more] = users;
	return first === undefined
		? gpu.processesUnknown
			? 'its processes are not known'
			: ''
		: `in use: ${first}${more.length === 0 ? '' : ` and ${more.length} more`}`;
}

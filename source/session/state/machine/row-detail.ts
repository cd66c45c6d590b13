import {formatDuration} from '../../../text/duration.ts';
import {commandDetail} from '../command-log/command-rows.ts';
import {settingDetail} from '../config/config.ts';
import {hostDetail} from '../hosts/host-rows.ts';
import {imageDetail, imageVerdict} from '../images/image-rows.ts';
import {type DetailLine, pairLines} from '../lists/detail.ts';
import type {ListName} from '../lists/reduce-lists.ts';
import type {Facts} from '../model.ts';
import {processInWords} from '../selectors.ts';
import {eventDetail} from '../tells/event-rows.ts';
import {tellPairs} from '../tells/select-tells.ts';
import {knownContainers} from './containers.ts';
import type {MachineState} from './machine.ts';
import {ownerInWords, ownerOf} from './owner.ts';

type Pairs = Array<[label: string, value: string]>;

/** What is known of a row beside its columns; `width` is that of a line. */
export function selectRowDetail(
	name: ListName,
	id: string,
	facts: Facts,
	{now, width}: {now: Date; width: number},
): {title?: string; note: string; lines: DetailLine[]} {
	switch (name) {
		case 'images': {
			return {note: imageVerdict(id, facts.images), lines: imageDetail(id, facts.images, width)};
		}

		case 'hosts': {
			return {note: '', lines: hostDetail(id, facts.hosts)};
		}

		case 'settings': {
			return {note: '', lines: pairLines(settingDetail(id, facts.config))};
		}

		case 'events': {
			return {title: 'In full', note: '', lines: eventDetail(id, facts, width)};
		}

		case 'commands': {
			return {title: 'In full', note: '', lines: commandDetail(id, facts, width)};
		}

		case 'containers': {
			return {note: '', lines: pairLines(containerDetail(id, facts, now))};
		}

		case 'processes':
		case 'people':
		case 'disk': {
			return {note: '', lines: []};
		}
	}
}

function containerDetail(id: string, facts: Facts, now: Date): Pairs {
	const container = knownContainers(facts).find((each) => each.id === id);
	if (container === undefined) {
		return [];
	}

	const {box, image, state, createdAt, folders} = container;
	const owner = ownerOf(container, facts);
	const processes = facts.gpu.processes.filter((process) => process.container?.id === id);
	const index = (uuid: string) => facts.gpu.readings.find((reading) => reading.uuid === uuid)?.index ?? '?';
	return [
		['kind', box === undefined ? 'not a box: gpubox did not create it' : box.job ? 'job' : 'box'],
		['owner', ownerInWords(owner).replace(/^owner:? /, '')],
		['image', box?.image ?? image],
		[
			'state',
			`${state}, created ${formatDuration(now.getTime() - createdAt.getTime())} ago${restartsInWords(id, facts.machine)}`,
		],
		...(box === undefined ? [] : tellPairs(box, facts.tells, now)),
		...(box === undefined ? folders.slice(0, 3) : [box.project]).map((folder, place): [string, string] => [
			place > 0 ? '' : box === undefined ? 'mounts' : 'project',
			folder,
		]),
		...processes.map((process, place): [string, string] => [
			place === 0 ? 'processes' : '',
			`GPU ${index(process.gpuUuid)}  ${processInWords(process)}`,
		]),
		['id', id.slice(0, 12)],
	];
}

/** Of those by its restart policy: what a user starts again, the engine does not count. */
function restartsInWords(id: string, {restarts}: MachineState): string {
	if (restarts?.id !== id) {
		return ', restarts by the engine not known';
	}

	return restarts.count === 0
		? ', never restarted by the engine'
		: `, restarted by the engine ${restarts.count === 1 ? 'once' : `${restarts.count} times`}`;
}

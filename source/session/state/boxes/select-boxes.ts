import type {Diagnostic} from '../../../base/failure.ts';
import {type Box, isRunning} from '../../../box/box.ts';
import {ownerText} from '../../../box/list.ts';
import {formatDuration} from '../../../text/duration.ts';
import {type Style, theme} from '../../theme.ts';
import type {Hint} from '../keys/binding.ts';
import {isFiltered} from '../lists/list.ts';
import {markedOf} from '../marks/marks.ts';
import type {Facts} from '../model.ts';
import type {View} from '../reduce.ts';
import {processInWords} from '../selectors.ts';
import type {Field} from '../setup/field.ts';
import {hasNoBox} from '../setup/select-setup.ts';
import {rangesOf} from '../tells/gpu-numbers.ts';
import {type BoxNote, noteOf, tellPairs} from '../tells/select-tells.ts';
import {boxColumns, boxOf, shownBoxes} from './shown-boxes.ts';

export type BoxItem = {
	id: string;
	selected: boolean;
	/** Marked for what is done to several at once. */
	marked: boolean;
	mark: string;
	markStyle: Style;
	name: string;
	owner: string;
	state: string;
	services: string;
	/** Numbers of its GPUs, `0-3`. */
	gpus: string;
	image: string;
	age: string;
	/** What else there is to say: what is wrong with it, since when it is idle, when its reservation expires. */
	note: BoxNote | undefined;
	running: boolean;
};

export type BoxPaneView = {
	title: string;
	note: string;
	/** Of rows that are not live, how old they are. */
	age: string;
	/** Of the rows, where there is one. */
	filter: {field: Field; typing: boolean; found: number} | undefined;
	items: BoxItem[];
	/** The text where there are no rows. */
	empty: string[];
	/** Keys that create the user's first box, below the rows. */
	invites: Hint[];
	problem: Diagnostic | undefined;
};

export function selectBoxPane(facts: Facts, view: View, now: Date): BoxPaneView {
	const {boxes, phase, problem, age: listAge} = facts.box;
	const shown = shownBoxes(facts, view);
	const chosen = boxOf({facts, view});
	const running = boxes.filter(isRunning).length;
	const marked = markedOf(view.marks, shown);
	const list = view.lists.boxes;
	const {filter, typing, sort} = list;
	const column = boxColumns.find(({key}) => key === sort);
	return {
		title: column === undefined ? 'Boxes' : `Boxes by ${column.title}`,
		note: paneNote(boxes.length, running, marked.length),
		filter: isFiltered(list) ? {field: filter, typing, found: shown.length} : undefined,
		age: boxes.length === 0 || listAge === undefined ? '' : `as of ${listAge} ago`,
		items: shown.map((box) => boxItem(box, facts, {selected: box === chosen, marked: marked.includes(box)}, now)),
		empty:
			boxes.length > 0
				? ['Nothing matches the filter.']
				: phase === 'waiting'
					? ['Asking the engine …']
					: phase === 'live'
						? [facts.readOnly ? 'No boxes yet.' : 'No boxes yet. Create the first:']
						: [],
		invites: selectInvites(facts),
		problem,
	};
}

function paneNote(boxes: number, running: number, marked: number): string {
	const marks = marked === 0 ? '' : `${marked} marked · `;
	return boxes === 0 ? '' : `${marks}${running} of ${boxes} running`;
}

/** For a user without a box. Where the project has a gpubox.yaml, nothing needs to be asked. */
function selectInvites(facts: Facts): Hint[] {
	const {project} = facts.setup;
	if (!hasNoBox(facts) || facts.readOnly) {
		return [];
	}

	if (project?.file !== undefined) {
		return [{key: 'u', label: "start this project's box"}];
	}

	return [
		...(project === undefined
			? []
			: [{key: 'n', label: project.begun ? 'continue setting up here' : 'set up here: 3 questions'}]),
		{key: 'u', label: 'Jupyter now, no questions'},
	];
}

const serviceShort = {jupyter: 'jupyter', ssh: 'ssh'} as const;

function boxItem(box: Box, facts: Facts, {selected, marked}: Pick<BoxItem, 'selected' | 'marked'>, now: Date): BoxItem {
	return {
		id: box.id,
		selected,
		marked,
		...markOf(box),
		name: box.name,
		owner: ownerText(box),
		state: box.state === 'exited' ? 'stopped' : box.state,
		services: box.job ? 'job' : box.services.map((service) => serviceShort[service]).join(' '),
		gpus: gpuNumbers(box, facts),
		image: box.image,
		age: age(box.createdAt, now).split(' ')[0] ?? '',
		note: noteOf(box, facts.tells, now),
		running: isRunning(box),
	};
}

function age(from: Date, to: Date): string {
	return formatDuration(to.getTime() - from.getTime());
}

export function markOf(box: Pick<Box, 'state'>): {mark: string; markStyle: Style} {
	switch (box.state) {
		case 'running': {
			return {mark: '●', markStyle: theme.good};
		}

		case 'paused':
		case 'restarting':
		case 'removing': {
			return {mark: '◐', markStyle: theme.warning};
		}

		case 'dead': {
			return {mark: '✕', markStyle: theme.bad};
		}

		case 'created':
		case 'exited': {
			return {mark: '○', markStyle: theme.quiet};
		}
	}
}

/** GPUs by nvidia-smi's number, `0-3,6`; one that is not listed by the start of its UUID. */
export function gpuNumbers(box: Box, facts: Facts): string {
	const known = new Set<number>();
	const unknown = new Set<string>();
	for (const uuid of box.gpus) {
		const gpu = facts.gpu.inventory?.gpus.find(
			(each) => each.uuid === uuid || each.mig.some((slice) => slice.uuid === uuid),
		);
		if (gpu === undefined) {
			unknown.add(`${uuid.slice(0, 8)}?`);
		} else {
			known.add(gpu.index);
		}
	}

	return [...rangesOf([...known]), ...(facts.gpu.phase === 'waiting' ? [] : unknown)].join(',');
}

/** Everything that is known about a box, as pairs of a label and a value. */
export function selectDetail(facts: Facts, view: View, now: Date): Array<[label: string, value: string]> {
	const box = boxOf({facts, view});
	if (box === undefined) {
		return [];
	}

	const pairs: Array<[string, string]> = [
		['name', box.name],
		['owner', ownerText(box)],
		['state', boxItem(box, facts, {selected: false, marked: false}, now).state],
		['project', box.project],
		['image', box.image],
	];
	if (box.job) {
		pairs.push(['kind', 'job: runs one command and ends with it']);
	}

	pairs.push(...tellPairs(box, facts.tells, now));
	const {jupyter, ssh} = box.addresses;
	if (jupyter !== undefined) {
		pairs.push(['jupyter', `http://${jupyter.host}:${jupyter.port}  (o opens it)`]);
	}

	if (ssh !== undefined) {
		const how = box.rootPassword ? '  (as root, with a password)' : '';
		pairs.push(['ssh', `${ssh.host} port ${ssh.port}${how}`]);
	}

	if (jupyter === undefined && ssh === undefined && box.services.length > 0) {
		pairs.push(['offers', `${box.services.join(' and ')} while it runs`]);
	}

	for (const [place, uuid] of box.gpus.entries()) {
		const gpu = facts.gpu.readings.find((each) => each.uuid === uuid);
		const words = gpu === undefined ? uuid : `${gpu.index}  ${gpu.name}${gpu.lost ? ' (lost)' : ''}`;
		pairs.push([place === 0 ? 'GPUs' : '', words]);
	}

	if (box.gpus.length === 0) {
		pairs.push(['GPUs', 'none']);
	} else {
		pairs.push(['sharing', box.shareGpus ? 'with others' : 'alone on its GPUs']);
	}

	if (box.sudo) {
		pairs.push(['sudo', 'its user can become root inside']);
	}

	const processes = facts.gpu.processes.filter((process) => process.box === box.name);
	for (const [place, process] of processes.entries()) {
		pairs.push([place === 0 ? 'processes' : '', `GPU ${indexOf(process.gpuUuid, facts)}  ${processInWords(process)}`]);
	}

	pairs.push(['created', `${age(box.createdAt, now)} ago`]);
	pairs.push(['container', box.id.slice(0, 12)]);
	return pairs;
}

function indexOf(uuid: string, facts: Facts): string {
	return String(facts.gpu.readings.find((each) => each.uuid === uuid)?.index ?? '?');
}

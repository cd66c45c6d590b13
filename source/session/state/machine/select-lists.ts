import type {OwnSetting} from '../../../app/own-settings.ts';
import type {Diagnostic} from '../../../base/failure.ts';
import {isRunning} from '../../../box/box.ts';
import {boxColumns, boxOf} from '../boxes/shown-boxes.ts';
import {commandColumns, commandRows} from '../command-log/command-rows.ts';
import {settingColumns, settingRows} from '../config/config.ts';
import {hostColumns, hostRows, hostsNote} from '../hosts/host-rows.ts';
import {imageColumns, imageRows} from '../images/image-rows.ts';
import {arrange, type Column, chosenRow, nextSort, orderOf, type Row} from '../lists/list.ts';
import {isListName, type Lead, type ListName, type ListSituation} from '../lists/reduce-lists.ts';
import type {Facts} from '../model.ts';
import type {View} from '../reduce.ts';
import type {SessionState} from '../store.ts';
import {eventColumns, eventOf, eventRows} from '../tells/event-rows.ts';
import type {ContainerSituation} from './ask-container.ts';
import {containerColumns, containerRows, knownContainers, shownName} from './containers.ts';
import {diskColumns, diskRows} from './disk.ts';
import {ownerInWords, ownerOf} from './owner.ts';
import {peopleColumns, peopleRows} from './people.ts';
import {processColumns, processId, processRows} from './processes.ts';

/** The list on the screen; also below the help, which is a part of the screen. */
export function listOnScreen({screen, behindHelp}: Pick<View, 'screen' | 'behindHelp'>): ListName | undefined {
	const shown = screen === 'help' ? behindHelp : screen;
	return isListName(shown) ? shown : undefined;
}

const columnsOf: Record<ListName, readonly Column[]> = {
	containers: containerColumns,
	processes: processColumns,
	people: peopleColumns,
	images: imageColumns,
	disk: diskColumns,
	hosts: hostColumns,
	settings: settingColumns,
	events: eventColumns,
	commands: commandColumns,
};

/** Who waits for GPUs has a column while someone does. */
function columnsNow(name: ListName, {tells}: Facts): readonly Column[] {
	const columns = columnsOf[name];
	return tells.queue !== undefined && tells.queue.length > 0 ? columns : columns.filter(({key}) => key !== 'queued');
}

function rowsOf(name: ListName, facts: Facts, now: Date): Row[] {
	switch (name) {
		case 'containers': {
			return containerRows(facts, now);
		}

		case 'processes': {
			return processRows(facts);
		}

		case 'people': {
			return peopleRows(facts, now);
		}

		case 'images': {
			return imageRows(facts.images);
		}

		case 'hosts': {
			return hostRows(facts.hosts, now);
		}

		case 'settings': {
			return settingRows(facts.config);
		}

		case 'events': {
			return eventRows(facts, now);
		}

		case 'commands': {
			return commandRows(facts, now);
		}

		case 'disk': {
			return diskRows(facts.machine.disk, now);
		}
	}
}

export type ListView = {
	name: ListName;
	title: string;
	columns: readonly Column[];
	/** Filtered and sorted. */
	rows: readonly Row[];
	chosen: Row | undefined;
	/** How many there are without the filter. */
	all: number;
	note: string;
	problem: Diagnostic | undefined;
	/** Said where there is no row. */
	empty: string;
};

/** A list as it is shown. */
export function selectList(name: ListName, facts: Facts, view: Pick<View, 'lists'>, now: Date): ListView {
	const all = rowsOf(name, facts, now);
	const list = view.lists[name];
	const columns = columnsNow(name, facts);
	const rows = arrange(all, columns, list);
	const {problem, age} = name === 'containers' ? facts.machine : {problem: undefined, age: undefined};
	return {
		name,
		title: titles[name],
		columns,
		rows,
		chosen: chosenRow(rows, list),
		all: all.length,
		note: [age === undefined ? '' : `as of ${age} ago`, noteOf(name, facts)].filter((part) => part !== '').join(' · '),
		problem: problem ?? problemOfList(name, facts),
		empty: all.length > 0 ? 'Nothing matches the filter.' : emptyOf(name, facts),
	};
}

const titles: Record<ListName, string> = {
	containers: 'Containers',
	processes: 'GPU processes',
	people: 'People',
	images: 'Images',
	disk: 'Disk',
	hosts: 'Hosts',
	settings: 'Your settings',
	events: 'What happened',
	commands: 'What was run',
};

function noteOf(name: ListName, {machine, config, images, hosts}: Facts): string {
	switch (name) {
		case 'settings': {
			return config.own === undefined ? '' : `saved in ${config.own.file}`;
		}

		case 'disk': {
			const {disk, phase} = machine.disk;
			return phase === 'waiting' && disk !== undefined ? 'measuring again' : (disk?.gaps[0] ?? '');
		}

		case 'images': {
			const {choices} = images;
			const fitting = choices.filter(({fits}) => fits === true).length;
			return choices.length === 0 ? '' : `${fitting} of ${choices.length} fit this machine`;
		}

		case 'hosts': {
			return hostsNote(hosts);
		}

		case 'containers': {
			const running = machine.containers.filter(({state}) => state === 'running').length;
			return machine.containers.length === 0 ? '' : `${running} of ${machine.containers.length} running`;
		}

		case 'processes':
		case 'people':
		case 'events':
		case 'commands': {
			return '';
		}
	}
}

function problemOfList(name: ListName, facts: Facts): Diagnostic | undefined {
	switch (name) {
		case 'settings': {
			return facts.config.problem;
		}

		case 'disk': {
			return facts.machine.disk.problem;
		}

		case 'images': {
			return facts.images.problem;
		}

		case 'hosts': {
			return facts.hosts.problem;
		}

		case 'containers':
		case 'events':
		case 'commands': {
			return undefined;
		}

		case 'processes':
		case 'people': {
			return problemOfProcesses(facts);
		}
	}
}

function problemOfProcesses({gpu}: Facts): Diagnostic | undefined {
	const [problem] = gpu.problems;
	if (gpu.processesUnknown && gpu.readings.length === 0 && problem !== undefined) {
		// Where nvidia-smi is missing, no driver was asked.
		return {message: problem.message, fix: problem.fix};
	}

	return gpu.processesUnknown && gpu.phase !== 'waiting'
		? {message: 'The driver does not tell what runs on the GPUs.', fix: gpu.problems[0]?.fix ?? ''}
		: undefined;
}

function emptyOf(name: ListName, {machine, gpu, config, images, hosts}: Facts): string {
	switch (name) {
		case 'containers': {
			// The reason why there is no answer stands above.
			return machine.phase === 'live'
				? 'The engine has no containers.'
				: machine.problem === undefined
					? 'Asking the engine …'
					: '';
		}

		case 'processes': {
			return gpu.processesUnknown ? 'Not known.' : 'No process on any GPU.';
		}

		case 'people': {
			return 'No one has a box or a process on a GPU.';
		}

		case 'images': {
			return images.phase === 'failed' ? '' : images.phase === 'known' ? 'No known images.' : 'Checking the images …';
		}

		case 'hosts': {
			return hosts.phase === 'failed' ? '' : 'Asking the hosts …';
		}

		case 'settings': {
			return config.phase === 'failed' ? '' : 'Reading …';
		}

		case 'events': {
			return 'Nothing since the session began. Lost, slowed and free GPUs, ends of boxes and jobs, and a full disk are listed here.';
		}

		case 'commands': {
			return 'Nothing yet. What keys do here stands here as commands.';
		}

		case 'disk': {
			return machine.disk.phase === 'waiting' ? 'Measuring; with many images this takes a minute …' : '';
		}
	}
}

/** What a key on the list's screen depends on. */
export function listSituation({facts, view}: SessionState, now: Date): ListSituation {
	const name = listOnScreen(view);
	if (name === undefined) {
		return {
			// Of the main screen and of doctor, which know themselves which rows they show.
			rows: [],
			nextSort: (sort) => nextSort(boxColumns, sort),
			orderBy: () => undefined,
			leadsTo: () => undefined,
		};
	}

	const {rows, columns} = selectList(name, facts, view, now);
	return {
		rows,
		nextSort: (sort) => nextSort(columns, sort),
		orderBy: (sort) => orderOf(rowsOf(name, facts, now), columns, sort),
		leadsTo: (id) => leadFrom(name, id, facts),
	};
}

/** What a row belongs to, as long as that is there. */
export function leadFrom(name: ListName, id: string, facts: Facts): Lead | undefined {
	const {gpu, box} = facts;
	switch (name) {
		case 'containers': {
			return box.boxes.some((each) => each.id === id) ? {to: 'main', boxId: id} : undefined;
		}

		case 'processes': {
			const process = gpu.processes.find((each) => processId(each) === id);
			return process?.container ? {to: 'containers', row: process.container.id} : undefined;
		}

		case 'people': {
			return {to: 'containers', filter: id.replace(/[ ?].*$/, '')};
		}

		case 'events': {
			const {about} = eventOf(id, facts) ?? {};
			if (about === undefined) {
				return undefined;
			}

			if ('gpu' in about) {
				return gpu.readings.some(({uuid}) => uuid === about.gpu) ? {to: 'main', gpuUuid: about.gpu} : undefined;
			}

			const found = box.boxes.find(({name: each}) => each === about.box);
			return found && {to: 'main', boxId: found.id};
		}

		case 'images':
		case 'hosts':
		case 'settings':
		case 'commands':
		case 'disk': {
			return undefined;
		}
	}
}

/** Sorts the list on the screen again where it is sorted by what moves. */
export function sortAgain(state: SessionState, now: Date): SessionState {
	const {facts, view} = state;
	const name = listOnScreen(view);
	const list = name && view.lists[name];
	if (name === undefined || list?.order === undefined) {
		return state;
	}

	const order = orderOf(rowsOf(name, facts, now), columnsOf[name], list.sort);
	return {...state, view: {...view, lists: {...view.lists, [name]: {...list, order}}}};
}

/** The container that a key is about: the chosen one, or that of the chosen process. */
export function containerSituation(state: SessionState, now: Date): ContainerSituation | undefined {
	const {facts, view} = state;
	if (view.screen === 'box') {
		return boxSituation(state);
	}

	const chosen = chosenContainer(state, now);
	const container = knownContainers(facts).find(({id}) => id === chosen);
	if (container === undefined) {
		return undefined;
	}

	const {id, box, claim, running} = container;
	const owner = ownerOf(container, facts);
	return {
		id,
		name: shownName(container),
		owner: ownerInWords(owner),
		mine: owner?.mine ?? false,
		box: box !== undefined,
		claim,
		running,
	};
}

/** On the screen of a box, which the list of all containers may not have yet. */
function boxSituation({facts, view}: SessionState): ContainerSituation | undefined {
	const box = boxOf({facts, view});
	if (box === undefined) {
		return undefined;
	}

	const {id, name, mine} = box;
	const owner = ownerInWords(ownerOf({id, folders: []}, facts));
	return {id, name, owner, mine, box: true, claim: false, running: isRunning(box)};
}

/** Its id; undefined too where the chosen process runs in none. */
export function chosenContainer({facts, view}: SessionState, now: Date): string | undefined {
	if (listOnScreen(view) !== 'processes') {
		return selectList('containers', facts, view, now).chosen?.id;
	}

	const {chosen} = selectList('processes', facts, view, now);
	return facts.gpu.processes.find((process) => processId(process) === chosen?.id)?.container?.id;
}

/** The name of the image that a key is about: the one chosen among those that the filter finds. */
export function chosenImage({facts, view}: SessionState): string | undefined {
	return selectList('images', facts, view, anyTime).chosen?.id;
}

/** The same of a host. */
export function chosenHost({facts, view}: SessionState): string | undefined {
	return selectList('hosts', facts, view, anyTime).chosen?.id;
}

/** Which row is chosen does not depend on the time. */
const anyTime = new Date(0);

/** The setting that a key is about. */
export function settingSituation({facts, view}: SessionState, now: Date): OwnSetting | undefined {
	const {chosen} = selectList('settings', facts, view, now);
	return facts.config.own?.settings.find(({key}) => key === chosen?.id);
}

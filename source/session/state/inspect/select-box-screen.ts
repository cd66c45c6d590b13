import type {ContainerSpec, Mount} from '../../../engine/engine.ts';
import {formatBytes} from '../../../text/bytes.ts';
import {breakLines, fit} from '../../../text/layout/fit.ts';
import {safeText, shorten} from '../../../text/safe.ts';
import {hidden, hideInCommand, looksSecret} from '../../../text/secret-looking.ts';
import {selectDetail} from '../boxes/select-boxes.ts';
import {boxOf} from '../boxes/shown-boxes.ts';
import type {Facts} from '../model.ts';
import type {View} from '../reduce.ts';
import {runLine} from './run-line.ts';

/** A line of the screen; a title stands above what belongs to it. */
export type BoxLine = {kind: 'title' | 'text' | 'gap'; label: string; text: string};

type Pair = [label: string, value: string];

const labelWidth = 10;
/** Foreign text of which more than this would be no help to anyone. */
const longestValue = 2000;
/** Of a process: its command line may be a whole script, and the next process would be screens below it. */
const longestCommand = 200;

/** All that is known of the box, in lines of at most `width` columns. Safe to print. */
export function selectBoxLines(facts: Facts, view: View, {now, width}: {now: Date; width: number}): BoxLine[] {
	const box = boxOf({facts, view});
	if (box === undefined) {
		return [];
	}

	const card = facts.boxCard.boxId === box.id ? facts.boxCard : undefined;
	const {spec, problem} = card ?? {};
	const processes = card?.processes?.filter(({title}) => title !== '');
	const sections: Array<[title: string, pairs: Pair[]]> = [
		['', selectDetail(facts, view, now)],
		...(processes === undefined || processes.length === 0
			? []
			: [['Processes', processes.map(({pid, title}): Pair => [String(pid), commandText(title)])] as [string, Pair[]]]),
		...(spec === undefined
			? [
					['Settings', [['', problem === undefined ? 'Asking the engine …' : `! ${problem.message}`]]] as [
						string,
						Pair[],
					],
				]
			: settingsOf(spec, {mine: box.mine, imageEnvironment: card?.imageEnvironment ?? {}})),
	];
	return sections.flatMap(([title, pairs], place) => [
		...(place > 0 ? [{kind: 'gap' as const, label: '', text: ''}] : []),
		...(title === '' ? [] : [{kind: 'title' as const, label: '', text: title}]),
		...pairs.flatMap((pair) => linesOf(pair, width)),
	]);
}

function commandText(title: string): string {
	return shorten(hideInCommand(title.split(' ')).join(' '), longestCommand);
}

function linesOf([label, value]: Pair, width: number): BoxLine[] {
	const text = safeText(value.slice(0, longestValue));
	return breakLines(text, Math.max(10, width - labelWidth - 1)).map((line, place) => ({
		kind: 'text',
		label: fit(place === 0 ? safeText(label) : '', labelWidth),
		text: line,
	}));
}

type Whose = {mine: boolean; imageEnvironment: Readonly<Record<string, string>>};

function settingsOf(spec: ContainerSpec, whose: Whose): Array<[title: string, pairs: Pair[]]> {
	if (!whose.mine) {
		return [
			['Limits', limitsOf(spec)],
			['Mounts and environment', [['', 'only its owner is shown these']]],
		];
	}

	return [
		['Mounts', spec.mounts.length === 0 ? [['', 'none']] : spec.mounts.map(mountPair)],
		['Limits', limitsOf(spec)],
		['Environment', environmentOf(spec, whose)],
		[
			'As docker run',
			runLine(spec, whose)
				.split('\n')
				.map((line): Pair => ['', line]),
		],
	];
}

function mountPair({source, target, type, readOnly}: Mount): Pair {
	return [
		'',
		`${target}  ${type === 'tmpfs' ? 'in memory' : `from ${type === 'volume' ? 'volume ' : ''}${source}`}${readOnly ? ', read-only' : ''}`,
	];
}

function limitsOf(spec: ContainerSpec): Pair[] {
	const {memoryBytes, cpus, pidsLimit, sharedMemoryBytes, user, network, runtime, capAdd, capDrop, securityOptions} =
		spec;
	return [
		['memory', memoryBytes === undefined ? 'no limit' : formatBytes(memoryBytes)],
		['CPUs', cpus === undefined ? 'no limit' : String(cpus)],
		['processes', pidsLimit === undefined ? 'no limit' : String(pidsLimit)],
		...(sharedMemoryBytes === undefined ? [] : [['/dev/shm', formatBytes(sharedMemoryBytes)] as Pair]),
		...(user === undefined ? [] : [['user', user] as Pair]),
		...(network === undefined ? [] : [['network', network] as Pair]),
		...(runtime === undefined ? [] : [['runtime', runtime] as Pair]),
		...(capDrop.length === 0 && capAdd.length === 0
			? []
			: [['rights', [...capDrop.map((name) => `-${name}`), ...capAdd.map((name) => `+${name}`)].join(' ')] as Pair]),
		...(securityOptions.length === 0 ? [] : [['security', securityOptions.join(' ')] as Pair]),
	];
}

/** Without what the image sets. */
function environmentOf({environment}: ContainerSpec, {imageEnvironment}: Whose): Pair[] {
	const own = Object.entries(environment).filter(([name, value]) => imageEnvironment[name] !== value);
	return own.length === 0
		? [['', "none but the image's"]]
		: own.map(([name, value]) => ['', `${name}=${looksSecret(name, value) ? hidden : value}`]);
}

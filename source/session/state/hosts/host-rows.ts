/** Several hosts as rows of a list. Pure. */
import {
	boxesCell,
	cardsCell,
	countCards,
	diskCell,
	driverCell,
	lockCell,
	runsOn,
	statesCell,
	troubleLines,
} from '../../../app/hosts/cells.ts';
import {type HostFacts, hasAnswered, isKnown} from '../../../app/hosts/facts.ts';
import {formatDuration} from '../../../text/duration.ts';
import {fit} from '../../../text/layout/fit.ts';
import {safeText} from '../../../text/safe.ts';
import {type Style, theme} from '../../theme.ts';
import type {DetailLine} from '../lists/detail.ts';
import type {Column, Row} from '../lists/list.ts';
import type {HostsState} from './hosts.ts';

export const hostColumns: readonly Column[] = [
	{key: 'name', title: 'HOST', most: 20, least: 10, priority: 0, filtered: true},
	{key: 'gpus', title: 'GPUS', most: 34, least: 9, priority: 1, largestFirst: true, moves: true},
	{key: 'driver', title: 'DRIVER', most: 12, priority: 3},
	{key: 'disk', title: 'DISK', most: 9, align: 'right', priority: 4, largestFirst: true, moves: true},
	{key: 'cards', title: 'MODEL', most: 32, least: 12, priority: 5, filtered: true},
	{key: 'boxes', title: 'YOUR BOXES', most: 40, least: 11, priority: 6, filtered: true},
	{key: 'seen', title: 'SEEN', most: 6, align: 'right', priority: 2},
];

/** In the order of the settings. */
export function hostRows({names, answers, heardAt}: HostsState, now: Date): Row[] {
	return names.map((name) => {
		const facts = answers.get(name);
		const heard = heardAt.get(name);
		const ageMs = heard === undefined ? null : Math.max(0, now.getTime() - heard);
		const free = facts === undefined ? undefined : countCards(facts)?.free;
		const row = {id: name, ...markOf(facts, free ?? 0)};
		if (facts === undefined || !hasAnswered(facts)) {
			const last = ageMs === null ? '' : `, last answer ${formatDuration(ageMs)} ago`;
			const instead = facts === undefined ? 'asking …' : `${troubleLines(facts)[0]?.text ?? ''}${last}`;
			const unknown = {text: '', value: null};
			return {
				...row,
				dim: true,
				instead,
				cells: {name: {text: safeText(name)}, gpus: unknown, driver: unknown, disk: unknown, seen: unknown},
			};
		}

		const {gpus, disk} = facts;
		return {
			...row,
			dim: false,
			cells: {
				name: {text: safeText(name)},
				gpus: {text: statesCell(facts), value: free ?? null},
				driver: {text: driverCell(facts), value: isKnown(gpus) ? gpus.value.driverVersion : null},
				disk: {text: diskCell(facts), value: isKnown(disk) ? disk.value : null},
				cards: {text: cardsCell(facts), value: isKnown(gpus) ? cardsCell(facts) : null},
				boxes: {text: boxesCell(facts)},
				seen: {
					text: ageMs === null ? '' : (formatDuration(ageMs).split(' ')[0] ?? ''),
					value: ageMs,
					style: theme.quiet,
				},
			},
		};
	});
}

function markOf(facts: HostFacts | undefined, free: number): {mark: string; markStyle: Style} {
	if (facts === undefined) {
		return {mark: '…', markStyle: theme.quiet};
	}

	return !hasAnswered(facts)
		? {mark: '✕', markStyle: theme.bad}
		: free > 0
			? {mark: '●', markStyle: theme.good}
			: {mark: '○', markStyle: {}};
}

/** `2 of 4 answered` */
export function hostsNote({names, answers}: HostsState): string {
	const answered = names.filter((name) => {
		const facts = answers.get(name);
		return facts !== undefined && hasAnswered(facts);
	});
	return names.length === 0 ? '' : `${answered.length} of ${names.length} answered`;
}

/** What is wrong with it first, then what it has. */
export function hostDetail(name: string, {answers, runs}: HostsState): DetailLine[] {
	const facts = answers.get(name);
	if (facts === undefined) {
		return [];
	}

	const lock = lockCell(facts);
	const cards = isKnown(facts.gpus)
		? facts.gpus.value.cards.map(({index, name: card, state, reason, boxes}) =>
				[`GPU ${index}  ${fit(state, 8)}  ${card}`, reason ?? '', boxes.map(safeText).join(', ')]
					.filter((part) => part !== '')
					.join('  '),
			)
		: [];
	const troubles = troubleLines(facts).flatMap(({text, fix}): DetailLine[] => [
		{text: `! ${text}`, style: theme.warning},
		...(fix === '' ? [] : [{text: `  → ${fix}`}]),
	]);
	const runLines = runsOn(runs, name).map((text) => ({text: `Your run    ${text}`}));
	return hasAnswered(facts)
		? [
				...troubles,
				{text: `Your boxes  ${boxesCell(facts)}`},
				...runLines,
				{text: `Driver      ${driverCell(facts)}, ${diskCell(facts)} free for images`},
				...(lock === undefined ? [] : [{text: `Lock        ${lock}`}]),
				...cards.map((text) => ({text})),
			]
		: [...troubles, ...runLines];
}

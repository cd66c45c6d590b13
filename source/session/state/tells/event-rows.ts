/** What happened, as rows of a list: the newest first. Pure. */
import {breakLines} from '../../../text/layout/fit.ts';
import {clockTime} from '../../../text/time.ts';
import {type Style, theme} from '../../theme.ts';
import type {DetailLine} from '../lists/detail.ts';
import type {Column, Row} from '../lists/list.ts';
import type {Facts} from '../model.ts';
import type {Happening} from './events.ts';

export const eventColumns: readonly Column[] = [
	{key: 'time', title: 'TIME', most: 14, priority: 0, largestFirst: true},
	{key: 'name', title: 'WHAT', most: 72, least: 16, priority: 1, filtered: true},
	{key: 'fix', title: 'WHAT TO DO', most: 80, least: 14, priority: 2, filtered: true, unsorted: true},
];

export function eventRows({tells}: Pick<Facts, 'tells'>, now: Date): Row[] {
	return tells.events.happened.toReversed().map(({id, at, severity, text, fix}) => ({
		id: String(id),
		...marks()[severity],
		dim: false,
		cells: {
			time: {text: clockTime(new Date(at), now), value: at, style: theme.quiet},
			name: {text},
			fix: {text: fix, style: theme.quiet},
		},
	}));
}

/** The event of a row. */
export function eventOf(id: string, {tells}: Pick<Facts, 'tells'>): Happening | undefined {
	return tells.events.happened.find((each) => String(each.id) === id);
}

/** All of it: the row has room for its beginning. */
export function eventDetail(id: string, facts: Pick<Facts, 'tells'>, width: number): DetailLine[] {
	const event = eventOf(id, facts);
	return event === undefined
		? []
		: [
				...breakLines(event.text, width).map((text) => ({text})),
				...(event.fix === '' ? [] : breakLines(`→ ${event.fix}`, width)).map((text) => ({text, style: theme.accent})),
			];
}

function marks(): Record<Happening['severity'], {mark: string; markStyle: Style}> {
	return {
		good: {mark: '✓', markStyle: theme.good},
		note: {mark: '·', markStyle: theme.accent},
		bad: {mark: '✕', markStyle: theme.bad},
	};
}

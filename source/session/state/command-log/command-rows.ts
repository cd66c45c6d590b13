/** The command log as rows of a list: the newest last. Pure. */
import {breakLines} from '../../../text/layout/fit.ts';
import {clockTime} from '../../../text/time.ts';
import {theme} from '../../theme.ts';
import type {DetailLine} from '../lists/detail.ts';
import type {Column, Row} from '../lists/list.ts';
import type {Facts} from '../model.ts';

export const commandColumns: readonly Column[] = [
	{key: 'time', title: 'TIME', most: 14, priority: 0},
	{key: 'name', title: 'COMMAND', most: 400, least: 16, priority: 1, filtered: true},
];

export function commandRows({commands}: Pick<Facts, 'commands'>, now: Date): Row[] {
	return commands.map(({id, at, line}) => ({
		id: String(id),
		mark: ' ',
		markStyle: {},
		dim: false,
		cells: {time: {text: clockTime(at, now), value: at.getTime(), style: theme.quiet}, name: {text: line}},
	}));
}

/** All of it: the row has room for its beginning. */
export function commandDetail(id: string, {commands}: Pick<Facts, 'commands'>, width: number): DetailLine[] {
	const line = commands.find((each) => String(each.id) === id)?.line;
	return line === undefined ? [] : breakLines(line, width).map((text) => ({text}));
}

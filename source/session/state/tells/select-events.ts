import {type Style, theme} from '../../theme.ts';
import type {Facts} from '../model.ts';

export type EventItem = {id: number; time: string; mark: string; style: Style; text: string; fix: string};

/** What happened, the newest first. */
export function selectEvents({tells}: Pick<Facts, 'tells'>, now: Date): EventItem[] {
	return tells.events.happened.toReversed().map(({id, at, severity, text, fix}) => ({
		id,
		time: timeOf(new Date(at), now),
		...marks()[severity],
		text,
		fix,
	}));
}

function marks(): Record<'good' | 'note' | 'bad', {mark: string; style: Style}> {
	return {
		good: {mark: '✓', style: theme.good},
		note: {mark: '·', style: theme.accent},
		bad: {mark: '✕', style: theme.bad},
	};
}

/** In local time; with the date where it was not today. */
function timeOf(at: Date, now: Date): string {
	const two = (part: number) => String(part).padStart(2, '0');
	const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
	return at.toDateString() === now.toDateString() ? time : `${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}

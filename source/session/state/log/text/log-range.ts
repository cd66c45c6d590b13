import {parseDuration} from '../../../../text/duration.ts';

/** A part of a log by time; undefined is open. */
export type LogRange = {since: Date | undefined; until: Date | undefined};

const clock = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/;

/**
Reads `10m`, `09:30`, `09:30-10:15`, `2026-01-31T09:00..2026-01-31T10:00` or `..09:30`: a time of day in the caller's time zone is the last one that
is over, a duration is how long ago.

@returns undefined for what is no such range
*/
export function parseRange(text: string, now: Date): LogRange | undefined {
	const trimmed = text.trim();
	const [from = '', to, ...more] = trimmed.includes('..')
		? trimmed.split('..')
		: /^[\d:hms ]+-[\d:hms ]+$/.test(trimmed)
			? trimmed.split('-')
			: [trimmed];
	if (more.length > 0 || trimmed === '') {
		return undefined;
	}

	const since = from.trim() === '' ? undefined : parseMoment(from.trim(), now);
	let until = to === undefined || to.trim() === '' ? undefined : parseMoment(to.trim(), now);
	if (since === null || until === null || (since === undefined && until === undefined)) {
		return undefined;
	}

	// `23:30-00:15`, asked at 00:10: the end is still to come.
	if (since !== undefined && until !== undefined && until < since) {
		until = clock.test((to ?? '').trim()) ? new Date(until.getTime() + 86_400_000) : undefined;
		if (until === undefined) {
			return undefined;
		}
	}

	return {since, until};
}

/** Null for what is no moment. */
function parseMoment(text: string, now: Date): Date | null {
	const ago = parseDuration(text);
	if (ago !== undefined) {
		return new Date(now.getTime() - ago);
	}

	const [, hours, minutes, seconds = '0'] = clock.exec(text) ?? [];
	if (hours !== undefined && minutes !== undefined) {
		const date = new Date(now);
		date.setHours(Number(hours), Number(minutes), Number(seconds), 0);
		if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) {
			return null;
		}

		if (date > now) {
			date.setDate(date.getDate() - 1);
		}

		return date;
	}

	const date = new Date(text);
	return /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(date.getTime()) ? date : null;
}

import type {Box} from '../../../box/box.ts';
import {idleFor} from '../../../box/idle/idle.ts';
import {formatDuration} from '../../../text/duration.ts';
import {type Style, theme} from '../../theme.ts';
import type {Cell} from '../lists/list.ts';
import type {BoxIdleness, TellsState} from './tells.ts';

/** What a row says about a box beyond its state, in a few words. */
export type BoxNote = {text: string; style: Style};

const minuteMs = 60_000;
/** For less, no one needs to know. */
const idleShownMs = 10 * minuteMs;
/** A reservation that ends soon. */
const soonMs = 60 * minuteMs;

function longIdle(box: Box, {idleness, warnAfterMs}: BoxIdleness, now: Date): boolean {
	return box.gpus.length > 0 && warnAfterMs !== undefined && idleFor(idleness, now) >= warnAfterMs;
}

/** The first unit of a duration: `3h` of `3h 5m`. */
function short(milliseconds: number): string {
	return formatDuration(milliseconds).split(' ')[0] ?? '';
}

/** The most important thing to say about a box; undefined where there is nothing. */
export function noteOf(box: Box, {verdicts, idle}: TellsState, now: Date): BoxNote | undefined {
	if (box.state !== 'running') {
		return undefined;
	}

	const verdict = verdicts.get(box.id);
	if (verdict !== undefined) {
		return {text: `! ${verdict.text}`, style: verdict.severity === 'bad' ? theme.bad : theme.warning};
	}

	const leftMs = box.until === undefined ? undefined : box.until.getTime() - now.getTime();
	if (leftMs !== undefined && leftMs <= 0) {
		return {text: `! expired ${short(-leftMs)}`, style: theme.warning};
	}

	const seen = idle.get(box.id);
	const idleMs = idleFor(seen?.idleness, now);
	if (seen !== undefined && longIdle(box, seen, now)) {
		return {text: `! idle ${short(idleMs)}`, style: theme.warning};
	}

	if (leftMs !== undefined && leftMs <= soonMs) {
		return {text: `expires ${short(leftMs)}`, style: theme.warning};
	}

	if (idleMs >= idleShownMs) {
		return {text: `idle ${short(idleMs)}`, style: theme.quiet};
	}

	return leftMs === undefined ? undefined : {text: `expires ${short(leftMs)}`, style: theme.quiet};
}

/** A cell of a list: since when a box is idle. Empty for what is no running box; jobs are not asked. */
export function idleCell(box: Box | undefined, {idle}: Pick<TellsState, 'idle'>, now: Date): Cell {
	if (box?.state !== 'running' || box.job !== undefined) {
		return {text: '', value: null};
	}

	const seen = idle.get(box.id);
	switch (seen?.idleness.kind) {
		case 'busy': {
			return {text: 'in use', value: 0};
		}

		case 'idle': {
			const idleMs = idleFor(seen.idleness, now);
			return {text: short(idleMs), value: idleMs, ...(longIdle(box, seen, now) ? {style: theme.warning} : {})};
		}

		default: {
			return {text: '–', value: null};
		}
	}
}

/** A cell of a list: how long a box is reserved still. */
export function expiryCell(box: Box | undefined, now: Date): Cell {
	if (box?.until === undefined) {
		return {text: '', value: null};
	}

	const leftMs = box.until.getTime() - now.getTime();
	return {
		text: leftMs > 0 ? short(leftMs) : 'expired',
		value: box.until.getTime(),
		...(leftMs <= soonMs ? {style: theme.warning} : {}),
	};
}

/** The same in full, as pairs of a label and a value. */
export function tellPairs(box: Box, {verdicts, idle}: TellsState, now: Date): Array<[label: string, value: string]> {
	const pairs: Array<[string, string]> = [];
	const verdict = verdicts.get(box.id);
	if (verdict !== undefined) {
		pairs.push(['verdict', verdict.text], ['because', verdict.evidence], ['try', verdict.fix]);
	}

	const seen = idle.get(box.id);
	if (seen !== undefined && box.state === 'running') {
		const idleMs = idleFor(seen.idleness, now);
		const mark = longIdle(box, seen, now) ? ' (holds a GPU)' : '';
		const words = {busy: 'in use', unknown: 'not known', idle: `for ${formatDuration(idleMs)}${mark}`};
		pairs.push(['idle', words[seen.idleness.kind]]);
	}

	if (box.until !== undefined) {
		const leftMs = box.until.getTime() - now.getTime();
		const words = leftMs > 0 ? `expires in ${formatDuration(leftMs)}` : `expired ${formatDuration(-leftMs)} ago`;
		pairs.push(['reserved', words]);
	}

	return pairs;
}

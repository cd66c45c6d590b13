import {type Edit, edit, emptyField, type Field, insert, textOf} from '../setup/field.ts';
import {type LogPosition, placeAbove, type ShownLines, scroll, topOf} from './log-position.ts';
import {problemOfQuery, type Query} from './text/log-query.ts';
import {type LogRange, parseRange} from './text/log-range.ts';

/** What is asked for in the line at the bottom of the log. */
export type LogPrompt = {
	for: 'search' | 'filter' | 'hide' | 'range' | 'save';
	field: Field;
	/** What is wrong with what was typed. */
	problem: string;
	/** Enter replaces this file, of which the user was told that it is there. */
	replaces?: string;
};

/** How the user looks at a log. */
export type LogView = {
	position: LogPosition;
	/** The line that the last jump went to. */
	marked: number | undefined;
	wrap: boolean;
	/** Columns by which lines are moved to the left. */
	left: number;
	times: boolean;
	/** Other running boxes of the user are shown, too. */
	merged: boolean;
	/** What is marked and walked; empty for nothing. */
	search: string;
	filter: Query | undefined;
	range: (LogRange & {text: string}) | undefined;
	prompt: LogPrompt | undefined;
};

export const firstLogView: LogView = {
	position: 'follow',
	marked: undefined,
	wrap: false,
	left: 0,
	times: false,
	merged: false,
	search: '',
	filter: undefined,
	range: undefined,
	prompt: undefined,
};

/** The same way of looking at another log. */
export function atAnotherLog({wrap, times, merged}: LogView): LogView {
	return {...firstLogView, wrap, times, merged};
}

export type LogAction =
	| {what: 'scroll'; by: number; unit: 'line' | 'page'}
	| {what: 'sideways'; by: number}
	| {what: 'wrap' | 'times' | 'merge' | 'follow' | 'clear' | 'copy'}
	| {what: 'ask'; for: LogPrompt['for']}
	| {what: 'insert'; text: string}
	| {what: 'edit'; how: Edit}
	| {what: 'enter' | 'leave'}
	| {what: 'walk'; of: 'search' | 'errors'; by: 1 | -1};

/** What is on the screen, for where a walk begins. */
export type OnScreen = {top: number; bottom: number};

/** What is done beside the view: lines that are not in memory are read. */
export type LogEffect =
	/** `owed`: so many lines further one wished to go than there are in memory. */
	| {what: 'older' | 'newer'; owed: number}
	| {what: 'start' | 'end' | 'unfind'}
	| {what: 'copy'; line: number}
	| ({what: 'find'; text: string; by: 1 | -1} & OnScreen)
	| ({what: 'walk'; of: 'search' | 'errors'; by: 1 | -1} & OnScreen)
	| {what: 'save'; path: string; overwrite: boolean};

export type LogSituation = ShownLines & {
	atStart: boolean;
	atEnd: boolean;
	/** Rows for lines. */
	height: number;
	/** Columns for lines. */
	width: number;
	now: Date;
	/** Where a log is saved unless another file is typed. */
	savePath: string;
};

type Reduced = {log: LogView; effects: LogEffect[]};

/** What a key does to the log. */
export function reduceLog(log: LogView, action: LogAction, situation: LogSituation): Reduced {
	const plain = (change: Partial<LogView>): Reduced => ({log: {...log, ...change}, effects: []});
	switch (action.what) {
		case 'scroll': {
			return reduceScroll(log, action, situation);
		}

		case 'sideways': {
			return plain({left: Math.max(0, log.left + action.by * Math.ceil(situation.width / 2)), wrap: false});
		}

		case 'wrap': {
			return plain({wrap: !log.wrap, left: 0});
		}

		case 'times': {
			return plain({times: !log.times});
		}

		case 'merge': {
			return plain({merged: !log.merged, position: 'follow', marked: undefined});
		}

		case 'follow': {
			return log.position === 'follow'
				? plain({position: topOf(situation, 'follow', situation.height)})
				: reduceScroll(log, {by: Number.POSITIVE_INFINITY, unit: 'line'}, situation);
		}

		case 'clear': {
			return reduceClear(log);
		}

		case 'copy': {
			const {top, bottom} = onScreen(log, situation);
			const {marked, position} = log;
			const isOnScreen = marked !== undefined && marked >= top && marked <= bottom;
			// What a jump went to; else the newest line, or the one at the top that one scrolled to.
			return {log, effects: [{what: 'copy', line: isOnScreen ? marked : position === 'follow' ? bottom : top}]};
		}

		case 'walk': {
			return {log, effects: [{...action, ...onScreen(log, situation)}]};
		}

		default: {
			return reducePrompt(log, action, situation);
		}
	}
}

/** The lines on the screen. */
function onScreen({position}: LogView, situation: LogSituation): OnScreen {
	const {end, height} = situation;
	const top = topOf(situation, position, height);
	let bottom = top.line;
	for (let rows = situation.rowsOf(top.line) - top.row; bottom + 1 < end; bottom += 1) {
		rows += situation.rowsOf(bottom + 1);
		if (rows > height) {
			break;
		}
	}

	return {top: top.line, bottom};
}

function reduceScroll(log: LogView, {by, unit}: {by: number; unit: 'line' | 'page'}, situation: LogSituation): Reduced {
	const {height, atStart, atEnd, first, end} = situation;
	if (by === Number.POSITIVE_INFINITY && !atEnd) {
		return {log: {...log, position: 'follow', marked: undefined}, effects: [{what: 'end'}]};
	}

	if (by === Number.NEGATIVE_INFINITY && !atStart) {
		return {log, effects: [{what: 'start'}]};
	}

	const rows = unit === 'page' ? by * Math.max(1, height - 1) : by;
	const scrolled = scroll(situation, log.position, rows, height);
	// The end of what is in memory is not the end of the log.
	const position = scrolled === 'follow' && !atEnd ? placeAbove(situation, {line: end, row: 0}, height) : scrolled;
	const line = position === 'follow' ? end : position.line;
	const owed = Math.abs(rows) - Math.abs(line - topOf(situation, log.position, height).line);
	const effects: LogEffect[] = [];
	if (by < 0 && !atStart && line - first < 3 * height) {
		effects.push({what: 'older', owed: line === first ? owed : 0});
	} else if (by > 0 && !atEnd && end - line < 4 * height) {
		effects.push({what: 'newer', owed: scrolled === 'follow' ? owed : 0});
	}

	return {log: {...log, position}, effects};
}

/** One thing at a time: first what is searched for, then what is left out. */
function reduceClear(log: LogView): Reduced {
	if (log.search !== '' || log.marked !== undefined) {
		return {log: {...log, search: '', marked: undefined}, effects: [{what: 'unfind'}]};
	}

	return {log: {...log, filter: undefined, range: undefined, position: 'follow'}, effects: []};
}

/** Asks whether a file that is there is to be replaced. */
export function askToReplace(log: LogView, path: string): LogView {
	return {
		...log,
		prompt: {for: 'save', field: {before: path, after: ''}, problem: 'exists: Enter replaces it', replaces: path},
	};
}

/** Whether there is something to clear. */
export function isChosen({search, marked, filter, range}: LogView): boolean {
	return search !== '' || marked !== undefined || filter !== undefined || range !== undefined;
}

function reducePrompt(
	log: LogView,
	action: Extract<LogAction, {what: 'ask' | 'insert' | 'edit' | 'enter' | 'leave'}>,
	situation: LogSituation,
): Reduced {
	const {prompt} = log;
	const typed = (field: Field): Reduced => ({
		log: {...log, prompt: prompt && {for: prompt.for, field, problem: ''}},
		effects: [],
	});
	switch (action.what) {
		case 'ask': {
			return {
				log: {...log, prompt: {for: action.for, field: firstText(log, action.for, situation), problem: ''}},
				effects: [],
			};
		}

		case 'insert': {
			return typed(insert(prompt?.field ?? emptyField, action.text));
		}

		case 'edit': {
			const field = prompt?.field ?? emptyField;
			// As in less and vim: what takes away more than there is closes the line.
			return action.how === 'backspace' && textOf(field) === ''
				? {log: {...log, prompt: undefined}, effects: []}
				: typed(edit(field, action.how));
		}

		case 'leave': {
			return {log: {...log, prompt: undefined}, effects: []};
		}

		case 'enter': {
			return prompt === undefined ? {log, effects: []} : answer(log, prompt, situation);
		}
	}
}

/** What stands in the line at first: what is in force. */
function firstText({filter, range}: LogView, what: LogPrompt['for'], {savePath}: LogSituation): Field {
	const texts = {
		search: '',
		filter: filter?.inverse === false ? filter.text : '',
		hide: filter?.inverse ? filter.text : '',
		range: range?.text ?? '',
		save: savePath,
	};
	return {before: texts[what], after: ''};
}

function answer(log: LogView, {for: what, field, replaces}: LogPrompt, situation: LogSituation): Reduced {
	const text = textOf(field);
	const closed = {...log, prompt: undefined};
	const renewed = {...closed, position: 'follow' as const, marked: undefined};
	const refused = (problem: string): Reduced => ({log: {...log, prompt: {for: what, field, problem}}, effects: []});
	const problem = what === 'search' || what === 'filter' || what === 'hide' ? problemOfQuery(text) : '';
	if (problem !== '') {
		return refused(problem);
	}

	switch (what) {
		case 'search': {
			// As in less and vim: nothing is the same again.
			const search = text === '' ? log.search : text;
			return search === ''
				? {log: closed, effects: []}
				: {
						log: {...closed, search},
						effects: [
							{what: 'find', text: search, by: log.position === 'follow' ? -1 : 1, ...onScreen(log, situation)},
						],
					};
		}

		case 'filter':
		case 'hide': {
			return {log: {...renewed, filter: text === '' ? undefined : {text, inverse: what === 'hide'}}, effects: []};
		}

		case 'range': {
			const range = text.trim() === '' ? undefined : parseRange(text, situation.now);
			if (text.trim() !== '' && range === undefined) {
				return refused('e.g. 10m, 09:30, 09:30-10:15');
			}

			return {log: {...renewed, range: range && {...range, text: text.trim()}}, effects: []};
		}

		case 'save': {
			const path = text.trim();
			return {log: closed, effects: path === '' ? [] : [{what: 'save', path, overwrite: path === replaces}]};
		}
	}
}

import {fit, widthOf} from '../../../text/layout/fit.ts';
import {theme} from '../../theme.ts';
import type {Facts} from '../model.ts';
import type {NotePart} from '../note-part.ts';
import {textOf} from '../setup/field.ts';
import {matchesBefore, progressOf} from './log-find.ts';
import type {FindName, LogModel} from './log-model.ts';
import {topOf} from './log-position.ts';
import type {LogPrompt, LogSituation, LogView} from './log-view.ts';
import {hintFor} from './text/log-hint.ts';
import {type Level, levelOf} from './text/log-level.ts';
import {fromColumn, markedLine, rowsOf, wrapRow} from './text/log-rows.ts';

/** A row of the log as it is drawn; safe for the terminal. */
export type LogRow = {
	/** The line that the last jump went to. */
	marked: boolean;
	time: string;
	/** The box that wrote it, where there are several, and its place among them. */
	box: string;
	source: number;
	text: string;
	level: Level | undefined;
};

export type LogPaneView = {
	title: string;
	note: readonly NotePart[];
	rows: LogRow[];
	/** What a known error means. */
	hint: string[];
	/** Where there are no lines. */
	empty: string;
	prompt: {label: string; before: string; after: string; problem: string} | undefined;
};

const longestName = 14;

/** Columns before the text of each line. */
function prefixWidth(model: LogModel, {times}: LogView): number {
	return (times ? 'MM-DD HH:MM:SS '.length : 0) + (model.sources.length > 1 ? nameWidth(model) + 1 : 0);
}

function nameWidth({sources}: LogModel): number {
	return Math.min(longestName, Math.max(...sources.map(({subject}) => widthOf(subject.name))));
}

/** What a key needs to know of the log. @param area rows and columns within the frame */
export function logSituation(
	model: LogModel,
	view: LogView,
	area: {height: number; width: number; now: Date},
): LogSituation {
	const prefix = prefixWidth(model, view);
	const {now} = area;
	return {
		first: model.first,
		end: model.end,
		atStart: model.atStart,
		atEnd: model.atEnd,
		height: Math.max(1, area.height - (view.prompt === undefined ? 0 : 1)),
		width: area.width,
		now,
		savePath: `${model.sources[0]?.subject.name ?? 'log'}-${stampOf(now)}.log`,
		rowsOf: view.wrap ? (line) => rowsOf(model.textAt(line) ?? '', prefix, area.width) : () => 1,
	};
}

function stampOf(date: Date): string {
	const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes()];
	const [year, month, day, hours, minutes] = parts.map((part) => String(part).padStart(2, '0'));
	return `${year}${month}${day}-${hours}${minutes}`;
}

/** @param area rows and columns within the frame */
export function selectLog(
	facts: Facts,
	view: LogView,
	model: LogModel,
	area: {height: number; width: number; now: Date},
	/** Box whose log is to be shown. */
	box: {id: string; name: string} | undefined,
	/** Said in its place, where it is not to be shown. */
	instead?: string,
): LogPaneView {
	const situation = logSituation(model, view, area);
	// Right after another box was chosen the model still holds the log of the one before.
	const isThere = facts.log.boxId !== undefined && facts.log.boxId === box?.id;
	const others = isThere && model.sources.length > 1 ? ` +${model.sources.length - 1}` : '';
	const {rows, lines, below} = isThere ? shownRows(model, view, situation) : {rows: [], lines: [], below: 0};
	const hint = hintFor(lines.join('\n'), area.width - 2, situation.height - 4);
	// At the end of the log the newest lines stay, further up those that one has scrolled to.
	const room = situation.height - hint.length;
	const left = rows.length > room ? rows.length - room : 0;
	return {
		title: `${box?.name ?? 'Log'}${others}`,
		note: noteOf(
			facts,
			view,
			model,
			box !== undefined && instead === undefined,
			below + (view.position === 'follow' ? 0 : left),
		),
		rows: view.position === 'follow' ? rows.slice(left) : rows.slice(0, room),
		hint,
		empty: instead ?? emptyLog(facts, model, box !== undefined),
		prompt: view.prompt && promptOf(view.prompt),
	};
}

const labels: Record<LogPrompt['for'], string> = {
	search: '/',
	filter: 'Only: ',
	hide: 'Without: ',
	range: 'Time: ',
	save: 'Save as: ',
};

function promptOf({for: what, field, problem}: LogPrompt): LogPaneView['prompt'] {
	return {label: labels[what], before: field.before, after: field.after, problem: textOf(field) === '' ? '' : problem};
}

function shownRows(
	model: LogModel,
	view: LogView,
	situation: LogSituation,
): {rows: LogRow[]; lines: string[]; below: number} {
	const {height, width} = situation;
	const top = topOf(situation, view.position, height);
	const prefix = prefixWidth(model, view);
	const room = Math.max(2, width - prefix);
	const matcher = (model.finds.search ?? undefined)?.matcher;
	const rows: LogRow[] = [];
	const lines: string[] = [];
	let number = top.line;
	for (; number < model.end && rows.length < height; number += 1) {
		const line = model.window.at(number);
		const raw = line?.text ?? model.textAt(number) ?? '';
		const marked = markedLine(raw, matcher);
		const level = levelOf(raw);
		const texts = view.wrap ? wrapRow(marked, room) : [fromColumn(marked, view.left)];
		lines.push(raw);
		for (const [row, text] of texts.entries()) {
			if ((number > top.line || row >= top.row) && rows.length < height) {
				rows.push({
					marked: number === view.marked,
					time: view.times ? fit(row === 0 && line ? timeText(line.time) : '', 15) : '',
					box: model.sources.length > 1 ? boxText(model, row === 0 ? line?.source : undefined) : '',
					source: line?.source ?? 0,
					text: theme.colours ? text : withoutColours(text),
					level,
				});
			}
		}
	}

	return {rows, lines, below: model.end - number};
}

/** Matches stay marked. */
function withoutColours(text: string): string {
	return text.replace(/\u001B\[(?!2?7m)[0-9;]*m/g, '');
}

function boxText(model: LogModel, source: number | undefined): string {
	const name = source === undefined ? '' : (model.sources[source]?.subject.name ?? '');
	return `${fit(name, nameWidth(model))} `;
}

/** In the time zone of the user. */
function timeText(microseconds: number): string {
	if (microseconds === 0) {
		return '';
	}

	const date = new Date(microseconds / 1000);
	const parts = [date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()];
	const [month, day, hours, minutes, seconds] = parts.map((part) => String(part).padStart(2, '0'));
	return `${month}-${day} ${hours}:${minutes}:${seconds} `;
}

function noteOf(facts: Facts, view: LogView, model: LogModel, anyBox: boolean, below: number): NotePart[] {
	if (!anyBox) {
		return [];
	}

	const {phase} = facts.log;
	const {filter, range} = view;
	const rest = model.sources.some(({after}) => after === undefined)
		? Number.NaN
		: model.sources.reduce((sum, {after = 0}) => sum + after, 0);
	const more = below + (model.atEnd ? 0 : rest);
	const state =
		phase === 'lost'
			? 'interrupted, reconnecting'
			: Number.isNaN(more)
				? 'more below'
				: more > 0
					? `${more.toLocaleString('en-US')} more below`
					: phase === 'ended'
						? 'ended'
						: 'following';
	return [
		{text: findText(model, view, 'search'), rank: 1},
		{
			text: view.marked === undefined || model.finds.search !== undefined ? '' : findText(model, view, 'errors'),
			rank: 1,
		},
		{text: filter === undefined ? '' : `${filter.inverse ? 'without' : 'only'} ${filter.text}`, rank: 2},
		{text: range === undefined ? '' : range.text, rank: 2},
		{text: model.reading === '' || model.reading === 'searching' ? '' : model.reading, rank: 3},
		{text: 'log', rank: 4},
		{text: state, rank: 0},
	];
}

/** `/loss 3/118`, and how far the search is. */
function findText(model: LogModel, view: LogView, name: FindName): string {
	const find = model.finds[name];
	if (find === undefined) {
		return '';
	}

	const {count, scanned, done} = progressOf(find);
	const time = view.marked === undefined ? undefined : model.window.at(view.marked)?.time;
	const place = time === undefined || !done ? '' : `${(matchesBefore(find, time) + 1).toLocaleString('en-US')}/`;
	const what = name === 'search' ? `/${find.text}` : 'error';
	const progress = done
		? ''
		: find.problem === undefined
			? ` in ${scanned.toLocaleString('en-US')} lines …`
			: ' so far';
	return `${what} ${place}${count.toLocaleString('en-US')}${progress}`;
}

function emptyLog(facts: Facts, {choice}: LogModel, anyBox: boolean): string {
	if (!anyBox) {
		return 'The log of the selected box appears here.';
	}

	const {problem, phase} = facts.log;
	const isChosen = choice.matcher !== undefined || choice.range.since !== undefined || choice.range.until !== undefined;
	const none = isChosen ? 'No line is shown.' : phase === 'ended' ? 'The log is empty.' : 'No output yet.';
	return problem?.message ?? none;
}

import type {Host} from '../../../host/host.ts';
import {problemOf} from '../model.ts';
import {type SessionStore, withFacts} from '../store.ts';
import {beginFind, matchBeside, progressOf, runFind} from './log-find.ts';
import type {FindName, LogFind, LogModel} from './log-model.ts';
import {type Around, beginOf, type LogOf, readAfter, readAround, readBefore} from './log-read.ts';
import type {LogEffect, LogView, OnScreen} from './log-view.ts';
import {errorQuery} from './text/log-level.ts';
import {createMatcher} from './text/log-query.ts';

/** Reads what is not in memory when it is wanted. */
export type LogReading = {
	perform(effect: Exclude<LogEffect, {what: 'save' | 'copy'}>): void;
	/** Ends everything that is being read on demand: another log is shown. */
	cancel(): void;
	readonly model: LogModel;
	/** One of the logs shown, for reading it. */
	logOf(source: number, signal: AbortSignal): LogOf;
};

type Parts = {
	host: Host;
	store: SessionStore;
	model: LogModel;
	signal: AbortSignal;
	/** Draws again, at the rate at which a log is drawn. */
	publish: () => void;
	/** Follows from the end of the window on, or from the end of the log. */
	restart: (keep: boolean) => void;
};

/** Lines read at once. */
const pageLines = 2000;
const aroundLines = 600;

export function createLogReading(parts: Parts): LogReading {
	const {host, model, signal, publish} = parts;
	const failed = (error: unknown) => {
		const {message, fix} = problemOf(error, host.engine.address);
		parts.store.changeNow(withFacts(() => ({message: {kind: 'failure', text: message, fix}})));
	};

	const logOf = (source: number, own: AbortSignal): LogOf => {
		const {matcher, range} = model.choice;
		const isChosen = matcher !== undefined || range.since !== undefined || range.until !== undefined;
		return {
			engine: host.engine,
			id: model.sources[source]?.subject.id ?? '',
			range,
			accept: isChosen ? (line) => matcher?.test(line) !== false : undefined,
			signal: AbortSignal.any([signal, own]),
		};
	};

	const finder = createFinder(parts, logOf, failed);
	const mover = createMover(parts, failed);
	const calls: WalkCalls = {...parts, logOf, find: finder.find};
	/** Lines that one wished to go further, down or up, while they were not in memory. */
	let owed = 0;
	const settle = () => {
		const {position} = parts.store.get().view.log;
		if (position !== 'follow' && owed !== 0) {
			const last = Math.max(model.first, model.end - 1);
			show(calls, {position: {line: Math.min(last, Math.max(model.first, position.line + owed)), row: 0}});
		}

		owed = 0;
	};
	const perform: LogReading['perform'] = (effect) => {
		switch (effect.what) {
			case 'older': {
				owed = Math.min(0, owed) - effect.owed;
				mover.move('reading older lines', async (own) => readOlder(calls, own).then(settle), true);
				return;
			}

			case 'newer': {
				owed = Math.max(0, owed) + effect.owed;
				mover.move('reading newer lines', async (own) => readNewer(calls, own).then(settle), true);
				return;
			}

			case 'start': {
				mover.move('reading from the start', (own) => goToStart(calls, own));
				return;
			}

			case 'end': {
				mover.cancel();
				parts.restart(false);
				return;
			}

			case 'unfind': {
				finder.end('search');
				publish();
				return;
			}

			case 'find': {
				mover.move('searching', async (own) => {
					await walk(calls, {...effect, of: 'search'}, own, finder.find('search', effect.text), true);
				});
				return;
			}

			case 'walk': {
				const known = model.finds[effect.of];
				mover.move('searching', async (own) => {
					const found = known === undefined ? finder.find(effect.of, '') : waitFor(known, own);
					await walk(calls, effect, own, found, false);
				});
			}
		}
	};

	return {
		model,
		logOf,
		perform,
		cancel() {
			mover.cancel();
			finder.end('search');
			finder.end('errors');
		},
	};
}

/** What brings other lines into memory: one at a time, and the newer one counts, but for what is being read anyway. */
function createMover({model, signal, publish}: Parts, failed: (error: unknown) => void) {
	let moving: AbortController | undefined;
	const end = () => {
		moving = undefined;
		model.reading = '';
		publish();
	};
	return {
		move(what: string, work: (own: AbortSignal) => Promise<void>, waits = false) {
			if (waits && moving !== undefined) {
				return;
			}

			moving?.abort();
			const controller = new AbortController();
			moving = controller;
			model.reading = what;
			publish();
			const isOver = () => {
				if (moving === controller) {
					end();
				}
			};
			work(controller.signal).then(isOver, (error: unknown) => {
				isOver();
				if (!controller.signal.aborted && !signal.aborted) {
					failed(error);
				}
			});
		},
		cancel() {
			moving?.abort();
			end();
		},
	};
}

/** Searches of the whole log, one of each name. */
function createFinder({model, signal, publish}: Parts, logOf: LogReading['logOf'], failed: (error: unknown) => void) {
	const finding = new Map<FindName, AbortController>();
	return {
		/** @returns whether it was searched to its end */
		async find(name: FindName, text: string): Promise<boolean> {
			finding.get(name)?.abort();
			const controller = new AbortController();
			finding.set(name, controller);
			const query = name === 'errors' ? errorQuery : {text, inverse: false};
			const begun = beginFind(model, name, text, createMatcher(query));
			try {
				await runFind(model, begun, (source) => logOf(source, controller.signal), publish);
				return true;
			} catch (error) {
				if (!controller.signal.aborted && !signal.aborted) {
					begun.problem = problemOf(error, '').message;
					failed(error);
				}

				return false;
			}
		},
		end(name: FindName) {
			finding.get(name)?.abort();
			const {[name]: _gone, ...rest} = model.finds;
			model.finds = rest;
		},
	};
}

/** Waits until a search that runs is through. */
async function waitFor(known: LogFind, own: AbortSignal): Promise<boolean> {
	await until(known, own, () => false);
	return progressOf(known).done;
}

type WalkCalls = Parts & Pick<LogReading, 'logOf'> & {find: (name: FindName, text: string) => Promise<boolean>};

/** About how many lines of a log there are from the first one in the window to its end. */
function fromEnd(model: LogModel, source: number): number {
	return model.window.count(source) + (model.sources[source]?.after ?? 0);
}

async function readOlder({model, logOf}: WalkCalls, own: AbortSignal): Promise<void> {
	const first = model.window.at(model.window.first);
	if (first === undefined || model.atStart) {
		return;
	}

	const parts: Array<Awaited<ReturnType<typeof readBefore>>> = [];
	let isStart = true;
	for (const [number, source] of model.sources.entries()) {
		const log = logOf(number, own);
		source.begin ??= await beginOf(log);
		const begin = source.begin ?? Number.POSITIVE_INFINITY;
		const lines = begin >= first.time ? [] : await readBefore(log, first.time, fromEnd(model, number), pageLines);
		// What is left out from the start on never matches, so nothing tells where the first line is.
		isStart &&=
			lines.length === 0 || (log.accept !== undefined && lines.length < pageLines) || lines[0]?.time === begin;
		parts.push(lines);
	}

	own.throwIfAborted();
	model.prepend(parts, isStart);
}

async function readNewer({model, logOf, restart}: WalkCalls, own: AbortSignal): Promise<void> {
	const last = model.window.at(model.window.end - 1);
	if (last === undefined || model.atEnd) {
		return;
	}

	const parts: Array<Omit<Around, 'after'>> = [];
	for (const [number, source] of model.sources.entries()) {
		parts.push(await readAfter(logOf(number, own), last.time, source.after, pageLines));
	}

	own.throwIfAborted();
	model.append(parts);
	if (parts.every(({ended}) => ended)) {
		restart(true);
	}
}

async function goToStart(calls: WalkCalls, own: AbortSignal): Promise<void> {
	const {model, logOf} = calls;
	const parts: Around[] = [];
	for (const number of model.sources.keys()) {
		parts.push(await readAround(logOf(number, own), 0, undefined, {before: 0, after: aroundLines}));
	}

	own.throwIfAborted();
	for (const [number, part] of parts.entries()) {
		const source = model.sources[number];
		if (source !== undefined) {
			source.begin = part.lines[0]?.time;
		}
	}

	replace(calls, parts, true);
	show(calls, {position: {line: model.first, row: 0}, marked: undefined});
}

/** Other lines in place of those in memory. */
function replace({model, restart}: WalkCalls, parts: readonly Around[], atStart: boolean): void {
	model.replace(parts, atStart);
	if (parts.every(({ended}) => ended)) {
		restart(true);
	}
}

function show({store}: WalkCalls, change: Partial<LogView>): void {
	store.changeNow(({facts, view}) => ({
		facts: {...facts, log: {...facts.log, version: facts.log.version + 1}},
		view: {...view, log: {...view.log, ...change}},
	}));
}

const firstTime = Number.NEGATIVE_INFINITY;
const lastTime = Number.POSITIVE_INFINITY;

type Walk = OnScreen & {of: FindName; by: 1 | -1};

/**
Goes to the next match, or the one before: among the lines in memory at once, else where the search found it, and from the last one to
the first.

@param found settles when the search is through
@param isFirst what is on the screen counts, too
*/
async function walk(
	calls: WalkCalls,
	{of, by, top, bottom}: Walk,
	own: AbortSignal,
	found: Promise<boolean>,
	isFirst: boolean,
): Promise<void> {
	const {model, store} = calls;
	const find = model.finds[of];
	if (find === undefined) {
		return;
	}

	const {marked} = store.get().view.log;
	const isOnScreen = marked !== undefined && marked >= top && marked <= bottom;
	const from = !isFirst && isOnScreen ? marked : by > 0 ? top - 1 : bottom + 1;
	const near = nearMatch(model, of, from + by, by);
	if (near !== undefined) {
		showMatch(calls, near, {top, bottom});
		return;
	}

	const edge = model.window.at(by > 0 ? model.window.end - 1 : model.window.first)?.time ?? 0;
	const isOver = by > 0 ? model.atEnd : model.atStart;
	await until(find, own, () => {
		const {count} = progressOf(find);
		if (isFirst || (by > 0 && isOver)) {
			return count > 0;
		}

		// The one before is known once the search has come so far; the last one of all only when it is through.
		return by > 0 ? matchBeside(find, edge, 1) !== undefined : !isOver && find.found.every(({at}) => at >= edge);
	});
	const beyond = isOver || isFirst ? undefined : matchBeside(find, edge, by);
	if (by < 0 && !isFirst && beyond === undefined) {
		// From the first one to the last, which is known at the end.
		await found;
		own.throwIfAborted();
	}

	const target = beyond ?? matchBeside(find, by > 0 || isFirst ? firstTime : lastTime, by > 0 || isFirst ? 1 : -1);
	if (target !== undefined) {
		await goTo(calls, of, target, own);
		return;
	}

	if (await found) {
		own.throwIfAborted();
		const late = matchBeside(find, firstTime, 1);
		if (late !== undefined) {
			await goTo(calls, of, late, own);
			return;
		}

		const text = of === 'errors' ? 'No line of the log reports an error' : `No line of the log matches ${find.text}`;
		store.changeNow(withFacts(() => ({message: {kind: 'note', text, fix: '', passing: true}})));
	}
}

/** Waits until a search knows enough, or has ended. */
async function until(find: LogFind, own: AbortSignal, isKnown: () => boolean): Promise<void> {
	for (;;) {
		own.throwIfAborted();
		if (isKnown() || progressOf(find).done || find.problem !== undefined) {
			return;
		}

		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}

function nearMatch(model: LogModel, of: FindName, from: number, by: 1 | -1): number | undefined {
	const matcher = model.finds[of]?.matcher;
	for (let number = from; number >= model.first && number < model.end; number += by) {
		const text = model.textAt(number);
		if (text !== undefined && matcher?.test(text)) {
			return number;
		}
	}

	return undefined;
}

async function goTo(
	calls: WalkCalls,
	of: FindName,
	target: {source: number; time: number; line: number},
	own: AbortSignal,
): Promise<void> {
	const {model, logOf} = calls;
	const inWindow = () => nearMatch(model, of, model.window.numberAt(target.time), 1);
	const {first, end} = model.window;
	const [oldest, newest] = [
		model.window.at(first)?.time ?? Number.POSITIVE_INFINITY,
		model.window.at(end - 1)?.time ?? 0,
	];
	if (target.time < oldest || target.time > newest) {
		const parts: Around[] = [];
		for (const [number, source] of model.sources.entries()) {
			const found = model.finds[of]?.found[number];
			const lines =
				found?.done && number === target.source
					? found.scanned - target.line + (source.seen - found.seenAtEnd)
					: undefined;
			parts.push(
				await readAround(logOf(number, own), target.time, lines, {before: aroundLines / 2, after: aroundLines / 2}),
			);
		}

		own.throwIfAborted();
		// Where it begins is found out when one scrolls there.
		replace(calls, parts, false);
	}

	const number = inWindow();
	if (number !== undefined) {
		showMatch(calls, number, undefined);
	}
}

/** Marks a line, and brings it on the screen where it is not. */
function showMatch(calls: WalkCalls, number: number, screen: OnScreen | undefined): void {
	const {model, store} = calls;
	const {position} = store.get().view.log;
	if (screen !== undefined && number >= screen.top && number <= screen.bottom) {
		show(calls, {marked: number, position: position === 'follow' ? {line: screen.top, row: 0} : position});
		return;
	}

	const linesAbove = screen === undefined ? 5 : Math.floor((screen.bottom - screen.top) / 3);
	show(calls, {marked: number, position: {line: Math.max(model.first, number - linesAbove), row: 0}});
}

import {type FindName, type LogFind, type LogModel, newFound} from './log-model.ts';
import {type LogOf, linesOf} from './log-read.ts';
import type {Matcher} from './text/log-query.ts';

/** Begins a search of the whole log, in place of the one before. */
export function beginFind(model: LogModel, name: FindName, text: string, matcher: Matcher): LogFind {
	const find: LogFind = {text, matcher, found: model.sources.map(newFound), problem: undefined};
	model.finds = {...model.finds, [name]: find};
	return find;
}

/**
Reads each log from its start to its end for a search.

@param onPiece called when there is something new to show
*/
export async function runFind(
	model: LogModel,
	find: LogFind,
	logOf: (source: number) => LogOf,
	onPiece: () => void,
): Promise<void> {
	for (const [number, found] of find.found.entries()) {
		const log = logOf(number);
		for await (const lines of linesOf(log, {})) {
			for (const {text, time} of lines) {
				found.scanned += 1;
				found.at = Math.max(found.at, time);
				if (log.accept?.(text) !== false && find.matcher.test(text)) {
					found.hits.add(time, found.scanned - 1);
				}
			}

			onPiece();
		}

		finish(model, find, number);
		onPiece();
	}
}

/** What came by itself while the search ran is searched now. */
function finish(model: LogModel, find: LogFind, number: number): void {
	const found = find.found[number];
	const source = model.sources[number];
	if (found === undefined || source === undefined) {
		return;
	}

	found.seenAtEnd = source.seen;
	found.done = true;
	const from = model.window.numberAt(found.at + 0.25);
	for (let line = from; model.atEnd && line < model.window.end; line += 1) {
		const {text, time, source: of} = model.window.at(line) ?? {};
		if (of === number && text !== undefined && time !== undefined && time > found.at) {
			found.seenAtEnd -= 1;
			if (find.matcher.test(text)) {
				found.hits.add(time, found.scanned + line - from);
			}
		}
	}
}

/** How far a search is, in all logs together. */
export function progressOf({found}: LogFind): {count: number; scanned: number; at: number; done: boolean} {
	return {
		count: found.reduce((sum, {hits}) => sum + hits.count, 0),
		scanned: found.reduce((sum, each) => sum + each.scanned, 0),
		at: found.find(({done}) => !done)?.at ?? 0,
		done: found.every(({done}) => done),
	};
}

/** How many matches lie before a time. */
export function matchesBefore({found}: LogFind, time: number): number {
	return found.reduce((sum, {hits}) => sum + hits.before(time), 0);
}

type Target = {source: number; time: number; line: number};

/** The match next to a time: the first one after it, or the last one before. */
export function matchBeside({found}: LogFind, time: number, by: 1 | -1): Target | undefined {
	const targets = found.flatMap(({hits}, source): Target[] => {
		// A quarter of a microsecond is the least by which two times differ.
		const number = by > 0 ? hits.before(time + 0.25) : hits.before(time) - 1;
		const hit = hits.at(number);
		return hit === undefined ? [] : [{source, time: hit.time, line: hit.line}];
	});
	return targets.toSorted((a, b) => by * (a.time - b.time))[0];
}

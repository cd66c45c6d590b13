import type {Engine, LogChunk, LogOptions} from '../../../../source/engine/engine.ts';
import type {LogOf} from '../../../../source/session/state/log/log-read.ts';

/** Of the first line; the others follow each millisecond. */
const begin = Date.UTC(2026, 0, 31, 9);

export const timeOf = (line: number) => (begin + line) * 1000;

/** The engine's side of a log of any length, of which no line is kept: it answers as the engine does. */
export function virtualLog(lines: number, textOf = (line: number) => `line ${line}`) {
	const asked: LogOptions[] = [];
	let sent = 0;
	const logs: Engine['logs'] = async function* (_id, options = {}): AsyncGenerator<LogChunk> {
		asked.push(options);
		const {tail, since, until} = options;
		const first = tail === undefined ? 0 : Math.max(0, lines - tail);
		for (let from = first; from < lines; from += 500) {
			const parts: string[] = [];
			const starts: number[] = [];
			let bytes = 0;
			for (let line = from; line < Math.min(lines, from + 500); line += 1) {
				const at = new Date(begin + line);
				if ((since === undefined || at >= since) && (until === undefined || at <= until)) {
					const entry = `${at.toISOString()} ${textOf(line)}\n`;
					starts.push(bytes);
					parts.push(entry);
					bytes += Buffer.byteLength(entry);
				}
			}

			sent += parts.length;
			if (parts.length > 0) {
				yield {stream: 'stdout', data: Buffer.from(parts.join('')), starts};
			}
		}

		const {signal} = options;
		if (options.follow && signal?.aborted === false) {
			await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
		}
	};

	const log = (change: Partial<LogOf> = {}): LogOf => ({
		engine: {logs} as Engine,
		id: 'x',
		range: {since: undefined, until: undefined},
		accept: undefined,
		signal: new AbortController().signal,
		...change,
	});
	return {logs, log, asked, sent: () => sent};
}

import type {Query} from './log-query.ts';
import {plainText} from './log-query.ts';

export type Level = 'error' | 'warning' | 'debug';

/** The first line of what went wrong, as Python, PyTorch, CUDA, NCCL, the shell and common loggers write it. */
const errors = [
	'^Traceback \\(most recent call last\\)',
	'^\\s*(?:[A-Za-z_][\\w.]*\\.)?[A-Z]\\w*(?:Error|Exception|Interrupt)\\b:?(?:\\s|$)',
	'(?<![\\w./-])(?:ERROR|FATAL|CRITICAL|PANIC)(?![\\w./=-])',
	'\\[(?:error|fatal|critical|panic|E|F)[\\] ]',
	'\\blevel="?(?:error|fatal|critical|panic)\\b',
	'^(?:error|fatal|panic)(?:\\[\\w+\\])?:',
	'^[EF]\\d{4} \\d\\d:\\d\\d:\\d\\d',
	'\\bCUDA (?:error|out of memory)\\b',
	'\\bcuda runtime error\\b',
	'\\bNCCL (?:error|failure)\\b|\\bncclInternalError\\b',
	'\\bXid \\(',
	'^(?:\\S+: line \\d+:\\s+\\d+ )?Killed\\b',
	'\\b(?:Segmentation fault|Bus error|core dumped)\\b',
	'\\bterminate called after throwing\\b',
];
// Without a repetition that could begin anywhere: a line of 4000 letters would take 130 ms, and each is looked at whenever it is drawn.
const warnings =
	/(?<![\w./-])(?:WARN|WARNING)(?![\w./=-])|\wWarning:|\[(?:warn|warning|W)[\] ]|\blevel="?warn|^W\d{4} \d\d:\d\d:\d\d/;
const details = /(?<![\w./-])(?:DEBUG|TRACE)(?![\w./=-])|\[(?:debug|trace|D)[\] ]|\blevel="?(?:debug|trace)\b/;

/** Errors as something to search for. */
export const errorQuery: Query = {text: errors.join('|'), inverse: false};

const anyError = new RegExp(errorQuery.text);

/** How serious a line is, as far as it says so. */
export function levelOf(line: string): Level | undefined {
	const text = plainText(line);
	if (anyError.test(text)) {
		return 'error';
	}

	return warnings.test(text) ? 'warning' : details.test(text) ? 'debug' : undefined;
}

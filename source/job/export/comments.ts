import {safeText} from '../../text/safe.ts';
import type {PortableJob} from './portable-job.ts';
import type {Lost} from './target.ts';

/** One line of plain text, whatever a project's values hold: it cannot end a comment. */
function oneLine(text: string): string {
	return safeText(text).replaceAll(/\s+/g, ' ');
}

/**
The head of a file, without the marks of a comment: where it comes from, how it is used, and what is not carried over.

@param usage the command to use the file
*/
export function headOf(job: PortableJob, target: string, usage: readonly string[], lost: readonly Lost[]): string[] {
	return [
		`Written by \`gpubox export ${target}\` from the settings of ${job.name}. Image: ${job.image.reference}`,
		...usage,
		...(lost.length === 0 ? [] : ['Not carried over:', ...lost.map((each) => `  ${tellLost(each)}`)]),
	].map(oneLineKeepingIndent);
}

function oneLineKeepingIndent(text: string): string {
	return `${/^ */.exec(text)?.[0] ?? ''}${oneLine(text.trimStart())}`;
}

/** `field: why → instead`, on one line. */
export function tellLost({field, why, instead}: Lost): string {
	return oneLine(`${field}: ${why} → ${instead}`);
}

/** Each line behind a mark such as `#`. */
export function comment(lines: readonly string[], mark = '#'): string {
	return lines.map((line) => `${mark} ${line}\n`).join('');
}

import {hidden} from '../../text/safe.ts';

/**
Prints what is meant for a file: into a file or a pipe byte for byte; on a terminal with a number in the place of each character that would
control it, because values of a project or the cells of a notebook are in it.
*/
export function printFile(text: string, out: NodeJS.WriteStream = process.stdout): void {
	out.write(out.isTTY ? text.replace(hidden, (found) => `\\u{${found.codePointAt(0)?.toString(16)}}`) : text);
}

import {fstatSync} from 'node:fs';
import {isatty} from 'node:tty';
import type {AskConsent} from '../../app/consent.ts';

/** Whether stdin is a terminal. `process.stdin.isTTY` says the same, but makes a stream for it first, which takes 3 ms. */
export function inputIsTerminal(): boolean {
	try {
		// A pipe or a file is none, for which nothing has to be loaded.
		return fstatSync(0).isCharacterDevice() && isatty(0);
	} catch {
		// It is closed.
		return false;
	}
}

/** Asks on the terminal; undefined where there is none. An empty line means no. */
export function askOnTerminal(signal: AbortSignal): AskConsent | undefined {
	if (!inputIsTerminal()) {
		return undefined;
	}

	return async ({title, lines, question}) => {
		process.stderr.write(`${[title, '', ...lines.map((line) => `  ${line}`), ''].join('\n')}\n`);
		const {confirm} = await import('../../app/prompt.ts');
		return confirm(question, signal);
	};
}

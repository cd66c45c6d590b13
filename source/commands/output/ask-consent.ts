import type {AskConsent} from '../../app/consent.ts';

/** Asks on the terminal; undefined where there is none. An empty line means no. */
export function askOnTerminal(signal: AbortSignal): AskConsent | undefined {
	if (!process.stdin.isTTY) {
		return undefined;
	}

	return async ({title, lines, question}) => {
		process.stderr.write(`${[title, '', ...lines.map((line) => `  ${line}`), ''].join('\n')}\n`);
		const {confirm} = await import('../../app/prompt.ts');
		return confirm(question, signal);
	};
}

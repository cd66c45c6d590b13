/** Questions on a terminal, one line each. Plain lines, so that they work over anything that carries text. */
import {createInterface} from 'node:readline/promises';
import {exitCode, Failure} from '../failure.ts';

type Fault = string | undefined;

export type Asker = {
	/**
	Asks until the answer will do.

	@param check why an answer will not do; undefined when it will
	@param fallback the answer of an empty line
	@throws Failure (interrupted) when the person leaves by Ctrl-C or Ctrl-D
	*/
	ask(question: string, fallback: string, check?: (answer: string) => Fault | Promise<Fault>): Promise<string>;
	/** Yes or no; an empty line means yes. */
	agree(question: string): Promise<boolean>;
	/** Yes or no; an empty line means no. */
	confirm(question: string): Promise<boolean>;
	/** Lets go of the terminal. */
	close(): void;
};

export function makeAsker(signal: AbortSignal): Asker {
	const out = process.stderr;
	const left = new AbortController();
	const terminal = createInterface({input: process.stdin, output: out});
	// The terminal is in raw mode, where Ctrl-C is a character like any other.
	terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
	terminal.on('close', () => left.abort());
	const question = async (text: string) => {
		try {
			return (await terminal.question(text, {signal: AbortSignal.any([signal, left.signal])})).trim();
		} catch (error) {
			out.write('\n');
			throw left.signal.aborted ? new Failure('Left half-way.', {exitCode: exitCode.interrupted, cause: error}) : error;
		}
	};

	return {
		async ask(text, fallback, check = () => undefined) {
			for (;;) {
				const answer = (await question(`${text} [${fallback}] `)) || fallback;
				const fault = await check(answer);
				if (fault === undefined) {
					return answer;
				}

				out.write(`  ${fault}\n`);
			}
		},
		async agree(text) {
			return /^(y(es)?)?$/i.test(await question(`${text} [Y/n] `));
		},
		async confirm(text) {
			return /^y(es)?$/i.test(await question(`${text} [y/N] `));
		},
		close: () => terminal.close(),
	};
}

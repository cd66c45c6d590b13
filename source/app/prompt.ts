/** Questions on a terminal, one line each. Plain lines, so that they work over anything that carries text. */
import {createInterface} from 'node:readline/promises';
import {Writable} from 'node:stream';
import {exitCode, Failure} from '../base/failure.ts';

type Fault = string | undefined;

export type Prompt = {
	/**
	Asks until the answer will do.

	@param check why an answer will not do; undefined when it will
	@param fallback the answer of an empty line
	@throws Failure (interrupted) when the user cancels with Ctrl-C or Ctrl-D
	*/
	text(question: string, fallback: string, check?: (answer: string) => Fault | Promise<Fault>): Promise<string>;
	/** Yes or no. @param fallback what an empty line means */
	confirm(question: string, fallback?: 'yes' | 'no'): Promise<boolean>;
	/** Releases the terminal. */
	close(): void;
};

export type PromptStreams = {input?: NodeJS.ReadableStream; output?: NodeJS.WritableStream};

/** For several questions; a single one has functions of its own below. */
export function openPrompt(signal: AbortSignal, streams: PromptStreams = {}): Prompt {
	const {output = process.stderr} = streams;
	const lines = openLines(signal, {...streams, output});
	const ask = async (question: string) => {
		try {
			return (await lines.ask(question)).trim();
		} catch (error) {
			output.write('\n');
			throw error;
		}
	};

	return {
		async text(question, fallback, check = () => undefined) {
			for (;;) {
				const answer = (await ask(`${question} [${fallback}] `)) || fallback;
				const fault = await check(answer);
				if (fault === undefined) {
					return answer;
				}

				output.write(`  ${fault}\n`);
			}
		},
		async confirm(question, fallback = 'no') {
			const answer = (await ask(`${question} ${fallback === 'yes' ? '[Y/n]' : '[y/N]'} `)) || fallback;
			return /^y(es)?$/i.test(answer);
		},
		close: lines.close,
	};
}

/** Yes or no to a single question; an empty line means no. */
export async function confirm(question: string, signal: AbortSignal, streams?: PromptStreams): Promise<boolean> {
	const prompt = openPrompt(signal, streams);
	try {
		return await prompt.confirm(question);
	} finally {
		prompt.close();
	}
}

/** One line, unchanged; the input is not shown. */
export async function askHidden(
	question: string,
	signal: AbortSignal,
	{input, output = process.stderr}: PromptStreams = {},
): Promise<string> {
	const nowhere = new Writable({write: (_chunk, _encoding, done) => done()});
	const lines = openLines(signal, {...(input && {input}), output: nowhere, terminal: true, historySize: 0});
	// Print the question only now that echo is off.
	output.write(question);
	try {
		return await lines.ask('');
	} finally {
		lines.close();
		output.write('\n');
	}
}

function openLines(
	signal: AbortSignal,
	{input = process.stdin, ...options}: PromptStreams & {terminal?: boolean; historySize?: number},
): {ask(question: string): Promise<string>; close(): void} {
	const closed = new AbortController();
	const terminal = createInterface({input, ...options});
	// The terminal is in raw mode, where Ctrl-C is a character like any other.
	terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
	terminal.on('close', () => closed.abort());
	return {
		async ask(question) {
			try {
				return await terminal.question(question, {signal: AbortSignal.any([signal, closed.signal])});
			} catch (error) {
				throw closed.signal.aborted ? new Failure('Cancelled.', {exitCode: exitCode.interrupted, cause: error}) : error;
			}
		},
		close: () => terminal.close(),
	};
}

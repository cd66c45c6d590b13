import type {CommandUnknownOpts} from '@commander-js/extra-typings';
import {readTemplate} from '../../base/templates.ts';
import {safeText} from '../../text/safe.ts';
import {lookUp, rejectWhen} from './candidates.ts';
import {type Candidate, complete} from './complete.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;

/** Prints the script that makes a shell call `gpubox __complete` at each Tab. */
export function completion(shell: (typeof shells)[number]): void {
	process.stdout.write(readTemplate(`completion/gpubox.${shell}`));
}

/** In milliseconds: no one waits longer for a Tab. */
const patience = 2000;

/**
Prints the candidates at the cursor for a shell: first a line with `words`, `files` or `folders`, where the last two are for the
shell itself to offer; then one candidate a line, with its description after a tab.

@param words after `gpubox`, up to the cursor
*/
export async function printCandidates(program: CommandUnknownOpts, words: readonly string[]): Promise<void> {
	const {candidates, look, paths, current, prefix, host, given} = complete(program, words);
	const signal = AbortSignal.timeout(patience);
	let found: Candidate[] = [];
	if (look) {
		try {
			found = await Promise.race([lookUp(look, {host, signal}), rejectWhen(signal)]);
		} catch {
			// No engine, no permission, no such context: completion must not print errors into the user's command line.
		}
	}

	const lines = [...candidates, ...found.map((one) => ({...one, value: prefix + one.value}))]
		.filter(({value}) => value.startsWith(current) && /^\S+$/.test(value) && !given.includes(value))
		.map(({value, description}) => (description ? `${value}\t${safeText(description)}` : value));
	process.stdout.write(`${[paths ?? 'words', ...lines].join('\n')}\n`, () => {
		// A pending connection attempt must not keep the shell waiting.
		process.exit();
	});
}

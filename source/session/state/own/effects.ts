/** Runs the user's own commands. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {endGroup, ownGroup} from '../../../base/process/process-group.ts';
import {safeText} from '../../../text/safe.ts';
import {lineOf} from '../command-log/command-lines.ts';
import {runOnTerminal} from '../command-log/run-command.ts';
import type {Context} from '../context.ts';
import type {OwnCall} from './own-commands.ts';

/** Of the output of a command in the background: so many bytes of its end are kept, and so many lines shown. */
const keptBytes = 16 * 1024;
const shownLines = 3;
const longestLine = 200;

/** On the terminal of the session, or in the background, where its last lines are shown when it ends. */
export function runOwn(context: Context, {call}: {call: OwnCall}): void {
	const {name, words, environment, background} = call;
	const [file = '', ...rest] = words;
	if (!background) {
		runOnTerminal(context, {shown: safeText(lineOf(words)), file, arguments: rest, environment});
		return;
	}

	context.tasks.start(name, {resume: 'Its key starts it again'}, async (_, signal) => {
		const {output, how} = await runInBackground(call, signal);
		const text = lastLines(output);
		if (how !== undefined) {
			context.say('failure', `${name}: ${how}`, text);
			return undefined;
		}

		return {text: `${name} is done`, fix: text};
	});
}

/** @returns what it printed last, and how it ended; undefined for exit code 0 */
async function runInBackground(
	{words: [file = '', ...rest], environment}: OwnCall,
	signal: AbortSignal,
): Promise<{output: string; how: string | undefined}> {
	const child = spawn(file, rest, {
		stdio: ['ignore', 'pipe', 'pipe'],
		env: {...process.env, ...environment},
		detached: true,
	});
	ownGroup(child);
	let output = Buffer.alloc(0);
	for (const stream of [child.stdout, child.stderr]) {
		stream.on('data', (data: Buffer) => {
			output = Buffer.concat([output, data]).subarray(-keptBytes);
		});
	}

	const end = () => void endGroup(child);
	signal.addEventListener('abort', end, {once: true});
	try {
		const [code, ended] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
		signal.throwIfAborted();
		return {
			output: output.toString('utf8'),
			how: code === 0 ? undefined : ended === null ? `exit code ${code}` : `ended by ${ended}`,
		};
	} finally {
		signal.removeEventListener('abort', end);
	}
}

function lastLines(output: string): string {
	return output
		.split('\n')
		.map((line) => safeText(line).slice(0, longestLine))
		.filter((line) => line !== '')
		.slice(-shownLines)
		.join(' · ');
}

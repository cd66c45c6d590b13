/** Runs the user's own commands. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import type {Socket} from 'node:net';
import timers from 'node:timers/promises';
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

/** How long the last of its output may take after it ended. What it left running may keep that open for ever. In milliseconds. */
const lastOutputMs = 200;

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
export async function runInBackground(
	{words: [file = '', ...rest], environment}: Pick<OwnCall, 'words' | 'environment'>,
	signal: AbortSignal,
): Promise<{output: string; how: string | undefined}> {
	const child = spawn(file, rest, {
		stdio: ['ignore', 'pipe', 'pipe'],
		env: {...process.env, ...environment},
		detached: true,
	});
	ownGroup(child);
	let output = Buffer.alloc(0);
	const keep = (data: Buffer) => {
		output = Buffer.concat([output, data]).subarray(-keptBytes);
	};
	for (const stream of [child.stdout, child.stderr]) {
		stream.on('data', keep);
	}

	// Without a program it rejects as the next one does.
	const closed = once(child, 'close').catch(() => {});

	const end = () => void endGroup(child);
	signal.addEventListener('abort', end, {once: true});
	try {
		const [code, ended] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
		await Promise.race([closed, timers.setTimeout(lastOutputMs)]);
		signal.throwIfAborted();
		return {
			output: output.toString('utf8'),
			how: code === 0 ? undefined : ended === null ? `exit code ${code}` : `ended by ${ended}`,
		};
	} finally {
		signal.removeEventListener('abort', end);
		for (const stream of [child.stdout, child.stderr] as Socket[]) {
			// What it left running goes on, as from a shell: it is read, for it would wait or end otherwise, and keeps nothing else.
			stream.off('data', keep).resume().unref();
		}
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

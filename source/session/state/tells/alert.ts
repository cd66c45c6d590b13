import {spawn} from 'node:child_process';
import type {Happening} from './events.ts';

/** Tells the user of news, outside of the screen too. */
export type Alert = (news: readonly Happening[]) => void;

export type AlertWishes = {
	/** `notification` is OSC 9, which iTerm2, WezTerm, kitty, Windows Terminal and others show on the desktop. */
	how: 'none' | 'bell' | 'notification';
	/** The user's own command, for each of the news. */
	command: string | undefined;
};

const longestText = 200;
/** A command that takes longer is ended. */
const patienceMs = 30_000;
/** So many commands run at once; further news are only in the list. */
const mostCommands = 4;

/** The bytes that alert to some news; empty for none. Pure. */
export function alertSequence(news: readonly Happening[], how: AlertWishes['how']): string {
	const [first] = news;
	if (first === undefined || how === 'none') {
		return '';
	}

	if (how === 'bell') {
		return '\u0007';
	}

	const more = news.length > 1 ? ` (and ${news.length - 1} more)` : '';
	// What ends the sequence, or could begin another one, has no place in it.
	const text = `gpubox: ${first.text}${more}`.replaceAll(/\p{C}/gu, '').slice(0, longestText);
	return `\u001B]9;${text}\u0007`;
}

/** What the user's command finds in its environment. Pure. */
export function eventVariables({kind, text, at}: Happening): Record<string, string> {
	return {
		GPUBOX_EVENT: kind,
		GPUBOX_EVENT_TEXT: text,
		GPUBOX_EVENT_TIME: new Date(at).toISOString(),
	};
}

type Parts = {
	/** They may change. */
	wishes: () => AlertWishes;
	/** Nothing is written while another program has the terminal. */
	isLent: () => boolean;
	write: (text: string) => void;
	/** What went wrong with the command. */
	onTrouble: (text: string) => void;
	signal: AbortSignal;
};

/** @returns alerts as the user wishes */
export function createAlert({wishes, isLent, write, onTrouble, signal}: Parts): Alert {
	let commands = 0;
	const run = (command: string, happening: Happening) => {
		commands += 1;
		const child = spawn('/bin/sh', ['-c', command], {
			cwd: '/',
			env: {...process.env, ...eventVariables(happening)},
			stdio: 'ignore',
			timeout: patienceMs,
			signal,
		});
		child.once('error', (error) => {
			if (!signal.aborted) {
				onTrouble(error.message);
			}
		});
		child.once('close', (code, ended) => {
			commands -= 1;
			if (!signal.aborted && code !== 0) {
				onTrouble(ended === null ? `it ended with exit code ${code}` : `it did not end within ${patienceMs / 1000} s`);
			}
		});
	};

	return (news) => {
		if (!isLent()) {
			const sequence = alertSequence(news, wishes().how);
			if (sequence !== '') {
				write(sequence);
			}
		}

		const {command} = wishes();
		if (command !== undefined) {
			for (const happening of news.slice(0, mostCommands - commands)) {
				run(command, happening);
			}
		}
	};
}

/** Runs a program on the terminal of the session, which it gets for as long as it runs. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {ownCommand} from '../../../base/process/own-command.ts';
import {lendTerminal} from '../../terminal.ts';
import type {Context} from '../context.ts';
import {withFacts} from '../store.ts';
import {lineOf} from './command-lines.ts';

type ProgramCall = {
	/** As one would type it; printed above its output. Safe to print. */
	shown: string;
	file: string;
	arguments: readonly string[];
	/** Added to the environment. */
	environment?: Readonly<Record<string, string>>;
};

/** A verb of gpubox itself, on the host that the session is on. */
export function runVerb(context: Context, {words}: {words: string[]}): void {
	const {hostWord} = context.store.get().facts;
	const [file = 'gpubox', ...program] = ownCommand();
	const host = hostWord === undefined ? [] : ['--host', hostWord];
	runOnTerminal(context, {
		shown: lineOf(['gpubox', ...host, ...words]),
		file,
		arguments: [...program, ...host, ...words],
	});
}

/**
Gives the terminal to a program until it ends and its output was read. One at a time: while a shell has the terminal nothing is started.

@param ended called once the session has its terminal back, with the program's exit code
*/
export function runOnTerminal(context: Context, call: ProgramCall, ended?: (code: number | undefined) => void): void {
	const {store, fail, terminal, signal} = context;
	if (store.get().facts.lent) {
		return;
	}

	store.changeNow(withFacts(() => ({lent: true})));
	const run = async () => {
		const {suspend} = await terminal;
		store.hold();
		return lendTerminal(suspend, async () => {
			process.stdout.write(`$ ${call.shown}\r\n`);
			const code = await runChild(call, signal);
			const how = code === 0 ? '' : code === undefined ? 'Ended by a signal. ' : `Exit code ${code}. `;
			process.stdout.write(`\r\n${how}Enter returns to gpubox.`);
			await enterPressed(signal);
			return code;
		});
	};
	// Not a task, which the end of the session would wait for: only the user ends it.
	void run()
		.catch((error: unknown) => {
			fail(error);
			return undefined;
		})
		.then((code) => {
			store.change(withFacts(() => ({lent: false})));
			store.release();
			ended?.(code);
		});
}

/** @returns the exit code; undefined when a signal ended it */
async function runChild(
	{file, arguments: words, environment}: ProgramCall,
	signal: AbortSignal,
): Promise<number | undefined> {
	const child = spawn(file, words, {stdio: 'inherit', env: {...process.env, ...environment}, signal});
	const [code] = (await once(child, 'close')) as [number | null];
	return code ?? undefined;
}

/** The terminal is in its usual mode: a line arrives with Enter. Ctrl-C and Ctrl-D return too. */
async function enterPressed(signal: AbortSignal): Promise<void> {
	const {stdin} = process;
	const {promise, resolve} = Promise.withResolvers<void>();
	const done = () => resolve();
	const ends: Array<[target: NodeJS.EventEmitter, event: string]> = [
		[stdin, 'data'],
		[stdin, 'end'],
		[process, 'SIGINT'],
	];
	for (const [target, event] of ends) {
		target.once(event, done);
	}

	signal.addEventListener('abort', done, {once: true});
	stdin.resume();
	await promise;
	for (const [target, event] of ends) {
		target.off(event, done);
	}

	signal.removeEventListener('abort', done);
	stdin.pause();
}

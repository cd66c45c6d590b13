/** A command on another host in the foreground, over ssh. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {askElsewhere, findElsewhere, forgetElsewhere, gpuboxThere} from '../app/runs/elsewhere.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {interrupts, type TakenSignal} from '../base/process/interrupts.ts';
import {endGroup, ownGroup} from '../base/process/process-group.ts';
import {listBoxes} from '../box/list.ts';
import {isNoEngine} from '../engine/engine.ts';
import {sshWords} from '../engine/ssh-words.ts';
import type {Host} from '../host/host.ts';
import {safeText} from '../text/safe.ts';
import {shellQuote} from '../text/shell-quote.ts';

/** The exit code of ssh when there is no connection, or no more. A command may have it as well. */
export const connectionLost = 255;

/**
Runs a command there in the foreground. With a terminal here it gets one there; without, signals are passed on.

@param command for `sh -c`
@returns its exit code
*/
export function follow(ssh: URL, command: string, signal: AbortSignal): Promise<number> {
	return process.stdin.isTTY && process.stdout.isTTY
		? followOnTerminal(ssh, command)
		: followWithSignals(ssh, command, signal);
}

/** ssh has the terminal: Ctrl-C is a character that goes there. */
async function followOnTerminal(ssh: URL, command: string): Promise<number> {
	const child = spawn('ssh', [...sshWords(ssh, {terminal: true}), `sh -c ${shellQuote(command)}`], {stdio: 'inherit'});
	// For a signal from elsewhere: ssh ends, and there the terminal hangs up.
	interrupts.take = () => {
		child.kill();
	};
	try {
		const [code] = (await once(child, 'exit')) as [number | null];
		return code ?? 255;
	} finally {
		interrupts.take = undefined;
	}
}

/**
Runs a command there that reads nothing. Each line on the shell's stdin is a signal for it; the end of stdin means that the connection is
lost, and is a hang-up, after which a job goes on.
*/
export function withSignals(command: string): string {
	return [
		'exec 3<&0',
		`sh -c ${shellQuote(command)} </dev/null 3<&- & child=$!`,
		'{ while read -r name; do kill -s "$name" "$child"; done; kill -s HUP "$child"; } <&3 >/dev/null 2>&1 & reader=$!',
		'exec 3<&-',
		'wait "$child"; code=$?',
		'kill "$reader" 2>/dev/null',
		'exit "$code"',
	].join('\n');
}

async function followWithSignals(ssh: URL, command: string, signal: AbortSignal): Promise<number> {
	signal.throwIfAborted();
	const child = spawn('ssh', [...sshWords(ssh), `sh -c ${shellQuote(withSignals(command))}`], {
		stdio: ['pipe', 'inherit', 'inherit'],
		// Ctrl-C is for gpubox, which passes it on.
		detached: true,
	});
	ownGroup(child);
	child.stdin.on('error', () => {});
	const names: Record<TakenSignal, string> = {SIGINT: 'INT', SIGTERM: 'TERM', SIGHUP: 'HUP'};
	interrupts.take = (taken) => {
		child.stdin.write(`${names[taken]}\n`);
	};
	try {
		const [code] = (await once(child, 'exit')) as [number | null];
		return code ?? 255;
	} finally {
		interrupts.take = undefined;
		await endGroup(child);
	}
}

/** The exit code of a run that has ended there, where its host can be asked: 255 may be that of its command. */
export async function codeOfEnded(
	host: Pick<Host, 'paths'>,
	token: string,
	signal: AbortSignal,
): Promise<number | undefined> {
	const {runs} = await askElsewhere(host, signal, (record) => record.token === token);
	return runs[0]?.record.there?.exitCode ?? undefined;
}

/**
A verb about a run that was started from here on another host: gpubox there does it.

@param words of the verb with its options, without its arguments
@param given NAME, or HOST:NAME. A box or run of the user on this machine goes before a run of another host
@returns the exit code there; undefined when the run is not one of another host
@throws Failure when the host does not answer
*/
export async function verbThere(
	host: Host,
	given: string,
	words: readonly string[],
	signal: AbortSignal,
): Promise<number | undefined> {
	const record = await findElsewhere(host, given, signal);
	if (record === undefined || (given === record.there.name && (await isHere(host, given, signal)))) {
		return undefined;
	}

	const code = await follow(new URL(record.ssh), gpuboxThere([...words, '--', record.there.name]), signal);
	if (code === connectionLost) {
		const known = words[0] === 'wait' ? await codeOfEnded(host, record.token, signal) : undefined;
		if (known !== undefined) {
			return known;
		}

		throw new Failure(`The connection to ${safeText(record.host)} was lost, or could not be made.`, {
			fix: `What became of ${record.there.name} is known there alone. Try again when the host answers.`,
			exitCode: exitCode.failed,
		});
	}

	// Also what was removed there before.
	if (words[0] === 'rm' && (code === exitCode.done || code === exitCode.noSuchBox)) {
		forgetElsewhere(host.paths, record);
	}

	return code;
}

/**
Whether a box of the user on this host has the name; the container of a run there is here too where both have one engine, without a record. Without
an engine there is none that a verb could mean.
*/
async function isHere(host: Host, name: string, signal: AbortSignal): Promise<boolean> {
	try {
		return (await listBoxes(host, signal)).some((box) => box.mine && box.name === name);
	} catch (error) {
		if (isNoEngine(error)) {
			return false;
		}

		throw error;
	}
}

/**
The same for several names, one after the other.

@returns the other names, and the exit code of the first one there that failed; undefined when none is on another host
*/
export async function verbsThere(
	host: Host,
	names: readonly string[],
	words: readonly string[],
	signal: AbortSignal,
): Promise<{others: string[]; code: number | undefined}> {
	const others: string[] = [];
	let code: number | undefined;
	for (const name of names) {
		const there = await verbThere(host, name, words, signal);
		if (there === undefined) {
			others.push(name);
		} else {
			code = code || there;
		}
	}

	return {others, code};
}

import type {ChildProcess} from 'node:child_process';
import {readdirSync, readFileSync} from 'node:fs';
import {basename} from 'node:path';
import {waitUntil} from './wait-until.ts';

/** Tells a process from a later one with the same number; undefined once it is gone (a zombie counts as gone). */
export function processBirth(pid: number): string | undefined {
	const fields = stat(pid);
	return fields === undefined || fields[0] === 'Z' ? undefined : fields[19];
}

/** Settles when a child is gone, also one that could not be started: without a listener, that would end the run. */
export function endOf(child: ChildProcess): Promise<void> {
	return new Promise((resolve) => {
		child.once('exit', () => resolve());
		child.once('error', () => resolve());
	});
}

/**
Ends all processes of a PID namespace that `unshare --fork` made. The first of them ends last, and unshare waits for it: were unshare itself
killed, the others could still be writing.

@param child unshare, or the program that was replaced by it
@param ended as `endOf` gave it when the child was started
*/
export async function endNamespace(child: ChildProcess, ended: Promise<void>): Promise<void> {
	if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
		const first = pids().find((pid) => Number(stat(pid)?.[1]) === child.pid);
		kill(first ?? child.pid, 'SIGKILL');
	}

	await ended;
}

/** The fields of /proc/PID/stat after the name, which may hold spaces and brackets itself: state, parent, … */
function stat(pid: number): string[] | undefined {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
		return text.slice(text.lastIndexOf(')') + 2).split(' ');
	} catch {
		return undefined;
	}
}

function pids(): number[] {
	return readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.map(Number);
}

/** One that is gone already is as good. */
function kill(pid: number, signal: NodeJS.Signals): void {
	try {
		process.kill(pid, signal);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
			throw error;
		}
	}
}

/** Empty once the process is gone. */
function commandLine(pid: number): string[] {
	try {
		return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
	} catch {
		return [];
	}
}

/** Engines and container runtimes that were started with `folder` in their arguments, and all below them. */
function startedWith(folder: string): number[] {
	const found = new Set<number>();
	for (const pid of pids()) {
		const words = commandLine(pid);
		if (
			/^(?:dockerd|containerd|containerd-shim.*)$/.test(basename(words[0] ?? '')) &&
			words.some((word) => word.includes(`${folder}/`))
		) {
			found.add(pid);
		}
	}

	for (let before = -1; before !== found.size; ) {
		before = found.size;
		for (const pid of pids()) {
			if (found.has(Number(stat(pid)?.[1]))) {
				found.add(pid);
			}
		}
	}

	return [...found];
}

/** Ends what an earlier run that was killed left running on `folder`. An engine gets time to stop its containers. */
export async function endProcessesOf(folder: string): Promise<void> {
	const gone = () => startedWith(folder).length === 0;
	if (gone()) {
		return;
	}

	const engines = startedWith(folder).filter((pid) => basename(commandLine(pid)[0] ?? '') === 'dockerd');
	for (const pid of engines) {
		kill(pid, 'SIGTERM');
	}

	try {
		// Without an engine there is nobody left who would stop the containers.
		await waitUntil('an earlier engine to stop', gone, {seconds: engines.length > 0 ? 20 : 0});
	} catch {
		for (const pid of startedWith(folder)) {
			kill(pid, 'SIGKILL');
		}

		await waitUntil(`the processes of ${folder} to end`, gone);
	}
}

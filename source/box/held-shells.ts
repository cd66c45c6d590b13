/**
The shells that `gpubox attach` opened in a box, by number. Inside, tmux holds each one (templates/box/hold); here is written down which process
of this host is attached to it, because inside one cannot tell a terminal that was lost from one that is open.
*/
import {readdirSync, readFileSync, unlinkSync} from 'node:fs';
import {join} from 'node:path';
import {processStart} from '../base/process/process-start.ts';
import {makeFolder, writeFileAtomic} from '../base/safe-files.ts';
import type {Paths} from '../host/host.ts';
import {boxFolder} from './paths.ts';

/** A process: its pid with the time of its start, in clock ticks since the host's. */
type Attacher = {pid: number; start: string};

/** Which shell to open: that of a lost or detached terminal, else a new one; a new one; or one by its number. */
export type ShellWish = 'return' | 'new' | number;

export type HeldShell = {
	number: number;
	/** Those that other processes are attached to. */
	open: number[];
	/** Call it when the shell has ended. */
	end(): void;
	/** Call it when the shell goes on without this process: a session lives on after it, and returns to the shell later. */
	leave(): void;
};

/** What stands for a shell that goes on without a process of this host. */
const noOne = '{}';

/** The lowest shell that no process is attached to, else the lowest number that none has. Pure. */
export function chooseShell(wish: ShellWish, shells: ReadonlyArray<{number: number; attached: boolean}>): number {
	if (typeof wish === 'number') {
		return wish;
	}

	const left = shells.filter(({attached}) => !attached).map(({number}) => number);
	if (wish === 'return' && left.length > 0) {
		return Math.min(...left);
	}

	const taken = new Set(shells.map(({number}) => number));
	return Array.from({length: taken.size + 1}, (_, index) => index + 1).find((number) => !taken.has(number)) ?? 1;
}

/** Chooses a shell of a box and writes down that this process is attached to it. */
export function takeShell(paths: Paths, folder: string, wish: ShellWish): HeldShell {
	const place = join(boxFolder(paths, folder), 'shells');
	makeFolder(place);
	const me: Attacher = {pid: process.pid, start: processStart(process.pid) ?? ''};
	const own = JSON.stringify(me);
	for (;;) {
		const shells = readShells(place);
		const number = chooseShell(wish, shells);
		const file = join(place, String(number));
		const former = shells.find((shell) => shell.number === number);
		// Of two processes that want it at the same moment only one removes the former's file, and only one creates the new one.
		if ((former && !removeFile(file)) || !createFile(file, own)) {
			continue;
		}

		return {
			number,
			open: shells.filter((shell) => shell.attached && shell.number !== number).map((shell) => shell.number),
			end() {
				// Another terminal may have taken it over.
				if (readText(file) === own) {
					removeFile(file);
				}
			},
			leave() {
				if (readText(file) === own && removeFile(file)) {
					createFile(file, noOne);
				}
			},
		};
	}
}

function readShells(place: string): Array<{number: number; attached: boolean}> {
	return readdirSync(place)
		.filter((name) => /^[1-9]\d{0,5}$/.test(name))
		.map((name) => ({number: Number(name), attached: isRunning(readText(join(place, name)))}));
}

function isRunning(text: string | undefined): boolean {
	try {
		const {pid, start} = JSON.parse(text ?? '') as Attacher;
		return typeof pid === 'number' && processStart(pid) === start;
	} catch {
		// It is being written, or it is none of ours: a shell that no one is attached to.
		return false;
	}
}

function readText(path: string): string | undefined {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return undefined;
	}
}

function removeFile(path: string): boolean {
	try {
		unlinkSync(path);
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
			return false;
		}

		throw error;
	}
}

function createFile(path: string, content: string): boolean {
	try {
		writeFileAtomic(path, content, {mode: 0o600, isNew: true, replaceable: true});
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
			return false;
		}

		throw error;
	}
}

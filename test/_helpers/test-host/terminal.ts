import {spawn} from '@lydell/node-pty';
import xterm from '@xterm/headless';
import type {Person} from './person.ts';
import type {TestHost} from './test-host.ts';

export type TerminalOptions = {
	columns?: number;
	rows?: number;
	env?: Record<string, string>;
	/** The person's project when missing. */
	cwd?: string;
	/** What is started with the arguments; gpubox when missing. */
	program?: string[];
};

/** gpubox in a real terminal, and what a person at it sees and types. */
export type Terminal = {
	/** Keys as the terminal sends them: `\r` is Enter, `\u001B[A` the up arrow. */
	write(keys: string): void;
	/** The visible rows, without the spaces at their ends. */
	screen(): string;
	/** Everything written so far, control sequences included. */
	raw(): string;
	/** Resolves with the screen as soon as it fulfils the wish; rejects with the screen after `seconds`, or when gpubox ended. */
	waitFor(wish: string | RegExp | ((screen: string) => boolean), options?: {seconds?: number}): Promise<string>;
	resize(columns: number, rows: number): void;
	/** Of the program itself. */
	pid: number;
	kill(signal?: NodeJS.Signals): void;
	/** Takes the terminal away, as when its window is closed or a connection breaks. What the program still writes fails. */
	lose(): void;
	exited: Promise<{exitCode: number; signal: number | undefined}>;
};

/** Starts gpubox, or another program, in a terminal of its own. */
export function openTerminal(
	host: TestHost,
	person: Person,
	arguments_: string[],
	options: TerminalOptions = {},
): Terminal {
	const {env = {}, cwd = person.project, program = [host.program.node, host.program.cli]} = options;
	const words = [...program, ...arguments_];
	if (process.getuid?.() === 0) {
		// The terminal must be the person's, too: programs open it again by its name.
		const {uid, gid} = person;
		const become = `chown ${uid}:${gid} "$(tty)" && exec setpriv --reuid ${uid} --regid ${gid} --clear-groups "$@"`;
		words.unshift(...person.prefix, '/bin/sh', '-c', become, 'sh');
	}

	// With CI set, Ink draws nothing before it ends: the person's environment has none.
	const environment = {...person.environment, COLORTERM: 'truecolor', ...env};
	const terminal = startInTerminal(words, {...options, cwd, env: environment});
	// A test that failed half-way leaves its terminal open, and an open terminal keeps the test's process alive.
	person.atEnd(() => terminal.kill('SIGKILL'));
	return terminal;
}

/** Starts a program in a terminal of its own, as whoever runs this. @param options.env the whole environment */
export function startInTerminal(
	words: readonly string[],
	{
		columns = 120,
		rows = 40,
		env,
		cwd,
	}: Pick<TerminalOptions, 'columns' | 'rows'> & {env: Record<string, string>; cwd: string},
): Terminal {
	const [file, ...rest] = words as [string, ...string[]];
	const pty = spawn(file, rest, {name: 'xterm-256color', cols: columns, rows, cwd, env});
	let ended = false;
	const display = new xterm.Terminal({cols: columns, rows, allowProposedApi: true, scrollback: 1000});
	let raw = '';
	let pendingWrites = 0;
	const watchers = new Set<() => void>();
	const tellWatchers = () => {
		for (const watcher of watchers) {
			watcher();
		}
	};

	pty.onData((data) => {
		raw += data;
		pendingWrites++;
		display.write(data, () => {
			pendingWrites--;
			tellWatchers();
		});
	});
	// Programs ask the terminal what it is and where the cursor stands, and wait for the answer.
	display.onData((answer) => {
		if (!ended) {
			pty.write(answer);
		}
	});
	const exited = new Promise<{exitCode: number; signal: number | undefined}>((resolve) => {
		pty.onExit(({exitCode, signal}) => {
			ended = true;
			// The last output may still be on its way into the screen.
			display.write('', () => {
				tellWatchers();
				resolve({exitCode, signal});
			});
		});
	});

	const screen = () => {
		const {active} = display.buffer;
		return Array.from(
			{length: display.rows},
			(_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? '',
		)
			.join('\n')
			.trimEnd();
	};

	return {
		write: (keys) => pty.write(keys),
		screen,
		raw: () => raw,
		pid: pty.pid,
		exited,
		resize(newColumns, newRows) {
			display.resize(newColumns, newRows);
			pty.resize(newColumns, newRows);
		},
		kill(signal = 'SIGTERM') {
			if (!ended) {
				pty.kill(signal);
			}
		},
		lose: () => (pty as unknown as {destroy(): void}).destroy(),
		waitFor(wish, {seconds = 20} = {}) {
			const fulfilled = () => {
				const text = screen();
				return typeof wish === 'string' ? text.includes(wish) : wish instanceof RegExp ? wish.test(text) : wish(text);
			};
			return new Promise((resolve, reject) => {
				const done = (finish: () => void) => {
					clearTimeout(timer);
					watchers.delete(look);
					finish();
				};
				const giveUp = (why: string) =>
					done(() => reject(new Error(`${why} while waiting for ${wish}; the screen:\n${screen()}`)));
				const look = () => {
					if (fulfilled()) {
						done(() => resolve(screen()));
					} else if (ended && pendingWrites === 0) {
						giveUp('gpubox ended');
					}
				};

				const timer = setTimeout(() => giveUp(`${seconds} seconds went by`), seconds * 1000);
				watchers.add(look);
				look();
			});
		},
	};
}

/** Shows the log of the selected box, which is another user's, and answers the question about that. */
export async function readLogOfOther(terminal: Terminal): Promise<void> {
	terminal.write('l');
	await terminal.waitFor(/y ⏎ yes/);
	terminal.write('y');
	await terminal.waitFor(/^ ⏎ yes/m);
	terminal.write('\r');
}

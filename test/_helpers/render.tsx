import {EventEmitter, once} from 'node:events';
import {setImmediate} from 'node:timers/promises';
import {stripVTControlCharacters} from 'node:util';
import {render as inkRender} from 'ink';
import type {ReactNode} from 'react';

/** What Ink writes to: a terminal of a size that the test sets, and that keeps the frames. */
class Screen extends EventEmitter {
	readonly isTTY = true;
	columns: number;
	rows: number;
	readonly frames: string[] = [];

	constructor(columns: number, rows: number) {
		super();
		this.columns = columns;
		this.rows = rows;
	}

	write = (text: string, ...rest: unknown[]): boolean => {
		this.frames.push(text);
		this.emit('frame');
		// Ink waits for what it wrote last before it says that it is gone.
		const written = rest.at(-1);
		if (typeof written === 'function') {
			written();
		}

		return true;
	};
}

/** What Ink reads from: keeps what was typed until it is read, as a terminal does. */
class Keyboard extends EventEmitter {
	readonly isTTY = true;
	#waiting: string[] = [];

	type(text: string): void {
		this.#waiting.push(text);
		this.emit('readable');
	}

	read = (): string | null => this.#waiting.shift() ?? null;
	setEncoding(): void {}
	setRawMode(): void {}
	resume(): void {}
	pause(): void {}
	ref(): void {}
	unref(): void {}
}

export type Rendered = {
	/** The frame last drawn, without colours. */
	frame(): string;
	/** The same with its colours. */
	rawFrame(): string;
	frames(): string[];
	/** All that was written, frames and other sequences. */
	written(): string;
	type(text: string): void;
	resize(columns: number, rows: number): void;
	/**
	Waits until the frame last drawn matches, which the one already there may do: wait for something that was not there before, or
	for its absence. Fails with the last frame after `timeoutMs`.
	*/
	waitFor(expected: RegExp, timeoutMs?: number): Promise<string>;
	waitUntilExit(): Promise<unknown>;
	unmount(): void;
};

/** Draws a tree on a made-up terminal. The size does not depend on the one that the tests run in, nor on `CI`. */
export function render(tree: ReactNode, size: {columns: number; rows: number}): Rendered {
	const screen = new Screen(size.columns, size.rows);
	const keyboard = new Keyboard();
	const instance = inkRender(tree, {
		stdout: screen as unknown as NodeJS.WriteStream,
		stdin: keyboard as unknown as NodeJS.ReadStream,
		stderr: new Screen(size.columns, size.rows) as unknown as NodeJS.WriteStream,
		debug: true,
		interactive: true,
		patchConsole: false,
		exitOnCtrlC: false,
	});
	const exited = instance.waitUntilExit();
	exited.catch(() => {});
	// On unmount Ink writes a bare line break over the last frame.
	const raw = () => screen.frames.findLast((frame) => stripVTControlCharacters(frame).trim() !== '') ?? '';
	const plain = () => stripVTControlCharacters(raw());

	return {
		frame: plain,
		rawFrame: raw,
		frames: () => screen.frames.map(stripVTControlCharacters),
		written: () => screen.frames.join(''),
		type: (text) => keyboard.type(text),
		resize(columns, rows) {
			screen.columns = columns;
			screen.rows = rows;
			screen.emit('resize');
		},
		async waitFor(expected, timeoutMs = 10_000) {
			const late = new AbortController();
			// Unlike AbortSignal.timeout, this is waited for where nothing else is going on.
			const timer = setTimeout(() => late.abort(), timeoutMs);
			while (!expected.test(plain())) {
				await once(screen, 'frame', late).catch(() => {
					throw new Error(`${expected} did not appear. The last frame:\n${plain()}`);
				});
				// Ink ends its work on a frame after it wrote it.
				await setImmediate();
			}

			clearTimeout(timer);
			return plain();
		},
		waitUntilExit: async () => exited,
		unmount: () => instance.unmount(),
	};
}

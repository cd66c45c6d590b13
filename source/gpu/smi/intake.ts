import type {Readable} from 'node:stream';
import {LineSplitter} from '../../text/lines.ts';

export type IntakeOptions = {
	onLine: (line: string) => void;
	/** Called at most once a window. */
	onLeftOut: () => void;
	/** How many lines are looked at in a tenth of a second. */
	linesPerWindow: number;
};

const windowMs = 100;
const charactersPerWindow = 2 * 1024 * 1024;
/** A line of nvidia-smi's is a few hundred characters. */
const longestLine = 65_536;

/**
Reads what a child prints line by line, and no more of it than can be worked on beside everything else: a child that floods must not
block the keyboard. Lines beyond so many in a tenth of a second are dropped; beyond so many
characters it is not even read, so that the child has to wait.
*/
export class Intake {
	readonly #streams: readonly Readable[];
	readonly #options: IntakeOptions;
	#lines = 0;
	#characters = 0;
	#leftOut = false;
	#window: NodeJS.Timeout | undefined;

	constructor(streams: readonly Readable[], options: IntakeOptions) {
		this.#streams = streams;
		this.#options = options;
		for (const stream of streams) {
			const splitter = new LineSplitter({max: longestLine});
			stream.setEncoding('utf8');
			stream.on('data', (piece: string) => this.#take(splitter, piece));
			stream.on('end', () => this.#deliver(splitter.end()));
			// A broken pipe is told by the end of the process as well.
			stream.on('error', () => stream.destroy());
		}
	}

	/** Nothing more is handed over by a timer. */
	stop(): void {
		clearTimeout(this.#window);
	}

	#take(splitter: LineSplitter, piece: string): void {
		this.#window ??= setTimeout(() => this.#nextWindow(), windowMs);
		this.#characters += piece.length;
		if (this.#lines < this.#options.linesPerWindow) {
			this.#deliver(splitter.push(piece));
		} else {
			splitter.discard(piece);
			this.#leaveOut();
		}

		if (this.#characters >= charactersPerWindow) {
			for (const stream of this.#streams) {
				stream.pause();
			}
		}
	}

	#deliver(lines: string[]): void {
		const seen = lines.slice(0, Math.max(0, this.#options.linesPerWindow - this.#lines));
		this.#lines += lines.length;
		seen.forEach(this.#options.onLine);
		if (seen.length < lines.length) {
			this.#leaveOut();
		}
	}

	#leaveOut(): void {
		if (!this.#leftOut) {
			this.#leftOut = true;
			this.#options.onLeftOut();
		}
	}

	#nextWindow(): void {
		const wasPaused = this.#characters >= charactersPerWindow;
		this.#lines = 0;
		this.#characters = 0;
		this.#leftOut = false;
		this.#window = undefined;
		if (wasPaused) {
			for (const stream of this.#streams) {
				stream.resume();
			}
		}
	}
}

import {isAscii} from 'node:buffer';

/**
How far a stream of output was read: the same for what a container prints, and for what the engine keeps of it.

The engine's log is text: it keeps U+FFFD for each byte that is no part of a character, and cuts a line, whatever it consists of, after each
16 KiB, so that of a character that lies across each byte becomes one. (`defaultBufSize` in Docker's daemon/logger/copier.go, and its JSON.) A
progress bar of a long job is such a line. ASCII is kept as it is, so that is what is counted, and after the last of it what is whole.
*/
export type Position = {
	/** Bytes of ASCII. */
	ascii: number;
	/** Bytes of other characters since the last byte of ASCII, U+FFFD not among them. */
	others: number;
};

/** U+FFFD in UTF-8. */
const replacement = 0xef_bf_bd;
/** What it begins with, as other characters do, too. */
const beginnings = [0xef, 0xef_bf];

/** Counts a stream as it comes, in pieces that may end anywhere, also within a character. */
export class Counter {
	#ascii: number;
	#others: number;
	/** The bytes of a character that has begun, as one number; how many these are, and how many follow. */
	#begun = 0;
	#length = 0;
	#missing = 0;
	/** What the next byte of it may be. */
	#least = 0x80;
	#most = 0xbf;

	constructor({ascii, others}: Position = {ascii: 0, others: 0}) {
		this.#ascii = ascii;
		this.#others = others;
	}

	get position(): Position {
		// What may become U+FFFD is not counted before it is something else.
		const isOpen = this.#length > 0 && beginnings.includes(this.#begun);
		return {ascii: this.#ascii, others: this.#others + (isOpen ? 0 : this.#length)};
	}

	push(data: Uint8Array): void {
		if (data.length > 0 && isAscii(data)) {
			this.#ascii += data.length;
			this.#others = 0;
			this.#forget();
			return;
		}

		for (const byte of data) {
			this.#push(byte);
		}
	}

	#push(byte: number): void {
		if (this.#missing > 0 && byte >= this.#least && byte <= this.#most) {
			this.#begun = this.#begun * 0x1_00 + byte;
			this.#length += 1;
			this.#missing -= 1;
			this.#least = 0x80;
			this.#most = 0xbf;
			if (this.#missing === 0) {
				this.#others += this.#begun === replacement ? 0 : this.#length;
				this.#forget();
			}

			return;
		}

		this.#forget();
		if (byte < 0x80) {
			this.#ascii += 1;
			this.#others = 0;
		} else {
			this.#begin(byte);
		}
	}

	/** By the table of well-formed sequences in the Unicode Standard (3-7). A byte that begins none is left out. */
	#begin(byte: number): void {
		const missing =
			byte >= 0xf0 && byte <= 0xf4 ? 3 : byte >= 0xe0 && byte < 0xf0 ? 2 : byte >= 0xc2 && byte < 0xe0 ? 1 : 0;
		if (missing === 0) {
			return;
		}

		this.#begun = byte;
		this.#length = 1;
		this.#missing = missing;
		this.#least = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
		this.#most = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
	}

	#forget(): void {
		this.#length = 0;
		this.#missing = 0;
		this.#least = 0x80;
		this.#most = 0xbf;
	}
}

/** Leaves out of a stream what lies before a position. */
export class Skipper {
	readonly #target: Position;
	readonly #passed = new Counter();
	#isThere = false;

	constructor(target: Position) {
		this.#target = target;
	}

	/** @returns what of the next piece lies after the position */
	rest(data: Buffer): Buffer {
		const {ascii, others} = this.#target;
		if (!this.#isThere && this.#passed.position.ascii + data.length < ascii) {
			this.#passed.push(data);
			return data.subarray(data.length);
		}

		let place = 0;
		while (!this.#isThere && place < data.length) {
			const {position} = this.#passed;
			// Of what was no character there may be more or less here: it ends at the next byte of ASCII.
			const isEnd = position.others >= others || (data[place] ?? 0) < 0x80;
			if (position.ascii >= ascii && isEnd) {
				this.#isThere = true;
			} else {
				this.#passed.push(data.subarray(place, place + 1));
				place += 1;
			}
		}

		return data.subarray(place);
	}
}

/** Whether one position lies after another. */
export function isAfter(one: Position, other: Position): boolean {
	return one.ascii > other.ascii || (one.ascii === other.ascii && one.others > other.others);
}

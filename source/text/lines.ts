/** Cuts text that arrives in arbitrary pieces into lines, without their ends (LF or CRLF). */
export class LineSplitter {
	readonly #max: number;
	readonly #tooLong: 'cut' | 'break';
	#rest = '';

	/**
	@param options.max characters of an unfinished line that are kept: what never ends must not fill the memory
	@param options.tooLong what becomes of one that is longer: its beginning alone is kept, or it is handed on as a line
	*/
	constructor({max = Number.POSITIVE_INFINITY, tooLong = 'cut'}: {max?: number; tooLong?: 'cut' | 'break'} = {}) {
		this.#max = max;
		this.#tooLong = tooLong;
	}

	/** The lines that this piece completes. */
	push(piece: string): string[] {
		const parts = (this.#rest + piece).split('\n');
		const rest = parts.pop() ?? '';
		const lines = parts.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
		if (this.#tooLong === 'break' && rest.length > this.#max) {
			this.#rest = '';
			return [...lines, rest];
		}

		this.#rest = rest.slice(0, this.#max);
		return lines;
	}

	/** Takes a piece in without looking at the lines that it completes. */
	discard(piece: string): void {
		const end = piece.lastIndexOf('\n');
		const rest = end === -1 ? this.#rest + piece : piece.slice(end + 1);
		this.#rest = rest.slice(0, this.#max);
	}

	/** Characters of the line that has not ended yet. */
	get pending(): number {
		return this.#rest.length;
	}

	/** The last line, where the text did not end with a line end. */
	end(): string[] {
		const rest = this.#rest;
		this.#rest = '';
		return rest === '' ? [] : [rest];
	}
}

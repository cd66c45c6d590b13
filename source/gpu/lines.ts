// A line of nvidia-smi's is a few hundred characters. What never ends is no line, and must not fill the memory.
const longest = 65_536;

/** Cuts text that arrives in arbitrary pieces into lines, without their ends (LF or CRLF). */
export class LineSplitter {
	#rest = '';

	/** The lines that this piece completes. */
	push(piece: string): string[] {
		const parts = (this.#rest + piece).split('\n');
		this.#rest = (parts.pop() ?? '').slice(0, longest);
		return parts.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
	}

	/** Takes a piece in without looking at the lines that it completes. */
	skip(piece: string): void {
		const end = piece.lastIndexOf('\n');
		const rest = end === -1 ? this.#rest + piece : piece.slice(end + 1);
		this.#rest = rest.slice(0, longest);
	}

	/** The last line, where the text did not end with a line end. */
	end(): string[] {
		const rest = this.#rest;
		this.#rest = '';
		return rest === '' ? [] : [rest];
	}
}

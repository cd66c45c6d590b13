/** Lines at the end of a terminal's output that are rewritten in place. */
export type LiveLines = {
	/** Replaces the lines shown. Each must be shorter than the terminal is wide. */
	draw(lines: readonly string[]): void;
	/** Prints a permanent line; the rewritten ones are gone until they are drawn again. */
	say(text: string): void;
	/** Erases the rewritten lines. */
	clear(): void;
};

export function makeLiveLines(out: Pick<NodeJS.WriteStream, 'write'>): LiveLines {
	let drawn = 0;
	const erase = () => {
		const up = drawn > 1 ? `\u001B[${drawn - 1}A` : '';
		const text = drawn > 0 ? `\r${up}\u001B[J` : '';
		drawn = 0;
		return text;
	};
	const clear = () => {
		const text = erase();
		if (text !== '') {
			out.write(text);
		}
	};

	return {
		draw(lines) {
			out.write(`${erase()}${lines.join('\n')}`);
			drawn = lines.length;
		},
		say(text) {
			clear();
			out.write(`${text}\n`);
		},
		clear,
	};
}

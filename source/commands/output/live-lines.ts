/** Lines at the end of a terminal's output that are rewritten in place. */
export type LiveLines = {
	/** Shows these in place of those that are there. Each must be shorter than the terminal is wide. */
	draw(lines: readonly string[]): void;
	/** A line that stays; what is rewritten is gone until it is drawn again. */
	say(text: string): void;
	/** Takes away what is rewritten. */
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

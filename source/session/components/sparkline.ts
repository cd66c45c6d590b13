const steps = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/**
A curve of percentages, a column a value and the newest at the right, as `height` lines from the top down. What was
not reported is left blank; 0 is drawn as the lowest step, so that idle and unknown differ.
*/
export function sparkline(values: ReadonlyArray<number | null>, width: number, height = 1): string[] {
	const lines: string[] = [];
	const recent = width < 1 ? [] : values.slice(-width);
	const blank = ' '.repeat(Math.max(0, width - recent.length));
	for (let row = height - 1; row >= 0; row -= 1) {
		let line = blank;
		for (const value of recent) {
			if (value === null) {
				line += ' ';
				continue;
			}

			const eighths = Math.round((Math.min(100, Math.max(0, value)) / 100) * height * 8) - row * 8;
			line += steps[Math.min(8, Math.max(row === 0 ? 1 : 0, eighths))];
		}

		lines.push(line);
	}

	return lines;
}

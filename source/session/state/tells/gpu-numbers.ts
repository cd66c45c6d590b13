/** `[0, 1, 2, 5]` as `0-2` and `5`. */
export function rangesOf(numbers: readonly number[]): string[] {
	const ranges: Array<{from: number; to: number}> = [];
	for (const number of numbers.toSorted((a, b) => a - b)) {
		const last = ranges.at(-1);
		if (last !== undefined && last.to + 1 === number) {
			last.to = number;
		} else {
			ranges.push({from: number, to: number});
		}
	}

	return ranges.map(({from, to}) => (from === to ? `${from}` : to === from + 1 ? `${from},${to}` : `${from}-${to}`));
}

/** `GPU 3`, `GPUs 0-2,5`. */
export function inGpus(cards: ReadonlyArray<{index: number}>): string {
	return `GPU${cards.length === 1 ? '' : 's'} ${rangesOf(cards.map(({index}) => index)).join(',')}`;
}

/** Of what is known; null where nothing is. */
export function meanOf(figures: ReadonlyArray<number | null>): number | null {
	const known = figures.filter((figure) => figure !== null);
	return known.length === 0 ? null : known.reduce((sum, figure) => sum + figure, 0) / known.length;
}

/** The means of so many equal parts; where there are more parts than figures, some have the same. */
export function inEqualParts(figures: ReadonlyArray<number | null>, parts: number): Array<number | null> {
	return Array.from({length: parts}, (_, part) => {
		const from = Math.floor((part * figures.length) / parts);
		const to = Math.max(from + 1, Math.floor(((part + 1) * figures.length) / parts));
		return meanOf(figures.slice(from, to));
	});
}

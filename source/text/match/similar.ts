/** The candidate that a mistyped word most likely meant: at most a third of its letters wrong; undefined when none is close. */
export function mostSimilar(word: string, candidates: Iterable<string>): string | undefined {
	let best: string | undefined;
	let bestDistance = Math.max(2, Math.ceil(word.length / 3)) + 1;
	for (const candidate of candidates) {
		const distance = candidate.startsWith(word) ? 1 : editDistance(word.toLowerCase(), candidate.toLowerCase());
		if (distance < bestDistance) {
			best = candidate;
			bestDistance = distance;
		}
	}

	return best;
}

/** Levenshtein distance. */
export function editDistance(a: string, b: string): number {
	let previous = Array.from({length: b.length + 1}, (_, index) => index);
	for (let row = 1; row <= a.length; row++) {
		const current = [row];
		for (let column = 1; column <= b.length; column++) {
			current.push(
				Math.min(
					(previous[column] ?? 0) + 1,
					(current[column - 1] ?? 0) + 1,
					(previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1),
				),
			);
		}

		previous = current;
	}

	return previous[b.length] ?? 0;
}

/** Fuzzy matching, as in fzf: the characters of what was typed, in this order, anywhere in the text. */

/** The score of a character that begins a word, and of one that follows the one before; plain ones count 1. */
const atWord = 8;
const inRow = 5;

/**
How well a text matches what was typed; undefined when it does not. Case and spaces are ignored. Higher is better: what begins a word or
stands together counts more, and of two with the same matches the shorter text wins.
*/
export function fuzzyScore(typed: string, text: string): number | undefined {
	const wanted = [...typed.toLowerCase().replace(/\s+/g, '')];
	if (wanted.length === 0) {
		return 0;
	}

	const characters = [...text.toLowerCase()];
	let best: number | undefined;
	// From each place where it may begin: the first one is not always the best (`st` in "last stop").
	for (let start = characters.indexOf(wanted[0] ?? ''); start !== -1; ) {
		const score = scoreFrom(wanted, characters, start);
		if (score === undefined) {
			break;
		}

		best = Math.max(best ?? Number.NEGATIVE_INFINITY, score);
		start = characters.indexOf(wanted[0] ?? '', start + 1);
	}

	return best === undefined ? undefined : best - characters.length / 100;
}

function scoreFrom(wanted: readonly string[], characters: readonly string[], start: number): number | undefined {
	let score = 0;
	let last = start - 1;
	for (const character of wanted) {
		const place = characters.indexOf(character, last + 1);
		if (place === -1) {
			return undefined;
		}

		const before = characters[place - 1];
		const beginsWord = before === undefined || !/[\p{L}\p{N}]/u.test(before);
		score += 1 + (beginsWord ? atWord : 0) + (place === last + 1 && last >= start ? inRow : 0);
		last = place;
	}

	return score;
}

/** The items that match, the best first; all in their order while nothing is typed. */
export function fuzzyFilter<T>(typed: string, items: readonly T[], textOf: (item: T) => string): T[] {
	return items
		.flatMap((item, place) => {
			const score = fuzzyScore(typed, textOf(item));
			return score === undefined ? [] : [{item, place, score}];
		})
		.sort((a, b) => b.score - a.score || a.place - b.place)
		.map(({item}) => item);
}

import catalogue from '../../../templates/catalogue/gpu-cards.json' with {type: 'json'};

type Card = {name: string; aliases?: string[]; computeCapability: string};

const cards: readonly Card[] = catalogue.cards;

function plain(name: string): string {
	return (
		name
			.replace(/^(?:NVIDIA|GRID) /, '')
			.replace(/ with Max-Q Design$| Laptop GPU$/, '')
			// A virtual GPU is named after its profile: A40-48Q, T4-8C.
			.replace(/-\d+[A-CQ]$/, '')
			.trim()
	);
}

/**
The compute capability of a card by its product name, for drivers that cannot be asked; `null` when unknown.
Exact name first, then the longest known name that it begins with, then the family.
*/
export function computeCapabilityByName(name: string): string | null {
	const exact = cards.find((card) => card.name === name || card.aliases?.includes(name));
	if (exact) {
		return exact.computeCapability;
	}

	const wanted = plain(name);
	let best: {length: number; computeCapability: string} | undefined;
	for (const card of cards) {
		for (const known of [card.name, ...(card.aliases ?? [])].map(plain)) {
			// "A10" is no beginning of "A100", and "T4" stands as "Tesla T4" in the list.
			const begins = [known, known.replace(/^Tesla /, '')].some(
				(start) => wanted === start || wanted.startsWith(`${start} `) || wanted.startsWith(`${start}-`),
			);
			if (begins && known.length > (best?.length ?? 0)) {
				best = {length: known.length, computeCapability: card.computeCapability};
			}
		}
	}

	return (
		best?.computeCapability ??
		catalogue.families.find(({pattern}) => new RegExp(pattern).test(wanted))?.computeCapability ??
		null
	);
}

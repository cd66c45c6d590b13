/** Dots of a braille character, by column and from the bottom up (Unicode 16, Braille Patterns). */
const dots = [
	[0x40, 0x04, 0x02, 0x01],
	[0x80, 0x20, 0x10, 0x08],
];

const first = 0x2800;

/**
A filled curve in braille, two values a character and four steps a line, as `height` lines from the top down. What is not known is left
blank; 0 has the lowest dot, so that idle and unknown differ.

@param values two for each column, the oldest first
@param most the value that reaches the top
*/
export function brailleCurve(
	values: ReadonlyArray<number | null>,
	{most, width, height}: {most: number; width: number; height: number},
): string[] {
	const steps = values.map((value) =>
		value === null
			? 0
			: Math.max(1, Math.round((Math.min(most, Math.max(0, value)) / Math.max(most, Number.MIN_VALUE)) * height * 4)),
	);
	return Array.from({length: height}, (_, row) => {
		const below = (height - 1 - row) * 4;
		return Array.from({length: width}, (__, column) => {
			let character = 0;
			for (const [side, bits] of dots.entries()) {
				const filled = (steps[column * 2 + side] ?? 0) - below;
				for (const bit of bits.slice(0, Math.max(0, filled))) {
					character |= bit;
				}
			}

			return character === 0 ? ' ' : String.fromCodePoint(first + character);
		}).join('');
	});
}

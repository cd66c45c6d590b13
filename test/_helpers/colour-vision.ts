/** What people see of colours: contrast as WCAG 2.2 defines it, and differences as they remain without one kind of cones. */

export type Rgb = [red: number, green: number, blue: number];

export function rgbOf(hex: string): Rgb {
	return [1, 3, 5].map((place) => Number.parseInt(hex.slice(place, place + 2), 16)) as Rgb;
}

function linear(value: number): number {
	const share = value / 255;
	return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

function luminance(colour: Rgb): number {
	const [red, green, blue] = colour.map(linear) as Rgb;
	return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
	const [dark = 0, light = 0] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
	return (light + 0.05) / (dark + 0.05);
}

/** Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency" (2009), severity 1. */
export const visions = {
	usual: [
		[1, 0, 0],
		[0, 1, 0],
		[0, 0, 1],
	],
	protanopia: [
		[0.152286, 1.052583, -0.204868],
		[0.114503, 0.786281, 0.099216],
		[-0.003882, -0.048116, 1.051998],
	],
	deuteranopia: [
		[0.367322, 0.860646, -0.227968],
		[0.280085, 0.672501, 0.047413],
		[-0.01182, 0.04294, 0.968881],
	],
	tritanopia: [
		[1.255528, -0.076749, -0.178779],
		[-0.078411, 0.930809, 0.147602],
		[0.004733, 0.691367, 0.3039],
	],
} as const;

/** CIE76: about 2 can just be noticed side by side. */
export function difference(a: Rgb, b: Rgb, vision: keyof typeof visions): number {
	const [first, second] = [a, b].map((colour) => labOf(colour, vision)) as [Rgb, Rgb];
	return Math.hypot(...first.map((value, place) => value - (second[place] ?? 0)));
}

function labOf(colour: Rgb, vision: keyof typeof visions): Rgb {
	const light = colour.map(linear) as Rgb;
	const [r = 0, g = 0, b = 0] = visions[vision].map((row) =>
		Math.min(1, Math.max(0, row[0] * light[0] + row[1] * light[1] + row[2] * light[2])),
	);
	const [x = 0, y = 0, z = 0] = [
		(0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047,
		0.2126 * r + 0.7152 * g + 0.0722 * b,
		(0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883,
	].map((value) => (value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116));
	return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

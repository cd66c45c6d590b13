const units: Array<[name: string, seconds: number]> = [
	['y', 365 * 86_400],
	['d', 86_400],
	['h', 3600],
	['min', 60],
];

/** How long ago, in its largest unit: `3 d`, `12 min`; below a minute `now`. */
export function age(from: Date, to: Date): string {
	const seconds = (to.getTime() - from.getTime()) / 1000;
	for (const [name, size] of units) {
		if (seconds >= size) {
			return `${Math.floor(seconds / size)} ${name}`;
		}
	}

	return 'now';
}

/** Bytes in five columns: `512M`, `1.3G`. */
export function bytes(value: number): string {
	const names = ['B', 'K', 'M', 'G', 'T'];
	let left = value;
	let step = 0;
	while (left >= 1000 && step < names.length - 1) {
		left /= 1024;
		step += 1;
	}

	return `${left < 9.95 && step > 0 ? left.toFixed(1) : Math.round(left)}${names[step]}`;
}

/** Bytes a second: `1.3M/s` */
export function rate(value: number): string {
	return `${bytes(value)}/s`;
}

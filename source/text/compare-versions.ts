/** A version as its numbers: `575.57.08` is [575, 57, 8]. */
export type Version = readonly number[];

const wellFormed = /^\d{1,9}(?:\.\d{1,9}){0,5}$/;

/** Undefined for anything that is not numbers with dots between them. */
export function parseVersion(text: string | null | undefined): Version | undefined {
	const trimmed = text?.trim() ?? '';
	return wellFormed.test(trimmed) ? trimmed.split('.').map(Number) : undefined;
}

/** The numbers that a version begins with: `2.14.0a0+4fdf77b` is [2, 14, 0], `v0.28.0-cu129` is [0, 28, 0]. */
export function leadingVersion(text: string | null | undefined): Version | undefined {
	return parseVersion(/^v?(\d{1,9}(?:\.\d{1,9}){0,5})/.exec(text?.trim() ?? '')?.[1]);
}

/** Below, equal or above 0, number by number: 575.51.03 is newer than 575.51. */
export function compareVersions(a: Version, b: Version): number {
	for (let index = 0; index < Math.max(a.length, b.length); index++) {
		const difference = (a[index] ?? -1) - (b[index] ?? -1);
		if (difference !== 0) {
			return difference;
		}
	}

	return 0;
}

/** `12.8.1` as `12.8`: drivers and images agree on CUDA by these two numbers. Undefined when it is no version. */
export function cudaMinor(text: string | null | undefined): string | undefined {
	const version = parseVersion(text);
	return version && version.length >= 2 ? `${version[0]}.${version[1]}` : undefined;
}

const minorNumbers = new Map<string, number | undefined>();

/** Major and minor as one number that compares, for CUDA versions and compute capabilities: `12.8` is 12_008. */
export function minorNumber(text: string | null | undefined): number | undefined {
	if (text === null || text === undefined) {
		return undefined;
	}

	// The judge asks for the same few dozen versions thousands of times.
	if (minorNumbers.has(text)) {
		return minorNumbers.get(text);
	}

	const version = parseVersion(text);
	const number = version && version.length >= 2 ? (version[0] ?? 0) * 1000 + Math.min(version[1] ?? 0, 999) : undefined;
	if (minorNumbers.size < 1000) {
		minorNumbers.set(text, number);
	}

	return number;
}

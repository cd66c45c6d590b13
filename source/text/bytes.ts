const units: Record<string, number> = {'': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4};

/** A size as docker takes it (`512m`, `16g`, `1.5GiB`, plain bytes) in bytes; undefined when it is none. */
export function parseBytes(text: string): number | undefined {
	const match = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*$/i.exec(text);
	if (!match) {
		return undefined;
	}

	const bytes = Math.round(Number(match[1]) * (units[(match[2] ?? '').toLowerCase()] ?? 1));
	// More is not counted exactly, and no machine has it.
	return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Bytes as docker writes them, in the largest unit that keeps them whole: `16g`, `1536m`. */
export function toDockerBytes(bytes: number): string {
	for (const unit of ['g', 'm', 'k'] as const) {
		const size = units[unit] ?? 1;
		if (bytes % size === 0) {
			return `${bytes / size}${unit}`;
		}
	}

	return `${bytes}b`;
}

/** Bytes for people, in binary units: `7.5 GiB`. */
export function formatBytes(bytes: number): string {
	const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let value = bytes;
	let step = 0;
	while (value >= 1024 && step < names.length - 1) {
		value /= 1024;
		step++;
	}

	return `${value >= 100 || step === 0 ? Math.round(value) : value.toFixed(1)} ${names[step]}`;
}

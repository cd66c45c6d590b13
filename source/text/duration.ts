const seconds: Record<string, number> = {s: 1, m: 60, h: 3600, d: 86_400, w: 604_800};

/** A thousand years: what lasts longer has no end that a date can name. */
const longest = 1000 * 366 * 86_400;

/** `90s`, `15m`, `1h30m`, `2d` in milliseconds; undefined when it is no duration. */
export function parseDuration(text: string): number | undefined {
	const trimmed = text.trim();
	if (!/^(\d+(\.\d+)?[smhdw])+$/.test(trimmed)) {
		return undefined;
	}

	let total = 0;
	for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)([smhdw])/g)) {
		total += Number(amount) * (seconds[unit ?? 's'] ?? 1);
	}

	return total <= longest ? total * 1000 : undefined;
}

/** Milliseconds for people, one or two units: `45s`, `12m`, `3h 5m`, `2d 4h`. */
export function formatDuration(milliseconds: number): string {
	const total = Math.max(0, Math.round(milliseconds / 1000));
	const days = Math.floor(total / 86_400);
	const hours = Math.floor((total % 86_400) / 3600);
	const minutes = Math.floor((total % 3600) / 60);
	if (days > 0) {
		return hours > 0 ? `${days}d ${hours}h` : `${days}d`;
	}

	if (hours > 0) {
		return minutes > 0 ? `${hours}h ${minutes}m` : `${hours}h`;
	}

	return minutes > 0 ? `${minutes}m` : `${total}s`;
}

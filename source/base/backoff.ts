export type Backoff = {
	/** Milliseconds to wait now; the next time it is twice as long, up to the longest. */
	next(): number;
	/** Begins again with the first: what was waited for works. */
	reset(): void;
};

export function createBackoff({firstMs, longestMs}: {firstMs: number; longestMs: number}): Backoff {
	let wait = firstMs;
	return {
		next() {
			const now = wait;
			wait = Math.min(longestMs, wait * 2);
			return now;
		},
		reset() {
			wait = firstMs;
		},
	};
}

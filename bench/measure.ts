/** Two ways to do a thing, each timed in turn so that both meet the same noise. Times in milliseconds. */
export async function compare(
	rounds: number,
	ours: () => Promise<number>,
	reference: () => Promise<number>,
): Promise<{ours: number; reference: number; ratio: number}> {
	// The first of each fills caches of the disk and of compiled code.
	await ours();
	await reference();
	const times = {ours: [] as number[], reference: [] as number[]};
	for (let round = 0; round < rounds; round++) {
		times.ours.push(await ours());
		times.reference.push(await reference());
	}

	const [a, b] = [median(times.ours), median(times.reference)];
	return {ours: a, reference: b, ratio: a / b};
}

export function median(values: number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = Math.floor(sorted.length / 2);
	return sorted.length % 2 === 1
		? (sorted[middle] ?? Number.NaN)
		: ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** How long something takes, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
	const start = performance.now();
	await work();
	return performance.now() - start;
}

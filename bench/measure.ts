/** Two ways to do a thing, each measured in turn so that both meet the same noise. */
export async function inPairs<Value>(
	rounds: number,
	ours: () => Promise<Value>,
	reference: () => Promise<Value>,
): Promise<Array<{ours: Value; reference: Value}>> {
	// The first of each fills caches of the disk and of compiled code.
	await ours();
	await reference();
	const pairs: Array<{ours: Value; reference: Value}> = [];
	for (let round = 0; round < rounds; round++) {
		// Neither is always the one that comes after the other.
		const order = round % 2 === 0;
		const first = await (order ? ours : reference)();
		const second = await (order ? reference : ours)();
		pairs.push(order ? {ours: first, reference: second} : {ours: second, reference: first});
	}

	return pairs;
}

export function median(values: readonly number[]): number {
	return quantile(values, 0.5);
}

/** The first and the third. */
export function quartiles(values: readonly number[]): [number, number] {
	return [quantile(values, 0.25), quantile(values, 0.75)];
}

/**
Between two values in proportion.

@param share from 0 for the smallest value to 1 for the largest
@returns NaN without values
*/
export function quantile(values: readonly number[], share: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	const place = (sorted.length - 1) * share;
	const [below = Number.NaN, above = below] = sorted.slice(Math.floor(place));
	return below + (above - below) * (place - Math.floor(place));
}

/** How long something takes, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
	const start = performance.now();
	await work();
	return performance.now() - start;
}

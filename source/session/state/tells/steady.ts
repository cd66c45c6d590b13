/** A finding that comes and goes only after it has been there, or gone, for a while: figures at a limit would make it flicker. */
export type Steady<T> = {
	shown: T | undefined;
	/** What is found now, where that is not what is shown, and since when. */
	next: {found: T | undefined; sinceMs: number} | undefined;
};

export const nothingYet: Steady<never> = {shown: undefined, next: undefined};

export type Patience = {
	/** How long something has to be found before it is shown. */
	raiseMs: number;
	/** How long it has to be gone before it is not shown any more. */
	clearMs: number;
};

/**
Pure; the same object when nothing changed.

@param found what is found now
@param isSame whether two findings are the same one; what is shown keeps its words as long as that is so
@param atMs by a clock that only goes forward
*/
export function steady<T>(
	before: Steady<T>,
	found: T | undefined,
	atMs: number,
	{raiseMs, clearMs, isSame}: Patience & {isSame: (a: T, b: T) => boolean},
): Steady<T> {
	const {shown, next} = before;
	const same = (a: T | undefined, b: T | undefined) => (a === undefined || b === undefined ? a === b : isSame(a, b));
	if (same(found, shown)) {
		return next === undefined ? before : {shown, next: undefined};
	}

	const isWaiting = next !== undefined && same(next.found, found);
	const sinceMs = isWaiting ? next.sinceMs : atMs;
	// To be something else takes as long as to be gone.
	const waitMs = shown === undefined ? raiseMs : clearMs;
	if (atMs - sinceMs >= waitMs) {
		return {shown: found, next: undefined};
	}

	return isWaiting ? before : {shown, next: {found, sinceMs}};
}

import {setImmediate as nextTurn} from 'node:timers/promises';

/** The longest that one may work before keys get their turn. */
const longestMs = 8;

/**
Lets keys and drawing get their turn while something that comes in a flood is taken in: to be awaited after each piece. Without it
all that has arrived is worked off first.
*/
export function createPacer(): (signal: AbortSignal) => Promise<void> {
	let since = performance.now();
	return async (signal) => {
		if (performance.now() - since > longestMs) {
			await nextTurn(undefined, {signal});
			since = performance.now();
		}
	};
}

/** Milliseconds that one of Node's timers can wait, 24 days: a longer one fires at once. */
export const longestTimerMs = 2 ** 31 - 1;

/** A wait in seconds as one of Node's timers takes it, in milliseconds. */
export function timerMs(seconds: number): number {
	return Math.min(seconds * 1000, longestTimerMs);
}

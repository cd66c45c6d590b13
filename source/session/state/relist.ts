/** Asks for a run. Requests while one waits or is under way melt into one more. */
export type Request = () => void;

/**
Turns any number of requests into runs that never overlap and of which two never start within `intervalMs`. The first
request of a burst runs at once; nothing asked for is ever dropped without a run that starts after it.
*/
export function throttleRuns(
	run: () => Promise<void>,
	options: {intervalMs: number; signal: AbortSignal; onError: (error: unknown) => void},
): Request {
	const {intervalMs, signal, onError} = options;
	let wanted = false;
	let running = false;
	let startedAt = Number.NEGATIVE_INFINITY;
	let timer: NodeJS.Timeout | undefined;
	signal.addEventListener('abort', () => clearTimeout(timer), {once: true});

	const next = () => {
		if (!wanted || running || timer !== undefined || signal.aborted) {
			return;
		}

		const wait = startedAt + intervalMs - performance.now();
		if (wait > 0) {
			timer = setTimeout(() => {
				timer = undefined;
				next();
			}, wait);
			return;
		}

		wanted = false;
		running = true;
		startedAt = performance.now();
		run()
			.catch(onError)
			.finally(() => {
				running = false;
				next();
			});
	};

	return () => {
		wanted = true;
		next();
	};
}

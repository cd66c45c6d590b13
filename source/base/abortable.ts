/**
What `work` gives, or the signal's reason as soon as it is aborted: for work that may react to its signal late or never, such as a
question to which half an answer came.
*/
export async function heed<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
	// Errors of abandoned work are ignored.
	work.catch(() => {});
	signal.throwIfAborted();
	const aborted = Promise.withResolvers<never>();
	const onAbort = () => aborted.reject(signal.reason);
	signal.addEventListener('abort', onAbort);
	try {
		return await Promise.race([work, aborted.promise]);
	} finally {
		signal.removeEventListener('abort', onAbort);
	}
}

/**
Who waits for the engine in this process. A verb sets it, so that the user is notified of a silent engine and Ctrl-C ends every wait,
also where no signal was handed on. The session leaves it empty: it shows on its screen what it waits for.
*/
export const caller: {
	/** Called when the engine has been silent for so many seconds; may be called for each question. */
	tellSilence?: ((seconds: number) => void) | undefined;
	/** Aborted by Ctrl-C. */
	interrupted?: AbortSignal | undefined;
} = {};

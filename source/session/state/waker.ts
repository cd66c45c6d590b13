import {setTimeout as pause} from 'node:timers/promises';

/** A wait that can be cut short. */
export type Waker = {
	/** Settles after that long, when `wake` is called, or when the signal is aborted; never rejects. */
	wait(milliseconds: number, signal: AbortSignal): Promise<void>;
	wake(): void;
};

export function createWaker(): Waker {
	let waking = new AbortController();
	return {
		async wait(milliseconds, signal) {
			await pause(milliseconds, undefined, {signal: AbortSignal.any([signal, waking.signal])}).catch(() => {});
		},
		wake() {
			waking.abort();
			waking = new AbortController();
		},
	};
}

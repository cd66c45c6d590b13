import {toEngineError} from './errors.ts';

/** Ways to call the library so that nothing but an EngineError comes out. */

export async function guard<T>(call: () => Promise<T>): Promise<T> {
	try {
		return await call();
	} catch (error) {
		throw toEngineError(error);
	}
}

export async function unlessMissing<T>(call: () => Promise<T>): Promise<T | undefined> {
	try {
		return await call();
	} catch (error) {
		const known = toEngineError(error);
		if (known.code === 'not-found') {
			return undefined;
		}

		throw known;
	}
}

/** 304 means that it already is as asked: no failure. */
export async function settled(call: () => Promise<unknown>): Promise<void> {
	try {
		await call();
	} catch (error) {
		const known = toEngineError(error);
		if (known.status !== 304) {
			throw known;
		}
	}
}

export async function* guardStream<T>(open: () => AsyncGenerator<T>, signal?: AbortSignal): AsyncGenerator<T> {
	try {
		yield* open();
	} catch (error) {
		if (!signal?.aborted) {
			throw toEngineError(error);
		}
	}
}

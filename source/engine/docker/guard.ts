import type {EngineError} from '../engine.ts';
import {toEngineError} from '../errors.ts';

/** Ways to ask so that nothing but an EngineError comes out. */

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
		const known: EngineError = toEngineError(error);
		if (known.code === 'not-found') {
			return undefined;
		}

		throw known;
	}
}

/** A stream that its reader gave up ends without a word. */
export async function* guardStream<T>(open: () => AsyncGenerator<T>, signal?: AbortSignal): AsyncGenerator<T> {
	try {
		yield* open();
	} catch (error) {
		if (!signal?.aborted) {
			throw toEngineError(error);
		}
	}
}

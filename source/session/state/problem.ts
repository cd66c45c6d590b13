import type {Diagnostic} from '../../base/failure.ts';
import {explain} from '../../host/remedies.ts';

/** An error in words: what is wrong and what to do about it. */
export function problemOf(error: unknown, engineAddress: string): Diagnostic {
	const {message, fix} = explain(error, engineAddress);
	return {message, fix};
}

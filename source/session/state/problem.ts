import {explain} from '../../host/remedies.ts';
import type {Problem} from './facts.ts';

/** An error in words: what is wrong and what to do about it. */
export function problemOf(error: unknown, engineAddress: string): Problem {
	const {message, fix} = explain(error, engineAddress);
	return {message, fix};
}

import {exitCode, Failure} from '../base/failure.ts';
import {parseDuration} from '../text/duration.ts';
import {safeText} from '../text/safe.ts';

/** A time as a flag gives it, in milliseconds. @throws Failure (usage) */
export function toDuration(text: string): number {
	const milliseconds = parseDuration(text);
	if (!milliseconds) {
		throw new Failure(`${safeText(text)} is no time.`, {fix: 'For example: 30m, 4h or 2d', exitCode: exitCode.usage});
	}

	return milliseconds;
}

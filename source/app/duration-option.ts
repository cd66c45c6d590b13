import {exitCode, Failure} from '../base/failure.ts';
import {parseDuration} from '../text/duration.ts';
import {safeText} from '../text/safe.ts';

/** The duration in a flag, in milliseconds. @throws Failure (usage) */
export function toDuration(text: string): number {
	const milliseconds = parseDuration(text);
	if (!milliseconds) {
		throw new Failure(`Invalid duration: ${safeText(text)}.`, {
			fix: 'For example: 30m, 4h or 2d',
			exitCode: exitCode.usage,
		});
	}

	return milliseconds;
}

import {formatDuration} from '../../../text/duration.ts';

/** `12 s`, `3m`, `2h 5m` */
export function ageInWords(milliseconds: number): string {
	const seconds = Math.floor(milliseconds / 1000);
	return seconds < 60 ? `${seconds} s` : formatDuration(milliseconds);
}

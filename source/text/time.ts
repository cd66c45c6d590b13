const two = (value: number) => String(value).padStart(2, '0');

/** A moment for people, in the time zone of this machine: `2026-01-31 14:05`. What programs read is in ISO 8601. */
export function formatTime(date: Date): string {
	const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
	return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** The same on a clock: `14:05:31`, with its day where that is another, `01-31 14:05:31`. */
export function clockTime(at: Date, now: Date): string {
	const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
	return at.toDateString() === now.toDateString() ? time : `${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}

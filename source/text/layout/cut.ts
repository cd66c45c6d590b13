/**
A long text shortened to `length` characters: its beginning, where it says what it is about, and more of its end, where programs
tell the cause.
*/
export function cutText(text: string, length: number): string {
	if (text.length <= length) {
		return text;
	}

	const head = Math.floor(length * 0.4);
	return `${text.slice(0, head)} … ${text.slice(text.length - (length - head - 3))}`;
}

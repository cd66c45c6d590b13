/** A line of text that is being typed: what stands before the cursor and what behind it. */
export type Field = {before: string; after: string};

export type Edit = 'left' | 'right' | 'home' | 'end' | 'backspace' | 'delete' | 'clear' | 'word';

/** What is done to the text of a field. */
export type Typed = {insert: string} | {edit: Edit};

export const emptyField: Field = {before: '', after: ''};

/** More than any path has. */
const longest = 1024;

export function textOf({before, after}: Field): string {
	return before + after;
}

/** With a text put in at the cursor, as far as there is room. */
export function insert(field: Field, text: string): Field {
	const room = Math.max(0, longest - textOf(field).length);
	return {...field, before: field.before + headOf(text, room)};
}

/** What a key does to it. A character is a grapheme, however many code points it has. */
export function edit(field: Field, how: Edit): Field {
	const {before, after} = field;
	const last = charactersOf(before).at(-1) ?? '';
	const next = charactersOf(after)[0] ?? '';
	switch (how) {
		case 'left': {
			return {before: before.slice(0, before.length - last.length), after: last + after};
		}

		case 'right': {
			return {before: before + next, after: after.slice(next.length)};
		}

		case 'home': {
			return {before: '', after: before + after};
		}

		case 'end': {
			return {before: before + after, after: ''};
		}

		case 'backspace': {
			return {before: before.slice(0, before.length - last.length), after};
		}

		case 'delete': {
			return {before, after: after.slice(next.length)};
		}

		case 'clear': {
			return {before: '', after};
		}

		case 'word': {
			// A path's words end at its slashes.
			return {before: before.replace(/[^/\s]*[/\s]*$/, ''), after};
		}
	}
}

/** What a key does to it, or a text that is put in. */
export function type(field: Field, typed: Typed): Field {
	return 'insert' in typed ? insert(field, typed.insert) : edit(field, typed.edit);
}

let characters: Intl.Segmenter | undefined;

/** The characters of a text, as graphemes. */
export function charactersOf(text: string): string[] {
	// Made when the first text is typed: most sessions have none.
	characters ??= new Intl.Segmenter(undefined, {granularity: 'grapheme'});
	return Array.from(characters.segment(text), ({segment}) => segment);
}

function headOf(text: string, length: number): string {
	if (text.length <= length) {
		return text;
	}

	let head = '';
	for (const character of charactersOf(text)) {
		if (head.length + character.length > length) {
			break;
		}

		head += character;
	}

	return head;
}

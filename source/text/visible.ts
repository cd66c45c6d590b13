/** Text that the user is asked to agree to: nothing may be hidden, so invisible characters are written as their numbers. */

/** One line: what does not show becomes `\u{202e}`. */
export function visibleText(text: string): string {
	// Controls, what Unicode calls format characters (bidirectional, zero-width) or ignorable (variation selectors, fillers), separators of lines,
	// and unusual blanks.
	return text.replace(
		/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u00A0\u2000-\u200A\u202F\u205F\u2800\u3000]/gu,
		(character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
	);
}

/** The same with a line for each line. */
export function visibleLines(text: string): string[] {
	return text
		.replace(/\n+$/, '')
		.split('\n')
		.map((line) => visibleText(line.replaceAll('\t', '    ')));
}

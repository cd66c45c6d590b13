import {Text} from 'ink';
import {memo} from 'react';

/** A line that is a text already, with its styles; the same text is not drawn again. */
export const Line = memo(function Line({text}: {text: string}) {
	// Without a character Ink would give it no line.
	return <Text wrap="truncate">{text === '' ? ' ' : text}</Text>;
});

/** Erased with the background of the theme, or of the terminal. */
const homeAndErase = '\u001B[0m\u001B[H\u001B[2J';

/** A size that changed is drawn by then; a window that is dragged changes it many times a second. */
const restMs = 80;

/**
Draws everything again once the size has stopped changing. Ink erases what it drew before relative to the cursor, which a terminal moves when
it becomes lower: after several changes in a row, lines of an earlier frame stayed.

@param options.isOurs whether the session has the terminal
@returns draws everything again at once, and ends this
*/
export function repaintOnResize(
	stdout: Pick<NodeJS.WriteStream, 'on' | 'off' | 'write'>,
	{clear, draw, isOurs}: {clear: () => void; draw: () => void; isOurs: () => boolean},
): {repaint: () => void; end: () => void} {
	let timer: NodeJS.Timeout | undefined;
	const repaint = () => {
		if (isOurs()) {
			// Ink forgets its frame; the next one is written from where the cursor is.
			clear();
			stdout.write(homeAndErase);
			draw();
		}
	};

	const onResize = () => {
		clearTimeout(timer);
		timer = setTimeout(repaint, restMs);
	};

	stdout.on('resize', onResize);
	return {
		repaint,
		end() {
			clearTimeout(timer);
			stdout.off('resize', onResize);
		},
	};
}

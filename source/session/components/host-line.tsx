import {cut, widthOf} from '../../text/layout/fit.ts';
import {paint} from '../look/paint.ts';
import {theme} from '../theme.ts';
import {Line} from './line.tsx';

/** The top line: the machine and its state; marked on the demo host. */
export function HostLine({parts, demo, width}: {parts: string[]; demo: boolean | 'replay'; width: number}) {
	const name = ' gpubox';
	const [words, mark] = demo === false ? ['', ''] : demo === 'replay' ? replayMark(width) : demoMark(width);
	const room = Math.max(0, width - widthOf(name) - widthOf(mark) - widthOf(words) - 4);
	const shown = partsThatFit(parts, room);
	const gap = Math.max(0, width - widthOf(name) - 2 - widthOf(shown) - widthOf(words) - widthOf(mark));
	return (
		<Line
			text={[
				paint(name, theme.strong),
				`  ${shown}`,
				paint(' '.repeat(gap) + words, theme.quiet),
				paint(mark, theme.demo),
			].join('')}
		/>
	);
}

function demoMark(width: number): [words: string, mark: string] {
	return [width >= 100 ? ' demo host (simulated; nothing is changed) ' : ' demo host ', ' DEMO '];
}

function replayMark(width: number): [words: string, mark: string] {
	return [width >= 100 ? ' recorded; nothing is changed ' : ' ', ' REPLAY '];
}

function partsThatFit(parts: string[], room: number): string {
	let shown = '';
	for (const part of parts) {
		const longer = shown === '' ? part : `${shown} · ${part}`;
		if (widthOf(longer) > room) {
			return shown === '' ? cut(part, room) : shown;
		}

		shown = longer;
	}

	return shown;
}

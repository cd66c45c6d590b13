import {Text} from 'ink';
import {cut, widthOf} from '../../text/layout/fit.ts';
import {theme} from '../theme.ts';

const demoMark = ' DEMO ';

/** The top line: the machine and its state; marked on the demo host. */
export function HostLine({parts, demo, width}: {parts: string[]; demo: boolean; width: number}) {
	const name = ' gpubox';
	const words = demo ? (width >= 100 ? ' demo host (simulated; nothing is changed) ' : ' demo host ') : '';
	const mark = demo ? demoMark : '';
	const room = Math.max(0, width - widthOf(name) - widthOf(mark) - widthOf(words) - 4);
	const shown = partsThatFit(parts, room);
	const gap = Math.max(0, width - widthOf(name) - 2 - widthOf(shown) - widthOf(words) - widthOf(mark));
	return (
		<Text wrap="truncate">
			<Text {...theme.accent} bold>
				{name}
			</Text>
			<Text>
				{'  '}
				{shown}
			</Text>
			<Text {...theme.quiet}>
				{' '.repeat(gap)}
				{words}
			</Text>
			{demo && <Text {...theme.demo}>{mark}</Text>}
		</Text>
	);
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

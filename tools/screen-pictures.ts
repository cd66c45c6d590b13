/**
Draws the pictures of the readmes and docs/session.md: screens of the session on the demo host on which nothing moves, as SVG, in colour. They are the same each
time; `npm run picture` writes them.
*/
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import xterm from '@xterm/headless';
import {hexOf} from '../source/session/look/palette.ts';
import {theme, themeFor} from '../source/session/theme.ts';
import {rememberMinutes, type Shown, showSession} from '../test/_helpers/session.tsx';

const size = {cols: 100, rows: 30};
const cell = {width: 8.4, height: 18};
const colours = {background: '#1e1e1e', text: '#d4d4d4'};
const folder = fileURLToPath(new URL('../docs/pictures', import.meta.url));

/** Each picture with the keys that lead to it from the one before, and what is on it when it is complete. */
const pictures: Array<[name: string, keys: string[], complete: RegExp]> = [
	['session', ['j'], /hopper[\s\S]*gpu_burn[\s\S]*epoch/],
	['gpu', ['\u001B[Z', '\r'], /NVLink {2}18[\s\S]*python/],
	['log', ['\r', '\t', 'l', '/', String.raw`loss 2\.6`, '\r'], /loss 2[\s\S]*▸epoch[\s\S]*N previous/],
];

type Terminal = InstanceType<typeof xterm.Terminal>;

function colourOf(terminalCell: {fg: number; isRgb: boolean; isPalette: boolean}): string {
	if (terminalCell.isRgb) {
		return `#${terminalCell.fg.toString(16).padStart(6, '0')}`;
	}

	return terminalCell.isPalette && terminalCell.fg >= 16 ? hexOf(terminalCell.fg) : colours.text;
}

function escaped(text: string): string {
	return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function rowOf(terminal: Terminal, row: number): string {
	const line = terminal.buffer.active.getLine(terminal.buffer.active.viewportY + row);
	const runs: Array<{text: string; from: number; fill: string; bold: boolean; inverse: boolean}> = [];
	for (let column = 0; column < size.cols; column += 1) {
		const each = line?.getCell(column);
		const text = each?.getChars() || ' ';
		const fill = each
			? colourOf({fg: each.getFgColor(), isRgb: each.isFgRGB(), isPalette: each.isFgPalette()})
			: colours.text;
		const bold = Boolean(each?.isBold());
		const inverse = Boolean(each?.isInverse());
		const last = runs.at(-1);
		if (last && last.fill === fill && last.bold === bold && last.inverse === inverse) {
			last.text += text;
		} else {
			runs.push({text, from: column, fill, bold, inverse});
		}
	}

	const top = row * cell.height;
	return runs
		.filter(({text, inverse}) => inverse || text.trim() !== '')
		.map(({text, from, fill, bold, inverse}) => {
			const x = (from * cell.width).toFixed(1);
			const width = (text.length * cell.width).toFixed(1);
			const behind = inverse
				? `<rect x="${x}" y="${top}" width="${width}" height="${cell.height}" fill="${fill}"/>`
				: '';
			return `${behind}<text x="${x}" y="${top + 13}" textLength="${width}" fill="${inverse ? colours.background : fill}"${bold ? ' font-weight="bold"' : ''}>${escaped(text)}</text>`;
		})
		.join('');
}

/** The screen as a picture that needs no font of its own. */
function svgOf(terminal: Terminal): string {
	const width = Math.round(size.cols * cell.width) + 16;
	const height = size.rows * cell.height + 16;
	const rows = Array.from({length: size.rows}, (_, row) => rowOf(terminal, row)).join('\n');
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<title>gpubox in a terminal</title>
<rect width="${width}" height="${height}" rx="6" fill="${colours.background}"/>
<g transform="translate(8 8)" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14" xml:space="preserve">
${rows}
</g>
</svg>
`;
}

/** On this host nothing moves: what still changes is what was not drawn yet, also what waits for the next change to be drawn with it. */
async function settled({rawFrame, waitForWhole}: Shown, complete: RegExp): Promise<void> {
	for (let before = ''; before !== rawFrame(); ) {
		await waitForWhole(complete);
		before = rawFrame();
		await pause(500);
	}
}

Object.assign(theme, themeFor({palette: 'dark', depth: 24, ascii: false}));
const over: Array<() => unknown> = [];
const shown = await showSession({after: (end) => over.push(end)}, {columns: size.cols, rows: size.rows});
try {
	rememberMinutes(shown.session);
	// The first key is about the boxes.
	await shown.waitFor(/▸● dora-eda/);
	for (const [name, keys, complete] of pictures) {
		for (const key of keys) {
			shown.type(key);
		}

		await settled(shown, complete);
		const terminal = new xterm.Terminal({...size, convertEol: true, allowProposedApi: true});
		await new Promise<void>((resolve) => terminal.write(shown.rawFrame().trimEnd(), resolve));
		writeFileSync(join(folder, `${name}.svg`), svgOf(terminal));
	}
} finally {
	for (const end of over) {
		await end();
	}
}

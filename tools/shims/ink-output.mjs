/**
Takes the place of Ink's `Output` in the bundle: draws the same cells, and only the lines that changed.

Ink takes every text on the screen apart into characters, each an object with a list of its styles, puts them into an array of cells, and makes
text of these again, for all lines of each frame. At a frame a second that was most of what an idle session did and allocated. Here what a
line is made of is compared with the frame before: where it is the same pieces of text at the same places, the line is taken from there. What was worked
out for a piece is kept as long as frames ask for it.
*/
import {styledCharsFromTokens, tokenize} from '@alcalzone/ansi-tokenize';
import stringWidth from 'string-width';
import {FrameCache} from './frame-cache.mjs';
import {sanitized} from './sanitize-ansi.mjs';
import {countable} from './string-width.mjs';
import {charsToText, ownStyles, stylesAfter, turnStyles} from './styled-text.mjs';

const invisible = /^\p{Default_Ignorable_Code_Point}+$/u;
const colours = /\u001B\[[\d;]*m/g;
const empty = Object.freeze({type: 'char', value: ' ', fullWidth: false, styles: ownStyles([])});

/** By text: its lines, each with its own styles at both ends. */
const blocks = new FrameCache();
/** By line: its runs of characters in the same styles where each character is one column, else its characters; and how wide it is. */
const lines = new FrameCache();
/** By control sequence: what ansi-tokenize takes it for. */
const sequences = new FrameCache();
/** The frame before. */
let last = {width: 0, writes: [], rows: []};

/** As `tokenize`, without its segmenter where every character stands for itself: that takes 10 ms to load. */
function tokensOf(text) {
	const pieces = text.split(colours);
	if (!pieces.every((piece) => countable.test(piece.replaceAll('\n', '')))) {
		return tokenize(text);
	}

	const found = text.match(colours) ?? [];
	return pieces.flatMap((piece, place) => {
		const sequence = found[place];
		const chars = Array.from(piece, (value) => ({type: 'char', value, fullWidth: false}));
		return sequence === undefined ? chars : [...chars, ...sequenceOf(sequence)];
	});
}

function sequenceOf(text) {
	let tokens = sequences.get(text);
	if (tokens === undefined) {
		tokens = tokenize(text);
		sequences.set(text, tokens);
	}

	return tokens;
}

function charsOf(text) {
	const chars = [];
	let given;
	let own;
	for (const char of styledCharsFromTokens(tokensOf(text))) {
		// No character before the soft hyphen is invisible.
		if (char.value < '\u00AD' || !invisible.test(char.value)) {
			if (char.styles !== given) {
				given = char.styles;
				own = ownStyles(given);
			}

			char.styles = own;
			chars.push(char);
		}
	}

	return chars;
}

/** Runs have the shape of characters, of which they hold several. Undefined where a character may be wider than a column. */
function runsOf(text) {
	if (!countable.test(text.replace(colours, ''))) {
		return undefined;
	}

	const runs = [];
	let styles = ownStyles([]);
	let end = 0;
	const add = (to) => {
		if (to > end) {
			runs.push({value: text.slice(end, to), styles});
		}
	};
	for (let start = text.indexOf('\u001B['); start >= 0; start = text.indexOf('\u001B[', end)) {
		add(start);
		end = text.indexOf('m', start) + 1;
		styles = stylesAfter(styles, text.slice(start, end));
		if (styles === undefined) {
			return undefined;
		}
	}

	add(text.length);
	return runs;
}

function lineOf(text) {
	let line = lines.get(text);
	if (line === undefined) {
		const runs = runsOf(text);
		line =
			runs === undefined
				? {runs, chars: charsOf(text), width: stringWidth(text)}
				: {runs, chars: undefined, width: runs.reduce((width, {value}) => width + value.length, 0)};
		lines.set(text, line);
	}

	return line;
}

/** One by one. */
function charsOfLine(line) {
	line.chars ??= line.runs.flatMap(({value, styles}) =>
		Array.from(value, (each) => ({type: 'char', value: each, fullWidth: false, styles})),
	);
	return line.chars;
}

/** Styles go on after a line break: each line gets those that hold at its start. */
function linesOf(text) {
	let block = blocks.get(text);
	if (block === undefined) {
		const {runs} = text.includes('\n') ? {} : lineOf(text);
		block = runs === undefined ? brokenLines(text) : [charsToText(runs)];
		blocks.set(text, block);
		if (runs !== undefined) {
			// The same with fewer control sequences.
			lines.set(block[0], lines.get(text));
		}
	}

	return block;
}

function brokenLines(text) {
	const characterLines = [[]];
	for (const char of charsOf(text)) {
		if (char.value === '\n') {
			characterLines.push([]);
		} else {
			characterLines.at(-1).push(char);
		}
	}

	return characterLines.map(charsToText);
}

function widthOfChar({value}) {
	return stringWidth(value);
}

/** A half of a wide character becomes a space in its styles. */
function blankCell(cell) {
	return {...cell, value: ' ', fullWidth: false};
}

/** The columns of a line from `from` up to `to`. */
function sliceColumns(text, from, to) {
	const {runs, chars, width} = lineOf(text);
	if (from >= to) {
		return '';
	}

	if (runs !== undefined) {
		return from === 0 && to >= width ? text : charsToText(sliceRuns(runs, from, to));
	}

	const kept = [];
	let column = 0;
	for (const char of chars) {
		const charWidth = widthOfChar(char);
		const start = column;
		column += charWidth;
		if (column <= from) {
			continue;
		}

		if (start >= to) {
			break;
		}

		kept.push(charWidth > 1 && (start < from || column > to) ? blankCell(char) : char);
	}

	return charsToText(kept);
}

function sliceRuns(runs, from, to) {
	const kept = [];
	let column = 0;
	for (const {value, styles} of runs) {
		const part = value.slice(Math.max(0, from - column), Math.max(0, to - column));
		if (part !== '') {
			kept.push({value: part, styles});
		}

		column += value.length;
	}

	return kept;
}

/** An edge that is not given does not bound. */
function tighter(a, b, choose) {
	return a === undefined ? b : b === undefined ? a : choose(a, b);
}

/** What shows within both; ends are exclusive. */
function intersect(outer, inner) {
	return outer === undefined
		? inner
		: {
				x1: tighter(outer.x1, inner.x1, Math.max),
				x2: tighter(outer.x2, inner.x2, Math.min),
				y1: tighter(outer.y1, inner.y1, Math.max),
				y2: tighter(outer.y2, inner.y2, Math.min),
			};
}

function isEmpty({x1, x2, y1, y2}) {
	return (x1 !== undefined && x2 !== undefined && x1 >= x2) || (y1 !== undefined && y2 !== undefined && y1 >= y2);
}

/** The lines of a text within a clip, from which column and row on; undefined where nothing of it shows. */
function clipped({x, y, text}, clip) {
	const block = linesOf(text);
	const whole = {x, y, block};
	if (clip === undefined) {
		return whole;
	}

	if (isEmpty(clip)) {
		return undefined;
	}

	const {x1, x2, y1, y2} = clip;
	const sideways = x1 !== undefined && x2 !== undefined;
	const upright = y1 !== undefined && y2 !== undefined;
	if (sideways) {
		const width = block.reduce((widest, line) => Math.max(widest, lineOf(line).width), 0);
		if (x + width < x1 || x > x2) {
			return undefined;
		}
	}

	if (upright && (y + block.length < y1 || y > y2)) {
		return undefined;
	}

	if (sideways) {
		const from = Math.max(0, x1 - x);
		whole.block = block.map((line) => sliceColumns(line, from, Math.min(lineOf(line).width, x2 - x)));
		whole.x = Math.max(x, x1);
	}

	if (upright) {
		whole.block = whole.block.slice(Math.max(0, y1 - y), Math.min(block.length, y2 - y));
		whole.y = Math.max(y, y1);
	}

	return whole;
}

/** Puts a piece into the cells of a row. */
function place(cells, x, text) {
	const line = lineOf(text);
	const chars = charsOfLine(line);
	if (chars.length === 0) {
		return;
	}

	let column = x;
	// It may begin in the middle of a wide character, whose other half is shown no more.
	if (cells[column]?.value === '' && column > 0 && stringWidth(cells[column - 1]?.value ?? '') > 1) {
		cells[column - 1] = blankCell(cells[column - 1]);
	}

	for (const char of chars) {
		cells[column] = char;
		const width = line.runs === undefined ? Math.max(1, widthOfChar(char)) : 1;
		for (let offset = 1; offset < width; offset++) {
			// What follows of a wide character whose first half is left of the screen is shown as a space.
			cells[column + offset] = {type: 'char', value: column < 0 ? ' ' : '', fullWidth: false, styles: char.styles};
		}

		column += width;
	}

	if (cells[column]?.value === '') {
		cells[column] = blankCell(cells[column]);
	}
}

/** The runs of a row whose pieces lie side by side; undefined where they do not, or where a character may be wider than a column. */
function besideEachOther(pieces, width) {
	const runs = [];
	let column = 0;
	for (const {x, text} of pieces.toSorted((a, b) => a.x - b.x)) {
		const line = lineOf(text);
		if (line.runs === undefined || x < column || x + line.width > width) {
			return undefined;
		}

		if (x > column) {
			runs.push({value: ' '.repeat(x - column), styles: empty.styles});
		}

		for (const run of line.runs) {
			runs.push(run);
		}

		column = x + line.width;
	}

	return runs;
}

function draw(pieces, width) {
	const runs = besideEachOther(pieces, width);
	if (runs !== undefined) {
		return charsToText(runs).trimEnd();
	}

	const cells = new Array(width).fill(empty);
	for (const {x, text} of pieces) {
		place(cells, x, text);
	}

	return charsToText(cells.filter((cell) => cell !== undefined)).trimEnd();
}

function isSameClip(a, b) {
	return (
		a === b || (a !== undefined && b !== undefined && a.x1 === b.x1 && a.x2 === b.x2 && a.y1 === b.y1 && a.y2 === b.y2)
	);
}

function isSameWrite(a, b) {
	return (
		b !== undefined &&
		a.text === b.text &&
		a.x === b.x &&
		a.y === b.y &&
		isSameClip(a.clip, b.clip) &&
		a.transformers.length === b.transformers.length &&
		a.transformers.every((transform, index) => transform === b.transformers[index])
	);
}

/** What a text puts into which rows. */
function piecesOf(write) {
	const shown = clipped(write, write.clip);
	return (shown?.block ?? []).map((line, index) => ({
		row: shown.y + index,
		x: shown.x,
		text: write.transformers.reduce((text, transform) => transform(text, index + shown.y - write.y), line),
	}));
}

function areSamePieces(a, b) {
	return (
		a.length === b.length &&
		a.every((piece, index) => piece === b[index] || (piece.x === b[index].x && piece.text === b[index].text))
	);
}

export default class Output {
	#writes = [];
	#clips = [];

	constructor({width, height}) {
		this.width = width;
		this.height = height;
	}

	write(x, y, text, {transformers}) {
		if (text !== '') {
			this.#writes.push({x, y, text, transformers, clip: this.#clips.at(-1), pieces: undefined});
		}
	}

	clip(clip) {
		this.#clips.push(intersect(this.#clips.at(-1), clip));
	}

	unclip() {
		this.#clips.pop();
	}

	get() {
		for (const cache of [blocks, lines, sequences, sanitized]) {
			cache.turn();
		}

		turnStyles();
		const rows = Array.from({length: this.height}, () => []);
		this.#writes.forEach((write, place) => {
			const before = last.writes[place];
			write.pieces = isSameWrite(write, before) ? before.pieces : piecesOf(write);
			for (const piece of write.pieces) {
				rows[piece.row]?.push(piece);
			}
		});
		const drawn = rows.map((pieces, row) => {
			const before = this.width === last.width ? last.rows[row] : undefined;
			return before !== undefined && areSamePieces(pieces, before.pieces)
				? before
				: {pieces, text: draw(pieces, this.width)};
		});
		last = {width: this.width, writes: this.#writes, rows: drawn};
		return {output: drawn.map(({text}) => text).join('\n'), height: this.height};
	}
}

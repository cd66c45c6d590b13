import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {Writable} from 'node:stream';
import {describe, test} from 'node:test';
import {stripVTControlCharacters} from 'node:util';
import xterm from '@xterm/headless';
import fc from 'fast-check';
import {toAscii} from '../../../source/session/look/ascii.ts';
import type {Look} from '../../../source/session/look/detect.ts';
import {dressed} from '../../../source/session/look/output.ts';
import {fit, widthOf} from '../../../source/text/layout/fit.ts';

const snapshots = join(import.meta.dirname, '../snapshots');

function written(look: Partial<Look>, ...chunks: Array<string | Buffer>): string {
	let text = '';
	const stream = new Writable({
		write(chunk, _, done) {
			text += String(chunk);
			done();
		},
	}) as unknown as NodeJS.WriteStream;
	const chosen = {palette: 'terminal', depth: 24, ascii: false, ...look} as const;
	const out = dressed(stream, () => chosen);
	for (const chunk of chunks) {
		out.write(chunk);
	}

	return text;
}

test('another look counts from the next write on', () => {
	let text = '';
	const stream = {
		write(chunk: string) {
			text += chunk;
			return true;
		},
	} as unknown as NodeJS.WriteStream;
	let look: Look = {palette: 'high-contrast', depth: 8, ascii: false};
	const out = dressed(stream, () => look);
	out.write('●\u001B[39m');
	assert.equal(text, '●\u001B[38;5;231m');
	look = {palette: 'dark', depth: 8, ascii: true};
	text = '';
	out.write('●\u001B[39m');
	assert.equal(text, '*\u001B[39m');
});

test('the alternate screen is drawn from its corner on, wherever a shell left the cursor', async () => {
	const display = new xterm.Terminal({cols: 40, rows: 4, allowProposedApi: true});
	await new Promise<void>((done) => display.write('alice@vision:/workspace$ ', done));
	await new Promise<void>((done) => display.write(written({}, '\u001B[?1049h', 'gpubox'), done));
	assert.equal(display.buffer.active.type, 'alternate');
	assert.equal(display.buffer.active.getLine(0)?.translateToString(true), 'gpubox');
});

describe('ASCII', () => {
	test('is all that is left of any text, which stays as wide as it was', () => {
		fc.assert(
			fc.property(fc.oneof(fc.string({unit: 'grapheme'}), fc.string({unit: 'binary'})), (text) => {
				// As the screens do it: what no terminal shows the same way is gone.
				const shown = fit(stripVTControlCharacters(text).replaceAll(/\p{C}/gu, ''), 30);
				const ascii = toAscii(shown);
				assert.match(ascii, /^[\u0000-\u007F]*$/);
				assert.equal(ascii.length, widthOf(shown));
			}),
		);
	});

	test('has a character of its own for each glyph of the screens', () => {
		for (const name of readdirSync(snapshots)) {
			for (const [number, line] of readFileSync(join(snapshots, name), 'utf8').split('\n').entries()) {
				const questions = (text: string) => text.split('?').length;
				assert.equal(toAscii(line).length, widthOf(line), `${name}:${number + 1}`);
				// Names may have letters that ASCII lacks.
				const glyphs = line.replaceAll(/\p{Script=Han}/gu, '');
				assert.equal(questions(toAscii(glyphs)), questions(glyphs), `${name}:${number + 1}: ${line}`);
			}
		}
	});

	test('keeps control sequences, accents as letters, and curves in their height', () => {
		assert.equal(toAscii('\u001B[31m╭─ é漢 ─╮\u001B[39m'), '\u001B[31m+- e?? -+\u001B[39m');
		assert.equal(toAscii('⠀⣀⣤⣿'), ' ,;#');
		assert.equal(toAscii('▁▄█'), '_=#');
		assert.equal(toAscii('👩‍👩‍👧‍👦'), '??');
	});

	test('is written to the terminal, text and nothing else being changed', () => {
		assert.equal(written({ascii: true}, '● up', Buffer.from('●')), '* up●');
		assert.equal(written({}, '● up'), '● up');
	});
});

describe('a painted background', () => {
	const look: Partial<Look> = {palette: 'high-contrast', depth: 24};
	const base = '\u001B[38;5;231;48;5;16m';

	test('is there from the alternate screen on, and gone on the main screen', () => {
		assert.equal(written(look, '\u001B[?1049h'), `\u001B[?1049h${base}\u001B[2J\u001B[H`);
		assert.equal(written(look, '\u001B[?1049l'), '\u001B[0m\u001B[?1049l');
	});

	test('stays where a colour ends', () => {
		assert.equal(
			written(look, '\u001B[31mred\u001B[39m \u001B[41mx\u001B[49m \u001B[0mplain\u001B[m'),
			`\u001B[31mred\u001B[38;5;231m \u001B[41mx\u001B[48;5;16m \u001B[0m${base}plain\u001B[0m${base}`,
		);
	});

	test('is not there without colours, and not in other themes', () => {
		for (const other of [{...look, depth: 1}, {palette: 'dark'}, {palette: 'light'}, {}] as Array<Partial<Look>>) {
			assert.equal(written(other, '\u001B[?1049h\u001B[39m'), '\u001B[?1049h\u001B[H\u001B[39m');
		}
	});
});

import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {formatBytes, parseBytes, toDockerBytes} from '../../source/text/bytes.ts';
import {formatDuration, parseDuration} from '../../source/text/duration.ts';
import {widthOf, wrap} from '../../source/text/layout/fit.ts';
import {formatTable, layOutTable} from '../../source/text/layout/table.ts';
import {mostSimilar} from '../../source/text/match/similar.ts';
import {safeJson, safeLogLine, safeText} from '../../source/text/safe.ts';
import {shellQuoteVisibly} from '../../source/text/shell-quote.ts';
import {visibleText} from '../../source/text/visible.ts';

/** All characters that Unicode lets a font show as nothing, and the marks of direction, which are among them. */
const ignorable = Array.from({length: 0x11_0000}, (_, code) => code)
	.filter(
		(code) =>
			(code < 0xd8_00 || code > 0xdf_ff) &&
			/\p{Default_Ignorable_Code_Point}|[\u2028\u2029\uFFF9-\uFFFB]/u.test(String.fromCodePoint(code)),
	)
	.map((code) => String.fromCodePoint(code));

/** What no printing function may let through; by tables of Unicode, not by those of the program. */
const forbidden =
	/[\p{Cc}\p{Zl}\p{Zp}\u061C\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]|(?![\uFE0E\uFE0F])\p{Default_Ignorable_Code_Point}/u;

/** Text of all kinds, with what matters to a terminal far more often than chance has it. */
const hostile = fc
	.array(
		fc.oneof(
			fc.string({unit: 'binary', maxLength: 4}),
			fc.constantFrom(
				...'\u001B \u009B \u009D \u0090 [ ] P m K ; 3 \u0007 \\ \u009C \r \n \t \b \uE000 \uE000[31m \u001B[31m \u001B[0m'.split(
					' ',
				),
			),
			fc.constantFrom(...ignorable),
		),
		{maxLength: 12},
	)
	.map((parts) => parts.join(''));

describe('safeText', () => {
	for (const [what, hostile, safe] of [
		['a window title', '\u001B]0;owned\u0007name', 'name'],
		['a title ended by ST', '\u001B]2;owned\u001B\\name', 'name'],
		['a cleared screen', 'a\u001B[2Jb', 'ab'],
		['a colour', '\u001B[31mred\u001B[0m', 'red'],
		['C1 control sequences', 'a\u009B31mb\u009D0;x\u009Cc', 'abc'],
		['a device control string', 'a\u001BP1$r0m\u001B\\b', 'ab'],
		['a lone ESC at the end', 'a\u001B', 'a'],
		['an unfinished title', 'a\u001B]0;rest', 'a'],
		['line breaks and tabs', 'a\r\nb\tc', 'a b c'],
		['text that runs from right to left', 'a\u202Ecod.exe', 'acod.exe'],
		['bell and backspace', 'a\u0007\u0008b', 'ab'],
		['other scripts', '机器 学习', '机器 学习'],
	] as const) {
		test(what, () => assert.equal(safeText(hostile), safe));
	}

	test('never lets a control character or an invisible one through, whatever comes', () => {
		fc.assert(fc.property(hostile, (text) => assert.doesNotMatch(safeText(text), forbidden)));
	});

	test('drops each character that takes no room, and no script', () => {
		for (const mark of ignorable.filter((each) => !'\uFE0E\uFE0F'.includes(each))) {
			assert.equal(safeText(`a${mark}b`), 'ab', `U+${mark.codePointAt(0)?.toString(16)}`);
		}

		for (const text of ['नमस्ते', 'العربية', 'ไทย', '한국어', 'é'.normalize('NFD'), '❤️', '🇪🇺']) {
			assert.equal(safeText(text), text);
		}
	});
});

describe('safeLogLine', () => {
	test('keeps colours and ends them', () => {
		assert.equal(safeLogLine('\u001B[31mred'), '\u001B[31mred\u001B[0m');
	});
	test('drops what is no colour', () => {
		assert.equal(safeLogLine('a\u001B[2K\u001B[1Ab\u001B]0;t\u0007'), 'ab');
	});
	test('shows of a progress bar what a person would see at its end', () => {
		assert.equal(safeLogLine(' 10%\r 50%\r100%\r'), '100%');
	});
	test('a private character of the log cannot become an ESC', () => {
		assert.doesNotMatch(safeLogLine('\uE000]0;owned\u0007'), /\u001B\]/);
	});
	test('a private character before what looks like a colour does not become one', () => {
		assert.equal(safeLogLine('\uE000[31mred'), '\uE000[31mred');
	});
	test('lets through nothing but colours, and ends them, whatever comes', () => {
		fc.assert(
			fc.property(hostile, (text) => {
				const line = safeLogLine(text);
				assert.doesNotMatch(line.replace(/\u001B\[[0-9;:]*m/g, ''), forbidden);
				assert.ok(!line.includes('\u001B') || line.endsWith('\u001B[0m'));
			}),
		);
	});
});

describe('text that has to arrive whole', () => {
	test('JSON has it in escapes', () => {
		fc.assert(
			fc.property(
				fc.dictionary(hostile, fc.oneof(hostile, fc.jsonValue())),
				fc.constantFrom(undefined, 2),
				(value, indent) => {
					const json = safeJson(value, indent);
					assert.doesNotMatch(json.replaceAll('\n', ''), forbidden);
					assert.deepEqual(JSON.parse(json), JSON.parse(JSON.stringify(value)));
				},
			),
		);
	});

	test('a line for a shell has it as printf writes it', () => {
		fc.assert(
			fc.property(
				hostile.map((text) => text.replaceAll('\0', '').toWellFormed()),
				(text) => {
					const quoted = shellQuoteVisibly(text);
					assert.doesNotMatch(quoted.replaceAll(/[\n\t]/g, ''), forbidden);
					const env = {PATH: '/nonexistent'};
					assert.equal(execFileSync('/bin/sh', ['-c', `printf %s ${quoted}`], {encoding: 'utf8', env}), text);
				},
			),
			{numRuns: 40},
		);
	});

	test('what is agreed to has it as numbers', () => {
		fc.assert(
			fc.property(hostile, (text) =>
				assert.doesNotMatch(visibleText(text), /\p{Default_Ignorable_Code_Point}|\p{Cc}/u),
			),
		);
	});
});

describe('sizes', () => {
	test('as docker takes them', () => {
		assert.deepEqual(['512', '512b', '64k', '1.5g', '16GiB', '2T', ' 8 gb '].map(parseBytes), [
			512,
			512,
			65_536,
			1.5 * 1024 ** 3,
			16 * 1024 ** 3,
			2 * 1024 ** 4,
			8 * 1024 ** 3,
		]);
		assert.deepEqual(['', 'lots', '-1g', '1g2', '1.g'].map(parseBytes), Array(5).fill(undefined));
	});
	test('none is so large that it is not exact, and no text is half a size', () => {
		assert.deepEqual(['9007199254740993', '9'.repeat(400), '9999999t'].map(parseBytes), [
			undefined,
			undefined,
			undefined,
		]);
		fc.assert(
			fc.property(fc.oneof(hostile, fc.stringMatching(/^ ?\d{0,20}(\.\d{0,4})? ?[kmgtKMGTbBi]{0,3} ?$/)), (text) => {
				const bytes = parseBytes(text);
				assert.ok(bytes === undefined || (Number.isSafeInteger(bytes) && bytes >= 0), `${text}: ${bytes}`);
			}),
		);
	});
	test('what is written for docker is read back the same', () => {
		fc.assert(
			fc.property(fc.nat(), (bytes) => {
				assert.equal(parseBytes(toDockerBytes(bytes)), bytes);
			}),
		);
	});
	test('for people', () => {
		assert.deepEqual([0, 1023, 1536, 7.5 * 1024 ** 3, 200 * 1024 ** 3].map(formatBytes), [
			'0 B',
			'1023 B',
			'1.5 KiB',
			'7.5 GiB',
			'200 GiB',
		]);
	});
});

describe('durations', () => {
	test('are read', () => {
		assert.deepEqual(
			['90s', '15m', '1h30m', '2d', '1w'].map(parseDuration),
			[90_000, 900_000, 5_400_000, 172_800_000, 604_800_000],
		);
		assert.deepEqual(['', '5', 'h', '5 m', '-1h', '2026-01-01'].map(parseDuration), Array(6).fill(undefined));
	});
	test('each ends at a time that a date can name', () => {
		assert.deepEqual(['99999999999w', `${'9'.repeat(400)}s`].map(parseDuration), [undefined, undefined]);
		fc.assert(
			fc.property(fc.oneof(hostile, fc.stringMatching(/^(\d{0,15}(\.\d{1,3})?[smhdw]){0,3}$/)), (text) => {
				const duration = parseDuration(text);
				if (duration !== undefined) {
					new Date(Date.now() + duration).toISOString();
					new Date(Date.now() - duration).toISOString();
				}
			}),
		);
	});
	test('for people', () => {
		assert.deepEqual([0, 59_000, 61_000, 3_600_000, 11_100_000, 90_000_000].map(formatDuration), [
			'0s',
			'59s',
			'1m',
			'1h',
			'3h 5m',
			'1d 1h',
		]);
	});
});

describe('wrapped text', () => {
	test('breaks between words, counts wide characters, keeps a long word whole', () => {
		assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
		assert.deepEqual(wrap('机器 一', 4), ['机器', '一']);
		assert.deepEqual(wrap('a gpubox-images-all b', 5), ['a', 'gpubox-images-all', 'b']);
		assert.deepEqual(wrap('', 5), ['']);
	});
});

describe('similar words', () => {
	test('the one that was probably meant', () => {
		assert.equal(mostSimilar('alice-trian', ['bob-train', 'alice-train']), 'alice-train');
		assert.equal(mostSimilar('imag', ['gpus', 'image']), 'image');
	});
	test('none when nothing is close', () => {
		assert.equal(mostSimilar('xyz', ['alice-train', 'bob-eval']), undefined);
	});
});

describe('tables', () => {
	test('columns stand under each other, wide characters counted', async () => {
		const lines = (
			await formatTable(
				['name', 'n'],
				[
					['机器', '1'],
					['ab', '22'],
				],
			)
		).split('\n');
		assert.deepEqual(lines, ['NAME   N', '机器   1', 'ab     22']);
	});
	test('one long cell does not widen every row, nor does the last', async () => {
		const long = 'x'.repeat(60_000);
		const wide = '机'.repeat(60_000);
		const table = await formatTable(
			['name', 'image', 'address', 'why'],
			[
				['a', long, wide, long],
				['b', 'short', '-', '-'],
			],
		);
		assert.ok(table.length < 2000, String(table.length));
		const [, first = '', second = ''] = table.split('\n');
		assert.match(first, /^a {5,}x{99}… {3}机{49}… {3,}x{499}…$/);
		assert.match(second, /^b +short +- +-$/);
	});

	test('a cell is no wider than the terminal', async () => {
		const table = await formatTable(['name', 'n'], [['x'.repeat(90), '1']], {columns: 60});
		assert.match(table, /^x{59}…$/m);
	});
});

describe('a table on a screen', () => {
	const heads = ['name', 'owner', 'image', 'age'];
	const rows = [
		['alice-train', 'alice', `registry.example/${'team/'.repeat(12)}base:3`, '2h'],
		['bob-机器学习', 'bob', 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime', '3d'],
	];
	const widest = (text: string) => Math.max(...text.split('\n').map((line) => widthOf(line)));

	test('is cut where it is widest, and says so', async () => {
		const {text, cut, omitted} = await layOutTable(heads, rows, {columns: 60});
		assert.equal(widest(text), 60);
		assert.deepEqual([cut, omitted], [true, []]);
		assert.match(text, /^alice-train +alice +registry\.example\/.*… +2h$/m);
		assert.deepEqual(await layOutTable(heads, rows, {columns: 200}), {...(await layOutTable(heads, rows)), cut: false});
	});

	test('leaves out what matters least, then from the right, and never the name', async () => {
		const at = async (columns: number, optional: string[]) =>
			(await layOutTable(heads, rows, {columns, optional})).omitted;
		assert.deepEqual(await at(36, ['owner']), ['owner']);
		assert.deepEqual(await at(36, []), ['age']);
		assert.deepEqual(await at(20, ['owner', 'age']), ['owner', 'image', 'age']);
		const {text, cut} = await layOutTable(heads, rows, {columns: 8});
		assert.match(text, /^alice-t…$/m);
		assert.ok(cut);
	});

	test('wide has every cell whole, whatever the terminal', async () => {
		const long = 'x'.repeat(3000);
		const {text, cut, omitted} = await layOutTable(['a', 'b'], [[long, long]], {wide: true, columns: 60});
		assert.match(text, /^x{3000} {3}x{3000}$/m);
		assert.deepEqual([cut, omitted], [false, []]);
	});

	test('never outgrows it, and what is not cut is whole', async () => {
		const cell = fc.string({unit: 'grapheme', maxLength: 60}).map(safeText);
		await fc.assert(
			fc.asyncProperty(
				fc.integer({min: 10, max: 120}),
				fc.array(fc.tuple(cell, cell, cell, cell), {minLength: 1, maxLength: 4}),
				async (columns, cells) => {
					const {text, cut, omitted} = await layOutTable(['a', 'bc', 'def', 'g'], cells, {columns, optional: ['bc']});
					assert.ok(widest(text) <= columns, text);
					assert.equal(text.split('\n').length, cells.length + 1);
					if (!cut && omitted.length === 0) {
						assert.equal(text, await formatTable(['a', 'bc', 'def', 'g'], cells));
					}
				},
			),
		);
	});
});

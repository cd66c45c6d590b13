import assert from 'node:assert/strict';
import {mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {test} from 'node:test';
import type {DemoHost} from '../../source/demo/host.ts';
import {withFacts} from '../../source/session/state/store.ts';
import {showSession} from '../_helpers/session.tsx';
import {assertScreen} from '../_helpers/snapshot.ts';
import {virtualLog} from './state/log/_virtual-log.ts';

const folder = path.join(import.meta.dirname, 'snapshots');
const small = {columns: 80, rows: 24};
const everything = /hopper[\s\S]*epoch/;

/** A log of so many lines in place of that of every box. */
function ofLength(lines: number, textOf?: (line: number) => string) {
	const log = virtualLog(lines, textOf);
	return {
		...log,
		prepare: (host: DemoHost) => {
			host.engine.logs = log.logs;
		},
	};
}

for (const size of [{columns: 60, rows: 20}, small, {columns: 120, rows: 40}, {columns: 200, rows: 60}]) {
	const name = `${size.columns}x${size.rows}`;
	test(`a search in the log at ${name}`, async (t) => {
		const shown = await showSession(t, size);
		await shown.waitForWhole(/hopper[\s\S]*▸● dora-eda/);
		shown.type('j');
		await shown.waitForWhole(size.columns > 60 ? everything : /▸● dora-sweep/);
		shown.type('l');
		await shown.waitForWhole(/▸ dora-sweep-4[\s\S]*epoch/);
		// Without a pane beside the boxes it is the second key.
		shown.type(size.columns > 60 ? '' : 'l');
		await shown.waitFor(/^(?![\s\S]*H100)/);
		shown.type('/');
		await shown.waitFor(/│ \//);
		shown.type('eval');
		await shown.waitFor(/\/eval/);
		shown.type('\r');
		assertScreen(folder, `log-${name}`, await shown.waitFor(/\/eval 1\/1[\s\S]*▸.*eval/));
	});
}

test('the end of ten million lines is searched from, its start and back are reached in a fixed amount of memory', async (t) => {
	const log = ofLength(10_000_000);
	const {type, waitFor, session} = await showSession(t, small, log);
	await waitFor(/line 9999999/);
	type('l');
	type('g');
	await waitFor(/│ line 0 [\s\S]*│ line 15 /);
	for (let page = 0; page < 300; page += 1) {
		type(' ');
		await new Promise((resolve) => setImmediate(resolve));
	}

	await waitFor(/│ line [2-9]\d\d\d /);
	type('G');
	await waitFor(/line 9999999[\s\S]*$/);
	assert.match(await waitFor(/following/), /line 9999999/);
	for (let page = 0; page < 200; page += 1) {
		type('b');
		await new Promise((resolve) => setImmediate(resolve));
	}

	await waitFor(/│ line 999[5-7]\d\d\d /);
	assert.ok(session.log.window.bytes <= 8 * 2 ** 20);
});

test('a search counts all matches, walks them in a circle, and says when there is none', async (t) => {
	const {type, waitFor} = await showSession(t, small, ofLength(300_000));
	await waitFor(/line 299999/);
	type('l');
	type('/');
	await waitFor(/│ \//);
	type('000$');
	type('\r');
	await waitFor(/▸line 299000[\s\S]*/);
	await waitFor(/\/000\$ 299\/299/);
	type('n');
	await waitFor(/\/000\$ 1\/299[\s\S]*▸line 1000 /);
	type('n');
	await waitFor(/\/000\$ 2\/299[\s\S]*▸line 2000 /);
	type('N');
	await waitFor(/▸line 1000 /);
	type('N');
	await waitFor(/\/000\$ 299\/299[\s\S]*▸line 299000 /);
	type('\u001B');
	await waitFor(/^(?![\s\S]*▸line)/);
	type('/');
	await waitFor(/│ \//);
	type('nothing');
	type('\r');
	await waitFor(/No line of the log matches nothing/);
});

test('a filter leaves only what matches, or what does not, of the whole log', async (t) => {
	const {type, waitFor, session} = await showSession(t, small, ofLength(20_000));
	await waitFor(/line 19999/);
	type('l');
	type('&');
	await waitFor(/Only:/);
	type('500$');
	type('\r');
	await waitFor(/only 500\$[\s\S]*│ line 18500 [\s\S]*│ line 19500 /);
	assert.equal(session.log.end - session.log.first, 20);
	type('!');
	await waitFor(/Without:/);
	type('\\d\\d\\d');
	type('\r');
	await waitFor(/without \\d\\d\\d[\s\S]*│ line 99 /);
	assert.equal(session.log.end - session.log.first, 100);
	type('\u001B');
	await waitFor(/^(?![\s\S]*without)[\s\S]*line 19999/);
});

test('an expression that may never end is refused where it is typed', async (t) => {
	const {type, waitFor, session} = await showSession(t, small, ofLength(100));
	await waitFor(/line 99/);
	type('l');
	type('&');
	await waitFor(/Only:/);
	type('(?=l)(l+)+$');
	type('\r');
	await waitFor(/Only: \(\?=l\)\(l\+\)\+\$ +may never end/);
	assert.equal(session.store.get().view.log.filter, undefined);
});

test('e goes from error to error, over the whole log', async (t) => {
	const textOf = (line: number) => (line % 10_000 === 5 ? 'RuntimeError: CUDA error: no' : `line ${line}`);
	const {type, waitFor} = await showSession(t, small, ofLength(50_000, textOf));
	await waitFor(/line 49999/);
	type('l');
	type('E');
	await waitFor(/error 5\/5[\s\S]*│ line 40004 [\s\S]*▸RuntimeError[\s\S]*│ line 40006 /);
	type('e');
	await waitFor(/error 1\/5[\s\S]*│ line 4 [\s\S]*▸RuntimeError/);
});

test('long lines are moved sideways or wrapped', async (t) => {
	const {type, waitFor} = await showSession(
		t,
		small,
		ofLength(5, (line) => `${line} ${'abcdefghij'.repeat(15)} end`),
	);
	await waitFor(/4 abc/);
	type('l');
	await waitFor(/│ 4 abcdefghij.*…│/);
	type('>');
	await waitFor(/│ (?!\d)[a-j]+.*…│/);
	type('>');
	type('>');
	await waitFor(/ end +│/);
	type('w');
	await waitFor(/│ 4 abcdefghij[^…]*│\n│ [a-j]+ e│\n│ nd +│/);
});

test('several boxes are shown together, each line with the name of its box', async (t) => {
	const {type, waitFor} = await showSession(t, {columns: 100, rows: 30});
	await waitFor(/▸● dora-eda/);
	type('jj');
	await waitFor(/▸● alice-llm-train/);
	type('l');
	await waitFor(/y ⏎/);
	type('y');
	await waitFor(/(?<!y) ⏎ yes {2}n no/);
	type('\r');
	await waitFor(everything);
	type('l');
	type('m');
	await waitFor(
		/alice-llm-train \+\d[\s\S]*│ (alice-llm-tra…|dora-\S+) +epoch[\s\S]*│ (?!\1)(alice-llm-tra…|dora-\S+) +/,
	);
});

test('a log is saved; what is there is replaced only after a second Enter', async (t) => {
	const work = await mkdtemp(path.join(tmpdir(), 'gpubox-log-'));
	t.after(async () => rm(work, {recursive: true}));
	const {type, waitFor, session} = await showSession(t, small, {
		...ofLength(2500, (line) => `\u001B[31mline\u001B[0m ${line}\u001B]0;title\u0007`),
		folder: work,
	});
	await waitFor(/line 2499/);
	type('l');
	type('S');
	await waitFor(/Save as: dora-eda-\d{8}-\d{4}\.log/);
	type('\u0015');
	type('out.log');
	type('\r');
	await waitFor(/2,500 lines saved to out\.log/);
	const saved = await readFile(path.join(work, 'out.log'), 'utf8');
	assert.equal(saved, Array.from({length: 2500}, (_, line) => `line ${line}\n`).join(''));

	await writeFile(path.join(work, 'mine.txt'), 'precious');
	const save = async () => {
		type('S');
		await waitFor(/Save as: /);
		type('\u0015');
		type('mine.txt');
		await waitFor(/Save as: mine\.txt/);
		type('\r');
		await waitFor(/exists: Enter replaces it/);
	};
	await save();
	type('\u001B');
	await waitFor(/^(?![\s\S]*Save as)/);
	assert.equal(await readFile(path.join(work, 'mine.txt'), 'utf8'), 'precious');
	await save();
	type('\r');
	await waitFor(/2,500 lines saved to mine\.txt/);
	assert.match(await readFile(path.join(work, 'mine.txt'), 'utf8'), /^line 0\n/);
	assert.deepEqual((await readdir(work)).toSorted(), ['mine.txt', 'out.log']);
	assert.deepEqual(session.store.get().facts.tasks, []);
});

test('a hostile log, and what is typed in it, reach the terminal only as text', async (t) => {
	const hostile = '\u001B[2J\u001B]0;x\u0007\u202Eevil\u200B \u009B31m\u0000 \u001B[8mhidden\u001B[0m';
	const shown = await showSession(
		t,
		small,
		ofLength(3, () => `${hostile} \t${'x'.repeat(10_000)}`),
	);
	await shown.waitFor(/evil hidden|evil +hidden/);
	for (const key of ['l', 'w', 'T', 'w', '>', 'm', '/']) {
		shown.type(key);
		await new Promise((resolve) => setImmediate(resolve));
	}

	shown.type('evil');
	shown.type('\r');
	await shown.waitFor(/\/evil/);
	for (const frame of shown.frames()) {
		assert.doesNotMatch(frame, /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E\u200B]/);
	}

	assert.doesNotMatch(shown.rawFrame(), /\u001B\[(?:[\d;]*;)?8m|\u001B\[2J|\u001B\]0/);
});

test('a range of time is asked for, and what is none is refused', async (t) => {
	const {type, waitFor, session} = await showSession(t, small, ofLength(100));
	await waitFor(/line 99/);
	type('l');
	type('@');
	await waitFor(/Time:/);
	type('soon');
	type('\r');
	await waitFor(/Time: soon.*e\.g\. 10m/);
	type('\u0015');
	type('2026-01-31T09:00:00.010Z..2026-01-31T09:00:00.020Z');
	type('\r');
	await waitFor(/│ line 10 [\s\S]*│ line 20 /);
	assert.equal(session.log.end - session.log.first, 11);
	session.store.changeNow(withFacts(({box}) => ({box: {...box, connection: box.connection + 1}})));
	await waitFor(/│ line 20 /);
	assert.equal(session.log.end - session.log.first, 11);
});

test('y copies the line that is marked, or the last one, without its control sequences', async (t) => {
	const {type, waitFor, written} = await showSession(
		t,
		small,
		ofLength(100, (line) => `\u001B[31mline\u001B[0m ${line}\u0007`),
	);
	await waitFor(/line 99/);
	type('l');
	type('y');
	await waitFor(/Copied: line 99/);
	type('/');
	await waitFor(/│ \//);
	type('line 42');
	type('\r');
	await waitFor(/▸line 42/);
	type('y');
	await waitFor(/Copied: line 42/);
	const copies = written().matchAll(/\u001B\]52;c;([^\u0007]+)\u0007/g);
	assert.deepEqual(
		[...copies].map(([, payload = '']) => Buffer.from(payload, 'base64').toString()),
		['line 99', 'line 42'],
	);
});

import assert from 'node:assert/strict';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {stripVTControlCharacters} from 'node:util';
import {spawn} from '@lydell/node-pty';

const session = fileURLToPath(new URL('_broken-session.tsx', import.meta.url));
const loader = new URL('../_helpers/load-types.ts', import.meta.url).href;

/** The private modes that are set at the end, of those that were changed. */
function modesAtEnd(written: string): string[] {
	const modes = new Map<string, boolean>();
	for (const [, numbers = '', how] of written.matchAll(/\u001B\[\?([\d;]+)([hl])/g)) {
		for (const number of numbers.split(';')) {
			modes.set(number, how === 'h');
		}
	}

	return [...modes].filter(([, isSet]) => isSet).map(([number]) => number);
}

test('an exception inside a component leaves the terminal as it was, and says in two lines what is wrong', async (t) => {
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-broken-'));
	t.after(() => rmSync(folder, {recursive: true}));
	const script = 'stty -a > "$1/before"; "$2" --import="$3" "$4"; echo "code $?"; stty -a > "$1/after"';
	const pty = spawn('/bin/sh', ['-c', script, 'sh', folder, process.execPath, loader, session], {
		name: 'xterm-256color',
		cols: 100,
		rows: 30,
		env: {...process.env, CI: undefined, GPUBOX_DEBUG: undefined, XDG_CONFIG_HOME: folder},
	});
	t.after(() => pty.kill('SIGKILL'));
	let written = '';
	const ended = Promise.withResolvers<void>();
	pty.onExit(() => ended.resolve());
	pty.onData((data) => {
		// The whole of the first frame is there with its last line.
		const wasDrawn = written.includes('q quit');
		written += data;
		if (!wasDrawn && written.includes('q quit')) {
			pty.write('?');
		}
	});
	await ended.promise;
	const read = (name: string) => readFileSync(join(folder, name), 'utf8');
	assert.match(read('before'), /[^-]echo\b/);
	assert.equal(read('after'), read('before'));
	assert.match(written, /\u001B\[\?1049h[\s\S]*\u001B\[\?1049l/);
	// The cursor is shown; nothing else that was set stays so: neither the alternate screen, nor bracketed paste, nor the mouse.
	assert.deepEqual(modesAtEnd(written), ['25']);
	const [, last = ''] = written.split(/\u001B\[\?1049l/).slice(-2);
	assert.match(
		stripVTControlCharacters(last).trim(),
		/^gpubox: [^\n]*what is drawn here is broken[^\n]*(\n {2}→ [^\n]*)?\n+code 1$/,
	);
});

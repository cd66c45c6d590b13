import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {isToken, makeToken, readTokenFile, renewBadToken} from '../../../source/box/jupyter/token.ts';

const scratch = mkdtempSync(join(tmpdir(), 'gpubox-token-'));
after(() => rmSync(scratch, {recursive: true}));

const good = 'abcdefghijklmnopqrstuvwxyz_-0123';
const bad: Array<[string, string]> = [
	['nothing', ''],
	['31 characters', good.slice(1)],
	['a line break at the end', `${good}\n`],
	['a line break inside', `${good}\n${good}`],
	['blanks', ' '.repeat(32)],
	['other characters', `${good}&x=`],
	['letters beyond ASCII', `${good}ä`],
	['3 MiB', 'a'.repeat(3 * 1024 ** 2)],
	['one character more than is read', 'a'.repeat(4097)],
];

describe("Jupyter's token", () => {
	test('as gpubox makes it is one', () => {
		assert.ok(isToken(makeToken()));
		assert.notEqual(makeToken(), makeToken());
	});

	test('of 32 to 4096 letters, digits, - and _ is read as it is', () => {
		for (const text of [good, 'a'.repeat(4096)]) {
			writeFileSync(join(scratch, 'token'), text);
			assert.equal(readTokenFile(join(scratch, 'token')), text);
		}
	});

	for (const [what, content] of bad) {
		test(`with ${what} is none, and a stopped box gets a new one`, () => {
			const paths = {state: mkdtempSync(join(scratch, 'state-'))} as Parameters<typeof renewBadToken>[0];
			mkdirSync(join(paths.state, 'box'));
			const path = join(paths.state, 'box', 'token');
			writeFileSync(path, content);
			assert.equal(readTokenFile(path), undefined);
			const box = {name: 'box', folder: 'box', services: ['jupyter' as const], state: 'exited' as const};
			assert.match(renewBadToken(paths, {...box, state: 'running'}) ?? '', /gpubox stop box/);
			assert.equal(readFileSync(path, 'utf8'), content, 'a running box has read its own already');
			assert.match(renewBadToken(paths, box) ?? '', /has been replaced/);
			assert.ok(isToken(readTokenFile(path) ?? ''));
			assert.equal(statSync(path).mode & 0o777, 0o600);
			assert.equal(renewBadToken(paths, box), undefined);
			assert.deepEqual(readdirSync(join(paths.state, 'box')), ['token']);
		});
	}

	test('is not read from a link, a named pipe, a folder or a device', () => {
		const at = (name: string) => join(scratch, name);
		writeFileSync(at('file'), good);
		symlinkSync(at('file'), at('link'));
		symlinkSync('/dev/zero', at('device'));
		mkdirSync(at('folder'));
		execFileSync('mkfifo', [at('pipe')]);
		for (const name of ['link', 'device', 'folder', 'pipe', 'missing']) {
			assert.equal(readTokenFile(at(name)), undefined, name);
		}

		assert.equal(readTokenFile('/dev/zero'), undefined);
	});

	test('of a box without Jupyter, or whose folder is not here, is left alone', () => {
		const paths = {state: scratch} as Parameters<typeof renewBadToken>[0];
		assert.equal(
			renewBadToken(paths, {name: 'x', folder: 'nowhere', services: ['jupyter'], state: 'exited'}),
			undefined,
		);
		mkdirSync(join(scratch, 'ssh-only'));
		assert.equal(renewBadToken(paths, {name: 'x', folder: 'ssh-only', services: ['ssh'], state: 'exited'}), undefined);
		assert.deepEqual(readdirSync(join(scratch, 'ssh-only')), []);
	});
});

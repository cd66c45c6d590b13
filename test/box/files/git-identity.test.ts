import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, test} from 'node:test';
import {readGitIdentity, writeGitIdentity} from '../../../source/box/files/git-identity.ts';

let root: string;
let home: string;
const {HOME, XDG_CONFIG_HOME} = process.env;
const {signal} = new AbortController();
const uid = process.getuid?.() ?? 0;
const owner = {name: 'alice', uid, gid: process.getgid?.() ?? 0};

beforeEach(() => {
	root = mkdtempSync(join(tmpdir(), 'gpubox-git-'));
	home = join(root, 'inside');
	mkdirSync(home);
	process.env.HOME = root;
	process.env.XDG_CONFIG_HOME = join(root, '.config');
});

afterEach(() => {
	process.env.HOME = HOME;
	process.env.XDG_CONFIG_HOME = XDG_CONFIG_HOME;
	if (XDG_CONFIG_HOME === undefined) {
		delete process.env.XDG_CONFIG_HOME;
	}

	rmSync(root, {recursive: true});
});

const inside = (key: string) =>
	execFileSync('git', ['config', '--file', join(home, '.gitconfig'), '--get', key], {encoding: 'utf8'}).trim();

test('a home inside gets name and address of the configuration outside, and nothing else of it', async () => {
	writeFileSync(join(root, 'more'), '[user]\n\temail = a@example.com\n');
	writeFileSync(
		join(root, '.gitconfig'),
		`[user]\n\tname = "Ann \\"A\\" \\\\ B; C"\n\tsigningkey = X\n[credential]\n\thelper = store\n[include]\n\tpath = more\n`,
	);
	const identity = await readGitIdentity(home, signal);
	assert.deepEqual(identity, {name: 'Ann "A" \\ B; C', email: 'a@example.com'});
	writeGitIdentity(home, identity, owner);
	assert.deepEqual([inside('user.name'), inside('user.email')], ['Ann "A" \\ B; C', 'a@example.com']);
	assert.doesNotMatch(readFileSync(join(home, '.gitconfig'), 'utf8'), /credential|signingkey/);
});

test('a configuration inside stays as it is, wherever git looks for it', async () => {
	writeFileSync(join(root, '.gitconfig'), '[user]\n\tname = Ann\n');
	for (const file of ['.gitconfig', '.config/git/config']) {
		mkdirSync(join(home, '.config/git'), {recursive: true});
		writeFileSync(join(home, file), '');
		assert.equal(await readGitIdentity(home, signal), undefined);
		rmSync(join(home, file));
	}

	assert.deepEqual(await readGitIdentity(home, signal), {name: 'Ann'});
	writeFileSync(join(home, '.gitconfig'), '# mine\n');
	writeGitIdentity(home, {name: 'Ann'}, owner);
	assert.equal(readFileSync(join(home, '.gitconfig'), 'utf8'), '# mine\n');
});

test('without an identity, or without git, there is none', async () => {
	assert.equal(await readGitIdentity(home, signal), undefined);
	writeFileSync(join(root, '.gitconfig'), '[user]\n\tname = Ann\n');
	const {PATH} = process.env;
	process.env.PATH = join(root, 'nothing');
	assert.equal(await readGitIdentity(home, signal), undefined);
	process.env.PATH = PATH;
});

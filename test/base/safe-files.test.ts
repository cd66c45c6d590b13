import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {
	chmodSync,
	existsSync,
	lchownSync,
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, afterEach, beforeEach, describe, test} from 'node:test';
import {makeFolder, openWriter, overwriteFile, removeTree, writeFileAtomic} from '../../source/base/safe-files.ts';

const top = mkdtempSync(join(tmpdir(), 'gpubox-safe-files-'));
after(() => rmSync(top, {recursive: true}));
const isRoot = process.getuid?.() === 0;
const needsRoot = isRoot ? false : 'only root can make what belongs to others';
const other = {uid: 12_345, gid: 12_345};

let here = '';
beforeEach(() => {
	here = mkdtempSync(join(top, 'case-'));
});
const mode = (path: string) => (statSync(path).mode & 0o7777).toString(8);
const at = (name: string) => join(here, name);

for (const umask of [0o000, 0o002, 0o077]) {
	describe(`with umask ${umask.toString(8).padStart(3, '0')}`, () => {
		const before = process.umask();
		beforeEach(() => process.umask(umask));
		afterEach(() => process.umask(before));

		test('folders and files get the modes that they are said to have', () => {
			makeFolder(at('a/b/c'));
			makeFolder(at('a/shown'), {mode: 0o755});
			writeFileAtomic(at('a/token'), 'x', {mode: 0o600});
			writeFileAtomic(at('a/script'), 'x', {mode: 0o755});
			overwriteFile(at('a/secret'), 'x', {mode: 0o600});
			assert.deepEqual(
				['a', 'a/b', 'a/b/c', 'a/shown', 'a/token', 'a/script', 'a/secret'].map((name) => mode(at(name))),
				['700', '700', '700', '755', '600', '755', '600'],
			);
		});
	});
}

test('a folder that is there keeps its mode', () => {
	mkdirSync(at('shared'));
	chmodSync(at('shared'), 0o2775);
	makeFolder(at('shared'));
	assert.equal(mode(at('shared')), '2775');
});

test('a file takes the place of a link, and what that led to stays', () => {
	writeFileSync(at('target'), 'kept');
	symlinkSync(at('target'), at('file'));
	writeFileAtomic(at('file'), 'fresh', {mode: 0o600});
	assert.equal(readFileSync(at('target'), 'utf8'), 'kept');
	assert.ok(lstatSync(at('file')).isFile());
	assert.deepEqual(readdirSync(here).sort(), ['file', 'target']);
});

test('a new file is written neither over a file nor through a link that leads nowhere', () => {
	writeFileSync(at('file'), 'kept');
	symlinkSync(at('nowhere'), at('link'));
	for (const name of ['file', 'link']) {
		assert.throws(() => writeFileAtomic(at(name), 'fresh', {isNew: true}), {code: 'EEXIST'});
	}

	assert.equal(readFileSync(at('file'), 'utf8'), 'kept');
	assert.ok(!existsSync(at('nowhere')));
});

test('what is written into is a plain file, under one name only', () => {
	writeFileSync(at('target'), 'kept');
	symlinkSync(at('target'), at('link'));
	mkdirSync(at('folder'));
	for (const name of ['link', 'folder']) {
		assert.throws(() => overwriteFile(at(name), 'fresh', {mode: 0o600}), name);
	}

	assert.equal(readFileSync(at('target'), 'utf8'), 'kept');
});

test('of a link the link is removed, and in a folder nothing beyond a link', () => {
	mkdirSync(at('kept/inner'), {recursive: true});
	writeFileSync(at('kept/file'), 'kept');
	mkdirSync(at('goes/inner'), {recursive: true});
	symlinkSync(at('kept'), at('goes/inner/link'));
	symlinkSync(at('kept'), at('link'));
	removeTree(at('goes'));
	removeTree(at('link'));
	removeTree(at('never/was'));
	assert.deepEqual(readdirSync(here), ['kept']);
	assert.equal(readFileSync(at('kept/file'), 'utf8'), 'kept');
});

test('own links are followed, relative ones, upwards and to where nothing is yet', () => {
	mkdirSync(at('disk/x'), {recursive: true});
	symlinkSync('disk/x/../y', at('cache'));
	makeFolder(at('cache'));
	makeFolder(at('cache/gpubox'));
	assert.equal(mode(at('disk/y/gpubox')), '700');
});

test('links that lead round in a circle are told', () => {
	symlinkSync('b', at('a'));
	symlinkSync('a', at('b'));
	assert.throws(() => makeFolder(at('a/c')), {code: 'ELOOP'});
});

test('what goes wrong names the file as it was named', () => {
	writeFileSync(at('file'), '');
	assert.throws(
		() => makeFolder(at('file/x')),
		(error: Error) => error.message.includes(at('file')),
	);
	assert.throws(
		() => writeFileAtomic(at('no/x'), ''),
		(error: Error) => error.message.includes(at('no')),
	);
	assert.throws(
		() => writeFileAtomic(at('file'), '', {isNew: true}),
		(error: Error) => error.message.includes(at('file')),
	);
});

test('several files of one folder stay in it, whatever takes its place meanwhile', () => {
	makeFolder(at('box/files'));
	mkdirSync(at('trap/files'), {recursive: true});
	const files = openWriter(at('box'));
	files.write('token', 'x', {mode: 0o600});
	files.write('files/start', 'x', {mode: 0o755, replaceable: true});
	renameSync(at('box'), at('moved'));
	symlinkSync(at('trap'), at('box'));
	files.write('passwd', 'x', {mode: 0o644});
	files.write('files/shell', 'x', {mode: 0o755});
	files.close();
	assert.deepEqual(readdirSync(at('moved')).sort(), ['files', 'passwd', 'token']);
	assert.deepEqual(readdirSync(at('moved/files')).sort(), ['shell', 'start']);
	assert.deepEqual(readdirSync(at('trap')), ['files']);
	assert.deepEqual([mode(at('moved/token')), mode(at('moved/files/start'))], ['600', '755']);
});

describe('what somebody else laid', {skip: needsRoot}, () => {
	const laid = (target: string, name: string) => {
		symlinkSync(target, at(name));
		lchownSync(at(name), other.uid, other.gid);
	};

	test('as a link is not followed by root, and nothing behind it changes', () => {
		mkdirSync(at('secret'));
		chmodSync(at('secret'), 0o700);
		writeFileSync(at('secret/file'), 'kept');
		laid(at('secret'), 'link');
		for (const act of [
			() => makeFolder(at('link'), {owner: other}),
			() => makeFolder(at('link/inner'), {owner: other}),
			() => writeFileAtomic(at('link/file'), 'fresh', {mode: 0o600, owner: other}),
			() => overwriteFile(at('link/file'), 'fresh', {mode: 0o600, owner: other}),
			() => removeTree(at('link/file')),
		]) {
			assert.throws(act, /is a link that user 12345 made, and is not followed/);
		}

		assert.equal(statSync(at('secret')).uid, 0);
		assert.deepEqual(readdirSync(at('secret')), ['file']);
		assert.equal(readFileSync(at('secret/file'), 'utf8'), 'kept');
	});

	test('as a folder is not used by root, nor given to another', () => {
		mkdirSync(at('theirs'));
		lchownSync(at('theirs'), other.uid, other.gid);
		assert.throws(() => makeFolder(at('theirs/inner')), /belongs to user 12345, not to you/);
		assert.throws(() => makeFolder(at('theirs'), {owner: {uid: 54_321, gid: 1}}), /belongs to user 12345/);
		assert.equal(statSync(at('theirs')).uid, other.uid);
		assert.deepEqual(readdirSync(at('theirs')), []);
		// Theirs, for them.
		makeFolder(at('theirs'), {owner: other});
	});

	test('as a file in its place is not written into', () => {
		writeFileSync(at('file'), 'kept');
		lchownSync(at('file'), other.uid, other.gid);
		assert.throws(() => overwriteFile(at('file'), 'fresh', {mode: 0o600}), /not a private file of yours/);
		overwriteFile(at('file'), 'fresh', {mode: 0o600, owner: other});
		assert.equal(readFileSync(at('file'), 'utf8'), 'fresh');
	});

	test('what root makes for somebody is theirs, the folders above it are not', () => {
		makeFolder(at('x/home'), {owner: other});
		writeFileAtomic(at('x/token'), 't', {mode: 0o600, owner: other});
		assert.deepEqual(
			['x', 'x/home', 'x/token'].map((name) => statSync(at(name)).uid),
			[0, other.uid, other.uid],
		);
	});
});

test('a file that may not grow is named when it cannot be written', () => {
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-full-'));
	const module = new URL('../../source/base/safe-files.ts', import.meta.url).href;
	const code = `import(${JSON.stringify(module)}).then(({writeFileAtomic}) => writeFileAtomic(${JSON.stringify(join(folder, 'a'))}, 'x')).catch((error) => console.log(error.code, error.message))`;
	const limited = ['-c', `trap '' XFSZ; ulimit -f 0; exec "$@"`, 'sh', process.execPath, '--import=tsx', '-e', code];
	const {stdout} = spawnSync('sh', limited, {encoding: 'utf8', env: {...process.env, TSX_DISABLE_CACHE: '1'}});
	assert.equal(stdout, `EFBIG EFBIG: file too large, write '${join(folder, 'a')}'\n`);
	assert.deepEqual(readdirSync(folder), []);
	rmSync(folder, {recursive: true});
});

test('what is done in one go walks the way once, and leaves nothing open', () => {
	const loader = new URL('../_helpers/load-types.ts', import.meta.url);
	const source = new URL('../../source/base/safe-files.ts', import.meta.url);
	const script = `
		import {readdirSync, readFileSync, renameSync, mkdirSync} from 'node:fs';
		import {makeFolder, removeTree, writeFileAtomic} from ${JSON.stringify(source)};
		const openFiles = () => readdirSync('/proc/self/fd').length;
		const before = openFiles();
		makeFolder('a/b/c');
		makeFolder('a/b/d/e');
		writeFileAtomic('a/b/c/one', '1');
		renameSync('a', 'old');
		mkdirSync('a/b/c', {recursive: true});
		writeFileAtomic('a/b/c/two', '2');
		await undefined;
		writeFileAtomic('a/b/c/three', '3');
		removeTree('old/b/d');
		makeFolder('old/b/d');
		await undefined;
		await undefined;
		console.log(JSON.stringify([readdirSync('old/b/c'), readdirSync('a/b/c'), readdirSync('old/b'), openFiles() - before]));
	`;
	chmodSync(top, 0o711);
	if (isRoot) {
		lchownSync(here, other.uid, other.gid);
	}

	const {stdout, stderr} = spawnSync(
		process.execPath,
		[`--import=${loader}`, '--input-type=module', '--eval', script],
		{cwd: here, encoding: 'utf8', ...(isRoot ? other : {})},
	);
	assert.equal(stderr, '');
	assert.deepEqual(JSON.parse(stdout), [['one', 'two'], ['three'], ['c', 'd'], 0]);
});

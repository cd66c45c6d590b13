import assert from 'node:assert/strict';
import {
	chmodSync,
	chownSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {findCodeCache} from '../../source/start/code-cache.ts';

// Code is run from there without another look: nobody else may be able to put any there.

const scratch = mkdtempSync(join(tmpdir(), 'gpubox-code-cache-'));
after(() => rmSync(scratch, {recursive: true}));
const makeHome = () => mkdtempSync(join(scratch, 'home-'));
const modeOf = (path: string) => statSync(path).mode & 0o777;

describe('the folder of compiled code', () => {
	for (const umask of [0o000, 0o002, 0o077]) {
		test(`is for its owner alone at umask ${umask.toString(8)}, and so is the cache folder made with it`, () => {
			const HOME = makeHome();
			const before = process.umask(umask);
			try {
				assert.equal(findCodeCache({HOME}), join(HOME, '.cache/gpubox-code'));
			} finally {
				process.umask(before);
			}

			assert.equal(modeOf(join(HOME, '.cache/gpubox-code')), 0o700);
			assert.equal(modeOf(join(HOME, '.cache')), 0o700);
		});
	}

	test('made too wide by an earlier version it is made again, empty', () => {
		const HOME = makeHome();
		const folder = findCodeCache({HOME}) ?? '';
		writeFileSync(join(folder, 'planted'), '');
		chmodSync(folder, 0o775);
		assert.equal(findCodeCache({HOME}), folder);
		assert.equal(modeOf(folder), 0o700);
		assert.ok(!existsSync(join(folder, 'planted')));
	});

	test('is not used where others can write in a folder above it, below the home', () => {
		const HOME = makeHome();
		const XDG_CACHE_HOME = join(HOME, 'a/b');
		assert.ok(findCodeCache({HOME, XDG_CACHE_HOME}));
		for (const mode of [0o775, 0o757]) {
			chmodSync(join(HOME, 'a'), mode);
			assert.equal(findCodeCache({HOME, XDG_CACHE_HOME}), undefined);
			chmodSync(join(HOME, 'a'), 0o755);
			chmodSync(XDG_CACHE_HOME, mode);
			assert.equal(findCodeCache({HOME, XDG_CACHE_HOME}), undefined);
			chmodSync(XDG_CACHE_HOME, 0o755);
		}

		assert.ok(findCodeCache({HOME, XDG_CACHE_HOME}));
	});

	test('is not used when it is a link, a file or of somebody else', () => {
		const other = makeHome();
		for (const put of [
			(path: string) => symlinkSync(other, path),
			(path: string) => writeFileSync(path, ''),
			...(process.getuid?.() === 0
				? [
						(path: string) => {
							mkdirSync(path, {mode: 0o700});
							chownSync(path, 4242, 4242);
						},
					]
				: []),
		]) {
			const HOME = makeHome();
			mkdirSync(join(HOME, '.cache'), {mode: 0o700});
			put(join(HOME, '.cache/gpubox-code'));
			assert.equal(findCodeCache({HOME}), undefined);
		}
	});

	test('is never the one in /tmp that Node takes when it is told none', () => {
		assert.equal(findCodeCache({}), undefined);
		assert.equal(findCodeCache({HOME: 'relative'}), undefined);
		assert.equal(findCodeCache({HOME: '/nowhere', NODE_COMPILE_CACHE: '/asked/for'}), '/asked/for');
	});
});

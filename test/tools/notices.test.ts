import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {promisify} from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'gpubox-notices-'));
after(() => rmSync(scratch, {recursive: true}));

type Notices = {bundledPackages: (ids: string[]) => string[]; noticesOf: (root: string, folders: string[]) => string};
const {bundledPackages, noticesOf} = (await import(pathToFileURL(join(root, 'tools/notices.mjs')).href)) as Notices;

/** A clone with one package in it, and a text of ours for each name in `ours`. */
function makeClone(files: Record<string, string>, ours: string[] = []): {clone: string; folder: string} {
	const clone = `${mkdtempSync(join(scratch, 'clone-'))}/`;
	const folder = join(clone, 'node_modules/@who/part');
	mkdirSync(folder, {recursive: true});
	mkdirSync(join(clone, 'tools/licenses'), {recursive: true});
	cpSync(join(root, 'LICENSE'), join(clone, 'LICENSE'));
	writeFileSync(join(folder, 'package.json'), '{"name": "@who/part", "version": "1.2.3", "license": "MIT"}');
	for (const [name, content] of Object.entries(files)) {
		writeFileSync(join(folder, name), content);
	}

	for (const name of ours) {
		writeFileSync(join(clone, 'tools/licenses', name), 'kept for it');
	}

	return {clone, folder};
}

describe('third-party notices', () => {
	test('name every package that the build put into the bundle, with its license text, as the SBOM does', {
		timeout: 120_000,
	}, async () => {
		const into = join(scratch, 'dist');
		await run(process.execPath, [join(root, 'tools/build.mjs'), '--meta', '--into', into]);
		const notices = readFileSync(join(into, 'THIRD-PARTY-NOTICES.txt'), 'utf8');
		const meta = JSON.parse(readFileSync(join(into, 'meta.json'), 'utf8')) as Array<{modules: Array<{id: string}>}>;
		const modules = meta.flatMap(({modules: of}) => of).filter(({id}) => id.includes('node_modules/'));
		assert.ok(modules.length > 100, `${modules.length} modules of packages`);
		for (const {id} of modules) {
			const at = id.lastIndexOf('node_modules/');
			const [first = '', second = ''] = id.slice(at + 'node_modules/'.length).split('/');
			const folder = join(root, id.slice(0, at), 'node_modules', first.startsWith('@') ? join(first, second) : first);
			const {name, version} = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>;
			assert.ok(notices.includes(`\n${name} ${version} (`), `${name} ${version}`);
		}

		const sbom = JSON.parse(readFileSync(join(into, 'SBOM.cdx.json'), 'utf8')) as {
			components: Array<{'bom-ref': string; group?: string; name: string; version: string}>;
			dependencies: Array<{ref: string; dependsOn: string[]}>;
		};
		const named = [...notices.matchAll(/^-{80}\n(\S+) (\S+) \(/gm)].map(([, name, version]) => `${name}@${version}`);
		const listed = sbom.components.map(({group, name, version}) => `${group ? `${group}/` : ''}${name}@${version}`);
		assert.deepEqual(listed.toSorted(), named.toSorted());
		const refs = new Set(sbom.dependencies.map(({ref}) => ref));
		assert.equal(refs.size, listed.length + 1);
		assert.ok(sbom.dependencies.every(({dependsOn}) => dependsOn.every((each) => refs.has(each))));
		assert.ok(notices.includes(readFileSync(join(root, 'node_modules/react/LICENSE'), 'utf8').trim()));
		assert.ok(notices.includes(readFileSync(join(root, 'LICENSE'), 'utf8').trim()));
	});

	test('a package is found in the folder that it lies deepest in', () => {
		assert.deepEqual(
			bundledPackages([
				'/c/source/a.ts',
				'/c/node_modules/a/i.js',
				'/c/node_modules/a/node_modules/@b/c/d/i.js',
				'\0x',
			]),
			['/c/node_modules/a', '/c/node_modules/a/node_modules/@b/c'],
		);
	});

	test('a license and a notice are both taken', () => {
		const {clone, folder} = makeClone({'LICENSE.md': 'the license', NOTICE: 'the notice'});
		assert.match(noticesOf(clone, [folder]), /@who\/part 1\.2\.3 \(MIT\)\n\nthe license\n\nthe notice\n/);
	});

	test('a package without a license text fails the build, unless one is kept for it', () => {
		const {clone, folder} = makeClone({'README.md': 'MIT'});
		assert.throws(() => noticesOf(clone, [folder]), /@who\/part 1\.2\.3 has no license text/);
		const kept = makeClone({}, ['@who+part.txt']);
		assert.match(noticesOf(kept.clone, [kept.folder]), /kept for it/);
	});

	test('a text that is kept for a package that is not bundled fails the build', () => {
		const {clone, folder} = makeClone({LICENSE: 'its own'}, ['gone.txt']);
		assert.throws(() => noticesOf(clone, [folder]), /tools\/licenses\/gone\.txt can go/);
	});

	test('a text that is kept for a package that has its own fails the build', () => {
		const {clone, folder} = makeClone({LICENSE: 'its own'}, ['@who+part.txt']);
		assert.throws(() => noticesOf(clone, [folder]), /tools\/licenses\/@who\+part\.txt can go/);
	});
});

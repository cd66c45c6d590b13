import assert from 'node:assert/strict';
import {test} from 'node:test';
import {parseSystem} from '../../../source/app/images/image-packages.ts';
import {originate} from '../../../source/app/images/scan-images.ts';
import type {Finding} from '../../../source/image/scan/finding.ts';
import {addedPackages, makeSbom, purlOf, type SbomPackage} from '../../../source/image/scan/sbom.ts';

const deb = (name: string, version: string): SbomPackage => ({
	kind: 'deb',
	name,
	version,
	system: 'debian',
	architecture: 'amd64',
});
const pip = (name: string, version: string): SbomPackage => ({kind: 'pypi', name, version});

test('what is listed is what was added or replaced', () => {
	const base = [deb('libc6', '2.36'), pip('numpy', '1.26.0'), pip('six', '1.16')];
	const all = [
		...base.slice(0, 1),
		deb('openssh-server', '1:9.2p1-2+deb12u5'),
		pip('numpy', '2.0.0'),
		pip('six', '1.16'),
	];
	assert.deepEqual(addedPackages(base, [...all, ...all]).map(purlOf), [
		'pkg:deb/debian/openssh-server@1%3A9.2p1-2%2Bdeb12u5?arch=amd64',
		'pkg:pypi/numpy@2.0.0',
	]);
});

test('the document is CycloneDX 1.5: every reference leads somewhere', () => {
	const subject = {name: 'pytorch/pytorch:2.8.0', id: 'sha256:1', base: {name: 'b', id: 'sha256:0'}, gaps: ['x']};
	const sbom = makeSbom([pip('Jupyter_Server', '2.1'), deb('tmux', '3.3a')], subject, {
		version: '1.2.3',
		now: new Date('2026-01-31T09:00:00Z'),
		serial: '3e671687-395b-41f5-a30f-a58921a69b79',
	}) as {
		bomFormat: string;
		specVersion: string;
		serialNumber: string;
		components: Array<{'bom-ref': string; purl: string; type: string}>;
		dependencies: Array<{ref: string; dependsOn: string[]}>;
		metadata: {component: {'bom-ref': string}; properties: object[]};
	};
	assert.deepEqual([sbom.bomFormat, sbom.specVersion], ['CycloneDX', '1.5']);
	assert.match(sbom.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
	assert.deepEqual(
		sbom.components.map(({purl}) => purl),
		['pkg:deb/debian/tmux@3.3a?arch=amd64', 'pkg:pypi/jupyter-server@2.1'],
	);
	const known = new Set([sbom.metadata.component['bom-ref'], ...sbom.components.map((each) => each['bom-ref'])]);
	for (const {ref, dependsOn} of sbom.dependencies) {
		assert.ok([ref, ...dependsOn].every((each) => known.has(each)));
	}

	assert.deepEqual(sbom.metadata.properties.at(-1), {name: 'gpubox:gap', value: 'x'});
});

test('lists of dpkg and rpm, after whatever the image prints first', () => {
	assert.deepEqual(parseSystem('== CUDA ==\n\ndeb ubuntu\nlibc6 2.39-0ubuntu8 amd64\n\n'), [
		{kind: 'deb', name: 'libc6', version: '2.39-0ubuntu8', system: 'ubuntu', architecture: 'amd64'},
	]);
	assert.deepEqual(parseSystem('rpm rocky\nbash 5.1.8-9.el9 x86_64\ngpg-pubkey 350d275d-6279464b (none)\n'), [
		{kind: 'rpm', name: 'bash', version: '5.1.8-9.el9', system: 'rocky', architecture: 'x86_64'},
	]);
	assert.equal(parseSystem('sh: not found\n'), undefined);
});

test('what the base has came with it, the rest was added; an unscanned base leaves all to what was added', () => {
	const of = (id: string): Finding => ({id, severity: 'high', package: 'p', installed: '1', fixed: null});
	const tell = (base: Finding[] | undefined, whole: Finding[]) =>
		originate(base, whole).map(({id, from}) => `${id} ${from}`);
	assert.deepEqual(tell([of('a'), of('b')], [of('b'), of('c')]), ['a base', 'b base', 'c added']);
	assert.deepEqual(tell(undefined, [of('a')]), ['a base']);
	assert.deepEqual(tell([of('a')], []), ['a base']);
});

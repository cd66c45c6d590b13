import assert from 'node:assert/strict';
import {test} from 'node:test';
import {exitCode, Failure} from '../../../source/base/failure.ts';
import {
	type CatalogueFile,
	catalogue,
	catalogueFiles,
	catalogueOf,
	withTeamImages,
} from '../../../source/image/catalogue/catalogue.ts';
import {readTeamImages} from '../../../source/image/catalogue/team-images.ts';
import cuda from '../../../templates/catalogue/cuda.json' with {type: 'json'};
import {cudaMistakes, duplicates, fileMistakes} from '../../../tools/catalogue-check.ts';

test('the catalogue is sound', () => {
	assert.deepEqual(
		[
			...cudaMistakes(cuda),
			...catalogueFiles.flatMap((file) => fileMistakes(file.family, file)),
			...duplicates(catalogueFiles),
		],
		[],
	);
});

test('the check finds what is wrong', () => {
	const file = (entry: object): CatalogueFile => ({
		family: 'x',
		about: 'Made up to be wrong in one way at a time.',
		sources: {a: 'some document or other'},
		defaults: {framework: 'pytorch', platforms: ['linux/amd64'], sources: ['a']},
		profiles: {},
		entries: [{reference: 'a/b:1', cuda: '12.8', status: 'seen', ...entry}],
	});
	assert.deepEqual(fileMistakes('x', file({})), []);
	for (const [entry, words] of [
		[{reference: 'A B'}, /no image reference/],
		[{reference: 'a/b'}, /spell out its tag/],
		[{cuda: '12.7'}, /does not know/],
		[{cuda: 'banana'}, /does not know/],
		[{sources: ['b']}, /source that is not there/],
		[{is: ['p']}, /profile that is not there/],
		[{computeCapabilities: ['9.9']}, /unknown compute capability/],
		[{computeCapabilities: ['10.3']}, /cannot hold code for 10\.3/],
		[{cpuOnly: true}, /CUDA version or cpuOnly/],
		[{status: 'sure'}, /status/],
		[{colour: 'red'}, /colour/],
		[{setsNvidiaRequireCuda: true, requireCuda: 'please'}, /not understood/],
		[{platforms: ['windows/amd64']}, /platforms/],
	] as const) {
		assert.match(fileMistakes('x', file(entry)).join('\n'), words, JSON.stringify(entry));
	}

	const one = file({});
	assert.equal(duplicates([one, {...one, entries: [{reference: 'docker.io/a/b:1'}]}]).length, 1);
});

test('an entry that is looked up alone is the one that stands among all', () => {
	const alone = catalogueOf(catalogueFiles);
	for (const {entries} of catalogueFiles) {
		for (const {reference} of entries) {
			const found = alone.find(reference);
			assert.ok(found);
			assert.deepEqual(
				found,
				catalogue().entries.find((entry) => entry.reference === found.reference),
			);
		}
	}
});

test('an entry is found in any spelling, and with a digest beside its tag', () => {
	const reference = 'pytorch/pytorch:2.14.1-cuda13.0-cudnn9-runtime';
	const entry = catalogue().find(reference);
	assert.equal(entry?.framework, 'pytorch');
	assert.deepEqual(entry.computeCapabilities, ['7.5', '8.0', '8.6', '9.0', '10.0', '12.0']);
	assert.deepEqual(entry.sources, ['M', 'D', 'S']);
	assert.deepEqual(catalogue().find(`docker.io/${reference}`), entry);
	assert.deepEqual(catalogue().find(`${reference}@sha256:${'0'.repeat(64)}`), entry);
	assert.equal(catalogue().find('team/nobody:1'), undefined);
	assert.equal(catalogue().find('\u001B[2J'), undefined);
});

test('PyTorch is there from 2.0 on, runtime and devel', () => {
	for (const version of ['2.0.0', '2.1.0', '2.4.0', '2.7.1', '2.10.0', '2.14.1']) {
		const kinds = catalogue()
			.entries.filter((entry) => entry.family === 'pytorch' && entry.version === version)
			.map(({kind}) => kind);
		assert.ok(kinds.includes('runtime') && kinds.includes('devel'), version);
	}
});

test('a team adds its own, and may say otherwise about a known one', () => {
	const team = readTeamImages(
		[
			{
				reference: 'registry.example:5000/ml/pytorch-cuda:v2.8-jupyter',
				framework: 'pytorch',
				version: '2.8.0',
				cuda: 12.8,
				computeCapabilities: [8.9, 9, '12.0'],
				provides: ['jupyter', 'sshd'],
			},
			{reference: 'nvidia/cuda:12.8.1-cudnn-devel-ubuntu24.04', cuda: 13, requireCuda: 'cuda>=12.0'},
		],
		'gpubox.yaml',
	);
	const all = withTeamImages(team);
	const own = all.find('registry.example:5000/ml/pytorch-cuda:v2.8-jupyter');
	assert.deepEqual(
		[own?.cuda, own?.computeCapabilities, own?.platforms, own?.provides, own?.status],
		['12.8', ['8.9', '9.0', '12.0'], ['linux/amd64'], ['jupyter', 'ssh'], 'team'],
	);
	const known = all.find('nvidia/cuda:12.8.1-cudnn-devel-ubuntu24.04');
	assert.equal(known?.cuda, '13.0');
	assert.equal(known?.setsNvidiaRequireCuda, true);
	assert.equal(all.entries.length, catalogue().entries.length + 1);
});

test('an entry of the wrong shape is one clear line, and wrong usage', () => {
	for (const [value, words] of [
		['banana', /images must be a list of images, not "banana"/],
		[{}, /images must be a list of images/],
		[['banana'], /images\[0\] must be an image with a reference, not "banana"/],
		[[{}], /images\[0\]\.reference is missing/],
		[[{reference: 'A B'}], /images\[0\]\.reference must be an image reference such as/],
		[
			[{reference: 'a:1'}, {reference: 'b:1', cuda: 'banana'}],
			/images\[1\]\.cuda must be a version such as 12\.8, not "banana"/,
		],
		[[{reference: 'a:1', cuda: true}], /images\[0\]\.cuda must be/],
		[[{reference: 'a:1', cdua: '12.8'}], /images\[0\]\.cdua is not a field of an image/],
		[[{reference: 'a:1', provides: ['telnet']}], /images\[0\]\.provides\[0\] must be jupyter or sshd, not "telnet"/],
		[[{reference: 'a:1', cuda: '\u001B[2J\nrm -rf'}], /images\[0\]\.cuda must be/],
		[[{reference: 'a:1', computeCapabilities: []}], /at least one compute capability/],
	] as const) {
		assert.throws(
			() => readTeamImages(value, 'gpubox.yaml'),
			(error: unknown) => {
				assert.ok(error instanceof Failure);
				assert.equal(error.exitCode, exitCode.usage);
				assert.match(error.message, words);
				assert.ok(error.message.startsWith('gpubox.yaml: '));
				assert.doesNotMatch(error.message, /[\u0000-\u001F]/);
				return true;
			},
			JSON.stringify(value),
		);
	}
});

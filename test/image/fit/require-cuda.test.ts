import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {requirementOf} from '../../../source/image/fit/cuda.ts';
import {checkRequirement, parseRequirement, type RequirementFacts} from '../../../source/image/fit/require-cuda.ts';
import {parseVersion} from '../../../source/text/compare-versions.ts';
import cuda from '../../../templates/catalogue/cuda.json' with {type: 'json'};

function ask(text: string, facts: RequirementFacts) {
	const requirement = parseRequirement(text);
	assert.ok(requirement, text);
	return checkRequirement(requirement, facts);
}

const r550 = {driver: [550, 54, 15], cuda: [12, 4]};

test('a space is OR, a comma is AND', () => {
	const text = 'cuda>=12.8 brand=tesla,driver>=550,driver<551';
	assert.equal(ask(text, {...r550, class: 'datacentre'}), 'accepted');
	assert.equal(ask(text, {...r550, class: 'geforce'}), 'refused');
	assert.equal(ask(text, {driver: [570, 26], cuda: [12, 8], class: 'geforce'}), 'accepted');
});

test('a branch that is not listed, but newer than one that is', () => {
	const text = 'cuda>=12.8 brand=tesla,driver>=535,driver<536';
	assert.equal(ask(text, {...r550, class: 'datacentre'}), 'not-listed');
	assert.equal(ask(text, {driver: [530, 30], cuda: [12, 1], class: 'datacentre'}), 'refused');
});

test('what is missing among the facts is not known, unless it does not matter', () => {
	assert.equal(ask('cuda>=12.8', {class: null}), 'unknown');
	assert.equal(ask('brand=tesla', {class: null}), 'unknown');
	assert.equal(ask('cuda>=12.0 brand=tesla', {...r550, class: null}), 'accepted');
	assert.equal(ask('arch>=8.0', {...r550, arch: [7, 5], class: null}), 'refused');
	assert.equal(ask('arch>=8.0', {...r550, arch: [8, 6], class: null}), 'accepted');
});

test('the list of nvidia/cuda 12.6 names no GeForce, that of 12.4 does', () => {
	const r535 = {driver: [535, 104, 5], cuda: [12, 2]};
	assert.equal(ask(requirementOf('12.4') ?? '', {...r535, class: 'geforce'}), 'accepted');
	assert.equal(ask(requirementOf('12.6') ?? '', {...r535, class: 'geforce'}), 'refused');
	assert.equal(ask(requirementOf('12.6') ?? '', {...r535, class: 'workstation'}), 'accepted');
});

test('what is not understood is undefined as a whole', () => {
	for (const text of [
		'',
		'  ',
		'banana',
		'cuda',
		'cuda>=',
		'cuda>=x',
		'brand>=tesla',
		'cuda>=12.8,',
		'cuda>=12.8 banana',
		'a'.repeat(30_000),
	]) {
		assert.equal(parseRequirement(text), undefined, text.slice(0, 40));
	}

	assert.ok(parseRequirement('"cuda>=9.0"'));
});

test('any text at all is parsed or refused without a throw', () => {
	fc.assert(
		fc.property(fc.oneof(fc.string({unit: 'binary'}), fc.stringMatching(/^[a-z=<>!, .\d]{0,80}$/)), (text) => {
			const requirement = parseRequirement(text);
			if (requirement) {
				checkRequirement(requirement, {...r550, class: 'geforce'});
			}
		}),
	);
});

test("NVIDIA's own lists accept each driver that has their CUDA, on every card", () => {
	const releases = cuda.requireCuda.releases.map(({cuda: release}) => release);
	assert.ok(releases.length > 0);
	for (const release of releases) {
		const version = parseVersion(release) ?? [];
		const [major = 0, minor = 0] = version;
		for (const newer of [version, [major, minor + 1], [major + 1, 0]]) {
			for (const gpuClass of ['geforce', 'titan', 'workstation', 'datacentre', 'jetson', null] as const) {
				const facts = {driver: undefined, cuda: newer, class: gpuClass};
				assert.equal(ask(requirementOf(release) ?? '', facts), 'accepted', `${release} with CUDA ${newer}`);
			}
		}
	}
});

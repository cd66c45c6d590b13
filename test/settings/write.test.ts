import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {allSettings} from '../../source/settings/describe.ts';
import {toSettings} from '../../source/settings/merge.ts';
import {readSettings} from '../../source/settings/read.ts';
import type {Settings} from '../../source/settings/schema.ts';
import {writeProjectFile} from '../../source/settings/write.ts';

const source = {place: 'gpubox.yaml', shownAs: 'gpubox.yaml', base: '/project'} as const;

function readBack(text: string): Settings {
	const {settings, mistakes} = readSettings(text, source);
	assert.deepEqual(mistakes, [], text);
	return toSettings(settings);
}

/** A record of which any part may be missing, as long as it is not empty. */
function some<T extends Record<string, fc.Arbitrary<unknown>>>(model: T): fc.Arbitrary<Record<string, unknown>> {
	return fc.record(model, {requiredKeys: [], noNullPrototype: true}).filter((value) => Object.keys(value).length > 0);
}

const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
const list = (item: fc.Arbitrary<unknown>) => fc.uniqueArray(item, {minLength: 1, maxLength: 4});
// What one writes by hand would not hold these, an answer typed into a form may.
const line = fc.string({unit: 'grapheme', minLength: 1, maxLength: 30}).filter((text) => /\S/.test(text));

const settings = fc
	.record(
		{
			name,
			image: fc.constantFrom('pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime', 'registry.example:5000/team/train:3'),
			family: name,
			services: list(fc.constantFrom('jupyter', 'ssh')),
			gpus: fc.constantFrom('auto', 'none', 'all', '2', '1,', '0,2'),
			mounts: list(name.map((target) => `~/some data/#1:/${target}:ro`)),
			packages: some({
				pip: list(name.map((text) => `${text}>=1.10,<2 # 3`)),
				apt: list(name.map((text) => text.replaceAll('_', '.').replace(/-$/, ''))),
			}),
			postCreate: line,
			env: fc.dictionary(fc.stringMatching(/^[A-Z][A-Z_]{0,6}$/), line, {
				minKeys: 1,
				maxKeys: 4,
				noNullPrototype: true,
			}),
			secrets: list(fc.stringMatching(/^[A-Z][A-Z_]{0,6}$/)),
			limits: some({
				memory: fc.constantFrom('64g', '512MiB'),
				cpus: fc.integer({min: 1, max: 64}),
				shmSize: fc.constant('16g'),
				pids: fc.integer({min: 16, max: 99_999}),
			}),
			ports: some({jupyter: fc.integer({min: 1, max: 65_535}), ssh: fc.constant(2222)}),
			bind: fc.constantFrom('127.0.0.1', '0.0.0.0', '::1'),
			idle: some({warnAfter: fc.constant('2h'), stopAfter: fc.constant('1d12h')}),
			images: list(fc.constant({reference: 'registry.example/team/train:3', cuda: '12.10'})),
			ssh: some({keys: list(name.map((file) => `~/.ssh/${file}.pub`))}),
		},
		{requiredKeys: [], noNullPrototype: true},
	)
	.map((value) => value as Settings);

test('what is written reads back as what was answered', () => {
	fc.assert(
		fc.property(settings, (answers) => {
			assert.deepEqual(readBack(writeProjectFile(answers, {schemaAddress: './schema.json'})), answers);
		}),
	);
});

test('a value that ends in a blank of another kind keeps it', () => {
	assert.deepEqual(readBack(writeProjectFile({postCreate: '~\u2000'})), {postCreate: '~\u2000'});
});

test('with everything commented in, the file is still valid, and names every setting', () => {
	const text = writeProjectFile({});
	assert.deepEqual(readBack(text), {});
	const all = text.replace(/^# (?=( {2})?[a-zA-Z]+:( |$))/gm, '');
	const {settings: read, mistakes} = readSettings(all, source);
	assert.deepEqual(mistakes, [], all);
	const keys = new Set(read.map(({key}) => key.replace(/^env\..*/, 'env')));
	assert.deepEqual(
		allSettings().flatMap(({key, onlyPersonal}) => (keys.has(key) || key === '$schema' || onlyPersonal ? [] : [key])),
		[],
	);
});

test('the file of a small team', () => {
	const text = writeProjectFile({
		image: 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime',
		services: ['jupyter', 'ssh'],
		gpus: '2',
		limits: {memory: '64g'},
	});
	assert.equal(
		text.split('\n').slice(0, 18).join('\n'),
		`# The settings of this project's boxes. To start one: \`gpubox up\` in this folder or below it.
# To see the effective settings and their origin: \`gpubox config --show-origin\`.

# name: vision  # The project's name: boxes are called PERSON-NAME

# The image that boxes start from
image: pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime

# family: pytorch  # Without an image: choose only from this family (pytorch, ngc, jupyter …)

# The services of boxes
services:
  - jupyter
  - ssh

# auto (the least-used one), none, all, how many, or which ones
gpus: 2
`,
	);
	assert.match(text, /^limits:\n {2}# Memory\n {2}memory: 64g\n {2}# cpus: 8 {2}# CPUs\n/m);
});

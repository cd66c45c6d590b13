import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {Ajv2020} from 'ajv/dist/2020.js';
import {parse} from 'yaml';
import {allSettings, toJsonSchema} from '../../source/settings/describe.ts';
import {readSettings} from '../../source/settings/read.ts';
import {generated} from '../../tools/schema.ts';

const source = {place: 'gpubox.yaml', shownAs: 'gpubox.yaml', base: '/project'} as const;

test('what is made from the schema is up to date; `npm run schema` makes it', () => {
	for (const {path, content} of generated()) {
		const found = readFileSync(path, 'utf8');
		// The formatter may lay JSON out differently.
		const normal = (text: string) => (path.endsWith('.json') ? JSON.parse(text) : text);
		assert.deepEqual(normal(found), normal(content), path);
	}
});

const validate = new Ajv2020({strict: true, allowUnionTypes: true}).compile(toJsonSchema());

const files = [
	...allSettings().map(({key, example}) => {
		const path = key.split('.');
		return path
			.map((name, depth) => `${'  '.repeat(depth)}${name}:`)
			.join('\n')
			.concat(` ${example}`);
	}),
	'',
	'packages:\nlimits:\nenv:\n',
	'gpus: auto',
	'gpus: [0, GPU-11111111]',
	'gpus: H100',
	'gpus: -1',
	'gpus: []',
	'imge: a',
	'limits: {memry: 3g}',
	'limits: {memory: 32}',
	'limits: {memory: 68719476736}',
	'limits: {cpus: 0}',
	'limits: {pids: 1.5}',
	'services: jupyter',
	'services: [rdp]',
	'mounts: [/data]',
	'ports: {ssh: 70000}',
	'idle: {stopAfter: 6}',
	'env: {1ST: a}',
	'env: {A: {b: c}}',
	'env: {A: true, B: 1, C: text}',
	'secrets: [A=b]',
	'packages: {pip: [--index-url=x]}',
	'packages: {apt: ["a; b"]}',
	'build: {aptMirror: mirror.example}',
	'images: [{cuda: "12.8"}]',
	'image: [a]',
];

for (const text of files) {
	test(`editors and gpubox agree on: ${JSON.stringify(text)}`, () => {
		const accepted = readSettings(text, source).mistakes.length === 0;
		assert.equal(validate(parse(text) ?? {}), accepted, JSON.stringify(validate.errors));
	});
}

import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import fc from 'fast-check';
import {stringify} from 'yaml';
import {Failure} from '../../source/base/failure.ts';
import {makeRequest} from '../../source/box/plan/request.ts';
import {allSettings} from '../../source/settings/describe.ts';
import {defaults, merge, toSettings} from '../../source/settings/merge.ts';
import {readSettings} from '../../source/settings/read.ts';

// What people bring from docker, compose and devcontainer.json.

let base: string;
before(() => {
	base = mkdtempSync(join(tmpdir(), 'gpubox-elsewhere-'));
	mkdirSync(join(base, 'data'));
});
after(() => rmSync(base, {recursive: true}));

const result = (text: string) => readSettings(text, {place: 'gpubox.yaml', shownAs: 'gpubox.yaml', base});

describe('taken, because it means one thing', () => {
	for (const [text, expected] of [
		['gpus: all', {gpus: 'all'}],
		['gpus: device=3', {gpus: '3,'}],
		['gpus: "device=0,2"', {gpus: '0,2,'}],
		['gpus: \'"device=0,2"\'', {gpus: '0,2,'}],
		['gpus: "device=GPU-5a6b12cd"', {gpus: 'GPU-5a6b12cd,'}],
		['gpus: count=2', {gpus: '2'}],
		['gpus: count=-1', {gpus: 'all'}],
		['gpus: nvidia.com/gpu=all', {gpus: 'all'}],
		['gpus: "nvidia.com/gpu=0,nvidia.com/gpu=1"', {gpus: '0,1,'}],
		['gpus: [3]', {gpus: '3,'}],
		['gpus: [{driver: nvidia, count: 2, capabilities: [gpu]}]', {gpus: '2'}],
		['gpus: [{count: all}]', {gpus: 'all'}],
		['gpus: [{driver: nvidia, device_ids: ["0", "3"], capabilities: [[gpu]]}]', {gpus: '0,3,'}],
		['services: ssh', {services: ['ssh']}],
		['env: [A=1, "B=x=y", C=]', {env: {A: '1', B: 'x=y', C: ''}}],
		['mounts: ["type=bind,source=/data,target=/data"]', {mounts: ['/data:/data']}],
		['mounts: ["type=bind,src=/data,dst=/data,readonly"]', {mounts: ['/data:/data:ro']}],
		['mounts: ["source=./data,destination=/data,ro=true"]', {mounts: ['./data:/data:ro']}],
		['mounts: [{type: bind, source: ./data, target: /data}]', {mounts: ['./data:/data']}],
		['mounts: [{source: /data, target: /data, read_only: true}]', {mounts: ['/data:/data:ro']}],
		['mounts: [{type: bind, source: /data, target: /data, read_only: false}]', {mounts: ['/data:/data']}],
		// A folder of that name is beside the file.
		['mounts: ["data:/data"]', {mounts: ['data:/data']}],
	] as const) {
		test(text, () => {
			const {settings, mistakes} = result(text);
			assert.deepEqual(mistakes, []);
			assert.deepEqual(toSettings(settings), expected);
		});
	}
});

describe('told, with what to write', () => {
	for (const [text, place, message, hint] of [
		['mounts:\n  - $HOME/data:/data', '2:5', /Variables such as \$HOME are not filled in/, /^Write ~\/data:\/data$/],
		[`mounts: ["\${HOME}/data:/data:ro"]`, '1:10', /\$\{HOME\}/, /^Write ~\/data:\/data:ro$/],
		[`mounts: ["\${localWorkspaceFolder}/data:/data"]`, '1:10', /not filled in/, /^Write \.\/data:\/data$/],
		['mounts: ["$PWD:/data"]', '1:10', /not filled in/, /^Write \.:\/data$/],
		['mounts: ["$DATA/x:/data"]', '1:10', /\$DATA/, /absolute, from this folder .* or from your home/],
		[`mounts: ["source=\${localEnv:HOME}/x,target=/x,type=bind"]`, '1:10', /localEnv:HOME/, /^Write ~\/x:\/x$/],
		['mounts:\n  - ./data:/data:ro,z', '2:5', /option z/, /^Leave it out: \.\/data:\/data:ro$/],
		['mounts: ["./data:/data:cached"]', '1:10', /option cached/, /^Leave it out: \.\/data:\/data$/],
		['mounts: ["./data:/data:Z,rw"]', '1:10', /option Z/, /^Leave it out: \.\/data:\/data$/],
		['mounts:\n  - hf-cache:/cache', '2:5', /named volume/, /write \.\/hf-cache:\/cache/],
		['mounts: [{type: volume, source: hf-cache, target: /cache}]', '1:10', /not a volume/, /folder: \.\/data:\/data/],
		['mounts: ["type=volume,source=hf,target=/x"]', '1:10', /not a volume/, /folder: \.\/data:\/data/],
		[
			'mounts: ["type=bind,source=/a,target=/b,bind-propagation=rslave"]',
			'1:10',
			/part that gpubox does not/,
			/SRC:DST/,
		],
		['mounts: [{type: tmpfs, target: /x}]', '1:10', /not a tmpfs/, /folder/],
		['mounts: [{source: /a, target: /b, consistency: cached}]', '1:10', /a part that gpubox does not have/, /SRC:DST/],
		[
			'ports: ["8888:8888"]',
			'1:8',
			/ports must be a section with jupyter, ssh, not a list/,
			/ports: \{jupyter: 8888\}/,
		],
		['ports: ["127.0.0.1:8899:8888", 2222:22]', '1:8', /section/, /ports: \{jupyter: 8899, ssh: 2222\}/],
		['ports: ["6006:6006"]', '1:8', /section/, /Only Jupyter and SSH have ports/],
		['ports: []', '1:8', /an empty list/, /Only Jupyter/],
		['ssh: []', '1:6', /ssh must be a section with keys, not an empty list/, /services: \[jupyter, ssh\]/],
		['packages: [einops]', '1:11', /packages must be a section with pip, apt/, /packages: \{pip:/],
		['limits: []', '1:9', /limits must be a section/, /limits: \{memory/],
		['idle: [6h]', '1:7', /idle must be a section/, /stopAfter/],
		['build: .', '1:8', /build must be a section/, /not built from a Dockerfile/],
		['volumes: [./data:/data]', '1:1', /Unknown setting "volumes"/, /as mounts/],
		['environment: [A=1]', '1:1', /Unknown setting "environment"/, /as env/],
		['shm_size: 16gb', '1:1', /Unknown setting/, /limits: \{shmSize: 16g\}/],
		['python: 3.11', '1:1', /Unknown setting/, /gpubox images; .* family/],
		['requirements: requirements.txt', '1:1', /Unknown setting/, /postCreate: pip install -r requirements\.txt/],
		['dependencies: [numpy]', '1:1', /Unknown setting/, /packages: \{pip: \[einops\]/],
		['mem_limit: 64g', '1:1', /Unknown setting/, /limits: \{memory: 64g\}/],
		['deploy: {resources: {}}', '1:1', /Unknown setting/, /gpus: 2/],
		['runtime: nvidia', '1:1', /Unknown setting/, /gpus: all/],
		['forwardPorts: [8888]', '1:1', /Unknown setting/, /ports: \{jupyter/],
		['postCreateCommand: make', '1:1', /Unknown setting/, /as postCreate/],
		['privileged: true', '1:1', /Unknown setting/, /Remove the line/],
		['services: {train: {image: a}}', '1:11', /services must be a list/, /stands at the top/],
		['gpus: [{driver: amd, count: 1}]', '1:7', /gpus must be/, /gpus: all/],
		['gpus: {count: 1}', '1:7', /gpus must be/, /gpus: 2/],
		[
			`env: {CACHE: "\${HOME}/cache"}`,
			'1:14',
			/env\.CACHE: Variables such as \$\{HOME\} are not filled in/,
			/value itself/,
		],
		['env: {CACHE: $HOME/cache}', '1:14', /\$HOME/, /--env "CACHE=…"/],
		['env: ["A"]', '1:6', /env must be a section of lines/, /--env NAME/],
		['secrets: {token: {file: ./t}}', '1:10', /secrets must be a list/, /names alone/],
		['postCreate: [pip, install]', '1:13', /postCreate must be/, /one text/],
	] as const) {
		test(text, () => {
			const {settings, mistakes} = result(text);
			assert.deepEqual(settings, []);
			assert.equal(mistakes.length, 1, JSON.stringify(mistakes));
			const [mistake] = mistakes;
			assert.equal(`${mistake?.line}:${mistake?.column}`, place);
			assert.match(mistake?.message ?? '', message);
			assert.match(mistake?.hint ?? '', hint);
		});
	}

	test('a dollar sign that names no variable is a dollar sign', () => {
		const text = "env: {PRICE: 'costs $5', PATTERN: '^a$', REF: '$ref', PS: '$ '}";
		assert.deepEqual(result(text).mistakes, []);
	});
});

const sectionNames = [...new Set(allSettings().map(({key}) => key.split('.')[0] ?? key))];
const key = fc.oneof(
	fc.constantFrom(...sectionNames, ...allSettings().map(({key: name}) => name.split('.').at(-1) ?? name)),
	fc.string(),
);
const words = fc.constantFrom(
	'all',
	'device=0',
	'$HOME/a:/b',
	'a:/b',
	'./a:/b:ro,z',
	'type=bind,source=/a,target=/b',
	'8888:8888',
	'A=1',
	'keys',
	'length',
	'__proto__',
	'constructor',
	`\${X}`,
	'-1',
	'\u001B[31m',
);
const anything = fc.letrec((tie) => ({
	value: fc.oneof(
		{maxDepth: 4},
		fc.oneof(words, fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
		fc.array(tie('value'), {maxLength: 3}),
		fc.dictionary(fc.oneof(words, fc.string(), key), tie('value'), {maxKeys: 3}),
	),
})).value;

test('whatever stands at whatever key is taken, or refused with its line, and never a bug of gpubox', () => {
	fc.assert(
		fc.property(fc.dictionary(key, anything, {maxKeys: 4}), (value) => {
			const text = stringify(value);
			for (const place of ['gpubox.yaml', 'personal'] as const) {
				const {settings, mistakes} = readSettings(text, {place, shownAs: place, base});
				for (const {line, column, message, hint} of mistakes) {
					assert.ok(line >= 1 && column >= 1);
					assert.doesNotMatch(
						`${message} ${hint}`,
						/native code|Invalid key|Expected |\[object|undefined|bug in gpubox|\u001B/,
					);
				}

				if (mistakes.length === 0) {
					assertRequest(settings);
				}
			}
		}),
		{numRuns: 400},
	);
});

test('each key with each value alone', () => {
	const values = [
		'x',
		'',
		7,
		-1,
		1.5,
		true,
		null,
		[],
		[[]],
		['x'],
		[null],
		[{}],
		{},
		{x: 'y'},
		{length: 1},
		{keys: 'x'},
		{0: 'x'},
	];
	for (const name of sectionNames) {
		for (const value of values) {
			const {settings, mistakes} = result(stringify({[name]: value}));
			for (const {message} of mistakes) {
				assert.doesNotMatch(message, /native code|Invalid key|\[object|undefined/, `${name}: ${JSON.stringify(value)}`);
			}

			if (mistakes.length === 0) {
				assertRequest(settings);
			}
		}
	}
});

/** What was taken makes a request, or is refused in words. */
function assertRequest(settings: ReturnType<typeof readSettings>['settings']): void {
	const winners = merge([settings, defaults]);
	try {
		makeRequest({}, {project: base, winners, settings: toSettings(winners)});
	} catch (error) {
		assert.ok(error instanceof Failure, String(error));
		assert.equal(error.exitCode, 2);
	}
}

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {toSettings} from '../../source/settings/merge.ts';
import {readSettings} from '../../source/settings/read.ts';

const team = {place: 'gpubox.yaml', shownAs: 'gpubox.yaml', base: '/project'} as const;
const personal = {place: 'personal', shownAs: '~/config.json', base: '/home/alice'} as const;

/** Everything wrong with a text, as a person reads it. */
function complaints(text: string, source: typeof team | typeof personal = team): string[] {
	return readSettings(text, source).mistakes.map(({line, column, message, hint}) =>
		[`${line}:${column}: ${message}`, hint].filter(Boolean).join(' '),
	);
}

function read(text: string, source: typeof team | typeof personal = team) {
	const {settings, mistakes} = readSettings(text, source);
	assert.deepEqual(mistakes, []);
	return toSettings(settings);
}

const gpusTakes = 'auto, none, all, how many (2), or a list of indexes or UUIDs such as [0, 2]';
const imageTakes = 'an image such as pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime';

const broken: Array<[name: string, text: string, complaints: string[]]> = [
	// What is no YAML.
	[
		'a list that does not end',
		'services: [jupyter\n',
		['2:1: Flow sequence in block collection must be sufficiently indented and end with a ].'],
	],
	['a tab', '\timage: x', ['1:1: Tabs are not allowed as indentation.']],
	['a key twice', 'image: a\ngpus: 1\nimage: b\n', ['3:1: This is set twice. Remove one of the two.']],
	['an alias to nothing', 'image: *base\n', ['1:1: Unresolved alias (the anchor must be set before the alias): base.']],
	// What is no gpubox.yaml.
	['a list', '- jupyter\n', ['1:1: gpubox.yaml must contain settings such as "gpus: 2", not a list.']],
	['a word', 'jupyter\n', ['1:1: gpubox.yaml must contain settings such as "gpus: 2", not "jupyter".']],
	// Keys that do not exist.
	['a typo', 'imge: a\n', ['1:1: Unknown setting "imge". Did you mean "image"?']],
	[
		'a typo in a section',
		'limits:\n  memry: 3g\n',
		['2:3: Unknown setting "limits.memry". Did you mean "limits.memory"?'],
	],
	['a key without its section', 'memory: 32g\n', ['1:1: Unknown setting "memory". Did you mean "limits.memory"?']],
	['a typo without its section', 'memori: 32g\n', ['1:1: Unknown setting "memori". Did you mean "limits.memory"?']],
	[
		'a key in the wrong section',
		'limits:\n  warnAfter: 2h\n',
		['2:3: Unknown setting "limits.warnAfter". Did you mean "idle.warnAfter"?'],
	],
	['another case', 'postcreate: make\n', ['1:1: Unknown setting "postcreate". Did you mean "postCreate"?']],
	['a key of another world', 'ssh:\n  xylophone: 1\n', ['2:3: Unknown setting "ssh.xylophone". Known settings: keys']],
	['a key that every object has', 'constructor: 1\n', ['1:1: Unknown setting "constructor".']],
	['control sequences in a key', '"\\e[31mred": 1\n', ['1:1: Unknown setting "red".']],
	// Values of the wrong kind.
	['nothing', 'image:\n', [`1:7: image must be ${imageTakes}, not nothing.`]],
	['a list for a value', 'image: [a]\n', [`1:8: image must be ${imageTakes}, not a list.`]],
	['a flag for an image', 'image: --privileged\n', [`1:8: image must be ${imageTakes}, not "--privileged".`]],
	[
		'a value for a list',
		'secrets: HF_TOKEN\n',
		[
			'1:10: secrets must be a list, each item the name of a variable such as WANDB_API_KEY, not "HF_TOKEN". Write the names alone, secrets: [HF_TOKEN]; each user passes the values: gpubox up --secret HF_TOKEN=FILE',
		],
	],
	[
		'an empty choice',
		'services: []\n',
		['1:11: services must be a list, each item jupyter or ssh, not an empty list.'],
	],
	['a service there is not', 'services: [jupyter, rdp]\n', ['1:21: services[1] must be jupyter or ssh, not "rdp".']],
	[
		'a value for a section',
		'limits: 32g\n',
		['1:9: limits must be a section with memory, cpus, shmSize, pids, not "32g". Write limits: {memory: 64g, cpus: 8}'],
	],
	['GPUs by name', 'gpus: H100\n', [`1:7: gpus must be ${gpusTakes}, not "H100".`]],
	['GPUs, half wrong', 'gpus: [0, first]\n', [`1:7: gpus must be ${gpusTakes}, not a list.`]],
	['minus one GPU', 'gpus: -1\n', [`1:7: gpus must be ${gpusTakes}, not -1.`]],
	['a size without a unit', 'limits:\n  memory: 32\n', ['2:11: limits.memory must be a size such as 16g, not 32.']],
	[
		'a size in words',
		'limits: {shmSize: plenty}\n',
		['1:19: limits.shmSize must be a size such as 16g, not "plenty".'],
	],
	['no CPUs', 'limits: {cpus: 0}\n', ['1:16: limits.cpus must be a number of CPUs such as 8 or 2.5, not 0.']],
	['a port too high', 'ports:\n  ssh: 70000\n', ['2:8: ports.ssh must be a port from 1 to 65535, not 70000.']],
	['half a port', 'ports:\n  ssh: 22.5\n', ['2:8: ports.ssh must be a port from 1 to 65535, not 22.5.']],
	[
		'a host for an address',
		'bind: workstation\n',
		['1:7: bind must be an IP address such as 127.0.0.1, not "workstation".'],
	],
	[
		'a number for a time',
		'idle:\n  stopAfter: 6\n',
		['2:14: idle.stopAfter must be a time such as 30m, 6h or 2d, not 6.'],
	],
	[
		'a mount without a target',
		'mounts:\n  - /data\n',
		['2:5: mounts[0] must be a mount such as /data/imagenet:/data:ro, not "/data".'],
	],
	[
		'an option of pip',
		'packages:\n  pip:\n    - einops\n    - --index-url=https://evil.example\n',
		[
			'4:7: packages.pip[1] must be a package in pip syntax, such as einops>=0.8, not "--index-url=https://evil.example".',
		],
	],
	[
		'a command among packages',
		'packages: {apt: ["ffmpeg; reboot"]}\n',
		['1:18: packages.apt[0] must be a package of the distribution such as ffmpeg, not "ffmpeg; reboot".'],
	],
	['a variable of a bad name', 'env:\n  1ST: a\n', ['2:3: env: "1ST" is not a valid name for a variable.']],
	[
		'a variable with a section',
		'env:\n  A: {b: c}\n',
		['2:6: env.A must be text, a number, true or false, not a section.'],
	],
	[
		'a secret with its value',
		'secrets: ["TOKEN=abc"]\n',
		['1:11: secrets[0] must be the name of a variable such as WANDB_API_KEY, not a value.'],
	],
	[
		'a mirror without a scheme',
		'build:\n  aptMirror: mirror.example\n',
		[
			'2:3: "build.aptMirror" cannot be set in a project. Each user sets it: gpubox config build.aptMirror https://mirror.example',
		],
	],
	[
		'an image without a reference',
		'images:\n  - cuda: "12.8"\n',
		[
			'2:5: images[0] must be an image with a reference, such as {reference: registry.example/team/train:3, cuda: "12.8"}, not a section.',
		],
	],
	[
		'control sequences in a value',
		'name: "a\\e]0;owned\\ab c"\n',
		['1:7: name must be a short name of letters, digits, ".", "_" and "-", not "ab c".'],
	],
	// Several at once, in the order they stand there.
	[
		'five mistakes',
		'gpus: many\nimge: a\nlimits:\n  memory: 1\n  cpu: 2\nmounts: [a]\n',
		[
			`1:7: gpus must be ${gpusTakes}, not "many".`,
			'2:1: Unknown setting "imge". Did you mean "image"?',
			'4:11: limits.memory must be a size such as 16g, not 1.',
			'5:3: Unknown setting "limits.cpu". Did you mean "limits.cpus"?',
			'6:10: mounts[0] must be a mount such as /data/imagenet:/data:ro, not "a".',
		],
	],
];

for (const [name, text, expected] of broken) {
	test(`a broken file: ${name}`, () => {
		// A list of everything there is would change with every new setting.
		const short = complaints(text).map((complaint) =>
			complaint.replace(/ Known settings: image.*| Known settings: \$schema.*/, ''),
		);
		assert.deepEqual(short, expected);
	});
}

test('aliases that multiply are refused and do not fill the memory', () => {
	const levels = Array.from(
		{length: 12},
		(_, level) => `k${level}: &l${level} [${level === 0 ? 'x' : Array(9).fill(`*l${level - 1}`)}]`,
	);
	assert.deepEqual(complaints(levels.join('\n')), [
		'1:1: Excessive alias count indicates a resource exhaustion attack.',
	]);
});

test('everything there is can be said', () => {
	const text = `
# yaml-language-server: $schema=./gpubox.schema.json
$schema: ./gpubox.schema.json
name: vision
image: pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime@sha256:${'0'.repeat(64)}
family: pytorch
services: [ssh, jupyter]
gpus: [0, GPU-11111111-1111-4111-8111-111111111111]
mounts: ["~/data:/data", "./sub:/sub:ro"]
packages: {pip: ["einops>=0.8", "git+https://git.example/x.git@v1"], apt: [ffmpeg, "git=1:2.39"]}
postCreate: |
  pip install -e .
  echo done
env: {SEED: 42, DEBUG: true, VERSION: 1.10, ZIP: 007, EMPTY: ""}
secrets: [WANDB_API_KEY]
limits: {memory: 64g, cpus: 2.5, shmSize: 16GiB, pids: 4096}
ports: {jupyter: 8888, ssh: 2222}
bind: "::1"
idle: {warnAfter: 90m, stopAfter: 1d12h}
images: [{reference: "registry.example:5000/team/train:3", cuda: 13.0}]
ssh: {keys: [~/.ssh/id_ed25519.pub]}
`;
	assert.deepEqual(read(text), {
		name: 'vision',
		image: `pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime@sha256:${'0'.repeat(64)}`,
		family: 'pytorch',
		services: ['ssh', 'jupyter'],
		gpus: '0,GPU-11111111-1111-4111-8111-111111111111',
		mounts: ['~/data:/data', './sub:/sub:ro'],
		packages: {pip: ['einops>=0.8', 'git+https://git.example/x.git@v1'], apt: ['ffmpeg', 'git=1:2.39']},
		postCreate: 'pip install -e .\necho done\n',
		env: {SEED: '42', DEBUG: 'true', VERSION: '1.10', ZIP: '007', EMPTY: ''},
		secrets: ['WANDB_API_KEY'],
		limits: {memory: '64g', cpus: 2.5, shmSize: '16GiB', pids: 4096},
		ports: {jupyter: 8888, ssh: 2222},
		bind: '::1',
		idle: {warnAfter: '90m', stopAfter: '1d12h'},
		images: [{reference: 'registry.example:5000/team/train:3', cuda: '13.0'}],
		ssh: {keys: ['~/.ssh/id_ed25519.pub']},
	});
});

test('a single card in a list is that card, a number alone is how many', () => {
	assert.deepEqual(read('gpus: [1]'), {gpus: '1,'});
	assert.deepEqual(read('gpus: 1'), {gpus: '1'});
	assert.deepEqual(read('gpus: "[3]"'), {gpus: '3,'});
	assert.deepEqual(read('gpus: device=3'), {gpus: '3,'});
	assert.deepEqual(read('gpus: device=0,2'), {gpus: '0,2,'});
});

test('an empty file, and sections whose lines are all commented out, set nothing', () => {
	assert.deepEqual(read(''), {});
	assert.deepEqual(read('packages:\n  pip:\n#    - einops\nlimits:\nenv:\nmounts:\n'), {});
});

test('every value knows its line', () => {
	const {settings} = readSettings('gpus: 1\nmounts:\n  - ./a:/a\n  - ./b:/b\nenv:\n  SEED: 1\n  HOST: x\n', team);
	assert.deepEqual(
		settings.map(({key, origin}) => [key, origin.where]),
		[
			['gpus', 'gpubox.yaml:1'],
			['mounts', 'gpubox.yaml:3'],
			['mounts', 'gpubox.yaml:4'],
			['env.SEED', 'gpubox.yaml:6'],
			['env.HOST', 'gpubox.yaml:7'],
		],
	);
});

test('the personal config may hold what is typed as text, and the keys it had before', () => {
	const text = '{\n\t"memory": "32g",\n\t"cpus": "8",\n\t"limits": {"pids": "4096"}\n}\n';
	assert.deepEqual(read(text, personal), {limits: {memory: '32g', cpus: 8, pids: 4096}});
	assert.deepEqual(
		readSettings(text, personal).settings.map(({key, origin}) => `${key} ${origin.where}`),
		['limits.memory ~/config.json:2', 'limits.cpus ~/config.json:3', 'limits.pids ~/config.json:4'],
	);
});

test('the personal config holds nothing of a project', () => {
	assert.deepEqual(complaints('{"name": "vision",\n"packages": {"pip": ["einops"]}}', personal), [
		'1:2: "name" is a project setting. Set it in gpubox.yaml.',
		'2:14: "packages.pip" is a project setting. Set it in gpubox.yaml.',
	]);
});

test('what boxes are built from may be said by a person alone, and by https', () => {
	const build = {
		pipIndexUrl: 'https://pypi.example/simple',
		aptMirror: 'https://apt.example',
		registryMirror: 'mirror.example:5000',
	};
	assert.deepEqual(toSettings(readSettings(JSON.stringify({build}), personal).settings), {build});
	for (const aptMirror of [
		'http://apt.example',
		'https://alice:secret@apt.example',
		'https://mirror.example/;touch /x|e;#',
		'https://mirror.example/|e',
		'https://mirror.example/&',
		'https://mirror.example/\\n',
		'https://mirror.example/\ne id',
		"https://mirror.example/'",
	]) {
		const {mistakes} = readSettings(JSON.stringify({build: {aptMirror}}), personal);
		assert.match(mistakes[0]?.message ?? '', /^build\.aptMirror must be a URL that starts with https:\/\//, aptMirror);
	}
});

test('packages hold nothing that ends a line for pip, does not show, or stands for something else', () => {
	const bad = [
		'\v',
		'\f',
		'\x1c',
		'\x1d',
		'\x1e',
		'\x85',
		'\u2028',
		'\u2029',
		'\u202e',
		'\u200b',
		'\x1b[31m',
		'\t',
		'$' + '{HTTP_PROXY}',
		'\\',
	];
	for (const character of bad) {
		const pip = JSON.stringify({packages: {pip: [`einops${character}--index-url http://x`]}});
		assert.equal(readSettings(pip, team).mistakes.length, 1, JSON.stringify(character));
		const apt = JSON.stringify({packages: {apt: [`ffmpeg${character}x`]}});
		assert.equal(readSettings(apt, team).mistakes.length, 1, JSON.stringify(character));
	}

	assert.equal(readSettings('packages: {apt: [openssh-server-]}', team).mistakes.length, 1);
	assert.deepEqual(
		readSettings('packages: {apt: [g++, ffmpeg, git=1:2.39-1], pip: ["einops>=0.8,<1"]}', team).mistakes,
		[],
	);
});

test('names that are lists are told, and Node warns of none', async () => {
	const warnings: string[] = [];
	const listen = (warning: Error) => warnings.push(warning.message);
	process.on('warning', listen);
	assert.deepEqual(
		readSettings('gpus: 1\n? [a, b]\n: 1\n', team).mistakes.map(({line, message}) => [line, message]),
		[[2, 'A name here must be plain text.']],
	);
	await new Promise((done) => setImmediate(done));
	process.off('warning', listen);
	assert.deepEqual(warnings, []);
});

test('a former key beside a section that is none, or is empty, breaks nothing', () => {
	const read = (text: string) => readSettings(text, {place: 'personal', shownAs: 'config.json', base: '/'});
	const {settings, mistakes} = read('{"cpus": 4, "limits": null}');
	assert.deepEqual(mistakes, []);
	assert.deepEqual(
		settings.map(({key, value}) => [key, value]),
		[['limits.cpus', 4]],
	);
	for (const limits of ['[]', '5', '"x"']) {
		assert.equal(read(`{"cpus": 4, "limits": ${limits}}`).mistakes.length, 1, limits);
	}
});

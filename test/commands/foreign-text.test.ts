import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer, type RequestListener} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {makeSmiScript} from '../_helpers/nvidia-smi.ts';

// The built program among an engine, a driver and a project whose texts are all hostile: nothing of that reaches the terminal.

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** What no verb may print, wherever it prints it: controls but line breaks and tabs, marks of direction, what takes no room. */
const forbidden =
	/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u2028-\u202E\u2066-\u2069]|(?!\uFE0F)\p{Default_Ignorable_Code_Point}/u;

const payload =
	'\u001B]0;owned\u0007\u001B[2J\u009B31m\u0085\u007F\u061C\u200B\u200D\u202E\u2066\uFEFF\u{E0041}\u00AD\uFE01';

/** A text that says where it came from, should it get through. */
const hostile = (name: string) => `${name}${payload}${name}`;

const id = (digit: string) => digit.repeat(64);
const labels = Object.fromEntries(
	'owner user project folder services gpus share secrets bind limits image until spec version note'
		.split(' ')
		.map((name) => [`gpubox.${name}`, hostile(name)]),
);
const row = (digit: string, more: Record<string, string>) => ({
	Id: id(digit),
	Names: [`/gpubox-box${digit}`],
	Image: hostile('image'),
	ImageID: `sha256:${id('e')}`,
	State: 'exited',
	Status: hostile('status'),
	Created: 1_700_000_000,
	Labels: {...labels, 'gpubox.name': `box${digit}`, ...more},
	Ports: [{PrivatePort: 8888, PublicPort: 1234, IP: hostile('ip'), Type: 'tcp'}],
	Mounts: [{Type: 'bind', Source: hostile('source')}],
});
const rows = [
	row('a', {}),
	row('b', {'gpubox.kind': 'run'}),
	{...row('c', {}), State: 'running', Names: [`/${hostile('other')}`]},
];
const detail = {
	Id: id('a'),
	Name: '/gpubox-boxa',
	Created: '2026-01-31T09:00:00Z',
	Image: `sha256:${id('e')}`,
	State: {Status: 'exited', ExitCode: 1, Error: hostile('error'), StartedAt: '2026-01-31T09:00:00Z'},
	Config: {Image: hostile('image'), Labels: rows[0]?.Labels, Env: [hostile('A=b')], Tty: false},
	HostConfig: {PortBindings: {}},
	Mounts: [{Type: 'bind', Source: hostile('mount'), Destination: hostile('target'), RW: true}],
};
const image = {
	Id: `sha256:${id('e')}`,
	RepoTags: [hostile('tag:1'), 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime'],
	RepoDigests: [hostile('digest')],
	Architecture: hostile('arch'),
	Os: hostile('os'),
	Size: 1,
	Config: {
		Labels: {maintainer: hostile('maintainer'), 'org.opencontainers.image.version': hostile('version')},
		Env: [
			`CUDA_VERSION=${hostile('cuda')}`,
			`PYTORCH_VERSION=${hostile('torch')}`,
			`NVIDIA_REQUIRE_CUDA=${hostile('require')}`,
		],
		Cmd: [hostile('command')],
		ExposedPorts: {},
		User: hostile('user'),
	},
};
const info = {
	ServerVersion: `27.0${hostile('server')}`,
	Architecture: hostile('architecture'),
	DockerRootDir: `/${hostile('root')}`,
	NCPU: 1,
	MemTotal: 1,
	Name: hostile('engine'),
	KernelVersion: hostile('kernel'),
	Runtimes: {[hostile('runtime')]: {}, nvidia: {}},
	SecurityOptions: [hostile('option')],
	DefaultRuntime: hostile('default'),
	LoggingDriver: hostile('logging'),
	CgroupVersion: hostile('cgroup'),
	HttpProxy: hostile('proxy'),
};

const frame = (stream: number, text: string) => {
	const head = Buffer.alloc(8);
	head[0] = stream;
	head.writeUInt32BE(Buffer.byteLength(text), 4);
	return Buffer.concat([head, Buffer.from(text)]);
};

const answer: RequestListener = ({url = ''}, response) => {
	const path = url.replace(/^\/v[\d.]+/, '').replace(/\?.*/, '');
	response.setHeader('Api-Version', '1.45');
	response.setHeader('Server', `Docker/27.0 ${encodeURIComponent(hostile('header'))}`);
	const json = (value: unknown, status = 200) => {
		response.writeHead(status, {'Content-Type': 'application/json'}).end(JSON.stringify(value));
	};
	if (path === '/_ping') {
		response.end('OK');
	} else if (path.endsWith('/logs')) {
		response.writeHead(200, {'Content-Type': 'application/vnd.docker.raw-stream'});
		response.end(
			Buffer.concat([
				frame(1, `2026-01-31T09:00:00.1Z ${hostile('line')}\r50%\rend\n`),
				frame(2, `2026-01-31T09:00:00.2Z ${hostile('error line')}\n`),
			]),
		);
	} else if (path.endsWith('/top')) {
		json({Titles: [hostile('PID')], Processes: [[hostile('1')]]});
	} else {
		const known: Record<string, unknown> = {
			'/info': info,
			'/version': {
				Version: hostile('version'),
				ApiVersion: '1.45',
				Components: [{Name: hostile('part'), Version: hostile('of')}],
			},
			'/containers/json': rows,
			'/images/json': [{...image, Created: 1_700_000_000, Labels: image.Config.Labels}],
			'/system/df': {Images: [], Containers: [], BuildCache: []},
		};
		const found =
			known[path] ??
			(/^\/containers\/[^/]+\/json$/.test(path) ? detail : /^\/images\/.+\/json$/.test(path) ? image : undefined);
		json(found ?? {message: hostile(`no ${path}`)}, found === undefined ? 500 : 200);
	}
};

const verbs: string[][] = [
	[],
	['ls'],
	['ls', '--json'],
	['gpus'],
	['gpus', '--json'],
	['images', '--all'],
	['images', hostile('word')],
	['disk'],
	['hosts'],
	['doctor'],
	['logs', 'boxa'],
	['logs', 'boxa', '--json'],
	['logs', hostile('box')],
	['ssh', 'boxa'],
	['stop', 'boxa'],
	['rm', 'boxa'],
	['reap', '--dry-run', '--grace', '1h'],
	['config', '--show-origin'],
	['config', '--show-origin', '--json'],
	['config'],
	['config', '--json'],
	['trust'],
	['trust', '--json'],
	['verify'],
	['verify', '--json'],
	[
		'up',
		'--dry-run',
		'--sudo',
		'--gpus',
		'none',
		'--image',
		'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime',
		'--env',
		`A=${hostile('given')}`,
	],
	['up', '--dry-run', '--image', hostile('image')],
	['up', '--dry-run', '--json', '--mount', hostile('mount')],
	['up', '--yes', '--gpus', hostile('0')],
	['run', '--dry-run', '--sudo', '--gpus', 'none', '--', 'echo', hostile('argument')],
	['run', '--on', hostile('place'), '--', 'x'],
	['pull', hostile('reference')],
	['lock'],
	['convert', 'notebook.ipynb', '--json'],
	['export', 'compose', '--json', '--', 'python', hostile('argument')],
	['--host', hostile('machine'), 'ls'],
	[hostile('verb')],
	['ls', `--${hostile('flag')}`],
];

describe('foreign text in what the verbs print', () => {
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-foreign-'));
	const socket = join(folder, 'docker.sock');
	const project = join(folder, `project ${hostile('folder')}`.replaceAll('/', ''));
	const server = createServer(answer);
	const gpu = [0, hostile('GPU-uuid'), hostile('name'), hostile('busid'), hostile('driver')].join(', ');
	const smi = makeSmiScript(
		`cat <<'END'\n${Array.from({length: 3}, () => gpu).join('\n')}\n${hostile('a line')}\nEND\necho '${hostile('complaint')}' >&2; exit 15`,
	);

	before(async () => {
		await new Promise<void>((resolve) => server.listen(socket, resolve));
		mkdirSync(project);
		mkdirSync(join(folder, 'home/.docker'), {recursive: true});
		mkdirSync(join(folder, 'home/.config/gpubox'), {recursive: true});
		writeFileSync(join(folder, 'home/.docker/config.json'), JSON.stringify({currentContext: hostile('context')}));
		writeFileSync(join(folder, 'home/.config/gpubox/config.json'), JSON.stringify({env: {X: hostile('value')}}));
		writeFileSync(
			join(project, 'notebook.ipynb'),
			JSON.stringify({
				nbformat: 4,
				nbformat_minor: 5,
				metadata: {},
				cells: [
					{
						cell_type: 'code',
						metadata: {},
						outputs: [],
						execution_count: 1,
						source: [`print("${hostile('cell')}")`, `%${hostile('magic')}`],
					},
				],
			}),
		);
		mkdirSync(join(folder, hostile('mount')));
	});
	after(() => {
		server.closeAllConnections();
		server.close();
		smi.remove();
		rmSync(folder, {recursive: true});
	});

	const run = (words: string[]) =>
		new Promise<string>((resolve, reject) => {
			const child = spawn(process.execPath, [cli, ...words.map((word) => word.replaceAll('\0', ''))], {
				cwd: project,
				stdio: ['ignore', 'pipe', 'pipe'],
				timeout: 60_000,
				env: {
					PATH: [smi.directory, process.env.PATH].join(':'),
					HOME: join(folder, 'home'),
					USER: 'alice',
					DOCKER_HOST: `unix://${socket}`,
					DOCKER_CONFIG: join(folder, 'home/.docker'),
					TERM: 'xterm-256color',
				},
			});
			let output = '';
			for (const stream of [child.stdout, child.stderr]) {
				stream.setEncoding('utf8').on('data', (text: string) => {
					output += text;
				});
			}

			child.once('error', reject);
			child.once('close', () => resolve(output));
		});

	const check = async (calls: string[][], yaml: string) => {
		writeFileSync(join(project, 'gpubox.yaml'), yaml);
		const found: string[] = [];
		const waiting = [...calls];
		const work = async () => {
			for (let words = waiting.shift(); words !== undefined; words = waiting.shift()) {
				const output = await run(words);
				const name = words[0] === undefined ? '(status report)' : words.map((word) => word.slice(0, 20)).join(' ');
				assert.notEqual(output, '', name);
				const line = output.split('\n').find((each) => forbidden.test(each));
				if (line !== undefined) {
					found.push(`${name}: ${JSON.stringify(line)}`);
				}
			}
		};
		await Promise.all([work(), work(), work()]);
		assert.deepEqual(found, []);
	};

	test('is nothing that controls the terminal, and nothing that is not seen', {timeout: 300_000}, async () => {
		await check(
			verbs,
			[
				'image: pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime',
				`env:\n  A: ${JSON.stringify(hostile('env'))}`,
				`mounts:\n  - ${JSON.stringify(`${join(folder, hostile('mount'))}:/data`)}`,
				`postCreate: ${JSON.stringify(hostile('post'))}\n`,
			].join('\n'),
		);
	});

	test('is no key of a gpubox.yaml, and nothing of a gpubox.lock', {timeout: 120_000}, async () => {
		const yaml = `${JSON.stringify(hostile('key'))}: 1\nenv: {${JSON.stringify(hostile('name'))}: 1}\n`;
		writeFileSync(join(project, 'gpubox.lock'), `version: 1\nimage: ${JSON.stringify(hostile('locked'))}\n`);
		await check([['verify', '--json']], 'env: {}\n');
		await check(
			[
				['config', '--show-origin'],
				['verify', '--json'],
				['images', '--all'],
			],
			yaml,
		);
	});
});

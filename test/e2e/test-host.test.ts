import assert from 'node:assert/strict';
import {once} from 'node:events';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {after, before, describe, test} from 'node:test';
import type Docker from 'dockerode';
import {pack} from 'tar-stream';
import {startEngine} from '../_helpers/test-host/engine.ts';
import {
	breakGpuDriver,
	buildImage,
	dockerOf,
	freePort,
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	startRegistry,
	testHost,
	waitUntil,
} from '../_helpers/test-host/index.ts';

// The rig itself: what the other end-to-end tests take for granted.

const host = testHost();
const docker = dockerOf(host);
const made: Docker.Container[] = [];
let person: Person;

before(async () => {
	person = await makePerson(host, 'tester', {known: true});
});

after(async () => {
	for (const container of made) {
		await container.remove({force: true, v: true});
	}

	await person.remove();
});

/** Creates a container that goes away at the end of this file. */
async function create(options: Docker.ContainerCreateOptions, engine = docker): Promise<Docker.Container> {
	const container = await engine.createContainer(options);
	if (engine === docker) {
		made.push(container);
	}

	return container;
}

/** Runs a command in a container to its end and gives what it printed. */
async function output(options: Docker.ContainerCreateOptions): Promise<string> {
	const container = await create({Tty: true, ...options});
	const stream = await container.attach({stream: true, stdout: true, stderr: true});
	let text = '';
	stream.setEncoding('utf8').on('data', (part: string) => {
		text += part;
	});
	const ended = once(stream, 'end');
	await container.start();
	await ended;
	return text.replaceAll('\r\n', '\n');
}

const gpuSelection = (...devices: string[]) => ({
	DeviceRequests: [{Driver: '', Count: 0, DeviceIDs: devices, Capabilities: [['gpu']], Options: {}}],
});

describe('GPUs of the engine', {skip: needsOwnEngine}, () => {
	const gpus = host.own?.gpus ?? [];
	const hookFolder = host.own?.hookFolder ?? '';
	const uuids = gpus.map(({uuid}) => uuid);

	test('a container sees the cards it was given and no other', async () => {
		const [, second = ''] = uuids;
		const seen = await output({
			Image: host.images.bare,
			Cmd: ['nvidia-smi', '--query-gpu=index,uuid', '--format=csv,noheader'],
			HostConfig: gpuSelection(second),
		});
		assert.equal(seen, `0, ${second}\n`);
	});

	test('two cards keep the order of the host', async () => {
		const seen = await output({
			Image: host.images.bare,
			Cmd: ['nvidia-smi', '-L'],
			HostConfig: gpuSelection(...uuids.toReversed()),
		});
		assert.equal(seen, gpus.map(({index, name, uuid}) => `GPU ${index}: ${name} (UUID: ${uuid})\n`).join(''));
	});

	test('a container that asks for none has no nvidia-smi, whatever its image says', async () => {
		assert.equal(
			await output({Image: host.images.bare, Cmd: ['sh', '-c', 'command -v nvidia-smi; echo $NVIDIA_VISIBLE_DEVICES']}),
			'all\n',
		);
	});

	test('an unknown card is refused in the words of the real hook', async () => {
		const container = await create({Image: host.images.bare, Cmd: ['true'], HostConfig: gpuSelection('GPU-none')});
		await assert.rejects(container.start(), /nvidia-container-cli: device error: GPU-none: unknown device/);
	});

	test('the driver can be broken, and mended again', async () => {
		const reason = 'initialization error: nvml error: driver/library version mismatch';
		const container = await create({Image: host.images.bare, Cmd: ['true'], HostConfig: gpuSelection(...uuids)});
		const broken = await breakGpuDriver(hookFolder, reason);
		try {
			await assert.rejects(container.start(), new RegExp(`nvidia-container-cli: ${reason}`));
		} finally {
			await broken.mend();
		}

		await container.start();
		assert.equal((await container.wait()).StatusCode, 0);
	});

	test('the person finds an nvidia-smi with the same cards', async () => {
		const {stdout} = await person.run('nvidia-smi', ['--query-gpu=uuid', '--format=csv,noheader']);
		assert.deepEqual(stdout.trim().split('\n'), uuids);
	});

	test('an engine without the hook refuses as one without the NVIDIA Container Toolkit does', async () => {
		const engine = await startEngine({
			dataFolder: join(host.folder, 'no-hook'),
			runFolder: join(host.own?.runFolder ?? '', 'no-hook'),
			groupId: host.gid,
		});
		try {
			const empty = pack();
			empty.finalize();
			const answer = await engine.docker.importImage(Readable.from(empty), {repo: 'empty', tag: 'latest'});
			await new Promise((resolve) => engine.docker.modem.followProgress(answer, resolve));
			const container = await create(
				{Image: 'empty', Cmd: ['none'], HostConfig: gpuSelection(...uuids)},
				engine.docker,
			);
			await assert.rejects(
				container.start(),
				/could not select device driver "" with capabilities: \[\[gpu\]\]|no known GPU vendor found/,
			);
		} finally {
			await engine.stop();
			await rm(join(host.folder, 'no-hook'), {recursive: true, force: true});
		}
	});
});

test('the person may use the socket, and is kept from the other one', {skip: needsOwnEngine}, async () => {
	const ask = `
		require('node:http').get({socketPath: process.argv[1], path: '/_ping'}, (answer) => answer.pipe(process.stdout))
			.on('error', (error) => console.log(error.code));`;
	const ping = async (address = '') =>
		(await person.run(host.program.node, ['-e', ask, address.replace('unix://', '')])).stdout.trim();
	assert.equal(await ping(host.address), 'OK');
	assert.equal(await ping(host.own?.rootOnlyAddress), 'EACCES');
});

test('the person writes to their own folders, as themselves', async () => {
	const {stdout, stderr, code} = await person.run('sh', [
		'-c',
		'touch "$HOME/a" b "$XDG_RUNTIME_DIR/c" && id -u && pwd',
	]);
	assert.deepEqual({stdout, stderr, code}, {stdout: `${host.uid}\n${person.project}\n`, stderr: '', code: 0});
});

test('a build reaches the packages of the distribution', async () => {
	const name = 'gpubox-test/derived:latest';
	await buildImage(docker, name, `FROM ${host.images.bare}\nRUN apt-get update -q && apt-get install -qy file\n`, {
		noCache: true,
	});
	assert.match(await output({Image: name, Cmd: ['file', '--version']}), /^file-\d/);
	await docker.getImage(name).remove({force: true});
});

test('Jupyter in the image answers', async () => {
	const port = await freePort();
	const container = await create({
		Image: host.images.jupyter,
		User: `${host.uid}:${host.gid}`,
		Env: ['HOME=/tmp'],
		Cmd: ['jupyter', 'server', '--ip=0.0.0.0', '--port=8888', '--no-browser', '--ServerApp.root_dir=/tmp'],
		ExposedPorts: {'8888/tcp': {}},
		HostConfig: {PortBindings: {'8888/tcp': [{HostIp: '127.0.0.1', HostPort: String(port)}]}},
	});
	await container.start();
	const answer = await waitUntil('Jupyter to answer', async () => {
		try {
			const response = await fetch(`http://127.0.0.1:${port}/api`);
			return response.ok && ((await response.json()) as {version: string});
		} catch {
			return false;
		}
	});
	assert.match(answer.version, /^\d+\.\d+/);
});

test('sshd in the image lets the person in', async () => {
	const port = await freePort();
	const keys = join(person.home, '.ssh');
	const passwd = join(keys, 'passwd');
	// Neither ssh nor sshd runs for someone without a name.
	const setUp = [
		`mkdir -m 700 ${keys}`,
		`echo tester:x:${host.uid}:${host.gid}::/tmp:/bin/sh >${passwd}`,
		...['host', 'person'].map((key) => `ssh-keygen -q -t ed25519 -N '' -f ${keys}/${key}`),
	];
	const made = await person.run('sh', ['-c', setUp.join(' && ')]);
	assert.equal(made.code, 0, made.stderr);
	const settings = ['PidFile=none', 'UsePAM=no', 'StrictModes=no', 'AuthorizedKeysFile=/keys/person.pub'];
	const container = await create({
		Image: host.images.jupyter,
		User: `${host.uid}:${host.gid}`,
		Cmd: [
			'/usr/sbin/sshd',
			'-D',
			'-e',
			'-f',
			'/dev/null',
			'-p',
			'2222',
			'-h',
			'/keys/host',
			...settings.flatMap((setting) => ['-o', setting]),
		],
		ExposedPorts: {'2222/tcp': {}},
		HostConfig: {
			Binds: [`${keys}:/keys:ro`, `${passwd}:/etc/passwd:ro`],
			PortBindings: {'2222/tcp': [{HostIp: '127.0.0.1', HostPort: String(port)}]},
		},
	});
	await container.start();
	const options = ['BatchMode=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'];
	// From a container of the host's network, because the person has no name on the host.
	const login = await create({
		Image: host.images.jupyter,
		User: `${host.uid}:${host.gid}`,
		Tty: true,
		Cmd: [
			'ssh',
			'-i',
			'/keys/person',
			'-p',
			String(port),
			...options.flatMap((option) => ['-o', option]),
			'tester@127.0.0.1',
			'id -un; id -u',
		],
		HostConfig: {NetworkMode: 'host', Binds: [`${keys}:/keys:ro`, `${passwd}:/etc/passwd:ro`]},
	});
	await waitUntil('sshd to let the person in', async () => {
		await login.start();
		return (await login.wait()).StatusCode === 0;
	});
	const logs = await login.logs({stdout: true, tail: 2});
	assert.equal(logs.toString().replaceAll('\r', ''), `tester\n${host.uid}\n`);
});

test('an image pushed to a registry can be pulled again', {skip: needsOwnEngine}, async () => {
	const registry = await startRegistry();
	try {
		const repo = `${registry.address}/team/bare`;
		await docker.getImage(host.images.bare).tag({repo, tag: '1'});
		const image = docker.getImage(`${repo}:1`);
		const follow = async (stream: NodeJS.ReadableStream) =>
			new Promise<Array<{error?: string; status?: string}>>((resolve) => {
				docker.modem.followProgress(stream, (_error, messages) => resolve(messages));
			});
		const pushed = await follow(
			await image.push({authconfig: {username: '', password: '', serveraddress: registry.address}}),
		);
		assert.equal(
			pushed.find(({error}) => error !== undefined),
			undefined,
		);
		await image.remove();
		const pulled = await follow(await docker.pull(`${repo}:1`));
		assert.ok(pulled.some(({status}) => status?.startsWith('Digest: sha256:')));
		await image.remove();
	} finally {
		await registry.stop();
	}
});

test('a program in a terminal of the person sees keys and sizes', async () => {
	const terminal = openTerminal(host, person, [], {columns: 90, rows: 20, program: ['sh']});
	terminal.write('id -u; stty size; test -t 0 && echo "on a $TERM"\r');
	await terminal.waitFor('on a xterm-256color');
	assert.match(terminal.screen(), new RegExp(`${host.uid}\\n20 90\\n`));
	terminal.resize(70, 10);
	terminal.write('stty size\r');
	await terminal.waitFor('10 70');
	terminal.write('exit 3\r');
	assert.equal((await terminal.exited).exitCode, 3);
});

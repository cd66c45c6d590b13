import assert from 'node:assert/strict';
import {mkdtemp, rm} from 'node:fs/promises';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {connectDocker} from '../../source/engine/docker/docker.ts';

const common = {
	ServerVersion: '20.10.24',
	Architecture: 'x86_64',
	DockerRootDir: '/var/lib/docker',
	NCPU: 8,
	MemTotal: 34_359_738_368,
	Runtimes: {runc: {path: 'runc'}, nvidia: {path: 'nvidia-container-runtime'}},
	SecurityOptions: ['name=seccomp,profile=default'],
	RegistryConfig: {Mirrors: ['https://mirror.example/']},
};

test('what the engine says of itself takes one question', async () => {
	const asked: string[] = [];
	const docker = await infoOf(common, asked);
	assert.deepEqual(asked, ['/info']);
	assert.equal(docker.flavour, 'docker');
	assert.equal(docker.version, '20.10.24');
	assert.deepEqual(docker.runtimes, ['runc', 'nvidia']);
	assert.deepEqual(docker.registryMirrors, ['https://mirror.example/']);
	assert.equal(docker.rootless, false);
});

test('Podman is told from Docker behind the same interface', async () => {
	const {flavour, rootless} = await infoOf({
		...common,
		SecurityOptions: ['name=seccomp,profile=default', 'name=rootless'],
		BuildahVersion: '1.33.5',
	});
	assert.equal(flavour, 'podman');
	assert.equal(rootless, true);
});

test('settings for all containers are told', async () => {
	const info = await infoOf({
		...common,
		SecurityOptions: ['name=seccomp,profile=builtin', 'name=userns', 'name=no-new-privileges'],
		DefaultRuntime: 'runsc',
		LoggingDriver: 'none',
		CgroupVersion: '2',
		MemoryLimit: false,
		CpuCfsQuota: true,
	});
	assert.deepEqual(
		[info.remapsUsers, info.noNewPrivileges, info.defaultRuntime, info.logDriver, info.cgroupVersion],
		[true, true, 'runsc', 'none', '2'],
	);
	// What the engine does not tell is not missing.
	assert.deepEqual(info.missingLimits, ['memory']);
	const plain = await infoOf(common);
	assert.deepEqual([plain.remapsUsers, plain.noNewPrivileges, plain.missingLimits], [false, false, []]);
});

async function infoOf(answer: object, asked: string[] = []) {
	const folder = await mkdtemp(join(tmpdir(), 'gpubox-info-'));
	const socket = join(folder, 'engine.sock');
	const server = createServer((request, response) => {
		asked.push(request.url ?? '');
		response.setHeader('Content-Type', 'application/json');
		response.end(JSON.stringify(answer));
	});
	await new Promise<void>((resolve) => {
		server.listen(socket, resolve);
	});
	try {
		const engine = await connectDocker({url: `unix://${socket}`, origin: 'the test'});
		return await engine.info();
	} finally {
		server.closeAllConnections();
		server.close();
		await rm(folder, {recursive: true});
	}
}

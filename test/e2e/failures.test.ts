import assert from 'node:assert/strict';
import {chmod, readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {
	breakGpuDriver,
	buildImage,
	dockerOf,
	freePort,
	makePerson,
	needsOwnEngine,
	type Person,
	type Result,
	testHost,
	waitUntil,
} from '../_helpers/test-host/index.ts';

// When things go wrong: the right exit code, one line what, one line what to do, nothing left behind.

const host = testHost();
const docker = dockerOf(host);
const {jupyter: image, bare} = host.images;
let person: Person;
before(async () => {
	person = await makePerson(host);
});
after(async () => {
	await person.remove();
});

const up = (...options: string[]) => person.runGpubox(['up', '--image', image, '--gpus', 'none', ...options]);

async function ownContainers(): Promise<string[]> {
	const containers = await docker.listContainers({all: true, filters: {label: [`gpubox.project=${person.project}`]}});
	return containers.map(({Id}) => Id);
}

function assertRefused({code, stdout, stderr}: Result, expected: {code: number; what: RegExp; fix: RegExp}): void {
	assert.equal(code, expected.code, stderr);
	assert.equal(stdout, '');
	assert.match(stderr, expected.what);
	assert.match(stderr, expected.fix);
	assert.doesNotMatch(stderr, /\n\s+at /, 'a stack trace');
}

describe('no engine', () => {
	test('nothing answers at the address', async () => {
		const options = {env: {DOCKER_HOST: 'unix:///nonexistent/docker.sock'}};
		assertRefused(await person.runGpubox(['ls'], options), {
			code: 3,
			what: /No Docker Engine answers at unix:\/\/\/nonexistent/,
			fix: /systemctl start docker/,
		});
	});

	test('an address that is none', async () => {
		assertRefused(await person.runGpubox(['ls'], {env: {DOCKER_HOST: 'gopher://somewhere'}}), {
			code: 3,
			what: /not an address of a Docker Engine/,
			fix: /unix:\/\//,
		});
		assertRefused(await person.runGpubox(['ls'], {env: {DOCKER_HOST: `tcp://127.0.0.1:${await freePort()}`}}), {
			code: 3,
			what: /No Docker Engine answers/,
			fix: /DOCKER_HOST/,
		});
	});

	test('a socket that one may not use', {skip: needsOwnEngine}, async () => {
		assertRefused(await person.runGpubox(['ls'], {env: {DOCKER_HOST: host.own?.rootOnlyAddress}}), {
			code: 3,
			what: /you cannot use the Docker Engine/,
			fix: /usermod -aG docker/,
		});
	});

	test('a context that does not exist', async () => {
		assertRefused(await person.runGpubox(['--host', 'nowhere', 'ls'], {env: {DOCKER_HOST: undefined}}), {
			code: 2,
			what: /no Docker context named "nowhere"/,
			fix: /docker context ls/,
		});
	});

	test('the GPUs are shown all the same', {skip: needsOwnEngine}, async () => {
		const {code, stdout} = await person.runGpubox(['gpus'], {env: {DOCKER_HOST: 'unix:///nonexistent'}});
		assert.equal(code, 0);
		assert.match(stdout, /RTX A6000/);
		const report = await person.runGpubox([], {env: {DOCKER_HOST: 'unix:///nonexistent'}});
		assert.equal(report.code, 0);
		assert.match(report.stdout, /RTX A6000/);
		assert.match(report.stdout, /No Docker Engine answers/);
	});
});

describe('GPUs that cannot be had', {skip: needsOwnEngine}, () => {
	const hookFolder = host.own?.hookFolder ?? '';
	const reasons: Array<[reason: string, what: RegExp, fix: RegExp, code?: number]> = [
		['initialization error: nvml error: driver/library version mismatch', /upgraded while the old one/, /Reboot/],
		['initialization error: nvml error: driver not loaded', /kernel module is not loaded/, /modprobe nvidia/],
		[
			'initialization error: load library failed: libnvidia-ml.so.1: cannot open shared object file: no such file or directory',
			/libraries are not installed/,
			/Install the NVIDIA driver/,
		],
		['initialization error: driver rpc error: timed out', /took too long/, /nvidia-smi -pm 1/],
		['initialization error: driver error: timed out', /driver was asleep/, /nvidia-smi -pm 1/],
		['container error: cgroup subsystem devices not found', /cgroup v2/, /Upgrade nvidia-container-toolkit/],
		[
			'mount error: file creation failed: /var/lib/docker/overlay2/0a1b2c/merged/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1: file exists',
			/contains a library of NVIDIA's driver/,
			/Choose another image/,
			5,
		],
		[
			'requirement error: unsatisfied condition: cuda>=12.8, please update your driver to a newer version, or use an earlier cuda container',
			/newer CUDA than this host's driver/,
			/gpubox images/,
			5,
		],
		[
			'initialization error: cuda error: forward compatibility was attempted on non supported hw',
			/compatibility libraries/,
			/Reboot/,
		],
		[
			'initialization error: WSL environment detected but no adapters were found',
			/Windows does not provide a GPU/,
			/Windows/,
		],
	];
	for (const [reason, what, fix, code = 4] of reasons) {
		test(reason.slice(0, 80), async () => {
			const broken = await breakGpuDriver(hookFolder, reason);
			const result = await person.runGpubox(['up', '--image', image, '--gpus', '1']);
			await broken.mend();
			assert.equal(result.code, code, result.stderr);
			assert.match(result.stderr, what);
			assert.match(result.stderr, fix);
			assert.doesNotMatch(result.stderr, /runc create failed|Install nvidia-container-toolkit/);
			assert.deepEqual(await ownContainers(), [], 'the half-made container is removed');
		});
	}

	test('an image whose CUDA_VERSION is no version', async () => {
		const broken = await breakGpuDriver(hookFolder, 'first line\ninvalid CUDA version: cu128');
		const result = await person.runGpubox(['up', '--image', image, '--gpus', '1', '--no-wait']);
		await broken.mend();
		assert.equal(result.code, 5, result.stderr);
		assert.match(
			result.stderr,
			/^gpubox: The image's variable CUDA_VERSION is not a version, .* \(invalid CUDA version: cu128\)\.\n {2}→ Choose another image .* NVIDIA_DISABLE_REQUIRE=1\n$/m,
		);
	});

	test('words that nobody knows are told as they are', async () => {
		const broken = await breakGpuDriver(hookFolder, 'moon error: wrong quarter');
		const result = await person.runGpubox(['up', '--image', image, '--gpus', '1']);
		await broken.mend();
		assert.equal(result.code, 4, result.stderr);
		assert.match(result.stderr, /^gpubox: nvidia-container-cli: moon error: wrong quarter$/m);
		assert.doesNotMatch(result.stderr, /[Ii]nstall/);
	});

	test('no driver at all: asked for a GPU it is refused, with auto the box goes without and says so', async () => {
		const env = {PATH: '/usr/bin:/bin'};
		const refused = await person.runGpubox(['up', '--image', image, '--gpus', '1'], {env});
		assert.equal(refused.code, 4);
		assert.match(refused.stderr, /nvidia-smi/);
		const without = await person.runGpubox(['up', '--image', image], {env});
		assert.equal(without.code, 0, without.stderr);
		assert.match(without.stderr, /The box gets no GPU/);
		const [id] = await ownContainers();
		await docker.getContainer(id ?? '').remove({force: true});
	});
});

describe('images', () => {
	test('one that does not exist', async () => {
		const result = await person.runGpubox([
			'up',
			'--image',
			`127.0.0.1:${await freePort()}/nothing:1`,
			'--gpus',
			'none',
		]);
		assert.equal(result.code, 1, result.stderr);
		assert.match(result.stderr, /127\.0\.0\.1/);
		assert.deepEqual(await ownContainers(), []);
	});

	test('one without Jupyter gets it, once for everyone on the host', async (t) => {
		// What these depend on stays: to install all of it takes a minute.
		const lacking = 'gpubox-test/lacking:e2e';
		const gone = ['jupyter-notebook', 'jupyter-server', 'openssh-server', 'rsync', 'tmux'].concat(
			['ipykernel', 'nbclient', 'nbconvert'].map((name) => `python3-${name}`),
		);
		await buildImage(docker, lacking, `FROM ${image}\nRUN apt-get remove -qy ${gone.join(' ')}\n`);
		const derived = () => docker.listImages({filters: {label: [`gpubox.derived-from=${lacking}`]}});
		t.after(async () => {
			for (const {Id} of await derived()) {
				await docker.getImage(Id).remove({force: true});
			}

			await docker.getImage(lacking).remove();
		});

		const first = await person.runGpubox(['up', '--image', lacking, '--gpus', 'none']);
		assert.equal(first.code, 0, first.stderr);
		assert.match(first.stderr, /Adding Jupyter and SSH/);
		const [id = ''] = await ownContainers();
		const {Config, Image} = await docker.getContainer(id).inspect();
		assert.equal(Config.Labels['gpubox.image'], lacking);
		const history = JSON.stringify(await docker.getImage(Image).history());
		assert.ok(!history.includes(person.home));
		const words = ['sh', '-c', 'tmux -V; command -v rsync; python3 -c "import ipykernel, nbclient, nbconvert"'];
		const inside = await person.runGpubox(['attach', '--', ...words]);
		assert.match(inside.stdout, /^tmux \d.*\n\S+\/rsync\n$/);
		assert.equal(inside.code, 0, inside.stderr);
		assert.equal((await derived()).length, 1);

		const other = await makePerson(host);
		const second = await other.runGpubox(['up', '--image', lacking, '--gpus', 'none']);
		assert.equal(second.code, 0, second.stderr);
		assert.doesNotMatch(second.stderr, /Adding/);
		const containers = await docker.listContainers({filters: {label: [`gpubox.project=${other.project}`]}});
		for (const Id of [id, ...containers.map(({Id}) => Id)]) {
			await docker.getContainer(Id).remove({force: true});
		}

		await other.remove();
	});
});

describe('Jupyter that dies at its start', () => {
	test('exit 1 with the end of its log, and nothing is left', async () => {
		const state = join(person.environment.XDG_STATE_HOME ?? '', 'gpubox', 'boxes');
		// That of a box that another tool removed may be there, for its token.
		const before = await readdir(state);
		// Jupyter reads its packages' settings from there: a broken one kills it.
		const result = await up('--env', 'PYTHONHOME=/nonexistent');
		assert.equal(result.code, 1, result.stderr);
		assert.match(result.stderr, /stopped while starting, with exit code/);
		assert.match(result.stderr, /No module named 'encodings'/);
		assert.deepEqual(await ownContainers(), []);
		assert.deepEqual(await readdir(state), before);
	});

	test('--no-wait does not wait for it, and does not say that it is ready', async () => {
		const result = await up('--env', 'PYTHONHOME=/nonexistent', '--no-wait');
		assert.equal(result.code, 0, result.stderr);
		assert.match(result.stdout, /^\S+ runs; its services may not answer yet\.\n/);
		const [id = ''] = await ownContainers();
		await docker.getContainer(id).remove({force: true});
	});
});

test('a folder of another user that may not be read is not one that is missing', async () => {
	await chmod(person.home, 0o000);
	const {code, stderr} = await person.runGpubox(['up', join(person.home, 'vision')], {
		env: {XDG_CONFIG_HOME: undefined, HOME: person.project},
	});
	await chmod(person.home, 0o700);
	assert.equal(code, 2, stderr);
	assert.match(stderr, /Permission denied: .*\n {2}→ Choose a folder that you may read\./);
});

describe('a run that is killed', () => {
	test('between create and start: the next one takes up what it left', async () => {
		const first = await up('--no-wait');
		assert.equal(first.code, 0, first.stderr);
		const [id = ''] = await ownContainers();
		// Exactly what a kill between the two calls leaves: everything there, never started.
		const {Config, HostConfig, Name} = await docker.getContainer(id).inspect();
		await docker.getContainer(id).remove({force: true});
		const halfMade = await docker.createContainer({...Config, HostConfig, name: Name.slice(1)});
		const folder = Config.Labels['gpubox.folder'] ?? '';
		const record = join(person.environment.XDG_STATE_HOME ?? '', 'gpubox/boxes', folder, 'origin.json');
		const written = JSON.parse(await readFile(record, 'utf8')) as object;
		await writeFile(record, JSON.stringify({...written, container: halfMade.id}));
		const next = await up();
		assert.equal(next.code, 0, next.stderr);
		assert.deepEqual(await ownContainers(), [halfMade.id]);
		await halfMade.remove({force: true});
	});

	test('at any moment: the next one works', async () => {
		for (const delay of [80, 150, 220, 300, 400, 600]) {
			const interrupted = new AbortController();
			const running = person
				.runGpubox(['up', '--image', image, '--gpus', 'none'], {signal: interrupted.signal})
				.catch(() => undefined);
			setTimeout(() => interrupted.abort(), delay);
			await running;
		}

		const next = await up();
		assert.equal(next.code, 0, next.stderr);
		const containers = await ownContainers();
		assert.equal(containers.length, 1);
		await docker.getContainer(containers[0] ?? '').remove({force: true});
	});

	test('by Ctrl-C while it waits: exit 130, and nothing is left', async () => {
		const child = await person.run('/bin/sh', [
			'-c',
			`'${host.program.node}' '${host.program.cli}' up --image '${image}' --gpus none --env PYTHONSTARTUP=/x 2>err & pid=$!; ` +
				`while ! grep -q Waiting err; do sleep 0.02; done; kill -INT $pid; wait $pid; echo "code $?"`,
		]);
		assert.match(child.stdout, /code 130/, child.stderr);
		await waitUntil('the container is gone', async () => (await ownContainers()).length === 0);
	});
});

describe('foreign text', () => {
	test('control sequences in names, labels and logs never reach the terminal', async () => {
		const evil = '\u001B]0;owned\u0007\u001B[2Jx\u009B31m';
		const container = await docker.createContainer({
			Image: bare,
			name: 'gpubox-evil',
			Cmd: ['sh', '-c', `printf '\\033]0;owned\\007\\033[2J\\033[31mred\\033[0m\\n'; sleep 100`],
			Labels: {
				'gpubox.name': `evil${evil}`,
				'gpubox.owner': `bob${evil}`,
				'gpubox.image': evil,
				'gpubox.project': evil,
				'gpubox.services': `jupyter,${evil}`,
				'gpubox.gpus': evil,
				'gpubox.port.jupyter': evil,
			},
		});
		await container.start();
		try {
			for (const arguments_ of [['ls'], [], ['logs', 'evil'], ['logs', container.id], ['gpus']]) {
				const {stdout, stderr} = await person.runGpubox(arguments_);
				assert.doesNotMatch(stdout + stderr, /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/, arguments_.join(' '));
			}
		} finally {
			await container.remove({force: true});
		}
	});
});

describe('usage', () => {
	test('wrong words are exit 2 with a hint', async () => {
		const mistyped = await person.runGpubox(['upp']);
		assert.equal(mistyped.code, 2);
		assert.equal(
			mistyped.stderr,
			"gpubox: Unknown command 'upp'.\n  → Did you mean up? What there is: gpubox --help\n",
		);
		for (const arguments_ of [
			['up', '--port', 'x'],
			['up', '--gpus', 'some'],
			['up', '--memory', 'lots'],
			['up', '/nonexistent'],
			['up', '--mount', 'x'],
			['up', '--name', 'No Name'],
			['config', 'imag'],
			['ls', '--wach'],
			['completion', 'tcsh'],
			['up', 'ubuntu:24.04'],
			['run', 'ubuntu:24.04', 'nvidia-smi'],
			['run', '-it', 'bash'],
			['run', 'bash'],
			['help', 'rnu'],
		]) {
			const {code, stderr} = await person.runGpubox(arguments_);
			assert.equal(code, 2, arguments_.join(' ') + stderr);
			assert.match(stderr, /^gpubox: [^\n]+\n {2}→ [^\n]+\n$/);
		}
	});

	test('every verb has help with an example', async () => {
		const {stdout} = await person.runGpubox(['--help']);
		const [list = ''] = stdout.split('Other names:');
		const verbs = [...list.matchAll(/^ {2}([a-z]+)/gm)].map(([, verb]) => verb ?? '').filter((verb) => verb !== 'help');
		assert.ok(verbs.includes('up') && verbs.includes('attach'));
		for (const verb of verbs) {
			const help = await person.runGpubox([verb, '--help']);
			assert.equal(help.code, 0);
			assert.match(help.stdout, new RegExp(`Examples?:[\\s\\S]*gpubox ${verb}`), verb);
		}
	});
});

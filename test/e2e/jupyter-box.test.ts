import assert from 'node:assert/strict';
import {mkdir, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {
	dockerOf,
	freePort,
	makePerson,
	needsOwnEngine,
	type Person,
	testHost,
	waitUntil,
} from '../_helpers/test-host/index.ts';

// The main job on a real engine with a real Jupyter: start a box, use it, stop it, remove it.

const host = testHost();
const docker = dockerOf(host);
const {jupyter: image} = host.images;

type UpJson = {
	name: string;
	id: string;
	state: string;
	gpus: string[];
	jupyter: {url: string; token: string};
};

async function upJson(person: Person, ...options: string[]): Promise<UpJson> {
	const {stdout, stderr, code} = await person.runGpubox([
		'up',
		'--json',
		'--image',
		image,
		'--gpus',
		'none',
		...options,
	]);
	assert.equal(code, 0, stderr);
	return JSON.parse(stdout) as UpJson;
}

async function removeAll(person: Person): Promise<void> {
	const {stdout} = await person.runGpubox(['ls', '--json']);
	const {boxes} = JSON.parse(stdout) as {boxes: Array<{name: string; project: string}>};
	const own = boxes.filter(({project}) => project.startsWith(person.project)).map(({name}) => name);
	if (own.length > 0) {
		await person.runGpubox(['rm', '--yes', ...own]);
	}
}

describe('a Jupyter box', () => {
	let person: Person;
	let box: UpJson;
	before(async () => {
		person = await makePerson(host);
		// So the box gets another port than the usual one, which is free again when it is recreated.
		const holder = createServer();
		await new Promise<void>((resolve) => {
			holder.once('error', () => resolve());
			holder.listen(8888, '127.0.0.1', resolve);
		});
		box = await upJson(person);
		holder.close();
		assert.notEqual(new URL(box.jupyter.url).port, '8888');
	});
	after(async () => {
		await removeAll(person);
		await person.remove();
	});

	const api = (path: string, token?: string) =>
		fetch(new URL(path, box.jupyter.url), {
			redirect: 'manual',
			headers: token === undefined ? {} : {authorization: `token ${token}`},
		});

	test('its API answers with the token and refuses without it or with another', async () => {
		assert.equal((await api('api/status', box.jupyter.token)).status, 200);
		assert.equal((await api('api/contents', box.jupyter.token)).status, 200);
		assert.equal((await api('api/contents')).status, 403);
		assert.equal((await api('api/contents', `${box.jupyter.token}x`)).status, 403);
	});

	test('its token has at least 128 bits and is nowhere but in a file of mode 0600', async () => {
		assert.ok(Buffer.from(box.jupyter.token, 'base64url').length * 8 >= 128);
		const inspect = JSON.stringify(await docker.getContainer(box.id).inspect());
		assert.ok(!inspect.includes(box.jupyter.token));
		const listed = await person.runGpubox(['ls', '--json']);
		assert.ok(!listed.stdout.includes(box.jupyter.token));
		const state = join(person.environment.XDG_STATE_HOME ?? '', 'gpubox', 'boxes');
		let found = 0;
		for (const entry of await readdir(state, {withFileTypes: true, recursive: true})) {
			const path = join(entry.parentPath, entry.name);
			if (entry.isFile() && (await readFile(path, 'utf8')).includes(box.jupyter.token)) {
				assert.equal((await stat(path)).mode & 0o777, 0o600, path);
				found += 1;
			}
		}

		assert.equal(found, 1);
	});

	test('it listens on the loopback address only', async () => {
		const {NetworkSettings} = await docker.getContainer(box.id).inspect();
		const [published] = NetworkSettings.Ports['8888/tcp'] ?? [];
		assert.equal(published?.HostIp, '127.0.0.1');
	});

	test('a second up finds it: same container, same token, nothing built', async () => {
		const again = await upJson(person);
		assert.equal(again.id, box.id);
		assert.equal(again.jupyter.token, box.jupyter.token);
		const {stderr} = await person.runGpubox(['up']);
		assert.equal(stderr, '');
	});

	test('a job beside it, and a lock, take its image', async () => {
		const note = `Using ${image}, the image of ${box.name}.`;
		for (const words of [['run', '--gpus', 'none', '--', 'true'], ['lock']]) {
			const {stderr, code} = await person.runGpubox(words);
			assert.equal(code, 0, stderr);
			assert.ok(stderr.includes(note), stderr);
		}

		assert.match(await readFile(join(person.project, 'gpubox.lock'), 'utf8'), new RegExp(`reference: ${image}\n`));
		await rm(join(person.project, 'gpubox.lock'));
	});

	test('what it writes to /workspace belongs to the caller on the host, and the caller has a name inside', async () => {
		const {stdout, code} = await person.runGpubox([
			'attach',
			box.name,
			'--',
			'sh',
			'-c',
			'echo data > /workspace/written && id -un && echo "$HOME" && touch "$HOME/mine" "$XDG_CACHE_HOME/cached"',
		]);
		assert.equal(code, 0);
		const info = await stat(join(person.project, 'written'));
		assert.deepEqual([info.uid, info.gid], [person.uid, person.gid]);
		const [name, home] = stdout.trim().split('\n');
		assert.equal(home, `/home/${name}`);
		assert.equal((await stat(join(person.environment.XDG_CACHE_HOME ?? '', 'gpubox', 'cached'))).uid, person.uid);
	});

	test('it cannot become more than it is', async () => {
		const {HostConfig, Config} = await docker.getContainer(box.id).inspect();
		assert.deepEqual(HostConfig.CapDrop, ['ALL']);
		assert.ok(HostConfig.SecurityOpt?.includes('no-new-privileges'));
		assert.equal(HostConfig.Privileged, false);
		assert.equal(Config.User, `${person.uid}:${person.gid}`);
		assert.equal(HostConfig.Init, true);
		assert.ok((HostConfig.Memory ?? 0) > 0 && (HostConfig.PidsLimit ?? 0) > 0);
		assert.ok(Config.Env.includes('NVIDIA_VISIBLE_DEVICES=void'), 'the image says `all`');
	});

	test('a notebook kernel runs in it', async () => {
		const started = await fetch(new URL('api/kernels', box.jupyter.url), {
			method: 'POST',
			headers: {authorization: `token ${box.jupyter.token}`, 'content-type': 'application/json'},
			body: '{}',
		});
		assert.equal(started.status, 201);
		const {id} = (await started.json()) as {id: string};
		const removed = await fetch(new URL(`api/kernels/${id}`, box.jupyter.url), {
			method: 'DELETE',
			headers: {authorization: `token ${box.jupyter.token}`},
		});
		assert.equal(removed.status, 204);
	});

	test('logs print what it says, the token left out', async () => {
		await waitUntil('the log', async () => /running at/.test((await person.runGpubox(['logs', box.name])).stderr));
		const {stderr} = await person.runGpubox(['logs', '--tail', '3', box.name]);
		assert.ok(stderr.trim().split('\n').length <= 3);
		assert.ok(!stderr.includes(box.jupyter.token));
	});

	test('stopped and started again it has its address and token', async () => {
		assert.equal((await person.runGpubox(['stop', box.name])).code, 0);
		const listed = JSON.parse((await person.runGpubox(['ls', '--json'])).stdout) as {boxes: UpJson[]};
		assert.equal(listed.boxes.find(({id}) => id === box.id)?.state, 'exited');
		const again = await upJson(person);
		assert.equal(again.id, box.id);
		assert.deepEqual(again.jupyter, box.jupyter);
		assert.equal((await api('api/status', box.jupyter.token)).status, 200);
	});

	test('recreated it keeps name, port and token', async () => {
		const {stdout} = await person.runGpubox(['up', '--dry-run', '--image', image, '--gpus', 'none']);
		assert.ok(stdout.includes(`127.0.0.1:${new URL(box.jupyter.url).port}:8888`), stdout);
		const again = await upJson(person, '--recreate', '--shm-size', '64m', '--pids-limit', '512', '--cpus', '0.5');
		assert.notEqual(again.id, box.id);
		assert.equal(again.name, box.name);
		assert.deepEqual(again.jupyter, box.jupyter);
		const {HostConfig} = await docker.getContainer(again.id).inspect();
		assert.deepEqual([HostConfig.ShmSize, HostConfig.PidsLimit, HostConfig.NanoCpus], [64 * 1024 ** 2, 512, 5e8]);
	});

	test('rm leaves nothing of it but the project and the home', async () => {
		await writeFile(join(person.project, 'kept'), '');
		assert.equal((await person.runGpubox(['rm', '--yes', box.name])).code, 0);
		assert.ok(!(await docker.listContainers({all: true})).some(({Names}) => Names.includes(`/gpubox-${box.name}`)));
		const state = join(person.environment.XDG_STATE_HOME ?? '', 'gpubox', 'boxes');
		assert.deepEqual(await readdir(state), []);
		assert.ok((await stat(join(person.project, 'kept'))).isFile());
		const {code, stderr} = await person.runGpubox(['logs', box.name]);
		assert.equal(code, 6);
		assert.match(stderr, /No box named/);
	});
});

describe('up', () => {
	let person: Person;
	before(async () => {
		person = await makePerson(host);
		// The usual port may be taken, or given back, by another test host at any moment.
		assert.equal((await person.runGpubox(['config', 'ports.jupyter', `${await freePort()}`])).code, 0);
	});
	after(async () => {
		await removeAll(person);
		await person.remove();
	});

	test('--dry-run touches nothing and prints a line that does the same', async () => {
		const before = await docker.listContainers({all: true});
		const {stdout, code} = await person.runGpubox(['up', '--dry-run', '--image', image, '--gpus', 'none']);
		assert.equal(code, 0);
		assert.equal((await docker.listContainers({all: true})).length, before.length);
		assert.match(stdout, /^docker run \\\n/);
		assert.match(stdout, new RegExp(`source=${person.project},target=/workspace`));

		const box = await upJson(person);
		const {Config, HostConfig} = await docker.getContainer(box.id).inspect();
		for (const entry of Config.Env.filter((variable) => variable.startsWith('GPUBOX_'))) {
			assert.ok(stdout.includes(entry), entry);
		}

		for (const {Source, Target} of HostConfig.Mounts ?? []) {
			// The folder of a box that is really made has a random end.
			assert.ok(stdout.includes(`source=${Source.replace(/~\w+/, '')},target=${Target}`), Target);
		}
	});

	test('the first port that is free is taken; one that is asked for and taken is refused with its holder', async () => {
		const listed = JSON.parse((await person.runGpubox(['ls', '--json'])).stdout) as {boxes: UpJson[]};
		const [first] = listed.boxes.filter(({name}) => name.includes(person.project.split('/').at(-1) ?? ''));
		const otherProject = join(person.project, 'other');
		await mkdir(otherProject);
		await person.run('true', []);
		const port = new URL((await upJson(person)).jupyter.url).port;
		const refused = await person.runGpubox(['up', otherProject, '--image', image, '--gpus', 'none', '--port', port]);
		assert.equal(refused.code, 7);
		assert.match(refused.stderr, new RegExp(`Port ${port} is taken by box ${first?.name}`));

		const foreign = createServer().listen(0, '127.0.0.1');
		await new Promise((resolve) => foreign.once('listening', resolve));
		const address = foreign.address();
		assert.ok(address && typeof address === 'object');
		const alsoRefused = await person.runGpubox([
			'up',
			otherProject,
			'--image',
			image,
			'--gpus',
			'none',
			'--port',
			String(address.port),
		]);
		foreign.close();
		assert.equal(alsoRefused.code, 7);
		assert.match(alsoRefused.stderr, /taken by another program/);
	});

	test('a taken name is refused with its holder', async () => {
		const box = await upJson(person);
		const otherProject = join(person.project, 'third');
		await mkdir(otherProject);
		const {code, stderr} = await person.runGpubox(['up', otherProject, '--image', image, '--name', box.name]);
		assert.equal(code, 7);
		assert.match(stderr, new RegExp(`taken by your box for ${person.project}`));
	});

	test('several at once make one box', async () => {
		const project = join(person.project, 'at-once');
		await mkdir(project);
		const all = await Promise.all(Array.from({length: 4}, () => upJson(person, project)));
		assert.equal(new Set(all.map(({id}) => id)).size, 1);
		assert.equal(new Set(all.map(({jupyter}) => jupyter.token)).size, 1);
	});
});

describe('GPUs', {skip: needsOwnEngine}, () => {
	let person: Person;
	const gpus = host.own?.gpus ?? [];
	before(async () => {
		person = await makePerson(host);
	});
	after(async () => {
		await removeAll(person);
		await person.remove();
	});

	test('the box sees the card asked for by index, and only that', async () => {
		const second = gpus[1]?.uuid ?? '';
		const {stdout, stderr, code} = await person.runGpubox(['up', '--json', '--image', image, '--gpus', '1,']);
		assert.equal(code, 0, stderr);
		const box = JSON.parse(stdout) as UpJson;
		assert.deepEqual(box.gpus, [second]);
		const listed = await person.runGpubox(['attach', box.name, '--', 'nvidia-smi', '-L']);
		assert.ok(listed.stdout.includes(second));
		for (const {uuid} of gpus.filter(({uuid}) => uuid !== second)) {
			assert.ok(!listed.stdout.includes(uuid));
		}

		const shown = JSON.parse((await person.runGpubox(['gpus', '--json'])).stdout) as {
			gpus: Array<{uuid: string; claimedBy: string[]}>;
		};
		assert.deepEqual(shown.gpus.find(({uuid}) => uuid === second)?.claimedBy, [box.name]);
	});

	test('a card that a box holds is refused with its holder, and auto takes another', async () => {
		const project = join(person.project, 'other');
		await mkdir(project);
		const refused = await person.runGpubox(['up', project, '--image', image, '--gpus', '1,']);
		assert.equal(refused.code, 7);
		assert.match(refused.stderr, /GPU 1 is used by box /);
		const {stdout} = await person.runGpubox(['up', project, '--json', '--image', image]);
		assert.deepEqual((JSON.parse(stdout) as UpJson).gpus, [gpus[0]?.uuid]);
	});
});

import assert from 'node:assert/strict';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, afterEach, before, describe, test} from 'node:test';
import {
	dockerOf,
	makePerson,
	needsOwnEngine,
	type Person,
	startRegistry,
	testHost,
} from '../_helpers/test-host/index.ts';

// A clone with a gpubox.yaml needs one command. Everything here is what that file says, on a real engine.

const host = testHost();
const docker = dockerOf(host);
const {jupyter: image} = host.images;

let person: Person;
before(async () => {
	person = await makePerson(host);
	await mkdir(join(person.project, '.git'));
	await mkdir(join(person.project, 'data'));
	await mkdir(join(person.project, 'deep', 'below'), {recursive: true});
});
afterEach(async () => {
	const {stdout} = await person.runGpubox(['ls', '--json']);
	const {boxes} = JSON.parse(stdout) as {boxes: Array<{name: string; project: string}>};
	const own = boxes.filter(({project}) => project.startsWith(person.project)).map(({name}) => name);
	if (own.length > 0) {
		await person.runGpubox(['rm', '--yes', ...own]);
	}
});
after(() => person.remove());

function write(lines: string[]): Promise<void> {
	return writeFile(join(person.project, 'gpubox.yaml'), `${[`image: ${image}`, 'gpus: none', ...lines].join('\n')}\n`);
}

async function up(...options: string[]): Promise<{name: string; id: string; stderr: string}> {
	const {stdout, stderr, code} = await person.runGpubox(['up', '--json', '--trust', ...options]);
	assert.equal(code, 0, stderr);
	return {...(JSON.parse(stdout) as {name: string; id: string}), stderr};
}

async function inside(name: string, command: string): Promise<string> {
	const {stdout, stderr, code} = await person.runGpubox(['attach', name, '--', 'sh', '-c', command]);
	assert.equal(code, 0, stderr);
	return stdout;
}

describe('a project with a gpubox.yaml', () => {
	test('gets the box that the file describes, from any folder below', async () => {
		await write([
			'name: vision',
			'mounts: ["./data:/data:ro"]',
			'env: {SEED: 42, VERSION: 1.10}',
			'limits: {memory: 512m, pids: 4096}',
			'packages: {apt: [file]}',
		]);
		const box = await up();
		assert.match(box.name, /^[\w.-]+-vision(-[0-9a-f]{6})?$/);
		const found = await person.runGpubox(['up', '--json'], {cwd: join(person.project, 'deep', 'below')});
		assert.equal((JSON.parse(found.stdout) as {id: string}).id, box.id);
		const {HostConfig: limits} = await docker.getContainer(box.id).inspect();
		assert.equal(limits.Memory, 512 * 1024 ** 2);
		assert.equal(limits.PidsLimit, 4096);
		assert.equal(
			await inside(box.name, 'echo $SEED $VERSION; touch /data/x 2>/dev/null || echo read-only'),
			'42 1.10\nread-only\n',
		);
		assert.match(await inside(box.name, 'file --version'), /^file-\d/);
	});

	test('is used as it is when the file has changed, and the person is told', async () => {
		await write(['env: {SEED: 1}']);
		const {id} = await up();
		await write(['env: {SEED: 2}']);
		const same = await up();
		assert.equal(same.id, id);
		assert.match(same.stderr, /was created with different options: env\.SEED: asked for 2, has 1\. .* --recreate/);
		const anew = await up('--recreate');
		assert.notEqual(anew.id, id);
		assert.equal(await inside(anew.name, 'echo $SEED'), '2\n');
	});

	test('a flag is stronger than the file', async () => {
		await write(['env: {SEED: 1, MODE: train}']);
		const {name} = await up('--env', 'SEED=7');
		assert.equal(await inside(name, 'echo $SEED $MODE'), '7 train\n');
	});

	test('a mistake is told with its line, and nothing is started', async () => {
		await write(['limits: {memory: 3}', 'imge: a']);
		const {stdout, stderr, code} = await person.runGpubox(['up']);
		assert.equal(code, 2);
		assert.equal(stdout, '');
		assert.equal(
			stderr,
			`gpubox: gpubox.yaml has 2 mistakes.
  gpubox.yaml:3:18: limits.memory must be a size such as 16g, not 3.
  gpubox.yaml:4:1: Unknown setting "imge". Did you mean "image"?
  → gpubox config --schema prints the settings.
`,
		);
		const {stdout: boxes} = await person.runGpubox(['ls', '--json']);
		assert.ok(!boxes.includes(person.project));
	});

	test('what is not there to be mounted is told with the line that wants it', async () => {
		await write(['mounts:', '  - ./missing:/data']);
		const {stderr, code} = await person.runGpubox(['up']);
		assert.equal(code, 2);
		assert.equal(
			stderr,
			`gpubox: Cannot mount ${person.project}/missing: no such file or folder (gpubox.yaml:4).\n  → Create it first, or choose another.\n`,
		);
	});
});

describe('the post-create command', () => {
	test('runs once, as the person, in the project', async () => {
		await write(['postCreate: id -u; pwd; echo x >> ran']);
		const {stderr, name} = await up();
		assert.ok(stderr.includes(`Running in ${name}: id -u; pwd; echo x >> ran\n${person.uid}\n/workspace\n`), stderr);
		await person.runGpubox(['stop', name]);
		const again = await up();
		assert.doesNotMatch(again.stderr, /Running in/);
		assert.equal(await readFile(join(person.project, 'ran'), 'utf8'), 'x\n');
	});

	test('two ups at once run it once', async () => {
		await write(['postCreate: sleep 1; echo x >> ran-by-two']);
		await Promise.all([up(), up()]);
		assert.equal(await readFile(join(person.project, 'ran-by-two'), 'utf8'), 'x\n');
	});

	test('that fails leaves the box, and runs again once it is mended', async () => {
		await write(['postCreate: echo first words; cat mended']);
		const {stdout, stderr, code} = await person.runGpubox(['up', '--json', '--trust']);
		assert.equal(code, 1);
		assert.equal(stdout, '');
		assert.match(
			stderr,
			/\{"error":"The post-create command failed with exit code 1: echo first words; cat mended",.*"fix":"The box is kept.*"details":\["first words","cat: mended: No such file or directory"\]\}\n/,
		);
		const {stdout: listed} = await person.runGpubox(['ls', '--json']);
		const box = (JSON.parse(listed) as {boxes: Array<{project: string; state: string}>}).boxes.find(
			({project}) => project === person.project,
		);
		assert.equal(box?.state, 'running');
		await writeFile(join(person.project, 'mended'), 'mended now\n');
		assert.match((await up()).stderr, /mended now/);
	});
});

describe('where settings come from', () => {
	test('settings that are changed at one moment are all there', async () => {
		const keys = Array.from({length: 8}, (_, index) => `env.AT_ONCE_${index}`);
		await Promise.all(keys.map((key) => person.runGpubox(['config', key, 'set'])));
		const {stdout} = await person.runGpubox(['config', 'env', '--json']);
		assert.deepEqual(
			Object.keys(JSON.parse(stdout) as object).sort(),
			keys.map((key) => key.slice('env.'.length)),
		);
		assert.equal((await person.runGpubox(['config', 'env', '--unset'])).code, 0);
	});

	test('config --show-origin names the place of each', async () => {
		await write(['limits: {memory: 1g}']);
		for (const [key, value] of [
			['limits.memory', '2g'],
			['limits.cpus', '1.5'],
		] as const) {
			assert.equal((await person.runGpubox(['config', key, value])).code, 0);
		}

		const {stdout, code} = await person.runGpubox(['config', '--show-origin', '--json']);
		assert.equal(code, 0);
		const {settings} = JSON.parse(stdout) as {settings: Array<{key: string; value: unknown; origin: string}>};
		assert.deepEqual(
			settings.map(({key, value, origin}) => [key, value, origin.replace(/^.*config\.json/, 'config.json')]),
			[
				['image', image, 'gpubox.yaml:1'],
				['services', ['jupyter'], 'default'],
				['gpus', 'none', 'gpubox.yaml:2'],
				['limits.memory', '1g', 'gpubox.yaml:3'],
				['limits.cpus', 1.5, 'config.json:4'],
				['bind', '127.0.0.1', 'default'],
			],
		);
		for (const key of ['limits.memory', 'limits.cpus']) {
			assert.equal((await person.runGpubox(['config', '--unset', key])).code, 0);
		}
	});
});

test('images of Docker Hub come from the mirror, under their own name', {skip: needsOwnEngine}, async () => {
	const registry = await startRegistry();
	const name = `gpubox-test-hub/${person.project.split('/').at(-1)}`;
	const mirrored = `${registry.address}/${name}`;
	try {
		await docker.getImage(image).tag({repo: mirrored, tag: '1'});
		const stream = await docker.getImage(`${mirrored}:1`).push({authconfig: {}});
		await new Promise((resolve, reject) =>
			docker.modem.followProgress(stream, (error, result) => (error ? reject(error) : resolve(result))),
		);
		await docker.getImage(`${mirrored}:1`).remove();
		await writeFile(join(person.project, 'gpubox.yaml'), `image: ${name}:1\ngpus: none\n`);
		assert.equal((await person.runGpubox(['config', 'build.registryMirror', registry.address])).code, 0);
		const {stderr} = await up();
		assert.match(stderr, /from your mirror as \S+:1 \(build\.registryMirror\)/);
		const {RepoTags: tags} = await docker.getImage(`${name}:1`).inspect();
		assert.ok(tags.includes(`${name}:1`));
	} finally {
		await person.runGpubox(['config', 'build.registryMirror', '--unset']);
		await docker
			.getImage(`${name}:1`)
			.remove({force: true})
			.catch(() => undefined);
		await docker
			.getImage(`${mirrored}:1`)
			.remove({force: true})
			.catch(() => undefined);
		await registry.stop();
	}
});

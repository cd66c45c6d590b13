import assert from 'node:assert/strict';
import {readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {dockerOf, makePerson, type Person, type RunOptions, testHost} from '../_helpers/test-host/index.ts';
import {type RootlessEngine, startRootlessEngine, whyNoRootlessEngine} from '../_helpers/test-host/rootless-engine.ts';

/*
An engine that a user runs without root's rights: inside, its user is root, and every other number owns nothing of theirs outside.
*/

const host = testHost();
const missing = await whyNoRootlessEngine();

type UpJson = {name: string; id: string; jupyter: {url: string; token: string}};

describe("an engine of one's own", {skip: missing ?? false}, () => {
	let person: Person;
	let engine: RootlessEngine;
	let box: UpJson;
	const image = host.images.jupyter;
	const gpubox = (words: string[], {env, ...options}: RunOptions = {}) =>
		person.runGpubox(words, {...options, env: {DOCKER_HOST: engine.address, TOKEN: 'of the person', ...env}});
	const inside = async (command: string) => {
		const {stdout, stderr} = await gpubox(['attach', box.name, '--', 'sh', '-c', command]);
		assert.equal(stderr, '');
		return stdout;
	};

	before(async () => {
		person = await makePerson(host, 'rita', {known: true});
		await writeFile(join(person.project, 'gpubox.yaml'), `image: ${image}\ngpus: none\nsecrets: [TOKEN]\n`);
		const docker = dockerOf(host);
		// The layer with Jupyter and SSH is made on the other engine, which has it already: here copying an image takes long.
		const words = ['up', '--json', '--trust', '--jupyter', '--ssh'];
		const made = await person.runGpubox(words, {env: {TOKEN: 'x'}});
		assert.equal(made.code, 0, made.stderr);
		const {Config} = await docker.getContainer((JSON.parse(made.stdout) as UpJson).id).inspect();
		await person.runGpubox(['rm', '--yes']);
		engine = await startRootlessEngine(person, host.folder);
		// Its types do not have this.
		const both = docker as typeof docker & {getImages(which: {names: string[]}): Promise<NodeJS.ReadableStream>};
		const saved = await both.getImages({names: [image, Config.Image]});
		const loaded = await engine.docker.loadImage(saved);
		await new Promise((resolve) => loaded.on('end', resolve).resume());

		const {stdout, stderr, code} = await gpubox(words);
		assert.equal(code, 0, stderr);
		box = JSON.parse(stdout) as UpJson;
	});
	after(async () => {
		await gpubox(['rm', '--yes', box.name]);
		await engine.stop();
		await person.remove();
	});

	test('Jupyter answers, and ssh lets its user in', async () => {
		const headers = {authorization: `token ${box.jupyter.token}`};
		assert.equal((await fetch(new URL('api/status', box.jupyter.url), {headers})).status, 200);
		const {stdout, stderr, code} = await gpubox(['ssh', box.name, '--', 'id -un; touch /workspace/by-ssh']);
		assert.equal(code, 0, stderr);
		assert.equal(stdout, 'rita\n');
		assert.equal((await stat(join(person.project, 'by-ssh'))).uid, person.uid);
	});

	test('its user has a name, a home and the secrets, and files belong to the person outside', async () => {
		assert.equal(await inside('id -un; echo "$HOME"; cat /run/secrets/TOKEN'), 'rita\n/home/rita\nof the person');
		await inside('touch /workspace/made "$HOME/made"');
		assert.equal((await stat(join(person.project, 'made'))).uid, person.uid);
	});

	test('root inside has no rights but those that sshd needs', async () => {
		const {HostConfig, Config} = await engine.docker.getContainer(box.id).inspect();
		assert.equal(Config.User, '0:0');
		assert.deepEqual(HostConfig.CapDrop, ['ALL']);
		assert.deepEqual(
			HostConfig.CapAdd?.map((name: string) => name.replace(/^CAP_/, '')),
			['AUDIT_WRITE', 'KILL', 'SETGID', 'SETUID', 'SYS_CHROOT'],
		);
		assert.ok(HostConfig.SecurityOpt?.includes('no-new-privileges'));
		// Nothing of the image that belongs to the others is root's to change.
		assert.match(await inside('chown 1:1 /workspace/made 2>&1 || true'), /not permitted/);
	});

	test('a job runs there, its run belongs to the person', async () => {
		const run = await gpubox(['run', '--trust', '--', 'sh', '-c', 'id -un; echo done > result; exit 7']);
		assert.deepEqual([run.code, run.stdout], [7, 'rita\n'], run.stderr);
		assert.equal(await readFile(join(person.project, 'result'), 'utf8'), 'done\n');
		assert.equal((await stat(join(person.project, 'result'))).uid, person.uid);
	});

	test('doctor knows whose engine it is', async () => {
		const {stdout} = await gpubox(['doctor', '--json']);
		assert.match(stdout, /"rootless engine"/);
		assert.doesNotMatch(stdout, /sudo systemctl \S+ docker/);
	});
});

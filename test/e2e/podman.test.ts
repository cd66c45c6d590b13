import assert from 'node:assert/strict';
import {readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {importPython} from '../_helpers/consumers/python-image.ts';
import {dockerOf, makePerson, type Person, testHost} from '../_helpers/test-host/index.ts';
import {runToEnd} from '../_helpers/test-host/person.ts';
import {type PodmanEngine, startPodmanEngine, whyNoPodman} from '../_helpers/test-host/podman-engine.ts';

// What everybody does every day, on Podman's socket. With `npm test -- --e2e --engine podman` a box with Jupyter as well.

const host = testHost();
const missing = whyNoPodman();

describe("on Podman's socket", {skip: missing ?? false}, () => {
	let person: Person;
	let engine: PodmanEngine;
	// Where its ports are.
	const gpubox = async (...words: string[]) => {
		const {uid, gid} = person;
		const become = ['setpriv', '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', '--'];
		const {node, cli} = host.program;
		const [file = '', ...rest] = [...engine.inside, ...person.prefix, ...become, node, cli, ...words];
		const env = {...person.environment, DOCKER_HOST: engine.address};
		const result = await runToEnd(file, rest, {cwd: person.project, env, input: ''});
		return {...result, told: `gpubox ${words.join(' ')}\n${result.stdout}${result.stderr}`};
	};
	const ok = async (...words: string[]) => {
		const {code, stdout, told} = await gpubox(...words);
		assert.equal(code, 0, told);
		return stdout;
	};

	before(async () => {
		person = await makePerson(host, 'paula', {known: true});
		engine = await startPodmanEngine(person, host.folder);
		await importPython(engine.docker, person.home);
		await writeFile(join(person.project, 'gpubox.yaml'), 'image: python\ngpus: none\n');
	});
	after(async () => {
		await engine.stop();
		await person.remove();
	});

	test('a job: its output, its exit code, and files that belong to who started it', async () => {
		const {code, stdout, told} = await gpubox('run', '--trust', '--', 'sh', '-c', 'id -u; echo done > result; exit 3');
		assert.deepEqual([code, stdout], [3, `${person.uid}\n`], told);
		assert.equal(await readFile(join(person.project, 'result'), 'utf8'), 'done\n');
		assert.equal((await stat(join(person.project, 'result'))).uid, person.uid);
		assert.match(await ok('runs'), / done +3 /);
	});

	test('one in the background: listed, entered, its log, stopped and removed', async () => {
		const name = (await ok('run', '--detach', '--', 'sh', '-c', 'echo begun; sleep 1000')).trim();
		const {boxes} = JSON.parse(await ok('ls', '--json')) as {
			boxes: Array<{name: string; state: string; mine: boolean}>;
		};
		assert.deepEqual(
			boxes.map((box) => [box.name, box.state, box.mine]),
			[[name, 'running', true]],
		);
		const inside = await gpubox('attach', name, '--', 'sh', '-c', 'id -u; exit 4');
		assert.deepEqual([inside.code, inside.stdout], [4, `${person.uid}\n`], inside.told);
		assert.match(await ok('logs', name), /^begun$/m);
		await ok('stop', '--yes', name);
		assert.equal((await gpubox('wait', name)).code, 143);
		await ok('rm', '--yes', name);
		assert.deepEqual((JSON.parse(await ok('ls', '--json')) as {boxes: unknown[]}).boxes, []);
		assert.deepEqual(await engine.docker.listContainers({all: true}), []);
	});

	test('a lock differs from nothing, and a job runs from it', async () => {
		await ok('lock');
		assert.deepEqual((JSON.parse(await ok('verify', '--json')) as {differences: unknown[]}).differences, []);
		assert.equal(await ok('run', '--locked', '--', 'sh', '-c', 'echo locked'), 'locked\n');
	});

	test('doctor knows whose engine it is', async () => {
		const {stdout} = await gpubox('doctor', '--json');
		assert.match(stdout, /Podman \d/);
		assert.doesNotMatch(stdout, /nvidia-ctk runtime configure/);
	});

	const part =
		process.env.GPUBOX_TEST_ENGINE === 'podman' ? false : 'only with --engine podman: an image of 400 MB is copied';
	test('a box with Jupyter, which answers at its port', {skip: part}, async () => {
		const {jupyter} = host.images;
		const loaded = await engine.docker.loadImage(await dockerOf(host).getImage(jupyter).get());
		await new Promise((resolve) => loaded.on('end', resolve).resume());
		const up = await gpubox('up', '--json', '--trust', '--image', jupyter, '--jupyter');
		assert.equal(up.code, 0, up.told);
		const {name, jupyter: server} = JSON.parse(up.stdout) as {name: string; jupyter: {url: string; token: string}};
		const [file = '', ...words] = [...engine.inside, 'curl', '-sf', '-H', `authorization: token ${server.token}`];
		const answer = await runToEnd(file, [...words, new URL('api/status', server.url).href], {
			cwd: '/',
			env: process.env,
			input: '',
		});
		assert.match(answer.stdout, /"started"/, answer.stderr);
		assert.match(await ok('attach', name, '--', 'sh', '-c', 'pwd'), /^\/workspace$/m);
		await ok('stop', '--yes', name);
		await ok('start', name);
		await ok('rm', '--yes', name);
	});
});

import assert from 'node:assert/strict';
import {chmod, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {makePerson, needsOwnEngine, openTerminal, type Person, testHost} from '../_helpers/test-host/index.ts';

// What people have around gpubox: one part of it that fails or waits costs what needs it, and nothing else.

const host = testHost();

let person: Person;

before(async () => {
	person = await makePerson(host, 'surrounded');
});

after(async () => {
	await person.remove();
});

/** A folder for DOCKER_CONFIG. */
async function dockerConfig(content: string): Promise<string> {
	const folder = await mkdtemp(join(person.home, 'docker-'));
	await chmod(folder, 0o755);
	await writeFile(join(folder, 'config.json'), content, {mode: 0o644});
	return folder;
}

describe('a credential helper that waits', () => {
	const reference = 'registry.example.com/team/train:3';
	let env: Record<string, string>;
	before(async () => {
		const bin = join(person.home, 'helpers');
		await mkdir(bin);
		await writeFile(join(bin, 'docker-credential-vault'), "#!/bin/sh\ntrap '' INT TERM; sleep 45; exit 1\n", {
			mode: 0o755,
		});
		env = {
			DOCKER_CONFIG: await dockerConfig(JSON.stringify({credHelpers: {'registry.example.com': 'vault'}})),
			PATH: `${bin}:${person.environment.PATH}`,
		};
	});

	test('is named, and Ctrl-C is heard at once', async () => {
		const terminal = openTerminal(host, person, ['pull', reference], {env});
		await terminal.waitFor(/Waiting for docker-credential-vault, which keeps the login for registry\.example\.com/, {
			seconds: 6,
		});
		const start = performance.now();
		terminal.write('\u0003');
		assert.equal((await terminal.exited).exitCode, 130);
		assert.ok(performance.now() - start < 1500);
	});

	test('is named where nothing is drawn, too', async () => {
		const {code, stderr} = await person.run(
			'timeout',
			['--signal=INT', '5', host.program.node, host.program.cli, 'pull', reference],
			{env},
		);
		assert.match(stderr, /Waiting for docker-credential-vault/);
		assert.match(stderr, /Interrupted\./);
		assert.equal(code, 124, 'it ended at the signal, which timeout tells with a code of its own');
	});

	test('the session lives: it draws, and takes keys', async () => {
		const catalogued = await dockerConfig(JSON.stringify({credsStore: 'vault'}));
		const terminal = openTerminal(host, person, [], {env: {...env, DOCKER_CONFIG: catalogued}});
		await terminal.waitFor(/RTX A6000|No NVIDIA|GPU/);
		terminal.write('i');
		await terminal.waitFor(/pytorch\/pytorch/);
		terminal.write('p');
		await terminal.waitFor(/Waiting for docker-cred/, {seconds: 6});
		const start = performance.now();
		terminal.write('?');
		await terminal.waitFor(/[Kk]eys|[Hh]elp/, {seconds: 3});
		terminal.write('\u001B');
		await sleep(100);
		terminal.write('q');
		await sleep(200);
		terminal.write('q');
		await Promise.race([terminal.exited, sleep(4000)]);
		assert.ok(performance.now() - start < 6000);
		terminal.kill('SIGKILL');
	});
});

describe('a registry that wants a login', {skip: needsOwnEngine}, () => {
	for (const key of ['http://HOST', 'https://HOST/v2/', 'HOST/']) {
		test(`gets the one that is stored as ${key}`, async () => {
			const seen: string[] = [];
			const server = createServer((request, response) => {
				seen.push(request.headers.authorization ?? '');
				const status = request.headers.authorization === undefined ? 401 : 404;
				response.writeHead(status, {'WWW-Authenticate': 'Basic realm="test"', 'Content-Type': 'application/json'});
				response.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
			});
			await new Promise<void>((resolve) => {
				server.listen(0, '127.0.0.1', resolve);
			});
			const registry = `127.0.0.1:${(server.address() as AddressInfo).port}`;
			const auth = Buffer.from('nobody:nothing').toString('base64');
			const config = await dockerConfig(JSON.stringify({auths: {[key.replace('HOST', registry)]: {auth}}}));
			const {code} = await person.runGpubox(['pull', `${registry}/team/train:3`], {env: {DOCKER_CONFIG: config}});
			server.close();
			server.closeAllConnections();
			assert.equal(code, 1);
			assert.ok(seen.includes(`Basic ${auth}`), JSON.stringify(seen));
		});
	}
});

describe('the current Docker context is gone', () => {
	let env: Record<string, string | undefined>;
	let file: string;
	before(async () => {
		const folder = await dockerConfig('{"currentContext": "desktop-linux"}');
		file = join(folder, 'config.json');
		env = {DOCKER_CONFIG: folder, DOCKER_HOST: undefined};
	});

	test('ls ends with 3 and names the file', async () => {
		const {code, stderr} = await person.runGpubox(['ls'], {env});
		assert.equal(code, 3, stderr);
		assert.ok(stderr.includes(`"desktop-linux", the current one in ${file}`), stderr);
		assert.match(stderr, /docker context use default/);
	});

	test('gpus shows the cards, images the images, the report both', {skip: needsOwnEngine}, async () => {
		const gpus = await person.runGpubox(['gpus'], {env});
		assert.equal(gpus.code, 0, gpus.stderr);
		assert.match(gpus.stdout, /RTX A6000/);
		const images = await person.runGpubox(['images'], {env});
		assert.equal(images.code, 0, images.stderr);
		assert.match(images.stdout, /pytorch\/pytorch/);
		assert.match(images.stderr, /desktop-linux/);
		const report = await person.runGpubox([], {env});
		assert.equal(report.code, 0, report.stderr);
		assert.match(report.stdout, /RTX A6000[\s\S]*desktop-linux/);
	});

	test('doctor runs all checks and fails at the engine', async () => {
		const {code, stdout} = await person.runGpubox(['doctor', '--json'], {env});
		assert.equal(code, 8);
		const {checks} = JSON.parse(stdout) as {checks: Array<{id: string; status: string; found: string; fix: string}>};
		const engine = checks.find(({id}) => id === 'engine');
		assert.equal(engine?.status, 'fail');
		assert.match(engine?.found ?? '', /"desktop-linux", the current one in .*config\.json/);
		assert.match(engine?.fix ?? '', /docker context use default/);
		assert.ok(checks.length > 15);
		assert.notEqual(checks.find(({id}) => id === 'nvidia-smi')?.status, undefined);
		assert.equal(checks.find(({id}) => id === 'shared-memory')?.status, 'ok');
	});

	test('the session shows the cards', {skip: needsOwnEngine}, async () => {
		const terminal = openTerminal(host, person, [], {
			env: {DOCKER_CONFIG: env.DOCKER_CONFIG ?? '', DOCKER_HOST: ''},
		});
		await terminal.waitFor(/RTX A6000/);
		await terminal.waitFor(/desktop-linux/);
		terminal.write('q');
		assert.equal((await terminal.exited).exitCode, 0);
	});
});

test("Docker's configuration is damaged: one note, and all else works", {skip: needsOwnEngine}, async () => {
	const env = {DOCKER_CONFIG: await dockerConfig('{"auths": {')};
	const {code, stdout, stderr} = await person.runGpubox(['ls', '--json'], {env});
	assert.equal(code, 0, stderr);
	JSON.parse(stdout);
	assert.match(stderr, /^gpubox: \S+config\.json is ignored, because it is not JSON: .*\n {2}→ Correct it/);
	assert.equal(stderr.match(/is ignored/g)?.length, 1);
	const terminal = openTerminal(host, person, [], {env});
	await terminal.waitFor(/is ignored, because/);
	terminal.write('q');
	await terminal.exited;
});

describe('empty variables are unset ones', {skip: needsOwnEngine}, () => {
	test('DOCKER_CONTEXT, DOCKER_CONFIG and HOME', async () => {
		const folder = await mkdtemp(join(person.home, 'model-'));
		await chmod(folder, 0o755);
		await writeFile(join(folder, 'config.json'), '{"currentContext": "a-model"}', {mode: 0o644});
		const empty = {DOCKER_CONTEXT: '', DOCKER_CONFIG: '', HOME: '', XDG_CONFIG_HOME: '', XDG_STATE_HOME: ''};
		const {code, stderr} = await person.runGpubox(['ls'], {env: empty, cwd: folder});
		assert.equal(code, 0, stderr);
		const plan = await person.runGpubox(['up', '--dry-run', '--image', host.images.jupyter, '--gpus', 'none'], {
			env: {...empty, DOCKER_HOST: person.environment.DOCKER_HOST},
		});
		assert.equal(plan.code, 0, plan.stderr);
		const sources = [...plan.stdout.matchAll(/type=bind,[^ ]*?(?:source|src)=([^, '"]+)/g)].map(([, source]) => source);
		assert.ok(sources.length > 3, plan.stdout);
		assert.ok(
			sources.every((source) => source?.startsWith('/')),
			plan.stdout,
		);
	});
});

describe('settings that cannot be read', () => {
	const broken = '{"gpus": ';
	before(async () => {
		const folder = join(person.home, '.config/gpubox');
		await mkdir(folder, {recursive: true});
		await writeFile(join(folder, 'config.json'), broken, {mode: 0o644});
		await writeFile(join(person.project, 'gpubox.yaml'), 'gpus: [', {mode: 0o644});
	});
	after(async () => {
		await rm(join(person.project, 'gpubox.yaml'));
		await rm(join(person.home, '.config/gpubox/config.json'));
	});

	test('cost ls and gpus nothing', async () => {
		assert.equal((await person.runGpubox(['ls'])).code, 0);
		if (!needsOwnEngine) {
			assert.equal((await person.runGpubox(['gpus'])).code, 0);
		}
	});

	test('are told by doctor and images, which do their work', async () => {
		const doctor = await person.runGpubox(['doctor', '--json']);
		assert.match(doctor.stderr, /gpubox\.yaml:1:[\s\S]*config\.json:1:/);
		assert.ok(JSON.parse(doctor.stdout).checks.length > 15);
		const images = await person.runGpubox(['images']);
		assert.equal(images.code, 0, images.stderr);
		assert.match(images.stderr, /gpubox\.yaml:1:[\s\S]*config\.json:1:/);
	});

	test('up, which needs them, names file, line and column', async () => {
		const up = await person.runGpubox(['up', '--dry-run']);
		assert.equal(up.code, 2);
		assert.match(up.stderr, /gpubox\.yaml:1:\d+: /);
	});
});

describe('lines from a compose file in gpubox.yaml', () => {
	const file = () => join(person.project, 'gpubox.yaml');
	after(() => rm(file(), {force: true}));
	const home = ['$', '{HOME}'].join('');

	for (const [text, place, told] of [
		['mounts:\n  - $HOME/data:/data\n', '2:5', /Write ~\/data:\/data/],
		['mounts:\n  - ./data:/data:ro,z\n', '2:5', /Leave it out: \.\/data:\/data:ro/],
		['mounts:\n  - hf-cache:/cache\n', '2:5', /write \.\/hf-cache:\/cache/],
		['ports: ["8888:8888"]\n', '1:8', /write ports: \{jupyter: 8888\}/],
		['ssh: []\n', '1:6', /a section with keys/],
		['volumes: [./data:/data]\n', '1:1', /as mounts/],
		['environment: [A=1]\n', '1:1', /as env/],
		[`env: {CACHE: "${home}/cache"}\n`, '1:14', /not filled in here/],
	] as const) {
		test(text.trim(), async () => {
			await writeFile(file(), text, {mode: 0o644});
			for (const arguments_ of [
				['config', '--show-origin'],
				['up', '--dry-run'],
			]) {
				const {code, stderr} = await person.runGpubox(arguments_);
				assert.equal(code, 2, stderr);
				assert.ok(stderr.startsWith(`gpubox: gpubox.yaml:${place}: `), stderr);
				assert.match(stderr, told);
				assert.doesNotMatch(stderr, /bug in gpubox|native code/);
			}
		});
	}

	test("docker's ways that mean one thing are taken", async () => {
		await mkdir(join(person.project, 'data'), {recursive: true});
		await chmod(join(person.project, 'data'), 0o755);
		await writeFile(
			file(),
			'gpus: device=3\nmounts: ["type=bind,source=./data,target=/data,readonly"]\nenv: [A=1]\nservices: ssh\n',
			{mode: 0o644},
		);
		const {code, stdout, stderr} = await person.runGpubox(['config', '--show-origin', '--json']);
		assert.equal(code, 0, stderr);
		const values = new Map(
			(JSON.parse(stdout) as {settings: Array<{key: string; value: unknown}>}).settings.map(({key, value}) => [
				key,
				value,
			]),
		);
		assert.equal(values.get('gpus'), '3,');
		assert.equal(values.get('env.A'), '1');
		assert.ok(String(values.get('mounts')).endsWith(':/data:ro'));
	});
});

describe('CI is set, and there is a terminal', () => {
	for (const env of [{CI: 'true'}, {CI: '1'}, {CONTINUOUS_INTEGRATION: 'true'}, {BUILD_NUMBER: '7', CI_NAME: 'x'}]) {
		test(`the session is drawn with ${JSON.stringify(env)}`, async () => {
			for (const arguments_ of [[], ['demo']]) {
				const terminal = openTerminal(host, person, arguments_, {env});
				await terminal.waitFor(arguments_.length > 0 ? /H100/ : /GPU/);
				await terminal.waitFor(/q .*quit|quit/i);
				// The same picture: with its colours.
				assert.match(terminal.raw(), /\u001B\[(?:\d+;)*3[1-7]m/);
				terminal.write('q');
				assert.equal((await terminal.exited).exitCode, 0);
			}
		});
	}

	test('without a terminal it is one plain report, whatever CI says', async () => {
		for (const env of [{CI: 'true'}, {CI: undefined}]) {
			for (const arguments_ of [[], ['demo']]) {
				const {code, stdout} = await person.runGpubox(arguments_, {env});
				assert.equal(code, 0);
				assert.notEqual(stdout, '');
				assert.doesNotMatch(stdout, /\u001B/);
			}
		}
	});
});

import assert from 'node:assert/strict';
import {chmodSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {askHelper} from '../../../source/engine/docker/credential-helper.ts';
import {findRegistryAuth, registryOf} from '../../../source/engine/docker/registry-auth.ts';

const login = Buffer.from('me:pass:word').toString('base64');
const expected = {username: 'me', password: 'pass:word'};

let folder: string;
const path = process.env.PATH;
before(() => {
	folder = mkdtempSync(join(tmpdir(), 'gpubox-auth-'));
	process.env.PATH = `${folder}:${path}`;
});
after(() => {
	process.env.PATH = path;
	rmSync(folder, {recursive: true});
});

function helper(name: string, script: string): string {
	const file = join(folder, `docker-credential-${name}`);
	writeFileSync(file, `#!/bin/sh\n${script}\n`);
	chmodSync(file, 0o755);
	return file;
}

const find = (config: object, reference: string) => {
	writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
	return findRegistryAuth(reference, {environment: {DOCKER_CONFIG: folder}});
};

describe('the login of a registry', () => {
	for (const key of [
		'registry.example.com:5050',
		'registry.example.com:5050/',
		'http://registry.example.com:5050',
		'https://registry.example.com:5050',
		'https://registry.example.com:5050/v2/',
		'registry.example.com:5050/v1/team',
	]) {
		test(`under the key ${key}`, async () => {
			const {auth} = await find({auths: {[key]: {auth: login}}}, 'registry.example.com:5050/team/train:3');
			assert.deepEqual(auth, {...expected, serveraddress: 'registry.example.com:5050'});
		});
	}

	test('an entry of that very name goes before one that names it as an address', async () => {
		const other = Buffer.from('other:x').toString('base64');
		const auths = {'https://a.example/v2/': {auth: other}, 'a.example': {auth: login}};
		assert.deepEqual((await find({auths}, 'a.example/b')).auth, {...expected, serveraddress: 'a.example'});
	});

	test('an entry or a part that is damaged costs itself alone', async () => {
		const auths = {'other.example': 'x', 'a.example': {auth: login}};
		const {auth} = await find({auths, credsStore: 7, credHelpers: ['x']} as object, 'a.example/b');
		assert.deepEqual(auth, {...expected, serveraddress: 'a.example'});
	});

	test('another port or host is another registry', async () => {
		const auths = {'https://a.example:5000/': {auth: login}, 'b.a.example': {auth: login}};
		assert.deepEqual(await find({auths}, 'a.example/b'), {});
		assert.deepEqual(await find({auths}, 'a.example:5001/b'), {});
	});

	test('Docker Hub, however it is written', async () => {
		const auths = {'https://index.docker.io/v1/': {auth: login}};
		for (const reference of ['debian', 'team/image:1', 'docker.io/team/image', 'index.docker.io/library/debian']) {
			const {auth} = await find({auths}, reference);
			assert.deepEqual(auth, {...expected, serveraddress: 'https://index.docker.io/v1/'}, reference);
		}

		assert.equal(registryOf('localhost/x'), 'localhost');
	});

	test('nothing, or nothing useful, is no login', async () => {
		for (const config of [{}, {auths: {'a.example': {}}}, {auths: {'a.example': {auth: '!'}}}, {auths: null}, []]) {
			assert.deepEqual(await find(config, 'a.example/b'), {}, JSON.stringify(config));
		}
	});

	test('an empty DOCKER_CONFIG is an unset one', async () => {
		writeFileSync(join(folder, 'config.json'), JSON.stringify({auths: {'a.example': {auth: login}}}));
		const before = process.cwd();
		process.chdir(folder);
		const found = await findRegistryAuth('a.example/b', {environment: {DOCKER_CONFIG: '', HOME: '/nonexistent'}});
		process.chdir(before);
		assert.deepEqual(found, {});
	});
});

describe('a credential helper', () => {
	test('is asked with the registry, and its answer is the login', async () => {
		helper('good', 'read -r name; printf \'{"ServerURL":"%s","Username":"me","Secret":"s"}\' "$name"');
		const {auth} = await find({credHelpers: {'a.example': 'good'}}, 'a.example/b');
		assert.deepEqual(auth, {username: 'me', password: 's', serveraddress: 'a.example'});
		helper('token', 'cat >/dev/null; echo \'{"Username":"<token>","Secret":"t"}\'');
		assert.deepEqual((await find({credsStore: 'token'}, 'a.example/b')).auth, {
			identitytoken: 't',
			serveraddress: 'a.example',
		});
	});

	test('that fails, prints nonsense, is missing or ignores its input has none', async () => {
		helper('bad', 'echo "credentials not found in native keychain"; exit 1');
		helper('nonsense', 'exec 0<&-; echo hello');
		helper('loud', 'yes | head -c 1000000');
		for (const credsStore of ['bad', 'nonsense', 'missing', 'loud', '../bad']) {
			assert.deepEqual(await find({credsStore}, 'a.example/b'), {}, credsStore);
		}
	});

	test('that is silent blocks nothing, is named after a moment, given up, and ended with all that it started', async () => {
		const pids = join(folder, 'pids');
		const program = helper('vault', `trap '' INT TERM; echo $$ >> '${pids}'; sleep 45 & echo $! >> '${pids}'; wait`);
		let told = 0;
		let turns = 0;
		const turning = setInterval(() => {
			turns++;
		}, 10);
		const answer = await askHelper(program, 'a.example', {
			onWait: () => {
				told++;
			},
			seconds: {notice: 0.2, limit: 0.6},
		});
		clearInterval(turning);
		assert.equal(answer, 'silent');
		assert.equal(told, 1);
		assert.ok(turns > 10, `${turns} turns of the event loop`);
		await assertEnded(pids);
	});

	test('ends at once when its caller does', async () => {
		const pids = join(folder, 'pids-2');
		const program = helper('vault', `trap '' INT TERM; echo $$ >> '${pids}'; sleep 45 & echo $! >> '${pids}'; wait`);
		const reason = new Error('Ctrl-C');
		const controller = new AbortController();
		const asked = askHelper(program, 'a.example', {signal: controller.signal});
		await sleep(300);
		const start = performance.now();
		controller.abort(reason);
		await assert.rejects(asked, reason);
		assert.ok(performance.now() - start < 100);
		await assertEnded(pids);
		await assert.rejects(askHelper(program, 'a.example', {signal: controller.signal}), reason);
	});
});

async function assertEnded(pidFile: string): Promise<void> {
	const {readFileSync} = await import('node:fs');
	const pids = readFileSync(pidFile, 'utf8').trim().split('\n').map(Number);
	assert.equal(pids.length, 2);
	for (let attempt = 0; pids.some(isAlive); attempt++) {
		assert.ok(attempt < 100, 'still running');
		await sleep(30);
	}
}

function isAlive(pid: number): boolean {
	try {
		// A zombie that no one has waited for yet counts as ended.
		process.kill(pid, 0);
		const {readFileSync} = process.getBuiltinModule('node:fs');
		return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
	} catch {
		return false;
	}
}

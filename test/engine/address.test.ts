import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {Failure} from '../../source/base/failure.ts';
import {findEngineAddress, findListedHost, isLocalAddress} from '../../source/engine/address.ts';
import {registryOf} from '../../source/engine/docker/registry-auth.ts';
import {isNoEngine} from '../../source/engine/engine.ts';
import {codeOfReason, refusal, toEngineError} from '../../source/engine/errors.ts';
import {readFrames, readJsonLines} from '../../source/engine/frames.ts';
import {lazyDocker} from '../../source/engine/lazy.ts';
import {explain} from '../../source/host/remedies.ts';

describe('where the engine is', () => {
	let home: string;
	before(() => {
		home = mkdtempSync(join(tmpdir(), 'gpubox-home-'));
		const id = createHash('sha256').update('gpu2').digest('hex');
		const meta = join(home, '.docker/contexts/meta', id);
		mkdirSync(meta, {recursive: true});
		writeFileSync(join(meta, 'meta.json'), JSON.stringify({Endpoints: {docker: {Host: 'ssh://me@gpu2'}}}));
		const other = join(home, 'other');
		mkdirSync(other);
		writeFileSync(join(other, 'config.json'), JSON.stringify({currentContext: 'gpu2'}));
		mkdirSync(join(other, 'contexts/meta', id), {recursive: true});
		writeFileSync(
			join(other, 'contexts/meta', id, 'meta.json'),
			JSON.stringify({Endpoints: {docker: {Host: 'tcp://h:1'}}}),
		);
	});
	after(() => rmSync(home, {recursive: true}));

	test('--host goes before DOCKER_HOST, that before contexts', () => {
		const environment = {DOCKER_HOST: 'tcp://a:1', DOCKER_CONTEXT: 'gpu2'};
		assert.equal(findEngineAddress(environment, home, 'ssh://x').url, 'ssh://x');
		assert.equal(findEngineAddress(environment, home, 'gpu2').url, 'ssh://me@gpu2');
		assert.equal(findEngineAddress(environment, home).url, 'tcp://a:1');
		assert.equal(findEngineAddress({DOCKER_CONTEXT: 'gpu2'}, home).url, 'ssh://me@gpu2');
	});
	test('the current context of the config in DOCKER_CONFIG', () => {
		assert.equal(findEngineAddress({DOCKER_CONFIG: join(home, 'other')}, home).url, 'tcp://h:1');
	});
	test('a bare host and port', () =>
		assert.equal(findEngineAddress({DOCKER_HOST: 'h:2375'}, home).url, 'tcp://h:2375'));
	test('a context that does not exist', () => {
		assert.throws(
			() => findEngineAddress({}, home, 'nowhere'),
			(error) => error instanceof Failure && error.exitCode === 2,
		);
	});
	test('user@machine means ssh, which no context can be called', () => {
		assert.equal(findEngineAddress({}, home, 'me@gpu9').url, 'ssh://me@gpu9');
	});
	test('a machine of the setting hosts: a URL, this machine, a context, else a name for ssh', () => {
		assert.equal(findListedHost({}, home, 'tcp://h:2'), 'tcp://h:2');
		assert.equal(findListedHost({}, home, 'gpu2'), 'gpu2');
		assert.equal(findListedHost({}, home, 'gpu9'), 'ssh://gpu9');
		assert.equal(findListedHost({}, home, 'me@gpu9'), 'ssh://me@gpu9');
		assert.equal(findListedHost({DOCKER_HOST: 'unix:///run/mine.sock'}, home, 'local'), 'unix:///run/mine.sock');
		assert.equal(findListedHost({DOCKER_HOST: 'ssh://gpu2'}, home, 'local'), 'unix:///var/run/docker.sock');
		assert.equal(findListedHost({DOCKER_CONTEXT: 'gpu2'}, home, 'local'), 'unix:///var/run/docker.sock');
	});
	test('the current context is gone: the address says so, and names the file', async () => {
		const gone = join(home, 'gone');
		mkdirSync(gone);
		writeFileSync(join(gone, 'config.json'), JSON.stringify({currentContext: 'desktop-linux'}));
		const {missing} = findEngineAddress({DOCKER_CONFIG: gone}, home);
		assert.equal(
			missing?.message,
			`There is no Docker context named "desktop-linux", the current one in ${gone}/config.json.`,
		);
		assert.match(missing?.fix ?? '', /docker context use default/);
		assert.match(
			findEngineAddress({DOCKER_CONTEXT: 'desktop-linux'}, home).missing?.message ?? '',
			/"desktop-linux", which DOCKER_CONTEXT names/,
		);
		const engine = lazyDocker(findEngineAddress({DOCKER_CONFIG: gone}, home));
		assert.ok(engine.local, 'the machine to look at is this one');
		await assert.rejects(engine.listContainers({}), (error) => {
			const failure = explain(error, engine.address);
			assert.ok(isNoEngine(error));
			assert.equal(failure.exitCode, 3);
			assert.equal(failure.message, missing?.message);
			assert.equal(failure.fix, missing?.fix);
			return true;
		});
		await Promise.allSettled([engine.info()]);
	});
	test('an empty variable is an unset one', () => {
		const folder = join(home, 'with-config');
		mkdirSync(folder);
		writeFileSync(join(folder, 'config.json'), JSON.stringify({currentContext: 'a model'}));
		const before = process.cwd();
		process.chdir(folder);
		const empty = {
			DOCKER_CONTEXT: '',
			DOCKER_CONFIG: '',
			DOCKER_HOST: '',
			DOCKER_CERT_PATH: '',
			DOCKER_TLS_VERIFY: '',
			XDG_RUNTIME_DIR: '',
		};
		const found = findEngineAddress(empty, home, '');
		process.chdir(before);
		assert.deepEqual(found, {url: 'unix:///var/run/docker.sock', origin: 'default'});
	});
	test('with DOCKER_TLS_VERIFY alone the keys are beside the config', () => {
		const found = findEngineAddress({DOCKER_HOST: 'h:2376', DOCKER_TLS_VERIFY: '1'}, '/home/me');
		assert.equal(found.tlsDirectory, '/home/me/.docker');
	});
	test('what is on this machine', () => {
		for (const url of ['unix:///x.sock', 'tcp://127.0.0.1:2375', 'http://localhost', 'tcp://[::1]:1']) {
			assert.ok(isLocalAddress(url), url);
		}

		for (const url of ['ssh://me@host', 'tcp://10.0.0.1:2375', 'tcp://localhost.example.com:1']) {
			assert.ok(!isLocalAddress(url), url);
		}
	});
});

describe("the engine's reasons", () => {
	for (const [reason, status, code] of [
		['could not select device driver "" with capabilities: [[gpu]]', 400, 'no-gpu'],
		['failed to discover GPU vendor from CDI: no known GPU vendor found', 500, 'no-gpu'],
		['CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=all', 500, 'no-gpu'],
		['nvidia-container-cli: initialization error: nvml error: driver not loaded: unknown', 500, 'no-gpu'],
		['write /x: no space left on device', 500, 'disk-full'],
		['chown /srv/docker/overlay2/7d1f/work: no such file or directory', 500, 'disk-full'],
		['chown /data: no such file or directory', 500, 'failed'],
		['Bind for 127.0.0.1:8888 failed: port is already allocated', 500, 'port-taken'],
		['listen tcp4 127.0.0.1:8888: bind: address already in use', 500, 'port-taken'],
		['Conflict. The container name "/x" is already in use by container "y"', 409, 'name-taken'],
		['Renaming a container with the same name as its current name', 400, 'name-taken'],
		['You cannot remove a running container', 409, 'conflict'],
		['No such container: x', 404, 'not-found'],
		['manifest unknown: manifest unknown', 500, 'not-found'],
		['something else', 500, 'failed'],
	] as const) {
		test(reason.slice(0, 60), () => assert.equal(codeOfReason(reason, status), code));
	}

	test('a socket that is not there, and one that may not be used', () => {
		assert.equal(toEngineError(Object.assign(new Error('x'), {code: 'ENOENT'})).code, 'unreachable');
		assert.equal(toEngineError(Object.assign(new Error('x'), {code: 'EACCES'})).code, 'no-permission');
	});
	test('are cleared of control sequences and cut', () => {
		assert.equal(refusal('a\u001B[2Jb', 500).message, 'ab');
		const long = refusal(`begin ${'x'.repeat(100_000)} no space left on device`, 500);
		assert.equal(long.code, 'disk-full');
		assert.ok(long.message.length <= 500, String(long.message.length));
		assert.match(long.message, /^begin x+ … x+ no space left on device$/);
	});
});

describe('streams', () => {
	const frame = (stream: number, text: string) => {
		const head = Buffer.alloc(8);
		head[0] = stream;
		head.writeUInt32BE(Buffer.byteLength(text), 4);
		return Buffer.concat([head, Buffer.from(text)]);
	};
	async function* cut(whole: Buffer, size: number) {
		for (let start = 0; start < whole.length; start += size) {
			yield whole.subarray(start, start + size);
		}
	}

	test('frames keep order and stream, wherever they are cut', async () => {
		const whole = Buffer.concat([frame(1, 'out'), frame(2, 'err'), frame(1, ''), frame(1, 'äö')]);
		for (let size = 1; size <= whole.length; size++) {
			const seen: Array<{stream: string; data: Buffer}> = [];
			for await (const {stream, data} of readFrames(cut(whole, size))) {
				const last = seen.at(-1);
				if (last?.stream === stream) {
					last.data = Buffer.concat([last.data, data]);
				} else {
					seen.push({stream, data});
				}
			}

			const texts = seen.map(({stream, data}) => `${stream}:${data}`);
			assert.deepEqual(texts, ['stdout:out', 'stderr:err', 'stdout:äö'], `cut every ${size}`);
		}
	});
	test('JSON lines, wherever they are cut, also inside a character', async () => {
		const whole = Buffer.from('{"a":"ä"}\r\n\n{"a":"ö"}');
		for (let size = 1; size <= whole.length; size++) {
			const seen: string[] = [];
			for await (const {a} of readJsonLines<{a: string}>(cut(whole, size), JSON.parse, {
				question: 'a test',
				bytes: 1000,
			})) {
				seen.push(a);
			}

			assert.deepEqual(seen, ['ä', 'ö']);
		}
	});
});

test('the registry of a reference', () => {
	const hub = 'https://index.docker.io/v1/';
	assert.deepEqual(
		['pytorch/pytorch:2', 'ubuntu', 'nvcr.io/nvidia/cuda', 'localhost/x', '127.0.0.1:5000/a/b', 'team/x'].map(
			registryOf,
		),
		[hub, hub, 'nvcr.io', 'localhost', '127.0.0.1:5000', hub],
	);
});

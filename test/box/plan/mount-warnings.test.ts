import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {warnOfSockets} from '../../../source/box/plan/mount-warnings.ts';

const root = mkdtempSync(join(tmpdir(), 'gpubox-socket-'));
const run = join(root, 'run');
const [engine, other] = [join(run, 'engine'), join(root, 'docker.sock')];
const servers = [createServer(), createServer()];
before(async () => {
	mkdirSync(run);
	mkdirSync(join(root, 'data'));
	writeFileSync(join(root, 'podman.sock'), 'a file of that name');
	symlinkSync(run, join(root, 'link'));
	await Promise.all(
		[engine, other].map((path, index) => new Promise<void>((done) => servers[index]?.listen(path, () => done()))),
	);
});
after(() => {
	for (const server of servers) {
		server.close();
	}

	rmSync(root, {recursive: true, force: true});
});

const isWarnedOf = (source: string) =>
	warnOfSockets([{type: 'bind', source, target: '/x'}], `unix://${engine}`).length > 0;

test("a mount that brings an engine's socket along is warned of, in whatever folder it hides", () => {
	for (const source of [engine, run, join(root, 'link'), root, '/', other]) {
		assert.ok(isWarnedOf(source), source);
	}
});

test('other mounts are not', () => {
	for (const source of [join(root, 'data'), join(root, 'podman.sock'), `${run}-of-something`]) {
		assert.ok(!isWarnedOf(source), source);
	}

	assert.deepEqual(warnOfSockets([{type: 'tmpfs', target: '/x'}], `unix://${engine}`), []);
	assert.deepEqual(warnOfSockets([{type: 'bind', source: run, target: '/x'}], 'ssh://machine'), []);
});

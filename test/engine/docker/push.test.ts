import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, test} from 'node:test';
import {withAnswers} from '../../_helpers/answering-engine.ts';

// What is sent for a push, and what is made of the answer. The texts are those of Docker Engine 29 and Podman 5.

const digest = `sha256:${'a'.repeat(64)}`;
let folder: string;
const before = process.env.DOCKER_CONFIG;

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'gpubox-push-'));
	process.env.DOCKER_CONFIG = folder;
});
afterEach(() => {
	rmSync(folder, {recursive: true});
	if (before === undefined) {
		delete process.env.DOCKER_CONFIG;
	} else {
		process.env.DOCKER_CONFIG = before;
	}
});

async function push(...lines: object[]): Promise<{digest: string; auth: unknown}> {
	let auth: unknown;
	const found = await withAnswers(
		(request, response) => {
			assert.match(request.url ?? '', /^\/(?:v[\d.]+\/)?images\/r\.example:5000\/team\/x\/push\?tag=1$/);
			auth = JSON.parse(Buffer.from(String(request.headers['x-registry-auth']), 'base64url').toString());
			response.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
		},
		async (engine) => engine.pushImage('r.example:5000/team/x:1'),
	);
	return {digest: found, auth};
}

test('the digest is what the engine says at the end, in either form', async () => {
	const said = await push({status: 'Pushed', id: 'abc'}, {aux: {Tag: '1', Digest: digest, Size: 5}});
	assert.deepEqual(said, {digest, auth: {}});
	assert.equal((await push({status: `1: digest: ${digest} size: 5`})).digest, digest);
});

test('the login that docker keeps for that registry goes with it', async () => {
	const auth = Buffer.from('pusher:a-good-secret').toString('base64');
	writeFileSync(
		join(folder, 'config.json'),
		JSON.stringify({auths: {'r.example:5000': {auth}, 'other.example': {auth: 'eA=='}}}),
	);
	assert.deepEqual((await push({aux: {Digest: digest}})).auth, {
		username: 'pusher',
		password: 'a-good-secret',
		serveraddress: 'r.example:5000',
	});
});

test('a refusal is the reason of the registry, without control characters', async () => {
	await assert.rejects(
		push({status: 'Preparing', id: 'abc'}, {error: 'denied: \u001B[31mno rights\u001B]0;title\u0007'}),
		/^EngineError: denied: no rights$/,
	);
});

test('without a digest it did not work', async () => {
	await assert.rejects(push({status: 'Pushed'}, {aux: {Digest: 'sha256:no'}}), /ended without a digest/);
});

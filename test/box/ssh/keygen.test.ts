import assert from 'node:assert/strict';
import {createPrivateKey, createPublicKey, sign, verify} from 'node:crypto';
import {test} from 'node:test';
import {makeSshKey} from '../../../source/box/ssh/keygen.ts';

/** Reads the length-prefixed strings that OpenSSH's formats are made of. */
function strings(bytes: Buffer, count: number): {parts: Buffer[]; rest: Buffer} {
	const parts: Buffer[] = [];
	let rest = bytes;
	for (let index = 0; index < count; index++) {
		const length = rest.readUInt32BE(0);
		parts.push(rest.subarray(4, 4 + length));
		rest = rest.subarray(4 + length);
	}

	return {parts, rest};
}

function parse(privateFile: string) {
	const [first, ...lines] = privateFile.trimEnd().split('\n');
	assert.equal(first, '-----BEGIN OPENSSH PRIVATE KEY-----');
	assert.equal(lines.pop(), '-----END OPENSSH PRIVATE KEY-----');
	assert.ok(lines.every((line) => line.length <= 70));
	const bytes = Buffer.from(lines.join(''), 'base64');
	const magic = 'openssh-key-v1\0';
	assert.equal(bytes.subarray(0, magic.length).toString(), magic);
	const {parts: head, rest} = strings(bytes.subarray(magic.length), 3);
	assert.deepEqual(head.map(String), ['none', 'none', '']);
	assert.equal(rest.readUInt32BE(0), 1);
	const {
		parts: [publicBlob = Buffer.of(), inner = Buffer.of()],
		rest: nothing,
	} = strings(rest.subarray(4), 2);
	assert.equal(nothing.length, 0);
	return {publicBlob, inner};
}

test('the private file has the layout that OpenSSH reads, and both halves belong together', () => {
	for (const comment of ['', 'a', 'gpubox-alice-train', 'exactly eight more']) {
		const {privateFile, publicLine} = makeSshKey(comment);
		const {publicBlob, inner} = parse(privateFile);
		assert.equal(inner.length % 8, 0);
		assert.equal(inner.readUInt32BE(0), inner.readUInt32BE(4));
		const {parts, rest} = strings(inner.subarray(8), 4);
		const [type = '', point = Buffer.of(), secret = Buffer.of(), name = ''] = parts;
		assert.deepEqual([String(type), String(name)], ['ssh-ed25519', comment]);
		assert.deepEqual(rest, Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, rest.length)));
		assert.deepEqual(secret.subarray(32), point);
		assert.equal(publicLine, `ssh-ed25519 ${publicBlob.toString('base64')} ${comment}`);

		const base = {kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url')};
		const message = Buffer.from('message');
		const signature = sign(
			null,
			message,
			createPrivateKey({key: {...base, d: secret.subarray(0, 32).toString('base64url')}, format: 'jwk'}),
		);
		assert.ok(verify(null, message, createPublicKey({key: base, format: 'jwk'}), signature));
	}
});

test('no two keys are the same', () => {
	assert.notEqual(makeSshKey('a').publicLine, makeSshKey('a').publicLine);
});

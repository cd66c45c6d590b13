import {generateKeyPairSync, randomBytes} from 'node:crypto';

/** `privateFile` is the content of OpenSSH's private key file, `publicLine` that of its .pub file, without a line break. */
export type SshKeyPair = {privateFile: string; publicLine: string};

const type = 'ssh-ed25519';

/**
Creates an Ed25519 key in OpenSSH's own format, without a passphrase. Implemented here, because a host may not have ssh-keygen, and sshd
reads Node's format (PKCS #8) only since OpenSSH 9.6.

The format is described in PROTOCOL.key of the OpenSSH sources.
*/
export function makeSshKey(comment: string): SshKeyPair {
	const {publicKey, privateKey} = generateKeyPairSync('ed25519');
	const {x = ''} = publicKey.export({format: 'jwk'});
	const {d = ''} = privateKey.export({format: 'jwk'});
	const point = Buffer.from(x, 'base64url');
	const secret = Buffer.concat([Buffer.from(d, 'base64url'), point]);
	const publicBlob = Buffer.concat([string(type), string(point)]);

	// The same number twice: with a passphrase it would show whether that was correct.
	const check = randomBytes(4);
	const inner = Buffer.concat([check, check, string(type), string(point), string(secret), string(comment)]);
	const padding = Buffer.from(Array.from({length: -inner.length & 7}, (_, index) => index + 1));
	const file = Buffer.concat([
		Buffer.from('openssh-key-v1\0'),
		string('none'),
		string('none'),
		string(''),
		number(1),
		string(publicBlob),
		string(Buffer.concat([inner, padding])),
	]);
	const lines = file.toString('base64').match(/.{1,70}/g) ?? [];
	return {
		privateFile: ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n'),
		publicLine: `${type} ${publicBlob.toString('base64')} ${comment}`,
	};
}

function string(value: string | Buffer): Buffer {
	const bytes = Buffer.from(value as string);
	return Buffer.concat([number(bytes.length), bytes]);
}

function number(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(value);
	return bytes;
}

import {closeSync, openSync, readSync} from 'node:fs';

/** Random bytes as hexadecimal digits, as good as those of `node:crypto`, which takes 6 ms to load. @throws errors of the file system */
export function randomHex(bytes: number): string {
	const source = openSync('/dev/urandom', 'r');
	try {
		const random = Buffer.alloc(bytes);
		// Up to 256 bytes are given at once, whatever happens (random(4)).
		readSync(source, random, 0, bytes, null);
		return random.toString('hex');
	} finally {
		closeSync(source);
	}
}

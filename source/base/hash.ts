import {sha256} from '@noble/hashes/sha2.js';
import {bytesToHex, utf8ToBytes} from '@noble/hashes/utils.js';

/** SHA-256 of a text in UTF-8, as 64 hexadecimal digits. For short ones: `node:crypto` is faster, but takes 6 ms to load. */
export function hashOf(text: string): string {
	return bytesToHex(sha256(utf8ToBytes(text)));
}

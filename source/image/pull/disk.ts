import {formatBytes} from '../../text/bytes.ts';
import type {Reason} from '../image.ts';

/**
How much room a pull needs for each byte it transfers. Layers are compressed about threefold (2.11.0-cuda12.6-devel:
11.9 GiB on the wire, 36 GB unpacked), and the compressed ones lie on the disk as well until they are unpacked; engines
that keep images in containerd's store keep them permanently.
*/
const roomPerByte = 4;

/** Bytes that must be free where the engine keeps images before an image of this download size is pulled. */
export function roomForPull(downloadBytes: number): number {
	return downloadBytes * roomPerByte;
}

/** Undefined when there is enough space, or when one of the two is unknown. */
export function judgeDisk(downloadBytes: number | null, freeDiskBytes: number | null): Reason | undefined {
	if (downloadBytes === null || freeDiskBytes === null) {
		return undefined;
	}

	const needed = roomForPull(downloadBytes);
	if (freeDiskBytes >= needed) {
		return undefined;
	}

	return {
		code: 'not-enough-disk',
		message: `Pulling it needs about ${formatBytes(needed)} where the engine keeps images; only ${formatBytes(Math.max(0, freeDiskBytes))} are free.`,
		fix: `Free ${formatBytes(needed - Math.max(0, freeDiskBytes))}: \`docker system df\` shows what uses the space, \`docker image prune\` removes unused images.`,
	};
}

import {spawn} from 'node:child_process';
import {endGroup, ownGroup} from '../../base/process/process-group.ts';

export type HelperOptions = {
	signal?: AbortSignal | undefined;
	/** Called once when there is no answer after a moment: the helper may be asking the user in a window that is out of sight. */
	onWait?: () => void;
	/** Seconds until `onWait`, and until it is given up. */
	seconds?: {notice: number; limit: number};
};

/** A login is a few lines; more is none. */
const mostBytes = 64 * 1024;

/**
Asks one of Docker's credential helpers for the login of a registry, without blocking anything else: it may wait for a password that
the user has to type somewhere, or for ever.

@returns what it printed; `undefined` when it failed, which is also its way to say that it has none; `silent` when it gave no answer
@throws the reason of the signal
*/
export async function askHelper(
	program: string,
	registry: string,
	{signal, onWait, seconds = {notice: 2, limit: 60}}: HelperOptions = {},
): Promise<string | undefined | 'silent'> {
	signal?.throwIfAborted();
	// A process group of its own, so that what it started ends with it.
	const child = spawn(program, ['get'], {stdio: ['pipe', 'pipe', 'ignore'], detached: true});
	ownGroup(child);
	const answer = Promise.withResolvers<string | undefined | 'silent'>();
	const chunks: Buffer[] = [];
	let size = 0;
	child.stdout.on('data', (chunk: Buffer) => {
		chunks.push(chunk);
		size += chunk.length;
		if (size > mostBytes) {
			answer.resolve(undefined);
		}
	});
	child.once('error', () => answer.resolve(undefined));
	child.once('close', (code) => answer.resolve(code === 0 ? Buffer.concat(chunks).toString('utf8') : undefined));
	// One that does not read its input is no less able to answer.
	child.stdin.on('error', () => {});
	child.stdin.end(registry);
	const notice = setTimeout(() => onWait?.(), seconds.notice * 1000);
	const giveUp = setTimeout(() => answer.resolve('silent'), seconds.limit * 1000);
	const abort = () => answer.reject(signal?.reason);
	signal?.addEventListener('abort', abort);
	try {
		return await answer.promise;
	} finally {
		signal?.removeEventListener('abort', abort);
		clearTimeout(notice);
		clearTimeout(giveUp);
		child.stdout.destroy();
		// Not waited for: what does not end by itself is killed in a moment.
		void endGroup(child);
	}
}

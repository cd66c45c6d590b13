import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import type {SshVersion} from './options.ts';

/** The user's ssh; a client that is missing, or another one than OpenSSH, has no version. */
export async function readSshVersion(signal?: AbortSignal): Promise<SshVersion> {
	try {
		const {stderr, stdout} = await promisify(execFile)('ssh', ['-V'], {timeout: 5000, ...(signal ? {signal} : {})});
		const [, major, minor] = /^OpenSSH_(\d+)\.(\d+)/m.exec(stderr + stdout) ?? [];
		return major === undefined ? undefined : {major: Number(major), minor: Number(minor)};
	} catch {
		signal?.throwIfAborted();
		return undefined;
	}
}

/**
Whether ssh accepts these arguments and the files that it reads with them: one bad line, or a file that others may write, makes it refuse.

@returns what ssh says is wrong; undefined when it accepts them
*/
export async function findConfigFault(arguments_: string[], signal?: AbortSignal): Promise<string | undefined> {
	try {
		await promisify(execFile)('ssh', ['-G', ...arguments_], {timeout: 5000, ...(signal ? {signal} : {})});
		return undefined;
	} catch (error) {
		signal?.throwIfAborted();
		const {code, killed, stderr = ''} = error as {code?: unknown; killed?: boolean; stderr?: string};
		if (code === 'ENOENT') {
			// Starting it will fail with a message of its own.
			return undefined;
		}

		return killed ? 'it takes longer than 5 s to read' : (stderr.trim().split('\n')[0] ?? 'ssh refuses it');
	}
}

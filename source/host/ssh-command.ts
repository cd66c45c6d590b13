/** A short command on another machine, over ssh. */
import {spawn} from 'node:child_process';
import {endGroup, ownGroup} from '../base/process/process-group.ts';
import {sshWords} from '../engine/ssh-words.ts';

export type SshResult = {
	/** That of the command; 255 where ssh itself failed; null where it could not be started. */
	code: number | null;
	stdout: string;
	stderr: string;
};

/** Characters that are kept of what such a command prints: a list of runs has half a kilobyte for each. */
const longestOutput = 16 * 1024 * 1024;

/**
Runs a command of the machine's shell and reads what it prints. Asks for nothing and reads nothing.

@throws the reason of the signal, once the connection has ended
*/
export async function runOverSsh(url: URL, command: string, signal: AbortSignal): Promise<SshResult> {
	signal.throwIfAborted();
	const child = spawn('ssh', [...sshWords(url), command], {
		stdio: ['ignore', 'pipe', 'pipe'],
		env: {...process.env, LC_ALL: 'C'},
		// Ctrl-C is for gpubox, which ends it.
		detached: true,
	});
	ownGroup(child);
	const output = {stdout: '', stderr: ''};
	for (const name of ['stdout', 'stderr'] as const) {
		child[name].setEncoding('utf8');
		child[name].on('data', (text: string) => {
			output[name] = (output[name] + text).slice(0, longestOutput);
		});
	}

	const {promise, resolve, reject} = Promise.withResolvers<SshResult>();
	const onAbort = () => {
		void endGroup(child).then(() => reject(signal.reason));
	};
	signal.addEventListener('abort', onAbort, {once: true});
	child.once('error', (error: NodeJS.ErrnoException) => {
		resolve({code: null, stdout: '', stderr: `ssh: ${error.code ?? error.message}`});
	});
	child.once('close', (code) => (signal.aborted ? reject(signal.reason) : resolve({code, ...output})));
	try {
		return await promise;
	} finally {
		signal.removeEventListener('abort', onAbort);
	}
}

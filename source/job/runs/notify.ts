import {spawn} from 'node:child_process';
import type {Paths} from '../../host/host.ts';
import {stateOf} from './manifest.ts';
import {claimOnce, type RunRecord} from './record.ts';

const patienceMs = 30_000;

/** What the command of `notify` finds in its environment. Pure. */
export function notifyVariables(run: RunRecord): Record<string, string> {
	const {ended} = run;
	const took =
		run.startedAt === null || ended?.at == null
			? ''
			: String(Math.round((Date.parse(ended.at) - Date.parse(run.startedAt)) / 1000));
	return {
		GPUBOX_RUN_NAME: run.name,
		GPUBOX_RUN_STATE: stateOf(run),
		GPUBOX_RUN_EXIT_CODE: ended?.exitCode == null ? '' : String(ended.exitCode),
		GPUBOX_RUN_SIGNAL: ended?.signal ?? '',
		GPUBOX_RUN_REASON: ended?.reason ?? '',
		GPUBOX_RUN_COMMAND: run.command.join(' '),
		GPUBOX_RUN_PROJECT: run.project,
		GPUBOX_RUN_FOLDER: run.folder,
		GPUBOX_RUN_SECONDS: took,
	};
}

/**
Runs the user's own command for a run that has ended, once for each run.

@returns what went wrong; undefined when nothing did, or it was done before
*/
export async function notifyOnce(
	paths: Pick<Paths, 'state'>,
	run: RunRecord,
	command: string | undefined,
): Promise<string | undefined> {
	if (command === undefined || !claimOnce(paths, run.name, 'notified')) {
		return undefined;
	}

	return new Promise((resolve) => {
		const child = spawn('/bin/sh', ['-c', command], {
			cwd: '/',
			env: {...process.env, ...notifyVariables(run)},
			stdio: 'ignore',
			timeout: patienceMs,
		});
		child.once('error', (error) => resolve(error.message));
		child.once('exit', (code, signal) => {
			resolve(
				code === 0
					? undefined
					: signal === null
						? `it ended with exit code ${code}`
						: `it did not end within ${patienceMs / 1000} s`,
			);
		});
	});
}

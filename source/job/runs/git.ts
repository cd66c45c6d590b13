import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {writeFileAtomic} from '../../base/safe-files.ts';
import type {RunRecord} from './record.ts';

/** What the project's code was: its commit, and what was changed since. */
type CodeState = NonNullable<RunRecord['git']>;

/** A larger patch is data rather than code. */
const largestPatch = 16 * 1024 * 1024;
const mostUntracked = 1000;
const patienceMs = 10_000;

/** Nothing that the repository's own configuration names is run. */
const careful = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];

/** Null without a repository, or without git. */
export type Code = {state: CodeState; patch: Buffer | undefined} | null;

/** Reads the state of a project's code with git. */
export async function readCode(project: string, signal: AbortSignal): Promise<Code> {
	if (process.env.GIT_DIR === undefined && !isBelowRepository(project)) {
		return null;
	}

	const git = (...words: string[]) => run(project, words, signal);
	const inside = await git('rev-parse', '--is-inside-work-tree');
	if (inside?.toString().trim() !== 'true') {
		return null;
	}

	const [commit, patch, untracked] = await Promise.all([
		git('rev-parse', '--verify', '--quiet', 'HEAD'),
		git('diff', 'HEAD', '--binary', '--no-ext-diff', '--no-textconv', '--no-color', '--', '.'),
		git('ls-files', '--others', '--exclude-standard', '-z', '--', '.'),
	]);
	const changed = patch !== undefined && patch.length > 0;
	return {
		state: {
			commit: commit?.toString().trim() || null,
			patch: changed ? 'patch' : null,
			untracked: (untracked?.toString() ?? '').split('\0').filter(Boolean).slice(0, mostUntracked),
		},
		patch: changed ? patch : undefined,
	};
}

/** Without a repository, asking git takes as long as creating the container. */
function isBelowRepository(folder: string): boolean {
	return existsSync(join(folder, '.git')) || (dirname(folder) !== folder && isBelowRepository(dirname(folder)));
}

/**
Writes the patch beside the log.

@param withhold values that must not get into it: those of all secrets of the run that are known here
*/
export function writePatch(folder: string, patch: Buffer | undefined, withhold: Iterable<Buffer>): void {
	if (patch !== undefined) {
		writeFileAtomic(join(folder, 'patch'), without(patch, [...withhold]), {
			mode: 0o644,
			anyFolder: true,
			replaceable: true,
		});
	}
}

/** Undefined when git is missing, fails or takes too long. */
function run(folder: string, words: string[], signal: AbortSignal): Promise<Buffer | undefined> {
	return new Promise((resolve) => {
		execFile(
			'git',
			['-C', folder, ...careful, ...words],
			{
				encoding: 'buffer',
				maxBuffer: largestPatch,
				timeout: patienceMs,
				signal,
				env: {...process.env, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C'},
			},
			(error, output) => resolve(error ? undefined : output),
		);
	});
}

/** Secrets shorter than that are parts of ordinary words. */
const shortestSecret = 6;

/** Replaces values of secrets, in a file with uncommitted settings for example. Pure. */
export function without(text: Buffer, withhold: readonly Buffer[]): Buffer {
	let rest = text.toString('latin1');
	for (const value of withhold) {
		const secret = value.toString('latin1').trim();
		if (secret.length >= shortestSecret) {
			rest = rest.replaceAll(secret, '***');
		}
	}

	return Buffer.from(rest, 'latin1');
}

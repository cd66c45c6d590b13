/** Copies a project to another host with rsync: what would be copied first, then the copy. Nothing there is ever deleted. */
import {spawn} from 'node:child_process';
import {mkdtempSync, rmdirSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Failure} from '../../base/failure.ts';
import {endGroup, ownGroup} from '../../base/process/process-group.ts';
import {sshDestination, sshWords} from '../../engine/ssh-words.ts';
import {runOverSsh} from '../../host/ssh-command.ts';
import {formatBytes} from '../../text/bytes.ts';
import {safeText} from '../../text/safe.ts';
import {shellQuote} from '../../text/shell-quote.ts';

/** What is never copied, as rsync writes it: what is made again, what belongs to one host, and results. docs/hosts.md lists it. */
export const notCopied: readonly string[] = [
	'.git',
	'/runs/',
	'__pycache__/',
	'*.pyc',
	'.ipynb_checkpoints/',
	'.venv/',
	'venv/',
	'node_modules/',
	'.cache/',
	'.mypy_cache/',
	'.pytest_cache/',
	'.ruff_cache/',
];

export type CopiedFile = {
	/** Relative to the project, as rsync shows it. */
	path: string;
	bytes: number;
	what: 'new' | 'changed';
};

/** What would be copied. `newer` are files that were changed there later than here. */
export type CopyPlan = {files: CopiedFile[]; newer: string[]};

/** One line for each file: what rsync would do (rsync(1), --itemize-changes), its size, its name. */
const format = '--out-format=%i %l %n';

/** The files in what rsync prints. Only files that are transferred: no folders, links, or changes of a mode alone. Pure. */
export function parseItems(text: string): CopiedFile[] {
	return text.split('\n').flatMap((line): CopiedFile[] => {
		const [, flags = '', size = '', path = ''] = /^[<>]f(\S{9}) (\d+) (.+)$/.exec(line) ?? [];
		if (flags === '') {
			return [];
		}

		return [{path, bytes: Number(size), what: flags.startsWith('+') ? 'new' : 'changed'}];
	});
}

/** @param all what rsync would copy @param older what it would copy over older files only */
export function planOf(all: readonly CopiedFile[], older: readonly CopiedFile[]): CopyPlan {
	const known = new Set(older.map(({path}) => path));
	return {files: [...all], newer: all.flatMap(({path}) => (known.has(path) ? [] : [path]))};
}

/** Lines that are shown of the files. */
const mostShown = 20;

/** The plan for people: the largest files first. Safe to print. */
export function tellPlan({files}: CopyPlan, to: string): string[] {
	const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
	const count = (what: CopiedFile['what']) => files.filter((file) => file.what === what).length;
	const shown = files.toSorted((a, b) => b.bytes - a.bytes).slice(0, mostShown);
	const sizes = shown.map((file) => formatBytes(file.bytes));
	const width = Math.max(0, ...sizes.map((size) => size.length));
	return [
		`To be copied to ${safeText(to)}: ${count('new')} new and ${count('changed')} changed files, ${formatBytes(bytes)}`,
		...shown.map((file, index) => `  ${file.what.padEnd(7)}  ${sizes[index]?.padStart(width)}  ${safeText(file.path)}`),
		...(files.length > shown.length ? [`  and ${files.length - shown.length} smaller ones`] : []),
	];
}

type Where = {ssh: URL; folder: string};

/**
What a copy would change. Nothing is written.

@param missing the host has no such folder: everything is new
@throws Failure where rsync fails
*/
export async function planCopy({ssh, folder}: Where, missing: boolean, signal: AbortSignal): Promise<CopyPlan> {
	if (missing) {
		const empty = mkdtempSync(join(tmpdir(), 'gpubox-sync-'));
		try {
			const all = parseItems(await rsync(['--dry-run', format, `${folder}/`, `${empty}/`], ssh, signal));
			return planOf(all, all);
		} finally {
			rmdirSync(empty);
		}
	}

	const to = targetOf({ssh, folder});
	const [all, older] = await Promise.all([
		rsync(['--dry-run', format, `${folder}/`, to], ssh, signal),
		rsync(['--dry-run', '--update', format, `${folder}/`, to], ssh, signal),
	]);
	return planOf(parseItems(all), parseItems(older));
}

/** Copies; files that were changed there since the plan stay as they are. @throws Failure */
export async function copyProject({ssh, folder}: Where, signal: AbortSignal): Promise<void> {
	const {code, stderr} = await runOverSsh(ssh, `mkdir -p -- ${shellQuote(folder)}`, signal);
	if (code !== 0) {
		throw new Failure(`${folder} cannot be created on ${ssh.hostname}: ${safeText(stderr)}`, {
			fix: `Create it there, as yours: sudo install -d -o "$USER" ${shellQuote(folder)}`,
		});
	}

	await rsync(['--update', `${folder}/`, targetOf({ssh, folder})], ssh, signal);
}

function targetOf({ssh, folder}: Where): string {
	const machine = sshDestination(ssh);
	// rsync looks for the first colon.
	return `${machine.includes(':') ? machine.replace(/([^@]*:.*)$/, '[$1]') : machine}:${folder}/`;
}

/** Characters that are kept of rsync's list. */
const longestList = 64 * 1024 * 1024;

async function rsync(words: readonly string[], ssh: URL, signal: AbortSignal): Promise<string> {
	signal.throwIfAborted();
	// rsync itself adds the machine.
	const transport = ['ssh', ...sshWords(ssh).slice(0, -2)].map(shellQuote).join(' ');
	const child = spawn(
		'rsync',
		[
			...['-rlpt', '--protect-args', '-F', '-e', transport],
			...notCopied.map((pattern) => `--exclude=${pattern}`),
			...words,
		],
		{stdio: ['ignore', 'pipe', 'pipe'], env: {...process.env, LC_ALL: 'C'}, detached: true},
	);
	ownGroup(child);
	const output = {stdout: '', stderr: ''};
	for (const name of ['stdout', 'stderr'] as const) {
		child[name].setEncoding('utf8').on('data', (text: string) => {
			output[name] = (output[name] + text).slice(0, longestList);
		});
	}

	const {promise, resolve, reject} = Promise.withResolvers<number | null>();
	const onAbort = () => {
		void endGroup(child).then(() => reject(signal.reason));
	};
	signal.addEventListener('abort', onAbort, {once: true});
	child.once('error', () => resolve(null));
	child.once('close', resolve);
	try {
		const code = await promise;
		if (code === null) {
			throw new Failure('rsync is not installed on this host.', {fix: 'Install it: sudo apt-get install rsync'});
		}

		if (code !== 0) {
			const [first = `rsync ended with exit code ${code}`] = output.stderr.trim().split('\n');
			throw new Failure(`The project cannot be copied to ${ssh.hostname}: ${first}`, {
				fix: 'What rsync says of it is above; nothing was started.',
				details: output.stderr.trim().split('\n').slice(1, 6).map(safeText),
			});
		}

		return output.stdout;
	} finally {
		signal.removeEventListener('abort', onAbort);
	}
}

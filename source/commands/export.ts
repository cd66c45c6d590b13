import {existsSync, mkdirSync, readFileSync, statSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {loadSettings} from '../app/load-settings.ts';
import {readLockState} from '../app/lock/project-lock.ts';
import {type ExportFlags, lockFacts, portableJob} from '../app/portable-job.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {writeFileAtomic} from '../base/safe-files.ts';
import {flagSettings, type UpFlags} from '../box/plan/request.ts';
import {tellLost} from '../job/export/comments.ts';
import {targets} from '../job/export/index.ts';
import {type Exported, type ExportedFile, type ExportOptions, type Lost, takes} from '../job/export/target.ts';
import type {TargetName} from '../job/export/target-names.ts';
import {parseDuration} from '../text/duration.ts';
import {diffLines, formatDiff} from '../text/line-diff.ts';
import {safeLogLine, safeText} from '../text/safe.ts';
import {printJson} from './output/json.ts';
import {printFile} from './output/print-file.ts';

export type ExportCommandOptions = Pick<
	UpFlags,
	'image' | 'gpus' | 'mount' | 'env' | 'memory' | 'cpus' | 'shmSize' | 'pidsLimit' | 'secret' | 'secretEnv'
> & {
	built?: string | undefined;
	nproc?: number | 'auto' | undefined;
	nodes?: number | undefined;
	user?: string | undefined;
	artifacts?: string[] | undefined;
	timeout?: string | undefined;
	stopTimeout?: string | undefined;
	with?: ExportOptions['with'] | undefined;
	queue?: string | undefined;
	runtimeClass?: string | undefined;
	runner?: string[] | undefined;
	/** False for `--no-check`. */
	check?: boolean | undefined;
	output?: string | undefined;
	strict?: true | undefined;
	force?: true | undefined;
	json?: true | undefined;
};

/**
`gpubox export`: the project's job, or its box without a command, as the file that another place understands.

@returns the exit code: 1 with --strict when something is not carried over
*/
export async function exportCommand(
	name: TargetName,
	command: readonly string[],
	options: ExportCommandOptions,
): Promise<number> {
	const target = targets[name];
	if (!takes(target, command.length > 0 ? 'job' : 'service')) {
		throw new Failure(`${name} runs jobs, and there is no command.`, {
			fix: `For example: gpubox export ${name} -- python train.py`,
			exitCode: exitCode.usage,
		});
	}

	const effective = await loadSettings('.', {flags: flagSettings(options, process.cwd()), personal: false});
	const lock = await readLockState(effective);
	const facts = lock.kind === 'current' ? lockFacts(lock.lock) : undefined;
	const pushed = lock.kind === 'current' ? lock.lock.pushed : undefined;
	const built = options.built ?? (pushed && target.pulls ? `${pushed.reference}@${pushed.digest}` : undefined);
	const {job, lost: lostBefore} = portableJob(effective, exportFlags(command, {...options, built}), facts);
	const {files, lost} = target.emit(job, {
		lostBefore: [...(lock.kind === 'stale' ? [staleLock] : []), ...lostBefore],
		with: options.with ?? 'pyxis',
		check: options.check ?? true,
		...(options.runner === undefined ? {} : {runners: options.runner}),
		...(options.queue === undefined ? {} : {queue: options.queue}),
		...(options.runtimeClass === undefined ? {} : {runtimeClass: options.runtimeClass}),
	});
	if (options.json) {
		printJson({files, lost});
	} else if (options.output === undefined) {
		printFiles(files);
	} else {
		writeFiles(files, options.output, options.force ?? false);
	}

	if (built !== undefined && options.built === undefined) {
		process.stderr.write(`The image is the one that gpubox push wrote into gpubox.lock: ${built}\n`);
	}

	tellAll(lost);
	return options.strict && lost.some(({atRun}) => !atRun) ? exitCode.failed : exitCode.done;
}

const staleLock: Lost = {
	field: 'lock',
	why: 'gpubox.lock is older than gpubox.yaml, so nothing of it is used',
	instead: 'gpubox lock',
};

function exportFlags(command: readonly string[], options: ExportCommandOptions): ExportFlags {
	return {
		command,
		built: options.built,
		nproc: options.nproc,
		nodes: options.nodes,
		user: options.user,
		secret: options.secret,
		secretEnv: options.secretEnv,
		artifacts: options.artifacts,
		timeout: secondsOf('--timeout', options.timeout),
		stopTimeout: secondsOf('--stop-timeout', options.stopTimeout),
	};
}

function secondsOf(flag: string, text: string | undefined): number | undefined {
	const milliseconds = text === undefined ? 0 : parseDuration(/^\d+$/.test(text) ? `${text}s` : text);
	if (milliseconds === undefined || (text !== undefined && milliseconds < 1000)) {
		throw new Failure(`Invalid value for ${flag}: ${safeText(text ?? '')}.`, {
			fix: `A time such as 90s, 12h or 2d: ${flag} 12h`,
			exitCode: exitCode.usage,
		});
	}

	return text === undefined ? undefined : Math.round(milliseconds / 1000);
}

function printFiles([file, ...others]: Exported['files']): void {
	printFile(file.text);
	for (const {path} of others) {
		process.stderr.write(`A second file belongs to it: ${path}. To write both: -o .\n`);
	}
}

/** The files with the paths that they get: in a folder each has its own place. */
function placed([file, ...others]: Exported['files'], output: string): ExportedFile[] {
	const path = resolve(output);
	const isFolder = output.endsWith('/') || (existsSync(path) && statSync(path).isDirectory());
	return isFolder
		? [file, ...others].map((each) => ({...each, path: join(path, each.path)}))
		: [
				{...file, path},
				...others.map((each) => ({...each, path: join(dirname(path), each.path.split('/').at(-1) ?? each.path)})),
			];
}

/** All or none: what exists with another content is shown, and stays without --force. */
function writeFiles(files: Exported['files'], output: string, force: boolean): void {
	const all = placed(files, output).map((file) => ({...file, old: readOld(file.path)}));
	const changed = all.flatMap(({path, text, old}) => (old === undefined || old === text ? [] : [{path, text, old}]));
	for (const {path, text, old} of changed) {
		process.stderr.write(
			[
				`Changes in ${safeText(path)}:`,
				...formatDiff(diffLines(old, text)).map((line) => `  ${safeLogLine(line)}`),
				'',
			].join('\n'),
		);
	}

	if (changed.length > 0 && !force) {
		throw new Failure(`${changed.map(({path}) => path).join(' and ')} exists and has other content.`, {
			fix: 'To overwrite it: --force. To write elsewhere: -o FILE',
		});
	}

	for (const {path, text, old} of all) {
		if (old === text) {
			process.stdout.write(`${safeText(path)} is up to date.\n`);
			continue;
		}

		write(path, text, old === undefined);
		process.stdout.write(`Wrote ${safeText(path)}\n`);
	}
}

/** Undefined when there is no such file. @throws Failure when it cannot be read */
function readOld(path: string): string | undefined {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
			return undefined;
		}

		throw cannotWrite(path, error);
	}
}

function write(path: string, text: string, isNew: boolean): void {
	try {
		mkdirSync(dirname(path), {recursive: true});
		writeFileAtomic(path, text, {isNew, anyFolder: true});
	} catch (error) {
		throw cannotWrite(path, error);
	}
}

function cannotWrite(path: string, error: unknown): Failure {
	return new Failure(`Cannot write ${path}: ${(error as Error).message}`, {
		fix: 'Check the folder and its permissions.',
		cause: error,
	});
}

function tellAll(lost: readonly Lost[]): void {
	if (lost.length > 0) {
		process.stderr.write(`Not carried over:\n${lost.map((each) => `  ${tellLost(each)}\n`).join('')}`);
	}
}

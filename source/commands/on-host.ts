/** `gpubox run --on HOST` and `gpubox up --host HOST`: gpubox of that host does it there, in the same project. */
import {realpathSync} from 'node:fs';
import {relative} from 'node:path';
import {lookThere, type Project, withOwnFolders} from '../app/hosts/project-there.ts';
import {recordElsewhere} from '../app/runs/elsewhere.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {homeFolder} from '../base/home.ts';
import {findEngineAddress, findListedHost, isLocalAddress} from '../engine/address.ts';
import {askForwarded} from '../engine/forwarded.ts';
import {sshDestination} from '../engine/ssh-words.ts';
import type {Host} from '../host/host.ts';
import {findPaths} from '../host/user.ts';
import {callerVariable} from '../job/runs/record.ts';
import {findProject, resolveFolder} from '../settings/file.ts';
import {safeText} from '../text/safe.ts';
import {shellQuote} from '../text/shell-quote.ts';
import {codeOfEnded, connectionLost, follow} from './follow-there.ts';

type OnHostOptions = {
	/** As the user calls the host. */
	name: string;
	/** What `--host` takes for it. */
	address: string;
	/** The words after `gpubox`, for gpubox there. */
	words: readonly string[];
	/** The folder that the verb is about. */
	directory?: string | undefined;
	/** Copies the project there first. */
	sync?: true | undefined;
	/** Copies without asking. */
	yes?: true | undefined;
	/** Shows what would be copied, and copies nothing. */
	dryRun?: true | undefined;
	/** For messages: the call, up to where `--sync` could be added. */
	call: string;
};

/** The options of `run` and `up` that decide how they start on another host. */
export type ElsewhereOptions = {
	host?: string | undefined;
	sync?: true | undefined;
	yes?: true | undefined;
	dryRun?: true | undefined;
};

/**
`up`, or `run` without `--on`, where the engine is not the one of this machine.

@param words of the verb, without `sync`
@returns the exit code there
@throws Failure before anything is started there
*/
export function startThere(
	{engine}: Pick<Host, 'engine'>,
	{host, directory, ...options}: ElsewhereOptions & {directory?: string | undefined},
	words: readonly string[],
	signal: AbortSignal,
): Promise<number> {
	const name = host ?? engine.address;
	const call = `gpubox ${host === undefined ? '' : `--host ${shellQuote(host)} `}${words[0]}`;
	return runThere({...options, name, address: name, directory, words, call}, signal);
}

/**
`run --on`: on a host by its name, or on any that fits.

@param words of the verb, without `on`, `sync` and `yes`
@param runHere the same on this machine
@returns the exit code there
@throws Failure before anything is started there
*/
export async function runOnHost(
	{on, gpus, ...options}: ElsewhereOptions & {on: string; gpus?: string | undefined},
	words: readonly string[],
	runHere: (address: string) => Promise<number>,
	signal: AbortSignal,
): Promise<number> {
	const home = homeFolder(process.env);
	const {name, address} =
		on === 'any'
			? await (await import('./on-any.ts')).chooseAnyHost({gpus, yes: options.yes}, signal)
			: {name: on, address: findListedHost(process.env, home, on)};
	await askForwarded(address, signal);
	return isLocalAddress(findEngineAddress(process.env, home, address).url)
		? runHere(address)
		: runThere({...options, name, address, words, call: `gpubox run --on ${shellQuote(name)}`}, signal);
}

/**
Starts a verb on another host: where the project is at the same path, or has been copied there.

@returns the exit code there
@throws Failure before anything is started there
*/
async function runThere(options: OnHostOptions, signal: AbortSignal): Promise<number> {
	const ssh = sshOf(options);
	const project = projectHere(options.directory ?? '.');
	await makeReady(ssh, project, options, signal);
	if (process.stderr.isTTY) {
		tell(`On ${safeText(options.name)}, in ${safeText(project.folder)}:`);
	}

	const paths = findPaths(process.env);
	const record = startsRun(options)
		? recordElsewhere(paths, {host: options.name, ssh, project: project.folder, command: commandOf(options.words)})
		: undefined;
	const command = [
		`cd ${shellQuote(process.cwd())} || exit ${exitCode.couldNotStartCommand}`,
		withOwnFolders,
		...(record === undefined ? [] : [`${callerVariable}=${record.token}; export ${callerVariable}`]),
		`exec gpubox ${options.words.map(shellQuote).join(' ')}`,
	].join('; ');
	const code = await follow(ssh, command, signal);
	if (code === connectionLost) {
		const known = record && (await codeOfEnded({paths}, record.token, signal));
		if (known !== undefined) {
			return known;
		}

		throw new Failure(`The connection to ${options.name} was lost, or could not be made.`, {
			fix: `What runs there goes on. ${record ? 'List it: gpubox runs' : `Look there: ssh ${sshDestination(ssh)} gpubox ls`}`,
			exitCode: exitCode.couldNotStartCommand,
		});
	}

	if (options.sync && code === exitCode.done && options.words[0] === 'run' && process.stderr.isTTY) {
		tell(`Its results are there: ${sshDestination(ssh)}:${safeText(project.folder)}/runs`);
	}

	return code;
}

function startsRun({words, dryRun}: OnHostOptions): boolean {
	return words[0] === 'run' && !dryRun;
}

/** The verb's own arguments. */
function commandOf(words: readonly string[]): string[] {
	return words.slice(words.indexOf('--') + 1);
}

function sshOf({name, address}: OnHostOptions): URL {
	const {url} = findEngineAddress(process.env, homeFolder(process.env), address);
	if (!(url.startsWith('ssh://') && URL.canParse(url))) {
		throw new Failure(`${name} is reached at ${url}, where no program can be started.`, {
			fix: 'Name it as ssh does: ssh://user@machine.',
			exitCode: exitCode.usage,
		});
	}

	return new URL(url);
}

/** @throws Failure (usage) outside of the project: the paths on the command line are relative to the current folder */
function projectHere(directory: string): Project {
	const {project, file} = findProject(resolveFolder(directory, process.cwd()));
	const way = relative(project, realpathSync(process.cwd()));
	if (way === '..' || way.startsWith('../')) {
		throw new Failure('The current folder is not in the project.', {
			fix: `Go to the project first: cd ${shellQuote(project)}`,
			exitCode: exitCode.usage,
		});
	}

	return {folder: project, file};
}

/** Checks that gpubox and the project are there, or copies the project. */
async function makeReady(ssh: URL, project: Project, options: OnHostOptions, signal: AbortSignal): Promise<void> {
	const {name, sync, call} = options;
	const there = await lookThere(ssh, project, signal);
	if (there.gpubox === null) {
		throw new Failure(`gpubox is not installed on ${name}, or not on the PATH of a login over ssh.`, {
			fix: `Install it there as you did here. See what that PATH is: ssh ${sshDestination(ssh)} 'echo $PATH'`,
			exitCode: exitCode.usage,
		});
	}

	if (there.project === 'same') {
		return;
	}

	if (!sync) {
		throw new Failure(
			there.project === 'missing'
				? `${name} does not have ${project.folder}.`
				: there.project === 'copy'
					? `${project.folder} on ${name} is a copy of the project, which may be older than this one.`
					: `${project.folder} on ${name} is another folder, not this project.`,
			{
				fix: `Copy the project there, after showing what: ${call} --sync … (the same options). Or mount it there at the same path.`,
				exitCode: exitCode.usage,
			},
		);
	}

	if (!there.rsync) {
		throw new Failure(`rsync is not installed on ${name}.`, {fix: 'Install it there: sudo apt-get install rsync'});
	}

	await copy(ssh, project, options, {missing: there.project === 'missing', signal});
}

async function copy(
	ssh: URL,
	{folder}: Project,
	{name, yes, dryRun}: OnHostOptions,
	{missing, signal}: {missing: boolean; signal: AbortSignal},
): Promise<void> {
	const {copyProject, planCopy, tellPlan} = await import('../app/hosts/sync.ts');
	const where = {ssh, folder};
	const plan = await planCopy(where, missing, signal);
	if (plan.newer.length > 0) {
		const [first = '', ...more] = plan.newer;
		const others = more.length === 0 ? '' : ` and ${more.length} more`;
		throw new Failure(`On ${name} there are newer files than here: ${first}${others}.`, {
			fix: `Fetch them first: rsync -rlptu ${sshDestination(ssh)}:${shellQuote(folder)}/ ${shellQuote(folder)}/`,
		});
	}

	if (plan.files.length === 0) {
		return;
	}

	for (const line of tellPlan(plan, `${name}:${folder}`)) {
		tell(line);
	}

	if (dryRun) {
		tell('Nothing is copied, so nothing can be planned there.');
		throw new Failure(`${name} does not have the project as it is here.`, {
			fix: 'Without --dry-run it is copied first.',
			exitCode: exitCode.usage,
		});
	}

	if (!yes && !(await agrees(signal))) {
		throw new Failure('Nothing was copied.', {exitCode: exitCode.failed});
	}

	await copyProject(where, signal);
}

async function agrees(signal: AbortSignal): Promise<boolean> {
	if (!process.stdin.isTTY) {
		throw new Failure('No one can be asked whether to copy this: there is no terminal.', {
			fix: 'To copy without asking: --yes',
			exitCode: exitCode.usage,
		});
	}

	const {confirm} = await import('../app/prompt.ts');
	return confirm('Copy them?', signal);
}

function tell(text: string): void {
	process.stderr.write(`${text}\n`);
}

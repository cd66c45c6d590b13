import {execFile} from 'node:child_process';
import {existsSync, rmSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {promisify} from 'node:util';
import {Failure} from '../base/failure.ts';
import {homeFolder} from '../base/home.ts';
import {ownCommand} from '../base/process/own-command.ts';
import {makeFolder, writeFileAtomic} from '../base/safe-files.ts';
import {safeText} from '../text/safe.ts';
import {shellQuoteVisibly} from '../text/shell-quote.ts';

const run = promisify(execFile);
const name = 'gpubox-reap';

export type TimerOptions = {host?: string | undefined; all?: true | undefined; grace: string};

/**
Runs `gpubox reap` every five minutes: by a systemd timer of the user, or of the system for root. Where no systemd
answers, prints the line for a crontab.

@throws Failure when systemd refuses
*/
export async function installTimer(options: TimerOptions, signal: AbortSignal): Promise<void> {
	const command = reapCommand(options);
	if (!(await systemdAnswers(signal))) {
		process.stdout.write(
			`systemd is not available. Add this line to your crontab (crontab -e):\n${crontabLine(command, process.env)}\n`,
		);
		return;
	}

	const folder = unitFolder(process.env);
	makeFolder(folder);
	for (const [file, text] of Object.entries(unitFiles(command, process.env))) {
		writeFileAtomic(join(folder, file), text, {mode: 0o644});
	}

	await systemctl(['daemon-reload'], signal);
	await systemctl(['enable', '--now', `${name}.timer`], signal);
	process.stdout.write(
		`gpubox reap runs every five minutes. To check: systemctl ${scope().join(' ')} list-timers ${name}\n`,
	);
	if (scope().length > 0) {
		process.stdout.write('It runs while you are logged in. To run it always: loginctl enable-linger\n');
	}
}

export async function uninstallTimer(signal: AbortSignal): Promise<void> {
	const folder = unitFolder(process.env);
	const files = [`${name}.timer`, `${name}.service`]
		.map((file) => join(folder, file))
		.filter((path) => existsSync(path));
	if (files.length === 0) {
		process.stdout.write('No gpubox timer is installed. If you added a line to your crontab, remove it: crontab -e\n');
		return;
	}

	await systemctl(['disable', '--now', `${name}.timer`], signal);
	for (const file of files) {
		rmSync(file);
	}

	await systemctl(['daemon-reload'], signal);
	process.stdout.write('Removed the timer: gpubox reap no longer runs automatically.\n');
}

function reapCommand({host, all, grace}: TimerOptions): string[] {
	return [...ownCommand(), ...(host ? ['--host', host] : []), 'reap', ...(all ? ['--all'] : []), '--grace', grace];
}

/** The variables that select the engine and the settings. */
const kept = ['DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CONFIG', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME'];

function keptVariables(environment: NodeJS.ProcessEnv): string[] {
	return kept.flatMap((variable) => (environment[variable] ? [`${variable}=${environment[variable]}`] : []));
}

function unitFiles(command: string[], environment: NodeJS.ProcessEnv): Record<string, string> {
	// A percent sign begins a specifier in a unit, a dollar sign a variable.
	const quote = (word: string) => `"${word.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`;
	const variables = keptVariables(environment).map((variable) => `Environment=${quote(variable)}\n`);
	return {
		[`${name}.service`]:
			`[Unit]\nDescription=Stop idle GPU boxes\n\n[Service]\nType=oneshot\n` +
			`${variables.join('')}Environment=${quote(`PATH=${environment.PATH ?? ''}`)}\nExecStart=${command.map(quote).join(' ')}\n`,
		[`${name}.timer`]:
			'[Unit]\nDescription=Stop idle GPU boxes\n\n[Timer]\nOnCalendar=*:0/5\nRandomizedDelaySec=30\n\n[Install]\nWantedBy=timers.target\n',
	};
}

function crontabLine(command: string[], environment: NodeJS.ProcessEnv): string {
	// cron's own PATH is short, and nvidia-smi may be elsewhere.
	const path = environment.PATH ? [`PATH=${environment.PATH}`] : [];
	const line = [...keptVariables(environment), ...path, ...command].map(shellQuoteVisibly).join(' ');
	// cron ends the command at a percent sign.
	return `*/5 * * * * ${line.replaceAll('%', String.raw`\%`)}`;
}

/** For root it is a system timer, which also runs when no one is logged in. */
function scope(): string[] {
	return process.getuid?.() === 0 ? [] : ['--user'];
}

function unitFolder(environment: NodeJS.ProcessEnv): string {
	return scope().length === 0
		? '/etc/systemd/system'
		: join(environment.XDG_CONFIG_HOME || join(homeFolder(environment), '.config'), 'systemd/user');
}

async function systemdAnswers(signal: AbortSignal): Promise<boolean> {
	try {
		await run('systemctl', [...scope(), 'show', '--property=Version'], {signal});
		return existsSync(dirname(unitFolder(process.env))) || scope().length > 0;
	} catch {
		// Not installed, not running, or no user session.
		signal.throwIfAborted();
		return false;
	}
}

async function systemctl(arguments_: string[], signal: AbortSignal): Promise<void> {
	try {
		await run('systemctl', [...scope(), ...arguments_], {signal});
	} catch (error) {
		signal.throwIfAborted();
		const {stderr = ''} = error as {stderr?: string};
		throw new Failure(`systemctl ${arguments_.join(' ')} failed: ${safeText(stderr.trim())}`, {
			fix: 'Fix the problem it reports, or run gpubox reap from cron.',
			cause: error,
		});
	}
}

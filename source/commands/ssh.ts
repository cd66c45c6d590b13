import {spawn} from 'node:child_process';
import {constants} from 'node:os';
import {join} from 'node:path';
import {pickBox, splitCommand} from '../app/boxes/pick-box.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {accountHome} from '../base/home.ts';
import {writeFileAtomic} from '../base/safe-files.ts';
import type {Box} from '../box/box.ts';
import {refuseToEnter} from '../box/enter.ts';
import {boxFolder} from '../box/paths.ts';
import {findConfigFault, readSshVersion} from '../box/ssh/client.ts';
import {knownHostsLine} from '../box/ssh/config.ts';
import {readLogin} from '../box/ssh/login.ts';
import {sshOptions} from '../box/ssh/options.ts';
import {hasSshServer} from '../box/ssh/probe.ts';
import {readSshBox, syncSshFiles} from '../box/ssh/sync-config.ts';
import {refuseNotRunning} from '../box/up/not-running.ts';
import type {Host} from '../host/host.ts';
import {openHost} from '../host/open-host.ts';
import {safeText} from '../text/safe.ts';
import {shellQuote} from '../text/shell-quote.ts';

/**
Runs the system's ssh with the user's settings and, before them, all that the way into the box depends on.

@returns the command's own exit code; 255 is ssh's when the connection breaks
*/
export async function ssh(
	firstWord: string | undefined,
	others: string[],
	options: {host?: string | undefined},
	signal: AbortSignal,
): Promise<number> {
	const {name, command} = splitCommand(firstWord, others);
	const host = openHost(options);
	const refuse = (message: string, fix: string) => new Failure(message, {fix, exitCode: exitCode.couldNotStartCommand});
	const box = await pickBox(host, name, 'attach', signal);
	const address = box.addresses.ssh;
	if (!host.engine.local) {
		throw refuse(
			`${box.name} is on another machine; its SSH port is reachable only there.`,
			'Log in there first: ssh MACHINE',
		);
	}

	if (!box.mine) {
		throw refuseToEnter(box, exitCode.couldNotStartCommand);
	}

	if (!address) {
		throw refuse(
			`${box.name} offers no SSH.`,
			`For a shell without SSH: gpubox attach ${box.name}. To recreate it with SSH (software installed inside is lost): ${['gpubox up', shellQuote(box.project), ...[...box.services, 'ssh'].map((each) => `--${each}`), '--recreate'].join(' ')}`,
		);
	}

	if (!box.rootPassword && readLogin(host.paths, box.folder) === undefined) {
		throw refuse(`${box.name} was not created by this account.`, 'List your boxes: gpubox ls');
	}

	refuseNotRunning(box, exitCode.couldNotStartCommand);

	// ssh exits with 255 when it cannot connect, and so may a command: checking first distinguishes the two.
	if (!(await hasSshServer(address, signal))) {
		throw refuse(
			`No SSH server answers at ${address.host} port ${address.port}.`,
			`See its log: gpubox logs ${box.name}`,
		);
	}

	if (box.rootPassword) {
		// There may have been none yet when the box was started with --no-wait.
		const {keepHostKey} = await import('../box/ssh/host-key.ts');
		await keepHostKey(host, box);
		if (readLogin(host.paths, box.folder) === undefined) {
			throw refuse(
				`The host key of ${box.name} was not found in /etc/ssh.`,
				`To check the key yourself: ssh -p ${address.port} root@${address.host}`,
			);
		}
	}

	const tty = Boolean(process.stdin.isTTY && process.stdout.isTTY);
	return run([
		...(await optionsFor(host, box, signal)),
		...(tty && command.length > 0 ? ['-t'] : []),
		box.name,
		...(command.length > 0 ? ['--', toShellLine(command)] : []),
	]);
}

/**
Everything about the way is on the command line, so the user's own ssh config adds their taste and need not know the box, or be usable at
all.
*/
async function optionsFor(host: Host, box: Box, signal: AbortSignal): Promise<string[]> {
	try {
		await syncSshFiles(host, signal);
	} catch (error) {
		if (!(error instanceof Failure)) {
			throw error;
		}

		process.stderr.write(`${error.message}\n  → ${error.fix}\n`);
	}

	const entry = readSshBox(host, box);
	if (entry === undefined || box.folder === undefined) {
		throw new Failure(`The address or user of ${box.name} is nothing that ssh takes.`, {
			fix: `Recreate it: gpubox up --recreate ${box.projectPath}`,
			exitCode: exitCode.couldNotStartCommand,
		});
	}

	const knownHosts = join(boxFolder(host.paths, box.folder), 'known_hosts');
	writeFileAtomic(knownHosts, knownHostsLine(entry), {mode: 0o600, replaceable: true});
	const options = sshOptions(entry, knownHosts, await readSshVersion(signal)).flatMap((line) => ['-o', line]);
	const home = accountHome();
	if (home === undefined) {
		throw new Failure(`ssh needs an account, and your user number (${process.getuid?.()}) has none on this machine.`, {
			fix: `Enter the box without ssh: gpubox attach ${box.name}`,
			exitCode: exitCode.couldNotStartCommand,
		});
	}

	if (join(home, '.ssh') !== host.paths.ssh) {
		// ssh reads the config of the home in /etc/passwd, which with another HOME is not the caller's.
		return ['-F', 'none', ...options];
	}

	const fault = await findConfigFault([...options, box.name], signal);
	if (fault !== undefined) {
		process.stderr.write(`Your ssh config is ignored: ${safeText(fault)}\n`);
	}

	return [...(fault === undefined ? [] : ['-F', 'none']), ...options];
}

/** ssh passes one line to the remote shell. A single word is used as that line, several as a command and its arguments. */
export function toShellLine(command: string[]): string {
	return command.length === 1 ? (command[0] ?? '') : command.map(shellQuote).join(' ');
}

function run(arguments_: string[]): Promise<number> {
	return new Promise((resolve, reject) => {
		const child = spawn('ssh', arguments_, {stdio: 'inherit'});
		child.once('error', (error) => {
			reject(
				new Failure(`ssh cannot be started: ${error.message}`, {
					fix: 'Install the OpenSSH client, or get a shell without it: gpubox attach BOX',
					exitCode: exitCode.couldNotStartCommand,
					cause: error,
				}),
			);
		});
		child.once('close', (code, ending) => resolve(code ?? 128 + (ending ? constants.signals[ending] : 0)));
	});
}

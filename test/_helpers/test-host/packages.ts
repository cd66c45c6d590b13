import {constants, existsSync} from 'node:fs';
import {access, rm, writeFile} from 'node:fs/promises';
import {delimiter, join} from 'node:path';
import {command, succeeds} from './command.ts';

/** The system folders, which a shell without root's profile does not search. */
export const systemPath = [process.env.PATH ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter);

/** A command that the test host calls, and the packages that bring it; the first that the distribution knows is taken. */
type Need = {command: string; packages: string[]};

const needs: Need[] = [
	{command: 'dockerd', packages: ['docker.io']},
	{command: 'docker', packages: ['docker-cli', 'docker.io']},
	{command: 'docker-registry', packages: ['docker-registry']},
	{command: 'iptables', packages: ['iptables']},
	{command: 'ip', packages: ['iproute2']},
	{command: 'debootstrap', packages: ['debootstrap']},
	{command: 'ssh', packages: ['openssh-client']},
	{command: 'rsync', packages: ['rsync']},
];

const debianKeys = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Where on PATH a command is; undefined when it is not installed. */
export async function findCommand(name: string): Promise<string | undefined> {
	for (const folder of systemPath.split(delimiter)) {
		const path = join(folder, name);
		try {
			await access(path, constants.X_OK);
			return path;
		} catch {
			// Not in this folder.
		}
	}

	return undefined;
}

/** Installs what the test host needs and the machine lacks. Root, and a distribution with apt-get. */
export async function installPackages(say: (line: string) => void, signal: AbortSignal): Promise<void> {
	const missing: Need[] = [];
	for (const need of needs) {
		if ((await findCommand(need.command)) === undefined) {
			missing.push(need);
		}
	}

	// Ubuntu's debootstrap has no keys for Debian; a kernel with AppArmor on refuses containers without its parser.
	if (!existsSync(debianKeys)) {
		missing.push({command: 'debootstrap', packages: ['debian-archive-keyring']});
	}

	if (existsSync('/sys/module/apparmor/parameters/enabled') && (await findCommand('apparmor_parser')) === undefined) {
		missing.push({command: 'apparmor_parser', packages: ['apparmor']});
	}

	if (missing.length === 0) {
		return;
	}

	if ((await findCommand('apt-get')) === undefined) {
		const names = missing.map((need) => need.command).join(', ');
		throw new Error(`The test host needs ${names}, and there is no apt-get to install them with.`);
	}

	await aptGet(['update', '-q'], signal);
	const packages = new Set<string>();
	for (const need of missing) {
		packages.add(await firstKnown(need.packages));
	}

	say(`installing ${[...packages].join(', ')}`);
	await withoutStartingServices(async () => {
		await aptGet(['install', '-q', '-y', '--no-install-recommends', ...packages], signal);
	});
}

async function firstKnown(packages: string[]): Promise<string> {
	for (const name of packages) {
		if (await succeeds('apt-cache', ['show', '--no-all-versions', name])) {
			return name;
		}
	}

	throw new Error(`None of the packages ${packages.join(', ')} is known to this distribution.`);
}

/** apt-get retries single files by itself; a list that changed while it was read needs a whole second run. */
async function aptGet(words: string[], signal: AbortSignal): Promise<void> {
	const once = async () => {
		signal.throwIfAborted();
		await command('apt-get', ['-o', 'Acquire::Retries=5', '-o', 'DPkg::Lock::Timeout=120', ...words], {
			env: {...process.env, PATH: systemPath, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8'},
		});
	};
	await once().catch(once);
}

/** The packages' own services (a system-wide engine, a registry) are not wanted: tests start their own. */
async function withoutStartingServices(install: () => Promise<void>): Promise<void> {
	const policy = '/usr/sbin/policy-rc.d';
	if (existsSync(policy)) {
		await install();
		return;
	}

	await writeFile(policy, '#!/bin/sh\nexit 101\n', {mode: 0o755});
	try {
		await install();
	} finally {
		await rm(policy, {force: true});
	}
}

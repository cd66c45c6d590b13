import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {writeFileAtomic} from '../../base/safe-files.ts';
import type {Person} from '../../host/host.ts';

/** Who commits, as git has it; at least one of the two. */
export type GitIdentity = {name?: string; email?: string};

const patienceMs = 5000;

/**
Name and address of the user's own configuration of git, for a home inside that has none: there git refuses to commit without them. Nothing else of the
configuration is read: programs and credentials that it names are not in a box.

@param home of the user's boxes, on the host
@returns undefined where that home has a configuration, or the user has no identity or no git
*/
export async function readGitIdentity(home: string, signal: AbortSignal): Promise<GitIdentity | undefined> {
	if (configsOf(home).some((file) => existsSync(file))) {
		return undefined;
	}

	const [name, email] = await Promise.all(['user.name', 'user.email'].map((key) => ask(key, signal)));
	return name === undefined && email === undefined
		? undefined
		: {...(name === undefined ? {} : {name}), ...(email === undefined ? {} : {email})};
}

/** Gives a home inside its first configuration of git. One that came meanwhile stays. @throws errors of the file system */
export function writeGitIdentity(home: string, identity: GitIdentity, owner: Person): void {
	const [file = ''] = configsOf(home);
	const lines = Object.entries(identity).map(([key, value]) => `\t${key} = ${quote(value)}\n`);
	const text = `# From your configuration outside, once, because this file was not there. It is yours to change.\n[user]\n${lines.join('')}`;
	try {
		writeFileAtomic(file, text, {mode: 0o644, owner, isNew: true, replaceable: true});
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
			throw error;
		}
	}
}

function configsOf(home: string): string[] {
	return [join(home, '.gitconfig'), join(home, '.config/git/config')];
}

/** Undefined when it is not set, or git is missing, fails or takes too long. Asked at the root: what holds for some projects only is not meant. */
function ask(key: string, signal: AbortSignal): Promise<string | undefined> {
	return new Promise((resolve) => {
		execFile(
			'git',
			['config', '--global', '--includes', '--get', key],
			{cwd: '/', timeout: patienceMs, signal},
			(error, output) => {
				const value = output.replace(/\n$/, '');
				resolve(error || value === '' || /\p{Cc}/u.test(value) ? undefined : value);
			},
		);
	});
}

/** A value as git-config takes it. */
function quote(value: string): string {
	return `"${value.replace(/[\\"]/g, '\\$&')}"`;
}

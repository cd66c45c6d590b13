import {userInfo} from 'node:os';
import {isAbsolute} from 'node:path';
import {mayKeepFiles} from '../start/root-owned.ts';
import {safeText} from '../text/safe.ts';
import {exitCode, Failure} from './failure.ts';

/**
The user's home: HOME, or the one in /etc/passwd where HOME is not set or empty. For root HOME counts only when root owns it:
`sudo -E` keeps the one of who calls, and root would write where their links lead it.

@throws Failure (usage) for a relative path: everything that gpubox stores would depend on the current folder
*/
export function homeFolder({HOME}: NodeJS.ProcessEnv): string {
	const home = HOME || accountHome() || '/';
	if (!isAbsolute(home)) {
		throw new Failure(`HOME is "${safeText(home)}", which is not an absolute path.`, {
			fix: 'Set it to your home, for example: export HOME=/home/you',
			exitCode: exitCode.usage,
		});
	}

	return mayKeepFiles(home) ? home : (accountHome() ?? '/root');
}

/** The home in the list of accounts; undefined for a uid that is not in it. */
export function accountHome(): string | undefined {
	try {
		return userInfo().homedir || undefined;
	} catch {
		return undefined;
	}
}

/** The note for root when HOME belongs to another user; undefined for all other callers. */
export function noteOfHome(environment: NodeJS.ProcessEnv): string | undefined {
	const {HOME} = environment;
	return HOME && isAbsolute(HOME) && !mayKeepFiles(HOME)
		? `HOME (${safeText(HOME)}) is not root's, so gpubox keeps its files in ${homeFolder(environment)}.`
		: undefined;
}

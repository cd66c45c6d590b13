import {userInfo} from 'node:os';
import {join} from 'node:path';
import {homeFolder} from '../base/home.ts';
import {mayKeepFiles} from '../start/root-owned.ts';
import type {Paths, Person} from './host.ts';

/** The caller. A uid without an entry in /etc/passwd (common in containers and CI) still gets a name. */
export function whoAmI(environment: NodeJS.ProcessEnv): Person {
	const uid = process.getuid?.() ?? 0;
	const gid = process.getgid?.() ?? 0;
	let name: string;
	try {
		name = userInfo().username;
	} catch {
		name = environment.USER || environment.LOGNAME || `user${uid}`;
	}

	return {name: name.replace(/[^\w.-]/g, '_'), uid, gid};
}

/**
gpubox's own folders by the XDG rules. Nothing is created here. Root uses a folder from the environment only if root owns it.

@throws Failure (usage) for a HOME that is not a path
*/
export function findPaths(environment: NodeJS.ProcessEnv): Paths {
	const home = homeFolder(environment);
	const folder = (variable: string, fallback: string) => {
		const value = environment[variable];
		return join(value?.startsWith('/') && mayKeepFiles(value) ? value : join(home, fallback), 'gpubox');
	};

	return {
		config: folder('XDG_CONFIG_HOME', '.config'),
		state: join(folder('XDG_STATE_HOME', '.local/state'), 'boxes'),
		home: join(folder('XDG_DATA_HOME', '.local/share'), 'home'),
		cache: folder('XDG_CACHE_HOME', '.cache'),
		ssh: join(home, '.ssh'),
		// Not XDG_RUNTIME_DIR: that is another one, or none, under sudo and cron, and a box must find its files again.
		secrets: `/dev/shm/gpubox-${process.getuid?.() ?? 0}`,
	};
}

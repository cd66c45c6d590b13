import {statSync} from 'node:fs';
import {exitCode, Failure} from '../../base/failure.ts';
import type {EngineInfo} from '../../engine/engine.ts';
import type {Host, Person} from '../../host/host.ts';
import {safeText} from '../../text/safe.ts';
import type {BoxRequest} from './types.ts';

/**
The user a box runs as: the caller. When the caller is root, the owner of the project folder, so that no file is created as root; root
itself only when root also owns the folder.

@throws Failure (usage) when the project is not a folder
*/
export function whoRuns({person, demo}: Pick<Host, 'person' | 'demo'>, project: string): Person {
	if (demo) {
		// Its folders are simulated.
		return person;
	}

	const info = statSync(project, {throwIfNoEntry: false});
	if (!info?.isDirectory()) {
		throw new Failure(`${project} is not a folder.`, {
			fix: 'Specify the project folder, or go there: cd my-project && gpubox up',
			exitCode: exitCode.usage,
		});
	}

	return person.uid === 0 && info.uid !== 0 ? {name: `user${info.uid}`, uid: info.uid, gid: info.gid} : person;
}

/**
The numbers of that user inside. A rootless engine maps the caller to root inside, and every other number there to one that owns nothing of
the caller's: as anyone but root the box could not even read its start script. That root has the caller's rights outside, and none more.
Podman, which no one tried without root's rights, gets the caller's.
*/
export function userInside(
	{rootless, flavour}: Pick<EngineInfo, 'rootless' | 'flavour'>,
	{uid, gid}: Pick<Person, 'uid' | 'gid'>,
): {uid: number; gid: number} {
	return rootless && flavour === 'docker' ? {uid: 0, gid: 0} : {uid, gid};
}

/**
What sshd needs when it runs as root, which is so in a rootless engine only: to give up its rights while it talks to a client that has not
logged in, to end what did so, and to become the user, who is root too.
*/
export const rootSshdCapabilities = ['AUDIT_WRITE', 'KILL', 'SETGID', 'SETUID', 'SYS_CHROOT'];

/**
Programs of an image do not run as root unless that was requested.

@throws Failure (usage) for a box that would run as root
*/
export function refuseRoot(runAs: Person, {project, sudo}: Pick<BoxRequest, 'project' | 'sudo'>): void {
	if (runAs.uid === 0 && !sudo) {
		throw new Failure(`${safeText(project)} belongs to root, so everything in its box would run as root.`, {
			fix: 'Run gpubox as yourself, or change the owner of the folder (chown). Where root is the only user, as in CI: --sudo',
			exitCode: exitCode.usage,
		});
	}
}

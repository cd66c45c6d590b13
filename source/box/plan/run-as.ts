import {statSync} from 'node:fs';
import {exitCode, Failure} from '../../base/failure.ts';
import type {Person} from '../../host/host.ts';
import {safeText} from '../../text/safe.ts';
import type {BoxRequest} from './types.ts';

/**
Who a box runs as: the caller. When the caller is root, the owner of the project folder, so that no file becomes root's; root
itself only when the folder is root's too.

@throws Failure (usage) when the project is no folder
*/
export function whoRuns(person: Person, project: string): Person {
	const info = statSync(project, {throwIfNoEntry: false});
	if (!info?.isDirectory()) {
		throw new Failure(`${project} is not a folder.`, {
			fix: 'Name the project folder, or go there: cd my-project && gpubox up',
			exitCode: exitCode.usage,
		});
	}

	return person.uid === 0 && info.uid !== 0 ? {name: `user${info.uid}`, uid: info.uid, gid: info.gid} : person;
}

/**
Nothing of an image gets to be root in a box that is not asked to let it.

@throws Failure (usage) for a box that would run as root
*/
export function refuseRoot(runAs: Person, {project, sudo}: Pick<BoxRequest, 'project' | 'sudo'>): void {
	if (runAs.uid === 0 && !sudo) {
		throw new Failure(`${safeText(project)} is root's, so everything in its box would run as root.`, {
			fix: 'Run gpubox as yourself, or give the folder to who works in it (chown). Where there is only root, as in CI: --sudo',
			exitCode: exitCode.usage,
		});
	}
}

import type {Host} from '../../host/host.ts';
import type {OwnBox} from '../box.ts';
import {missingSecrets, writeSecrets} from '../files/secrets.ts';
import {whoRuns} from '../plan/run-as.ts';
import {addAuthorizedKeys} from '../ssh/login.ts';
import {findLoginKeys} from '../ssh/login-keys.ts';
import type {UpOptions} from './types.ts';

/**
Adds the user's current keys to those that may log in to an existing box. None is removed: an agent that was there yesterday may just
not be connected today. `up --recreate` starts with today's keys only.
*/
export async function renewKeys(host: Host, box: OwnBox, {sshKeys, signal}: UpOptions): Promise<void> {
	if (box.services.includes('ssh') && !box.rootPassword && !host.demo) {
		addAuthorizedKeys(host.paths, box.folder, await findLoginKeys(host.paths.ssh, sshKeys, signal));
	}
}

/** Gives a box the secrets named on this call, and those that were lost from memory, for instance at a reboot. */
export async function renewSecrets(host: Host, box: OwnBox, {secrets}: UpOptions): Promise<void> {
	const missing = missingSecrets(host.paths, box);
	const names = box.secrets.filter((name) => missing.includes(name) || secrets?.given.includes(name));
	if (secrets && names.length > 0) {
		writeSecrets(host.paths, box.folder, whoRuns(host, box.projectPath), await secrets.read(names));
	}
}

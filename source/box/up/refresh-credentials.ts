import type {Host} from '../../host/host.ts';
import type {OwnBox} from '../box.ts';
import {missingSecrets, writeSecrets} from '../files/secrets.ts';
import {whoRuns} from '../plan/run-as.ts';
import {addAuthorizedKeys} from '../ssh/login.ts';
import {findLoginKeys} from '../ssh/login-keys.ts';
import type {UpOptions} from './types.ts';

/**
Lets the keys that the person has by now log in to a box that is there. None is taken away: an agent that was there yesterday
may just not be connected today. `up --recreate` begins with today's keys alone.
*/
export async function renewKeys(host: Host, box: OwnBox, {sshKeys, signal}: UpOptions): Promise<void> {
	if (box.services.includes('ssh') && !box.rootPassword && !host.demo) {
		addAuthorizedKeys(host.paths, box.folder, await findLoginKeys(host.paths.ssh, sshKeys, signal));
	}
}

/** Gives a box the secrets named on this call, and those that are gone from memory, for instance since a reboot. */
export async function renewSecrets(host: Host, box: OwnBox, {secrets}: UpOptions): Promise<void> {
	const missing = missingSecrets(host.paths, box);
	const names = box.secrets.filter((name) => missing.includes(name) || secrets?.given.includes(name));
	if (secrets && names.length > 0) {
		writeSecrets(host.paths, box.folder, whoRuns(host.person, box.projectPath), await secrets.read(names));
	}
}

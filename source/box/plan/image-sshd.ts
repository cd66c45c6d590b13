import {exitCode, Failure} from '../../base/failure.ts';
import type {Image} from '../../engine/engine.ts';
import {safeText} from '../../text/safe.ts';
import {ownServerPort} from '../box.ts';
import {sudoCapabilities} from './sudo.ts';
import type {BoxRequest, OwnServer} from './types.ts';

/*
Images of an old habit start an SSH server of their own, as root, and let in whoever knows what their entrypoint found in the variable
ROOT_PASSWORD. With a secret of that name such an image runs as it was meant to: its own entrypoint, its own server. The password
comes from the secret's file at each start, so the engine never gets to know it.
*/

/** What such images read their password from. */
export const passwordName = 'ROOT_PASSWORD';

/** @throws Failure (usage) when the password was given as a variable of an SSH box */
export function refuseOpenPassword({services, environment}: Pick<BoxRequest, 'services' | 'environment'>): void {
	if (services.includes('ssh') && passwordName in environment) {
		throw new Failure(`${passwordName} as a variable of the box could be read by all who use this engine.`, {
			fix: `As a secret: gpubox up --ssh --secret ${passwordName}. Or leave it out: your keys are let in.`,
			exitCode: exitCode.usage,
		});
	}
}

/**
Whether a box shall run its image's own server.

@param image undefined while it is not there yet
@returns the server; or a note why the password opens nothing, safe to print; nothing when no password was asked for
@throws Failure (usage) for a password on an address that others can reach
*/
export function findOwnServer(
	{services, secrets = [], bind}: Pick<BoxRequest, 'services' | 'secrets' | 'bind'>,
	reference: string,
	image: Pick<Image, 'entrypoint' | 'command' | 'exposedPorts' | 'environment' | 'user'> | undefined,
): {server?: OwnServer; note?: string} {
	if (!services.includes('ssh') || !secrets.some(({name}) => name === passwordName)) {
		return {};
	}

	const opensNothing = (why: string) => ({
		note: `${passwordName} opens nothing: ${why}. gpubox starts its own server, which lets in your keys.`,
	});
	const name = safeText(reference);
	if (services.length > 1) {
		return opensNothing('an image starts its own SSH server only where SSH is all that is asked for');
	}

	if (!image) {
		return opensNothing(`${name} is not here yet, and only the image tells whether it starts an SSH server`);
	}

	const start = [...image.entrypoint, ...image.command];
	if (start.length === 0 || !(image.exposedPorts.includes(ownServerPort) || passwordName in image.environment)) {
		return opensNothing(`${name} starts no SSH server of its own (it exposes no port ${ownServerPort})`);
	}

	if (!['', '0', 'root'].includes(image.user.split(':')[0] ?? '')) {
		return opensNothing(`${name} does not start as root`);
	}

	if (!isLoopback(bind)) {
		throw new Failure(`A password is not published on ${bind}, where others can try theirs.`, {
			fix: `Leave --bind out and come in through this machine's own SSH, or leave ${passwordName} out: then only your keys open it.`,
			exitCode: exitCode.usage,
		});
	}

	return {server: {start}};
}

export function isLoopback(address: string): boolean {
	return /^127\.|^::1$|^localhost$/.test(address);
}

/** Told whenever such a box is used. */
export function warnOfPassword(image: string): string {
	return `${safeText(image)} runs its own SSH server: whoever knows the password is root inside, and in /workspace. Safer: your keys, without ${passwordName}.`;
}

/**
What the server takes as root, each found by leaving it out: CHOWN for the file that holds the password and for terminals,
AUDIT_WRITE for a login with a terminal, SETUID, SETGID and SYS_CHROOT to part with its rights before it talks to anybody,
DAC_OVERRIDE for the secret and the project, which belong to the caller. And NET_BIND_SERVICE for port 22, which Docker lets anybody
have in a container, and Podman does not.
*/
const serverCapabilities = [
	'AUDIT_WRITE',
	'CHOWN',
	'DAC_OVERRIDE',
	'NET_BIND_SERVICE',
	'SETGID',
	'SETUID',
	'SYS_CHROOT',
];

export function ownServerCapabilities(sudo: boolean): string[] {
	return sudo ? [...new Set([...serverCapabilities, ...sudoCapabilities])].sort() : serverCapabilities;
}

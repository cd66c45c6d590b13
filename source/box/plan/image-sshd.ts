import {exitCode, Failure} from '../../base/failure.ts';
import type {Image} from '../../engine/engine.ts';
import {safeText} from '../../text/safe.ts';
import {ownServerPort} from '../box.ts';
import {sudoCapabilities} from './sudo.ts';
import type {BoxRequest, OwnServer} from './types.ts';

/*
Some older images start their own SSH server, as root, with the password that their entrypoint finds in the variable ROOT_PASSWORD.
With a secret of that name such an image runs as designed: its own entrypoint, its own server. The password comes from the secret's
file at each start, so the engine never sees it.
*/

/** The variable that such images read their password from. */
export const passwordName = 'ROOT_PASSWORD';

/** @throws Failure (usage) when the password was given as a variable of an SSH box */
export function refuseOpenPassword({services, environment}: Pick<BoxRequest, 'services' | 'environment'>): void {
	if (services.includes('ssh') && passwordName in environment) {
		throw new Failure(
			`${passwordName} must not be an environment variable: everyone who uses this engine can read it.`,
			{
				fix: `Pass it as a secret: gpubox up --ssh --secret ${passwordName}. Or omit it and log in with your keys.`,
				exitCode: exitCode.usage,
			},
		);
	}
}

/**
Whether a box should run its image's own server.

@param image undefined while it is not pulled yet
@returns the server; or a note why the password is ignored, safe to print; nothing when no password was requested
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

	const ignored = (why: string) => ({
		note: `${passwordName} is ignored: ${why}. gpubox starts its own SSH server, which accepts your keys.`,
	});
	const name = safeText(reference);
	if (services.length > 1) {
		return ignored("the image's own SSH server is used only when SSH is the only service");
	}

	if (!image) {
		return ignored(`${name} is not on this host yet, so it is unknown whether it has an SSH server`);
	}

	const start = [...image.entrypoint, ...image.command];
	if (start.length === 0 || !(image.exposedPorts.includes(ownServerPort) || passwordName in image.environment)) {
		return ignored(`${name} has no SSH server of its own (it does not expose port ${ownServerPort})`);
	}

	if (!['', '0', 'root'].includes(image.user.split(':')[0] ?? '')) {
		return ignored(`${name} does not start as root`);
	}

	if (!isLoopback(bind)) {
		throw new Failure(`Password login is not allowed on ${bind} (reachable from the network).`, {
			fix: `Omit --bind and log in through this machine's own SSH, or omit ${passwordName} and log in with your keys.`,
			exitCode: exitCode.usage,
		});
	}

	return {server: {start}};
}

export function isLoopback(address: string): boolean {
	return /^127\.|^::1$|^localhost$/.test(address);
}

/** The note shown whenever such a box is used. */
export function warnOfPassword(image: string): string {
	return `${safeText(image)} uses the image's own SSH server: anyone with the password has root in the box and in /workspace. Safer: log in with your keys, without ${passwordName}.`;
}

/**
The capabilities that the server needs as root, each found by leaving it out: CHOWN for the password file and for terminals,
AUDIT_WRITE for a login with a terminal, SETUID, SETGID and SYS_CHROOT to drop privileges before it talks to a client, DAC_OVERRIDE for
the secret and the project, which belong to the caller. And NET_BIND_SERVICE for port 22, which Docker allows everyone in a container,
and Podman does not.
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

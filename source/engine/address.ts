import {accessSync, constants, existsSync} from 'node:fs';
import {join} from 'node:path';
import {type Diagnostic, exitCode, Failure} from '../base/failure.ts';
import {dockerConfigFolder, readConfigFile} from './config-file.ts';

/** Where the engine is and how to reach it. */
export type EngineAddress = {
	/** As written by users: `unix:///var/run/docker.sock`, `tcp://host:2376`, `ssh://user@host`. */
	url: string;
	/** Where it came from, for messages: `DOCKER_HOST`, `docker context "gpu2"`, `default`. */
	origin: string;
	/** Folder with ca.pem, cert.pem and key.pem. */
	tlsDirectory?: string;
	/** Why there is none: the environment or Docker's config names a context that is not there. The user did not ask for it by name. */
	missing?: Diagnostic;
};

type Environment = Record<string, string | undefined>;

/**
Finds the engine the way Docker's own command does: `--host` (a URL or a context's name), DOCKER_HOST, DOCKER_CONTEXT, the
current context of ~/.docker/config.json, the default socket; and last the rootless engine's socket.

An empty variable is an unset one. A context that is gone costs what needs the engine, and no more: then the address says so.

@throws Failure (usage) when `host` names a context that does not exist.
*/
export function findEngineAddress(environment: Environment, home: string, host?: string): EngineAddress {
	const configDirectory = dockerConfigFolder(environment, home);
	// Docker's own command looks for the keys beside its config.
	const tls = environment.DOCKER_CERT_PATH || configDirectory;

	if (host) {
		return /^[a-z]+:\/\//.test(host)
			? {url: host, origin: '--host'}
			: (findContext(configDirectory, host) ?? (host.includes('@') ? bySsh(host) : rejectContext(host)));
	}

	if (environment.DOCKER_HOST) {
		const url = environment.DOCKER_HOST;
		return {
			url: url.includes('://') ? url : `tcp://${url}`,
			origin: 'DOCKER_HOST',
			...(environment.DOCKER_TLS_VERIFY ? {tlsDirectory: tls} : {}),
		};
	}

	const context = environment.DOCKER_CONTEXT || currentContext(configDirectory);
	if (context !== undefined && context !== 'default') {
		return (
			findContext(configDirectory, context) ?? {
				url: `the Docker context "${context}"`,
				origin: `docker context "${context}"`,
				missing: environment.DOCKER_CONTEXT
					? {
							message: `There is no Docker context named "${context}", which DOCKER_CONTEXT names.`,
							fix: 'Unset it (unset DOCKER_CONTEXT), or list the contexts: docker context ls',
						}
					: {
							message: `There is no Docker context named "${context}", the current one in ${join(configDirectory, 'config.json')}.`,
							fix: 'Switch to the local engine: docker context use default. To list the contexts: docker context ls',
						},
			}
		);
	}

	return onThisMachine(environment);
}

/** The engine of this machine, whatever the environment or Docker's config choose. */
function onThisMachine(environment: Environment): EngineAddress {
	const rootless = join(environment.XDG_RUNTIME_DIR || '/nonexistent', 'docker.sock');
	if (!existsSync('/var/run/docker.sock') && isReadable(rootless)) {
		return {url: `unix://${rootless}`, origin: 'the rootless engine'};
	}

	return {url: 'unix:///var/run/docker.sock', origin: 'default'};
}

/** This machine, in the setting `hosts`. */
export const localName = 'local';

/**
A machine as the setting `hosts` names it: a URL, `local`, a Docker context, else a name for ssh. What is none of them is told by ssh,
which knows the names of its own config.

@returns what `--host` takes
*/
export function findListedHost(environment: Environment, home: string, name: string): string {
	if (name.includes('://')) {
		return name;
	}

	if (name === localName) {
		const {url, missing} = findEngineAddress(environment, home);
		return missing === undefined && isLocalAddress(url) ? url : onThisMachine(environment).url;
	}

	const configDirectory = dockerConfigFolder(environment, home);
	return findContext(configDirectory, name) ? name : bySsh(name).url;
}

/** Whether Docker has a context of this name. */
export function isContext(environment: Environment, home: string, name: string): boolean {
	return findContext(dockerConfigFolder(environment, home), name) !== undefined;
}

function bySsh(name: string): EngineAddress {
	return {url: `ssh://${name}`, origin: '--host'};
}

/** Whether paths, ports and GPUs of an engine at this address are those of this machine. */
export function isLocalAddress(url: string): boolean {
	return !forwarded.has(url) && (url.startsWith('unix://') || isLoopback(url));
}

/** Whether it is a port of this machine itself, which can be forwarded to another one, as `ssh -L` does. */
export function isLoopback(url: string): boolean {
	return /^(tcp|http|https):\/\/(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:|\/|$)/.test(url);
}

// What the engine itself told, once for the whole process: every part of it asks the address alone.
const forwarded = new Set<string>();

/** From now on the engine at this address counts as one of another machine. */
export function rememberForwarded(url: string): void {
	forwarded.add(url);
}

function currentContext(configDirectory: string): string | undefined {
	try {
		const config = readConfigFile(join(configDirectory, 'config.json')) as {currentContext?: unknown};
		return typeof config.currentContext === 'string' && config.currentContext !== ''
			? config.currentContext
			: undefined;
	} catch {
		// No config, or one that Docker's own command would not read either: then there is no context.
		return undefined;
	}
}

function findContext(configDirectory: string, name: string): EngineAddress | undefined {
	// Docker stores a context under the hash of its name. Most hosts have none, and loading crypto would cost every start.
	const {createHash} = process.getBuiltinModule('node:crypto');
	const id = createHash('sha256').update(name).digest('hex');
	try {
		const meta = readConfigFile(join(configDirectory, 'contexts', 'meta', id, 'meta.json')) as {
			Endpoints?: {docker?: {Host?: string}};
		};
		const url = meta.Endpoints?.docker?.Host;
		if (url) {
			const tlsDirectory = join(configDirectory, 'contexts', 'tls', id, 'docker');
			return {
				url,
				origin: `docker context "${name}"`,
				...(existsSync(join(tlsDirectory, 'ca.pem')) ? {tlsDirectory} : {}),
			};
		}
	} catch {
		// Missing and unreadable are the same for the user.
	}

	return undefined;
}

function rejectContext(name: string): never {
	throw new Failure(`There is no Docker context named "${name}".`, {
		fix: 'List them with: docker context ls. A host can also be given as ssh://user@machine.',
		exitCode: exitCode.usage,
	});
}

function isReadable(path: string): boolean {
	try {
		accessSync(path, constants.R_OK | constants.W_OK);
		return true;
	} catch {
		return false;
	}
}

import {accessSync, constants, existsSync} from 'node:fs';
import {join} from 'node:path';
import {exitCode, Failure} from '../base/failure.ts';
import {readConfigFile} from './config-file.ts';

/** Where the engine is and how to reach it. */
export type EngineAddress = {
	/** As written by users: `unix:///var/run/docker.sock`, `tcp://host:2376`, `ssh://user@host`. */
	url: string;
	/** Where it came from, for messages: `DOCKER_HOST`, `docker context "gpu2"`, `default`. */
	origin: string;
	/** Folder with ca.pem, cert.pem and key.pem. */
	tlsDirectory?: string;
};

type Environment = Record<string, string | undefined>;

/**
Finds the engine the way Docker's own command does: `--host` (a URL or a context's name), DOCKER_HOST, DOCKER_CONTEXT, the
current context of ~/.docker/config.json, the default socket; and last the rootless engine's socket.

@throws Failure (usage) when a context is named that does not exist.
*/
export function findEngineAddress(environment: Environment, home: string, host?: string): EngineAddress {
	const configDirectory = environment.DOCKER_CONFIG ?? join(home, '.docker');
	const tls = environment.DOCKER_CERT_PATH;

	if (host !== undefined) {
		return /^[a-z]+:\/\//.test(host)
			? {url: host, origin: '--host'}
			: contextAddress(configDirectory, host, `docker context "${host}"`);
	}

	if (environment.DOCKER_HOST) {
		const url = environment.DOCKER_HOST;
		return {
			url: url.includes('://') ? url : `tcp://${url}`,
			origin: 'DOCKER_HOST',
			...(tls !== undefined && environment.DOCKER_TLS_VERIFY ? {tlsDirectory: tls} : {}),
		};
	}

	const context = environment.DOCKER_CONTEXT ?? currentContext(configDirectory);
	if (context !== undefined && context !== 'default') {
		return contextAddress(configDirectory, context, `docker context "${context}"`);
	}

	const rootless = join(environment.XDG_RUNTIME_DIR ?? '/nonexistent', 'docker.sock');
	if (!existsSync('/var/run/docker.sock') && isReadable(rootless)) {
		return {url: `unix://${rootless}`, origin: 'the rootless engine'};
	}

	return {url: 'unix:///var/run/docker.sock', origin: 'default'};
}

/** Whether paths and ports of an engine at this address are those of this machine. */
export function isLocalAddress(url: string): boolean {
	return url.startsWith('unix://') || /^(tcp|http|https):\/\/(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:|\/|$)/.test(url);
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

function contextAddress(configDirectory: string, name: string, origin: string): EngineAddress {
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
			return {url, origin, ...(existsSync(join(tlsDirectory, 'ca.pem')) ? {tlsDirectory} : {})};
		}
	} catch {
		// Falls through to the one message below: missing and unreadable are the same for the user.
	}

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

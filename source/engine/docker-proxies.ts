import {join} from 'node:path';
import {dockerConfigFolder, readConfigFile} from './config-file.ts';

/** Proxies of Docker's own configuration. */
export type DockerProxies = {
	/** For containers and builds: `HTTP_PROXY` and its like, each with its twin in small letters. Values may hold a password. */
	variables: Record<string, string>;
	/** The file and the entry in it, for messages. */
	origin: string;
};

/** The keys of an entry of `proxies`, with the variable that each sets. */
const keys: Array<[string, string]> = [
	['httpProxy', 'HTTP_PROXY'],
	['httpsProxy', 'HTTPS_PROXY'],
	['noProxy', 'NO_PROXY'],
	['ftpProxy', 'FTP_PROXY'],
	['allProxy', 'ALL_PROXY'],
];

/**
What `docker run` and `docker build` put into containers and builds of the engine at an address: the entry of `proxies` in
~/.docker/config.json for that address, else its `default` (ParseProxyConfig in docker/cli, cli/config/configfile/file.go). Each
variable is set beside what the user sets: one that the user sets keeps the user's value, its twin does not.

@param address as the engine is reached: `unix:///var/run/docker.sock`
@returns undefined without proxies, or where the file cannot be read, as docker's own command then sets none
*/
export function findDockerProxies(
	address: string,
	environment: Record<string, string | undefined>,
	home: string,
): DockerProxies | undefined {
	const file = join(dockerConfigFolder(environment, home), 'config.json');
	const proxies = asObject(asObject(readOr(file))?.proxies);
	const entry = proxies !== undefined && Object.hasOwn(proxies, address) ? address : 'default';
	const chosen = asObject(proxies?.[entry]);
	const variables = keys.flatMap(([key, name]) => {
		const value = chosen?.[key];
		return typeof value === 'string' && value !== ''
			? [[name, value] as const, [name.toLowerCase(), value] as const]
			: [];
	});
	return variables.length === 0
		? undefined
		: {variables: Object.fromEntries(variables), origin: `proxies.${entry} of ${file}`};
}

function readOr(file: string): unknown {
	try {
		return readConfigFile(file);
	} catch {
		// None, or one that Docker's own command would not read either.
		return undefined;
	}
}

function asObject(value: unknown): Record<string, unknown> | undefined {
	return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

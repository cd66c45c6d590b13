import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {homedir} from 'node:os';
import {join} from 'node:path';

export type RegistryAuth =
	| {username: string; password: string; serveraddress: string}
	| {identitytoken: string; serveraddress: string};

type DockerConfig = {
	auths?: Record<string, {auth?: string; identitytoken?: string}>;
	credsStore?: string;
	credHelpers?: Record<string, string>;
};

const dockerHub = 'https://index.docker.io/v1/';

/** The registry a reference is pulled from, as Docker's config names it. */
export function registryOf(reference: string): string {
	const [first = ''] = reference.split('/');
	return reference.includes('/') && (first.includes('.') || first.includes(':') || first === 'localhost')
		? first
		: dockerHub;
}

/** What `docker login` stored for the registry of `reference`: from the config file or its credential helper. */
export function findRegistryAuth(reference: string): RegistryAuth | undefined {
	const registry = registryOf(reference);
	const config = readConfig();
	const helper = config.credHelpers?.[registry] ?? config.credsStore;
	if (helper !== undefined && /^[\w.-]+$/.test(helper)) {
		return askHelper(helper, registry);
	}

	const entry = config.auths?.[registry] ?? config.auths?.[`https://${registry}`];
	if (entry?.identitytoken) {
		return {identitytoken: entry.identitytoken, serveraddress: registry};
	}

	if (!entry?.auth) {
		return undefined;
	}

	const [username = '', ...password] = Buffer.from(entry.auth, 'base64').toString().split(':');
	return {username, password: password.join(':'), serveraddress: registry};
}

function readConfig(): DockerConfig {
	try {
		const directory = process.env.DOCKER_CONFIG ?? join(homedir(), '.docker');
		return JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')) as DockerConfig;
	} catch {
		// Nobody logged in: public images need no more.
		return {};
	}
}

function askHelper(helper: string, registry: string): RegistryAuth | undefined {
	try {
		const answer = JSON.parse(
			execFileSync(`docker-credential-${helper}`, ['get'], {
				input: registry,
				encoding: 'utf8',
				stdio: ['pipe', 'pipe', 'ignore'],
				// It may ask the person for something.
				timeout: 60_000,
				killSignal: 'SIGKILL',
			}),
		) as {Username: string; Secret: string};
		return answer.Username === '<token>'
			? {identitytoken: answer.Secret, serveraddress: registry}
			: {username: answer.Username, password: answer.Secret, serveraddress: registry};
	} catch {
		// A helper says "credentials not found" by failing: the registry then answers for itself.
		return undefined;
	}
}

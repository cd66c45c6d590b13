import {execFileSync} from 'node:child_process';
import {homedir} from 'node:os';
import {join} from 'node:path';
import * as v from 'valibot';
import {readConfigFile} from '../config-file.ts';

export type RegistryAuth =
	| {username: string; password: string; serveraddress: string}
	| {identitytoken: string; serveraddress: string};

const dockerConfig = v.object({
	auths: v.nullish(v.record(v.string(), v.object({auth: v.nullish(v.string()), identitytoken: v.nullish(v.string())}))),
	credsStore: v.nullish(v.string()),
	credHelpers: v.nullish(v.record(v.string(), v.string())),
});
const credentials = v.object({Username: v.string(), Secret: v.string()});

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
	if (helper != null && /^[\w.-]+$/.test(helper)) {
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

function readConfig(): Partial<v.InferOutput<typeof dockerConfig>> {
	try {
		const directory = process.env.DOCKER_CONFIG ?? join(homedir(), '.docker');
		return v.parse(dockerConfig, readConfigFile(join(directory, 'config.json')));
	} catch {
		// Not logged in: public images need no more.
		return {};
	}
}

function askHelper(helper: string, registry: string): RegistryAuth | undefined {
	try {
		const answer = v.parse(
			credentials,
			JSON.parse(
				execFileSync(`docker-credential-${helper}`, ['get'], {
					input: registry,
					encoding: 'utf8',
					stdio: ['pipe', 'pipe', 'ignore'],
					// It may prompt the user.
					timeout: 60_000,
					killSignal: 'SIGKILL',
				}),
			),
		);
		return answer.Username === '<token>'
			? {identitytoken: answer.Secret, serveraddress: registry}
			: {username: answer.Username, password: answer.Secret, serveraddress: registry};
	} catch {
		// A helper says "credentials not found" by failing: the registry then answers for itself.
		return undefined;
	}
}

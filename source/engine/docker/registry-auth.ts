import {homedir} from 'node:os';
import {join} from 'node:path';
import * as v from 'valibot';
import {dockerConfigFolder, readConfigFile} from '../config-file.ts';
import {askHelper, type HelperOptions} from './credential-helper.ts';

type RegistryAuth =
	| {username: string; password: string; serveraddress: string}
	| {identitytoken: string; serveraddress: string};

/** A login that was looked for, and the helper that gave no answer. */
export type FoundAuth = {auth?: RegistryAuth; silentHelper?: string};

const login = v.object({auth: v.nullish(v.string()), identitytoken: v.nullish(v.string())});
/** A part that is not as it should be costs itself alone. */
const dockerConfig = v.object({
	auths: v.fallback(v.nullish(v.record(v.string(), v.fallback(login, {}))), undefined),
	credsStore: v.fallback(v.nullish(v.string()), undefined),
	credHelpers: v.fallback(v.nullish(v.record(v.string(), v.fallback(v.string(), ''))), undefined),
});
type DockerConfig = Partial<v.InferOutput<typeof dockerConfig>>;
const credentials = v.object({Username: v.string(), Secret: v.string()});

const dockerHub = 'https://index.docker.io/v1/';

/** The registry a reference is pulled from, as Docker's config names it. */
export function registryOf(reference: string): string {
	const [first = ''] = reference.split('/');
	const named = reference.includes('/') && (first.includes('.') || first.includes(':') || first === 'localhost');
	return named && first !== 'docker.io' && first !== 'index.docker.io' ? first : dockerHub;
}

/**
What `docker login` stored for the registry of `reference`: from the config file or its credential helper.

@param options.onWait called with the helper's name when it does not answer at once
@throws the reason of the signal
*/
export async function findRegistryAuth(
	reference: string,
	{
		onWait,
		environment = process.env,
		...options
	}: Omit<HelperOptions, 'onWait'> & {
		onWait?: (helper: string, registry: string) => void;
		environment?: NodeJS.ProcessEnv;
	} = {},
): Promise<FoundAuth> {
	const registry = registryOf(reference);
	const config = readConfig(environment);
	const helper = config.credHelpers?.[registry] ?? config.credsStore;
	if (helper && /^[\w.-]+$/.test(helper)) {
		const program = `docker-credential-${helper}`;
		const answer = await askHelper(program, registry, {...options, onWait: () => onWait?.(program, registry)});
		return answer === 'silent' ? {silentHelper: program} : answered(answer, registry);
	}

	const auth = fromFile(config, registry);
	return auth ? {auth} : {};
}

/** An entry of that very name, or the first whose address is on that host, as Docker's file store looks for it. */
function fromFile({auths}: DockerConfig, registry: string): RegistryAuth | undefined {
	const key =
		auths && (Object.hasOwn(auths, registry) ? registry : Object.keys(auths).find((name) => hostOf(name) === registry));
	const entry = key == null ? undefined : auths?.[key];
	if (entry?.identitytoken) {
		return {identitytoken: entry.identitytoken, serveraddress: registry};
	}

	const [username = '', ...password] = Buffer.from(entry?.auth ?? '', 'base64')
		.toString()
		.split(':');
	return username === '' ? undefined : {username, password: password.join(':'), serveraddress: registry};
}

/** Host and port of a key of `auths`, which may be an address: `ConvertToHostname` in docker/cli, cli/config/credentials. */
function hostOf(key: string): string {
	return key.replace(/^[a-z][a-z0-9+.-]*:\/\/(?:[^/@]*@)?/i, '').replace(/\/.*$/, '');
}

function readConfig(environment: NodeJS.ProcessEnv): DockerConfig {
	try {
		const directory = dockerConfigFolder(environment, environment.HOME || homedir());
		return v.parse(dockerConfig, readConfigFile(join(directory, 'config.json')));
	} catch {
		// Not logged in: public images need no more.
		return {};
	}
}

function answered(answer: string | undefined, registry: string): FoundAuth {
	try {
		const {Username, Secret} = v.parse(credentials, JSON.parse(answer ?? ''));
		const login = Username === '<token>' ? {identitytoken: Secret} : {username: Username, password: Secret};
		return {auth: {...login, serveraddress: registry}};
	} catch {
		// A helper says "credentials not found" by failing: the registry then answers for itself.
		return {};
	}
}

import {realpathSync} from 'node:fs';
import {isAbsolute, resolve} from 'node:path';
import {exitCode, Failure} from '../../base/failure.ts';
import {homeFolder} from '../../base/home.ts';
import type {Mount} from '../../engine/engine.ts';
import {refuseOwnLayer} from '../../image/reference.ts';
import {explainMount, fromElsewhere} from '../../settings/elsewhere.ts';
import type {Sourced} from '../../settings/merge.ts';
import {isReservedTarget, reservedVariable} from '../../settings/reserved.ts';
import type {Settings} from '../../settings/schema.ts';
import {parseBytes} from '../../text/bytes.ts';
import {expandHome} from '../../text/home-path.ts';
import {safeText} from '../../text/safe.ts';
import {isOwnSecret} from '../files/secrets.ts';
import {type KeyFile, readNamed} from '../ssh/login-keys.ts';
import type {BoxRequest} from './types.ts';

/** The flags of `up`, as commander reads them. Undefined means that the flag was not given. */
export type UpFlags = {
	directory?: string | undefined;
	jupyter?: true | undefined;
	ssh?: true | undefined;
	image?: string | undefined;
	gpus?: string | undefined;
	shareGpus?: true | undefined;
	name?: string | undefined;
	port?: number | undefined;
	bind?: string | undefined;
	memory?: string | undefined;
	cpus?: number | undefined;
	shmSize?: string | undefined;
	pidsLimit?: number | undefined;
	mount?: string[] | undefined;
	env?: string[] | undefined;
	secret?: string[] | undefined;
	secretEnv?: string[] | undefined;
	sudo?: true | undefined;
	recreate?: true | undefined;
	/** Fail where the box exists and differs. */
	exact?: true | undefined;
	force?: true | undefined;
	/** True for `--wait`, false for `--no-wait`. */
	wait?: boolean | undefined;
	/** How long the box is reserved. */
	for?: string | undefined;
	/** Yes to everything that gpubox.yaml requests. */
	trust?: true | undefined;
};

/** The flags that correspond to a setting, in the form of settings. Flags for a single call are left to `makeRequest`. */
export function flagSettings(flags: UpFlags, currentDirectory: string): Sourced[] {
	const said = (key: string, flag: string, value: unknown, item?: true): Sourced[] =>
		value === undefined
			? []
			: [{key, value, origin: {place: 'flag', where: flag, base: currentDirectory}, ...(item ? {item} : {})}];
	const {jupyter, ssh} = flags;
	const services = [...(jupyter ? ['jupyter'] : []), ...(ssh ? ['ssh'] : [])];
	return [
		...said('image', '--image', flags.image),
		...said(
			'services',
			services.map((service) => `--${service}`).join(' '),
			services.length > 0 ? services : undefined,
		),
		...said('gpus', '--gpus', flags.gpus === undefined ? undefined : fromElsewhere({gpus: flags.gpus}).gpus),
		...(flags.mount ?? []).flatMap((text) => said('mounts', '--mount', checkMount(text), true)),
		...(flags.env ?? []).flatMap((text) => {
			const [name, value] = parseVariable(text, process.env);
			return said(`env.${name}`, '--env', value);
		}),
		...said('limits.memory', '--memory', flags.memory),
		...said('limits.cpus', '--cpus', flags.cpus),
		...said('limits.shmSize', '--shm-size', flags.shmSize),
		...said('limits.pids', '--pids-limit', flags.pidsLimit),
		...said('bind', '--bind', flags.bind),
	];
}

/**
The request from a project's settings (including flags) and the flags that are for this call only.

@param winners the same settings with their origins
@throws Failure (usage) for an invalid value
*/
export function makeRequest(
	flags: Pick<UpFlags, 'name' | 'port' | 'shareGpus'>,
	{project, winners, settings}: {project: string; winners: Sourced[]; settings: Settings},
): BoxRequest {
	refuseReserved(winners);
	const {image, name: projectName, limits, ports, postCreate} = settings;
	const origins = new Map(winners.map(({key, origin}) => [key, origin.where]));
	const bytes = (key: string, text: string) => sizeOf(origins.get(key) ?? key, text);
	const packages = {apt: settings.packages?.apt ?? [], pip: settings.packages?.pip ?? []};
	return {
		project,
		services: settings.services ?? ['jupyter'],
		gpus: settings.gpus ?? 'auto',
		shareGpus: flags.shareGpus ?? false,
		bind: settings.bind ?? '127.0.0.1',
		mounts: winners
			.filter(({key}) => key === 'mounts')
			.map(({value, origin}) => toMount(String(value), origin.base, origin.where)),
		environment: {...settings.env},
		...(image === undefined ? {} : {image}),
		...(flags.name === undefined ? {} : {name: flags.name}),
		...(projectName === undefined ? {} : {projectName}),
		...(flags.port === undefined ? {} : {port: flags.port}),
		...(ports === undefined ? {} : {preferredPorts: withoutUndefined(ports)}),
		...(limits?.memory === undefined ? {} : {memoryBytes: bytes('limits.memory', limits.memory)}),
		...(limits?.cpus === undefined ? {} : {cpus: limits.cpus}),
		...(limits?.shmSize === undefined ? {} : {sharedMemoryBytes: bytes('limits.shmSize', limits.shmSize)}),
		...(limits?.pids === undefined ? {} : {pidsLimit: limits.pids}),
		...(packages.apt.length + packages.pip.length === 0 ? {} : {packages}),
		...(postCreate === undefined ? {} : {postCreate}),
	};
}

/** @throws Failure (usage) for a variable, a secret or an image that is reserved for gpubox, wherever it is set */
function refuseReserved(winners: readonly Sourced[]): void {
	for (const {key, value, origin} of winners) {
		const fix = key.startsWith('env.') ? reservedVariable(key.slice('env.'.length)) : undefined;
		if (fix !== undefined) {
			throw new Failure(`${key.slice('env.'.length)} is reserved for gpubox (${origin.where}).`, {
				fix,
				exitCode: exitCode.usage,
			});
		}

		if (key === 'secrets' && isOwnSecret(String(value))) {
			throw new Failure(`The secret name ${String(value)} is reserved for gpubox (${origin.where}).`, {
				fix: 'Choose another name.',
				exitCode: exitCode.usage,
			});
		}

		if (key === 'image' || key === 'images') {
			refuseOwnLayer(key === 'image' ? String(value) : (value as {reference: string}).reference, origin.where);
		}
	}
}

function sizeOf(where: string, text: string): number {
	const bytes = parseBytes(text);
	// The engine refuses less than 6 MiB of memory.
	if (bytes === undefined || bytes < 6 * 1024 ** 2) {
		throw new Failure(`${where}: invalid size ${text}.`, {fix: 'For example: 16g', exitCode: exitCode.usage});
	}

	return bytes;
}

/** `SRC:DST[:ro]`, or docker's longer way of saying the same. */
function checkMount(given: string): string {
	const [text = given] = fromElsewhere({mounts: [given]}).mounts as string[];
	const [source = '', target = '', mode, ...rest] = text.split(':');
	if (
		source === '' ||
		!isAbsolute(target) ||
		rest.length > 0 ||
		(mode !== undefined && mode !== 'ro' && mode !== 'rw')
	) {
		// A shell has filled in the variables, and a folder may be named without its path.
		const known = explainMount(text, () => true);
		throw new Failure(`Invalid value for --mount: ${text}. ${known?.message ?? 'The form is SRC:DST[:ro].'}`, {
			fix: known?.hint ?? 'For example: --mount /data/imagenet:/data:ro',
			exitCode: exitCode.usage,
		});
	}

	return text;
}

/** The engine would create a missing source as root, so it is refused. */
function toMount(text: string, base: string, where: string): Mount {
	const [source = '', target = '', mode] = text.split(':');
	if (isReservedTarget(target)) {
		throw new Failure(`Cannot mount at ${safeText(target)}: gpubox's own files are there (${where}).`, {
			fix: 'Choose another target, such as /data.',
			exitCode: exitCode.usage,
		});
	}

	const path = resolvePath(source, base);
	try {
		return {type: 'bind', source: realpathSync(path), target, ...(mode === 'ro' ? {readOnly: true} : {})};
	} catch (error) {
		throw new Failure(`Cannot mount ${path}: no such file or folder (${where}).`, {
			fix: 'Create it first, or choose another.',
			exitCode: exitCode.usage,
			cause: error,
		});
	}
}

/**
The files of public keys that may log in; undefined when none are set. Those of gpubox.yaml are read here, once: what is asked
about is then what is used. The user's own are read when they are needed.

@throws Failure (usage) when one of gpubox.yaml cannot be read
*/
export function keyFilesOf(
	winners: readonly Sourced[],
	{services = []}: Pick<Settings, 'services'>,
): Array<string | KeyFile> | undefined {
	const named = winners.filter(({key}) => key === 'ssh.keys');
	return named.length === 0
		? undefined
		: named.map(({value, origin}) => {
				const path = resolvePath(String(value), origin.base);
				if (origin.place !== 'gpubox.yaml') {
					return path;
				}

				const said = String(value);
				// Without SSH they are not used, so they may be missing.
				return services.includes('ssh') ? {...readNamed(path), said} : {path, said, content: '', hasPrivate: false};
			});
}

/** The path that the user entered, made absolute. */
export function resolvePath(text: string, base: string): string {
	return resolve(base, expandHome(text, homeFolder(process.env)));
}

function withoutUndefined<T extends object>(value: T): {[K in keyof T]?: Exclude<T[K], undefined>} {
	return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as {
		[K in keyof T]?: Exclude<T[K], undefined>;
	};
}

/** `K=V`, or `K` alone for the caller's own value. */
function parseVariable(text: string, environment: NodeJS.ProcessEnv): [string, string] {
	const [name = ''] = text.split('=');
	const value = text.includes('=') ? text.slice(name.length + 1) : environment[name];
	if (!/^[A-Za-z_]\w*$/.test(name) || value === undefined) {
		throw new Failure(
			`--env ${name} ${value === undefined ? 'is not set in your environment' : 'is not a valid variable'}.`,
			{
				fix: 'For example: --env SEED=42',
				exitCode: exitCode.usage,
			},
		);
	}

	return [name, value];
}

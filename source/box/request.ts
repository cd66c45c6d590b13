import {realpathSync} from 'node:fs';
import {homedir} from 'node:os';
import {isAbsolute, join, resolve} from 'node:path';
import type {Mount} from '../engine/engine.ts';
import {exitCode, Failure} from '../failure.ts';
import type {Settings} from '../settings/settings.ts';
import {parseBytes} from '../text/bytes.ts';
import type {ServiceName} from './box.ts';
import type {BoxRequest} from './plan.ts';

/** What the flags of `up` say, as text. Undefined means that the flag was not given. */
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
	mount?: string[] | undefined;
	env?: string[] | undefined;
};

/**
Puts flags and personal settings together; flags win.

@throws Failure (usage) for a value that cannot be meant
*/
export function makeRequest(flags: UpFlags, settings: Settings, currentDirectory: string): BoxRequest {
	const image = flags.image ?? settings.image;
	const memory = flags.memory ?? settings.memory;
	const cpus = flags.cpus ?? (settings.cpus === undefined ? undefined : Number(settings.cpus));
	const sharedMemory = flags.shmSize ?? settings.shmSize;
	return {
		project: projectFolder(flags.directory ?? '.', currentDirectory),
		services: servicesOf(flags),
		gpus: flags.gpus ?? settings.gpus ?? 'auto',
		shareGpus: flags.shareGpus ?? false,
		bind: flags.bind ?? settings.bind ?? '127.0.0.1',
		mounts: (flags.mount ?? []).map((text) => parseMount(text, currentDirectory)),
		environment: Object.fromEntries((flags.env ?? []).map((text) => parseVariable(text, process.env))),
		...(image === undefined ? {} : {image}),
		...(flags.name === undefined ? {} : {name: flags.name}),
		...(flags.port === undefined ? {} : {port: flags.port}),
		...(memory === undefined ? {} : {memoryBytes: sizeOf('--memory', memory)}),
		...(cpus === undefined ? {} : {cpus}),
		...(sharedMemory === undefined ? {} : {sharedMemoryBytes: sizeOf('--shm-size', sharedMemory)}),
	};
}

function projectFolder(directory: string, currentDirectory: string): string {
	const path = resolve(currentDirectory, directory);
	try {
		return realpathSync(path);
	} catch (error) {
		throw new Failure(`There is no folder ${path}.`, {
			fix: 'Make it first, or name another.',
			exitCode: exitCode.usage,
			cause: error,
		});
	}
}

function servicesOf({jupyter, ssh}: UpFlags): ServiceName[] {
	const asked: ServiceName[] = [...(jupyter ? (['jupyter'] as const) : []), ...(ssh ? (['ssh'] as const) : [])];
	return asked.length > 0 ? asked : ['jupyter'];
}

function sizeOf(flag: string, text: string): number {
	const bytes = parseBytes(text);
	// The engine refuses less than 6 MiB of memory.
	if (bytes === undefined || bytes < 6 * 1024 ** 2) {
		throw new Failure(`${flag} ${text} is no size.`, {fix: `For example: ${flag} 16g`, exitCode: exitCode.usage});
	}

	return bytes;
}

/** `SRC:DST[:ro]` as docker takes it; a source that does not exist would be made as root's, so it is refused. */
export function parseMount(text: string, currentDirectory: string): Mount {
	const [source = '', target = '', mode, ...rest] = text.split(':');
	if (
		source === '' ||
		!isAbsolute(target) ||
		rest.length > 0 ||
		(mode !== undefined && mode !== 'ro' && mode !== 'rw')
	) {
		throw new Failure(`--mount ${text} is not of the form SRC:DST[:ro].`, {
			fix: 'For example: --mount /data/imagenet:/data:ro',
			exitCode: exitCode.usage,
		});
	}

	const path = source.startsWith('~/') ? join(homedir(), source.slice(2)) : resolve(currentDirectory, source);
	try {
		return {type: 'bind', source: realpathSync(path), target, ...(mode === 'ro' ? {readOnly: true} : {})};
	} catch (error) {
		throw new Failure(`There is nothing to mount at ${path}.`, {
			fix: 'Make it first, or name another.',
			exitCode: exitCode.usage,
			cause: error,
		});
	}
}

/** `K=V`, or `K` alone for the caller's own value. */
function parseVariable(text: string, environment: NodeJS.ProcessEnv): [string, string] {
	const [name = ''] = text.split('=');
	const value = text.includes('=') ? text.slice(name.length + 1) : environment[name];
	if (!/^[A-Za-z_]\w*$/.test(name) || value === undefined) {
		throw new Failure(`--env ${name} ${value === undefined ? 'is not set in your environment' : 'is no variable'}.`, {
			fix: 'For example: --env SEED=42',
			exitCode: exitCode.usage,
		});
	}

	return [name, value];
}

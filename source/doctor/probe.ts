import {execFile} from 'node:child_process';
import {lookup} from 'node:dns/promises';
import {access, constants, readdir, readFile, readlink, statfs} from 'node:fs/promises';
import {request as requestPlain} from 'node:http';
import {request as requestOverTls} from 'node:https';
import {delimiter} from 'node:path';
import {homeFolder} from '../base/home.ts';
import {isPortFree} from '../base/is-port-free.ts';
import {type DockerProxies, findDockerProxies} from '../engine/docker-proxies.ts';
import type {Engine} from '../engine/engine.ts';
import type {GpuInventory} from '../gpu/gpu.ts';
import {readInventory} from '../gpu/inventory.ts';
import {systemFolders} from '../gpu/smi/locate.ts';
import type {Host, Person} from '../host/host.ts';
import {safeText} from '../text/safe.ts';

/** The result of a command. `exitCode` is null when it is not installed, or was killed because it took too long. */
export type CommandResult = {exitCode: number | null; stdout: string};

/** All functions with which doctor inspects a machine. None of them throws when something is missing. */
export type Probe = {
	environment: Record<string, string | undefined>;
	person: Person;
	/** The numeric groups of this process. */
	groups: number[];
	engine: Engine;
	inventory(signal: AbortSignal): Promise<GpuInventory>;
	/** Undefined when it is missing or may not be read. */
	readFile(path: string): Promise<string | undefined>;
	/** Names in a folder; undefined when it is missing or may not be read. */
	listFolder(path: string): Promise<string[] | undefined>;
	readLink(path: string): Promise<string | undefined>;
	exists(path: string): Promise<boolean>;
	isWritable(path: string): Promise<boolean>;
	/** Bytes free for this user. */
	freeBytes(path: string): Promise<number | undefined>;
	run(file: string, arguments_: string[], signal: AbortSignal): Promise<CommandResult>;
	isPortFree(port: number): Promise<boolean>;
	/** Of Docker's own configuration, for this engine. */
	dockerProxies(): DockerProxies | undefined;
	/** Undefined when the name is found, else why not. */
	lookup(name: string, signal: AbortSignal): Promise<string | undefined>;
	/** A HEAD request: the status and the server's `Date`, or why there is no answer. */
	head(url: string, signal: AbortSignal): Promise<{status: number; date: string | undefined} | {failed: string}>;
	now(): Date;
};

const commandTimeoutMs = 5000;
const networkTimeoutMs = 4000;

/** The machine that gpubox runs on. */
export function realProbe({engine, nvidiaSmi, person}: Host, environment: NodeJS.ProcessEnv): Probe {
	return {
		environment,
		person,
		groups: process.getgroups?.() ?? [],
		engine,
		inventory: (signal) => readInventory(nvidiaSmi, {signal}),
		readFile: (path) => readFile(path, 'utf8').catch(nothing),
		listFolder: (path) => readdir(path).catch(nothing),
		readLink: (path) => readlink(path).catch(nothing),
		exists: async (path) => (await access(path).catch(() => false)) === undefined,
		isWritable: async (path) => (await access(path, constants.W_OK | constants.X_OK).catch(() => false)) === undefined,
		freeBytes: (path) => statfs(path).then(({bavail, bsize}) => bavail * bsize, nothing),
		run,
		isPortFree: (port) => isPortFree(port, '127.0.0.1'),
		dockerProxies: () => findDockerProxies(engine.address, environment, homeFolder(environment)),
		lookup: lookUp,
		head,
		now: () => new Date(),
	};
}

/** A file that the user cannot read counts as missing. */
function nothing(): undefined {
	return undefined;
}

function run(file: string, arguments_: string[], signal: AbortSignal): Promise<CommandResult> {
	return new Promise((resolve) => {
		const options = {
			timeout: commandTimeoutMs,
			signal,
			env: {...process.env, PATH: searchPath(process.env), LC_ALL: 'C'},
		};
		execFile(file, arguments_, options, (error, stdout) => {
			const code: unknown = error?.code;
			resolve({exitCode: error ? (typeof code === 'number' ? code : null) : 0, stdout});
		});
	});
}

/** The PATH of a user often lacks the folders of modinfo and nvidia-ctk. */
function searchPath({PATH = ''}: NodeJS.ProcessEnv): string {
	return [...(PATH === '' ? [] : [PATH]), ...systemFolders].join(delimiter);
}

async function lookUp(name: string, signal: AbortSignal): Promise<string | undefined> {
	// A look-up cannot be aborted; it ends on its own.
	const late = Promise.withResolvers<string>();
	const timeoutSignal = AbortSignal.any([signal, AbortSignal.timeout(networkTimeoutMs)]);
	timeoutSignal.addEventListener('abort', () => late.resolve('no answer in time'), {once: true});
	return Promise.race([
		lookup(name).then(
			() => undefined,
			(error: NodeJS.ErrnoException) => error.code ?? 'it failed',
		),
		late.promise,
	]);
}

function head(url: string, signal: AbortSignal): ReturnType<Probe['head']> {
	return new Promise((resolve) => {
		const timeoutSignal = AbortSignal.any([signal, AbortSignal.timeout(networkTimeoutMs)]);
		const request = url.startsWith('http:') ? requestPlain : requestOverTls;
		const asked = request(url, {method: 'HEAD', signal: timeoutSignal}, (response) => {
			response.resume();
			resolve({status: response.statusCode ?? 0, date: response.headers.date});
		});
		asked.once('error', (error: NodeJS.ErrnoException) => {
			resolve({
				failed: timeoutSignal.aborted ? 'no answer in time' : safeText(error.message || (error.code ?? 'no answer')),
			});
		});
		asked.end();
	});
}

import type {Duplex} from 'node:stream';
import {safeText} from '../text/safe.ts';
import type {ContainerSpec, Engine} from './engine.ts';
import {readFrames} from './frames.ts';

/** What a container that ran to its end left. */
export type RunOnceResult = {exitCode: number; stdout: string; stderr: string};

/** A container for a single command: no network, no rights, nothing of the host but the GPUs given. */
export function onceSpec(
	name: string,
	image: string,
	command: [string, ...string[]],
	gpus: {uuids: string[]; request: ContainerSpec['gpuRequest']},
): ContainerSpec {
	const [file, ...rest] = command;
	return {
		name,
		image,
		entrypoint: [file],
		command: rest,
		environment: {},
		labels: {},
		mounts: [],
		ports: [],
		gpus: gpus.uuids,
		gpuRequest: gpus.request,
		gpuCapabilities: ['compute', 'utility'],
		init: false,
		capDrop: ['ALL'],
		capAdd: [],
		securityOptions: ['no-new-privileges'],
		network: 'none',
	};
}

/**
Runs a container to its end and removes it, however it ends: also when it cannot be started, or the signal aborts.

@throws EngineError, or the reason of the signal
*/
export async function runOnce(engine: Engine, spec: ContainerSpec, signal: AbortSignal): Promise<RunOnceResult> {
	signal.throwIfAborted();
	const id = await engine.createContainer(spec);
	try {
		signal.throwIfAborted();
		await engine.startContainer(id);
		const exitCode = await engine.waitContainer(id, signal);
		const parts: Record<'stdout' | 'stderr', Buffer[]> = {stdout: [], stderr: []};
		for await (const {stream, data} of engine.logs(id, {signal})) {
			parts[stream].push(data);
		}

		signal.throwIfAborted();
		return {exitCode, stdout: linesOf(parts.stdout), stderr: linesOf(parts.stderr)};
	} catch (error) {
		signal.throwIfAborted();
		throw error;
	} finally {
		await engine.removeContainer(id, {force: true, volumes: true});
	}
}

/**
Runs a command without a terminal in a container that is there already, to its end. A signal ends the waiting, not the command:
the engine has no way to do that.

@throws EngineError, or the reason of the signal
*/
export async function execOnce(
	engine: Engine,
	id: string,
	command: string[],
	signal: AbortSignal,
): Promise<RunOnceResult> {
	signal.throwIfAborted();
	const session = await engine.exec(id, {command, tty: false, stdin: false});
	const drop = () => (session.stream as unknown as Duplex).destroy();
	signal.addEventListener('abort', drop);
	try {
		const parts: Record<'stdout' | 'stderr', Buffer[]> = {stdout: [], stderr: []};
		for await (const {stream, data} of readFrames(session.stream as AsyncIterable<Buffer>)) {
			parts[stream].push(data);
		}

		signal.throwIfAborted();
		const {exitCode} = await session.wait();
		return {exitCode, stdout: linesOf(parts.stdout), stderr: linesOf(parts.stderr)};
	} catch (error) {
		signal.throwIfAborted();
		throw error;
	} finally {
		signal.removeEventListener('abort', drop);
	}
}

/** What a container prints is foreign text. */
function linesOf(parts: Buffer[]): string {
	return Buffer.concat(parts).toString('utf8').split('\n').map(safeText).join('\n');
}

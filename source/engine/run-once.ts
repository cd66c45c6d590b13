import {safeText} from '../text/safe.ts';
import {
	type BuildFile,
	type ContainerSpec,
	type Engine,
	EngineError,
	type ExecSpec,
	type GpuMechanism,
	type LogChunk,
} from './engine.ts';
import {readFrames} from './frames.ts';
import {outputBytes, ownCommandSeconds} from './limits.ts';

/** What a container that ran to its end left. */
export type RunOnceResult = {exitCode: number; stdout: string; stderr: string};

/** A container for a single command: no network, no rights, nothing of the host but the GPUs given, and not as root. */
export function onceSpec(
	name: string,
	image: string,
	command: [string, ...string[]],
	gpus: {uuids: string[]; mechanism: GpuMechanism},
): ContainerSpec {
	const [file, ...rest] = command;
	return {
		name,
		image,
		entrypoint: [file],
		command: rest,
		environment: {HOME: '/tmp'},
		labels: {},
		user: ordinaryUser(),
		mounts: [],
		ports: [],
		gpus: gpus.uuids,
		gpuMechanism: gpus.mechanism,
		gpuCapabilities: ['compute', 'utility'],
		init: false,
		capDrop: ['ALL'],
		capAdd: [],
		securityOptions: ['no-new-privileges'],
		network: 'none',
		// The engine's own log driver may be one that cannot be read.
		logMaxSize: '10m',
	};
}

/** The caller, as in a box; for root, the user nobody. */
function ordinaryUser(): string {
	const uid = process.getuid?.() ?? 0;
	return uid === 0 ? '65534:65534' : `${uid}:${process.getgid?.() ?? uid}`;
}

/**
Runs a container to its end and removes it, however it ends: also when it cannot be started, or the signal aborts.

@param put files that it finds in a folder of the image, root's inside
@throws EngineError, or the reason of the signal
*/
export async function runOnce(
	engine: Engine,
	spec: ContainerSpec,
	signal: AbortSignal,
	put?: {folder: string; files: BuildFile[]},
): Promise<RunOnceResult> {
	signal.throwIfAborted();
	const id = await engine.createContainer(spec);
	try {
		signal.throwIfAborted();
		if (put) {
			await engine.putFiles(id, put.folder, put.files, signal);
		}

		await engine.startContainer(id);
		const exitCode = await engine.waitContainer(id, signal);
		const output = await gather(engine.logs(id, {signal}));
		signal.throwIfAborted();
		return {exitCode, ...output};
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
	options: Pick<ExecSpec, 'user' | 'workingDirectory'> = {},
): Promise<RunOnceResult> {
	signal.throwIfAborted();
	const session = await engine.exec(id, {...options, command, tty: false, stdin: false}, signal);
	const drop = () => session.stream.destroy();
	signal.addEventListener('abort', drop);
	try {
		const output = await gather(readFrames(session.stream));
		signal.throwIfAborted();
		const {exitCode} = await session.wait();
		return {exitCode, ...output};
	} catch (error) {
		signal.throwIfAborted();
		throw error;
	} finally {
		signal.removeEventListener('abort', drop);
	}
}

/**
The same for a command of gpubox's own, which is quick unless a program of the image stands in its place: it has a limit of time.

@throws EngineError
*/
export async function execOwn(
	engine: Engine,
	id: string,
	command: string[],
	options: Pick<ExecSpec, 'user' | 'workingDirectory'> = {},
): Promise<RunOnceResult> {
	const signal = AbortSignal.timeout(ownCommandSeconds * 1000);
	try {
		return await execOnce(engine, id, command, signal, options);
	} catch (error) {
		throw signal.aborted
			? new EngineError('failed', `A command in the container did not end within ${ownCommandSeconds} s`, {
					cause: error,
				})
			: error;
	}
}

async function gather(chunks: AsyncIterable<LogChunk>): Promise<Pick<RunOnceResult, 'stdout' | 'stderr'>> {
	const parts: Record<'stdout' | 'stderr', Buffer[]> = {stdout: [], stderr: []};
	let size = 0;
	for await (const {stream, data} of chunks) {
		parts[stream].push(data);
		size += data.length;
		if (size > outputBytes) {
			throw new EngineError('failed', `The command printed more than ${outputBytes / 1024 ** 2} MiB.`);
		}
	}

	return {stdout: linesOf(parts.stdout), stderr: linesOf(parts.stderr)};
}

/** What a container prints is foreign text. */
function linesOf(parts: Buffer[]): string {
	return Buffer.concat(parts).toString('utf8').split('\n').map(safeText).join('\n');
}

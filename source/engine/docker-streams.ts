import type Dockerode from 'dockerode';
import type {ExecSession, ExecSpec, LogChunk, LogOptions} from './engine.ts';
import {toEngineError} from './errors.ts';
import {readFrames} from './frames.ts';
import {guardStream} from './guard.ts';

export function readLogs(docker: Dockerode, id: string, options: LogOptions = {}): AsyncIterable<LogChunk> {
	const {signal} = options;
	return guardStream(async function* () {
		const {Config} = await docker.getContainer(id).inspect();
		// dockerode hands out a stream only when told to follow, and otherwise collects the whole log as a string: so it is
		// told to follow, and the query tells the engine the truth.
		const chunks = (await docker.getContainer(id).logs({
			follow: true,
			_query: {
				follow: options.follow ?? false,
				stdout: true,
				stderr: true,
				timestamps: options.timestamps ?? false,
				...(options.tail === undefined ? {} : {tail: options.tail}),
				...(options.since ? {since: options.since.getTime() / 1000} : {}),
			},
			...(signal ? {abortSignal: signal} : {}),
		} as Dockerode.ContainerLogsOptions & {follow: true})) as unknown as AsyncIterable<Buffer>;
		if (Config.Tty) {
			for await (const data of chunks) {
				yield {stream: 'stdout', data};
			}
		} else {
			yield* readFrames(chunks);
		}
	}, signal);
}

export async function startExec(docker: Dockerode, id: string, spec: ExecSpec): Promise<ExecSession> {
	const exec = await docker.getContainer(id).exec({
		Cmd: spec.command,
		AttachStdin: spec.stdin,
		AttachStdout: true,
		AttachStderr: true,
		Tty: spec.tty,
		...(spec.user ? {User: spec.user} : {}),
		...(spec.workingDirectory ? {WorkingDir: spec.workingDirectory} : {}),
		...(spec.environment ? {Env: Object.entries(spec.environment).map(([key, value]) => `${key}=${value}`)} : {}),
		...(spec.detachKeys ? {DetachKeys: spec.detachKeys} : {}),
	});
	const stream = await exec.start({hijack: true, stdin: spec.stdin, Tty: spec.tty});
	const resize = async ({columns, rows}: {columns: number; rows: number}) => {
		await exec.resize({w: columns, h: rows}).catch((error: unknown) => {
			// The command may have ended between the terminal's signal and this call: then there is nothing to resize.
			if (toEngineError(error).code === 'aborted') {
				throw error;
			}
		});
	};
	if (spec.tty && spec.size) {
		await resize(spec.size);
	}

	return {
		stream,
		resize,
		async wait() {
			await new Promise<void>((resolve) => {
				if (stream.destroyed || stream.readableEnded) {
					resolve();
				} else {
					stream.once('end', resolve);
					stream.once('close', resolve);
				}
			});
			const {Running, ExitCode} = await exec.inspect();
			return {exitCode: ExitCode ?? 0, detached: Running};
		},
	};
}

export async function readFileFrom(docker: Dockerode, id: string, path: string): Promise<Buffer | undefined> {
	const {default: tar} = await import('tar-stream');
	const archive = await docker.getContainer(id).getArchive({path});
	const reader = tar.extract();
	archive.pipe(reader);
	for await (const entry of reader) {
		if (entry.header.type === 'file') {
			const parts: Buffer[] = [];
			for await (const part of entry) {
				parts.push(part as Buffer);
			}

			return Buffer.concat(parts);
		}

		entry.resume();
	}

	return undefined;
}

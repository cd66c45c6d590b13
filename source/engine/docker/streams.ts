import {Readable} from 'node:stream';
import {caller} from '../caller.ts';
import {
	type Attached,
	type BuildFile,
	EngineError,
	type ExecSession,
	type ExecSpec,
	type FileKind,
	type LogChunk,
	type LogOptions,
} from '../engine.ts';
import {readFrames} from '../frames.ts';
import {type EngineLimits, fileBytes} from '../limits.ts';
import {guard, guardStream} from './guard.ts';
import {containerDetail, created, execState, fileState, parseAnswer} from './schemas.ts';
import {encodePart, type Question, type Transport} from './transport.ts';

export function readLogs(
	transport: Transport,
	limits: EngineLimits,
	id: string,
	options: LogOptions = {},
): AsyncIterable<LogChunk> {
	const {signal} = options;
	const path = `/containers/${encodePart(id)}`;
	const hasTerminal = async () => {
		const {body} = await transport.ask({limit: limits.container, path: `${path}/json`, signal});
		return parseAnswer(containerDetail, body, limits.container.question).Config.Tty;
	};
	return guardStream(async function* () {
		const isTerminal = !options.withoutTerminal && (await hasTerminal());
		const question: Question = {
			limit: options.mostBytes === undefined ? limits.logs : {...limits.logs, bytes: options.mostBytes},
			path: `${path}/logs`,
			query: {
				follow: options.follow ?? false,
				stdout: true,
				stderr: true,
				timestamps: options.timestamps ?? false,
				tail: options.tail,
				since: options.since && options.since.getTime() / 1000,
				until: options.until && options.until.getTime() / 1000,
			},
			lent: options.lent ?? false,
			signal,
		};
		const chunks = options.mostBytes === undefined ? transport.open(question) : readAtOnce(transport, question);
		if (isTerminal) {
			for await (const data of chunks) {
				yield {stream: 'stdout', data};
			}
		} else {
			yield* readFrames(chunks);
		}
	}, signal);
}

async function* readAtOnce(transport: Transport, question: Question): AsyncGenerator<Buffer> {
	const {body} = await transport.ask(question);
	yield body;
}

export async function attachTo(
	transport: Transport,
	limits: EngineLimits,
	id: string,
	signal?: AbortSignal,
): Promise<Attached> {
	const socket = await transport.upgrade({
		limit: limits.attach,
		method: 'POST',
		path: `/containers/${encodePart(id)}/attach`,
		query: {stream: true, stdout: true, stderr: true},
		signal,
	});
	const closed = new AbortController();
	return {
		output: guardStream(() => readFrames(socket), closed.signal),
		close() {
			closed.abort();
			socket.destroy();
		},
	};
}

export async function startExec(
	transport: Transport,
	limits: EngineLimits,
	id: string,
	spec: ExecSpec,
	signal?: AbortSignal,
): Promise<ExecSession> {
	const answer = await transport.ask({
		limit: limits.command,
		method: 'POST',
		path: `/containers/${encodePart(id)}/exec`,
		body: {
			Cmd: spec.command,
			AttachStdin: spec.stdin,
			AttachStdout: true,
			AttachStderr: true,
			Tty: spec.tty,
			...(spec.user ? {User: spec.user} : {}),
			...(spec.workingDirectory ? {WorkingDir: spec.workingDirectory} : {}),
			...(spec.environment ? {Env: Object.entries(spec.environment).map(([key, value]) => `${key}=${value}`)} : {}),
			...(spec.detachKeys ? {DetachKeys: spec.detachKeys} : {}),
		},
		signal,
	});
	const {Id} = parseAnswer(created, answer.body, limits.command.question);
	const path = `/exec/${encodePart(Id)}`;
	const stream = await transport.upgrade({
		limit: limits.command,
		method: 'POST',
		path: `${path}/start`,
		body: {Detach: false, Tty: spec.tty},
		signal,
	});
	const resize = async ({columns, rows}: {columns: number; rows: number}) => {
		await guard(() =>
			transport.ask({limit: limits.resize, method: 'POST', path: `${path}/resize`, query: {w: columns, h: rows}}),
		).catch(() => {
			// The command may have ended between the terminal's signal and this call: then there is nothing to resize.
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
			if (caller.interrupted?.aborted || signal?.aborted) {
				throw new EngineError('aborted', 'Interrupted.');
			}

			const {body} = await guard(() => transport.ask({limit: limits.commandResult, path: `${path}/json`, signal}));
			const {Running, ExitCode} = parseAnswer(execState, body, limits.commandResult.question);
			return {exitCode: ExitCode ?? 0, detached: Running};
		},
	};
}

export async function readFileFrom(
	transport: Transport,
	limits: EngineLimits,
	id: string,
	path: string,
	{maxBytes = fileBytes, signal}: {maxBytes?: number; signal?: AbortSignal} = {},
): Promise<Buffer | undefined> {
	const {default: tar} = await import('tar-stream');
	const tooLarge = () => new EngineError('failed', `${path} in the container has more than ${maxBytes} bytes`);
	const archive = transport.open({
		limit: limits.file,
		path: `/containers/${encodePart(id)}/archive`,
		query: {path},
		signal,
	});
	const reader = tar.extract();
	const source = Readable.from(bounded(archive, maxBytes, tooLarge), {objectMode: false});
	source.once('error', (error) => reader.destroy(error));
	// The loop below is told; after it, what is still on its way comes too late.
	reader.on('error', () => {});
	source.pipe(reader);
	try {
		for await (const entry of reader) {
			// A folder comes with everything that is in it.
			if (entry.header.type !== 'file') {
				return undefined;
			}

			if ((entry.header.size ?? 0) > maxBytes) {
				throw tooLarge();
			}

			const parts: Buffer[] = [];
			for await (const part of entry) {
				parts.push(part as Buffer);
			}

			return Buffer.concat(parts);
		}
	} finally {
		source.unpipe(reader);
		source.destroy();
	}

	return undefined;
}

/** The archive has a little of its own around the file. */
async function* bounded(chunks: AsyncIterable<Buffer>, maxBytes: number, tooLarge: () => Error) {
	let size = 0;
	for await (const chunk of chunks) {
		size += chunk.length;
		if (size > maxBytes + 65_536) {
			throw tooLarge();
		}

		yield chunk;
	}
}

export async function fileExists(
	transport: Transport,
	limits: EngineLimits,
	id: string,
	path: string,
	signal?: AbortSignal,
): Promise<boolean> {
	const {status} = await transport.ask({
		limit: limits.fileState,
		method: 'HEAD',
		path: `/containers/${encodePart(id)}/archive`,
		query: {path},
		accept: [404],
		signal,
	});
	return status !== 404;
}

/** The engine tells it in a header, with the mode as Go writes it (os.FileMode). */
export async function kindOfFileIn(
	transport: Transport,
	limits: EngineLimits,
	id: string,
	path: string,
	signal?: AbortSignal,
): Promise<FileKind | undefined> {
	const {status, headers} = await transport.ask({
		limit: limits.fileState,
		method: 'HEAD',
		path: `/containers/${encodePart(id)}/archive`,
		query: {path},
		accept: [404],
		signal,
	});
	if (status === 404) {
		return undefined;
	}

	const told = Buffer.from(String(headers['x-docker-container-path-stat'] ?? ''), 'base64');
	const {mode} = parseAnswer(fileState, told, limits.fileState.question);
	const has = (bit: number) => Math.floor(mode / 2 ** bit) % 2 === 1;
	if (has(31)) {
		return 'folder';
	}

	if (has(27)) {
		return 'link';
	}

	return [26, 25, 24, 21, 19].some(has) ? 'other' : 'file';
}

export async function putFilesInto(
	transport: Transport,
	limits: EngineLimits,
	id: string,
	folder: string,
	files: BuildFile[],
	signal?: AbortSignal,
): Promise<void> {
	const {default: tar} = await import('tar-stream');
	const archive = tar.pack();
	for (const {path, content, mode = 0o644} of files) {
		archive.entry({name: path, mode, uid: 0, gid: 0, mtime: new Date(0)}, content);
	}

	archive.finalize();
	const parts: Buffer[] = [];
	for await (const part of archive) {
		parts.push(part as Buffer);
	}

	await transport.ask({
		limit: limits.putFiles,
		method: 'PUT',
		path: `/containers/${encodePart(id)}/archive`,
		query: {path: folder},
		content: {type: 'application/x-tar', data: Buffer.concat(parts)},
		changes: true,
		signal,
	});
}

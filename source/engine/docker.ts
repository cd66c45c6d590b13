import Dockerode from 'dockerode';
import {safeText} from '../text/safe.ts';
import {type EngineAddress, isLocalAddress} from './address.ts';
import {connectOptions} from './connect.ts';
import {type BuildOptions, type Engine, EngineError, type ExecSpec, type LogChunk, type LogOptions} from './engine.ts';
import {codeOfReason, toEngineError} from './errors.ts';
import {readFrames, readJsonLines} from './frames.ts';
import {toContainer, toContainerDetail, toCreateBody, toEvent, toImage} from './translate.ts';

/** The engine at `address`, through dockerode. Nothing is connected before the first call. */
export async function connectDocker(address: EngineAddress): Promise<Engine> {
	const docker = new Dockerode(await connectOptions(address));
	const container = (id: string) => docker.getContainer(id);

	return {
		address: address.url,
		local: isLocalAddress(address.url),

		info: (signal) => guard(() => readInfo(docker, signal)),

		listContainers: ({labels = [], signal} = {}) =>
			guard(async () => {
				const rows = await docker.listContainers({
					all: true,
					...(labels.length > 0 ? {filters: {label: labels}} : {}),
					...(signal ? {abortSignal: signal} : {}),
				});
				return rows.map(toContainer);
			}),
		inspectContainer: (id) => unlessMissing(async () => toContainerDetail(await container(id).inspect())),
		createContainer: (spec) => guard(async () => (await docker.createContainer(toCreateBody(spec))).id),
		startContainer: (id) => settled(() => container(id).start()),
		stopContainer: (id, {timeoutSeconds} = {}) =>
			settled(() => container(id).stop(timeoutSeconds === undefined ? {} : {t: timeoutSeconds})),
		removeContainer: (id, {force = false, volumes = false} = {}) =>
			guard(async () => {
				await container(id).remove({force, v: volumes});
			}),
		killContainer: (id, signal) =>
			guard(async () => {
				await container(id).kill({signal});
			}),
		waitContainer: (id, signal) =>
			guard(async () => {
				const {StatusCode} = (await container(id).wait(signal ? {abortSignal: signal} : {})) as {StatusCode: number};
				return StatusCode;
			}),
		logs: (id, options) => readLogs(docker, id, options),
		attach: (id, {stdin, tty}) =>
			guard(() =>
				container(id).attach({
					stream: true,
					hijack: true,
					stdin,
					stdout: true,
					stderr: true,
					...(tty ? {logs: false} : {}),
				}),
			),
		resizeContainer: (id, {columns, rows}) =>
			guard(async () => {
				await container(id).resize({w: columns, h: rows});
			}),
		exec: (id, spec) => guard(() => startExec(docker, id, spec)),
		top: (id) =>
			guard(async () => {
				const {Titles, Processes} = (await container(id).top({ps_args: '-eo pid'})) as {
					Titles: string[];
					Processes: string[][];
				};
				const column = Titles.indexOf('PID');
				return Processes.map((row) => Number(row[column])).filter((pid) => Number.isInteger(pid));
			}),
		readFile: (id, path) => unlessMissing(() => readFileFrom(docker, id, path)),

		inspectImage: (reference) => unlessMissing(async () => toImage(await docker.getImage(reference).inspect())),
		listImages: () =>
			guard(async () =>
				(await docker.listImages()).map((row) => ({
					id: row.Id,
					tags: (row.RepoTags ?? []).filter((tag) => tag !== '<none>:<none>'),
					digests: (row.RepoDigests ?? []).filter((digest) => !digest.startsWith('<none>')),
					sizeBytes: row.Size,
					createdAt: new Date(row.Created * 1000),
					labels: row.Labels ?? {},
				})),
			),
		pullImage: (reference, options) => guard(() => pull(docker, reference, options)),
		buildImage: (options) => guard(() => build(docker, options)),
		tagImage: (id, reference) =>
			guard(async () => {
				const colon = reference.lastIndexOf(':');
				await docker.getImage(id).tag({repo: reference.slice(0, colon), tag: reference.slice(colon + 1)});
			}),
		removeImage: (reference) =>
			guard(async () => {
				await docker.getImage(reference).remove();
			}),

		events: ({signal, types}) =>
			guardStream(async function* () {
				const stream = await docker.getEvents({abortSignal: signal, ...(types ? {filters: {type: types}} : {})});
				for await (const line of readJsonLines<Parameters<typeof toEvent>[0]>(stream as AsyncIterable<Buffer>)) {
					const event = toEvent(line);
					if (event) {
						yield event;
					}
				}
			}, signal),
	};
}

async function readInfo(docker: Dockerode, signal?: AbortSignal) {
	// The typings know no options here; dockerode takes them as everywhere else.
	const abort = (signal ? {abortSignal: signal} : {}) as never;
	const [info, version] = (await Promise.all([docker.info(abort), docker.version(abort)])) as unknown as [
		Record<string, unknown>,
		Dockerode.DockerVersion,
	];
	const devices = (info.DiscoveredDevices ?? []) as Array<{Source?: string; ID?: string}>;
	const security = (info.SecurityOptions ?? []) as string[];
	return {
		version: info.ServerVersion as string,
		apiVersion: version.ApiVersion,
		architecture: info.Architecture as string,
		rootDirectory: info.DockerRootDir as string,
		cpus: info.NCPU as number,
		memoryBytes: info.MemTotal as number,
		runtimes: Object.keys((info.Runtimes ?? {}) as object),
		cdiDevices: devices.flatMap((device) => (device.Source === 'cdi' && device.ID ? [device.ID] : [])),
		cdiSpecDirectories: (info.CDISpecDirs ?? []) as string[],
		rootless: security.some((option) => option.includes('rootless')),
		flavour: JSON.stringify(version.Components ?? []).includes('Podman') ? ('podman' as const) : ('docker' as const),
		registryMirrors: ((info.RegistryConfig as {Mirrors?: string[]} | undefined)?.Mirrors ?? []) as string[],
	};
}

function readLogs(docker: Dockerode, id: string, options: LogOptions = {}): AsyncIterable<LogChunk> {
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

async function startExec(docker: Dockerode, id: string, spec: ExecSpec) {
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

async function readFileFrom(docker: Dockerode, id: string, path: string): Promise<Buffer | undefined> {
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

type StreamMessage = {
	id?: string;
	status?: string;
	stream?: string;
	error?: string;
	progressDetail?: {current?: number; total?: number};
	aux?: {ID?: string};
};

async function pull(
	docker: Dockerode,
	reference: string,
	{platform, onProgress, signal}: Parameters<Engine['pullImage']>[1] = {},
): Promise<void> {
	const {findRegistryAuth} = await import('./registry-auth.ts');
	const auth = findRegistryAuth(reference);
	// Without a tag the API pulls every tag of the repository.
	const whole = /[:@][^/]*$/.test(reference) ? reference : `${reference}:latest`;
	const stream = (await docker.pull(whole, {
		...(auth ? {authconfig: auth} : {}),
		...(platform ? {platform} : {}),
		...(signal ? {abortSignal: signal} : {}),
	})) as unknown as AsyncIterable<Buffer>;
	for await (const message of readJsonLines<StreamMessage>(stream)) {
		throwStreamError(message);
		const {current, total} = message.progressDetail ?? {};
		onProgress?.({
			status: safeText(message.status ?? ''),
			...(message.id ? {layer: safeText(message.id)} : {}),
			...(current === undefined ? {} : {currentBytes: current}),
			...(total === undefined ? {} : {totalBytes: total}),
		});
	}
}

async function build(docker: Dockerode, options: BuildOptions): Promise<string> {
	const {default: tar} = await import('tar-stream');
	const context = tar.pack();
	for (const file of options.files) {
		// A fixed time: the same files must give the same layer cache key on every machine.
		context.entry({name: file.path, mode: file.mode ?? 0o644, mtime: new Date(0)}, file.content);
	}

	context.finalize();
	const stream = (await docker.buildImage(context as unknown as NodeJS.ReadableStream, {
		t: options.tag,
		buildargs: options.arguments ?? {},
		labels: options.labels ?? {},
		rm: true,
		forcerm: true,
		...(options.signal ? {abortSignal: options.signal} : {}),
	})) as unknown as AsyncIterable<Buffer>;
	let id = '';
	let pending = '';
	const tell = (lines: string[]) => {
		for (const line of lines.filter((text) => text.trim() !== '')) {
			options.onLine?.(line);
		}
	};
	for await (const message of readJsonLines<StreamMessage>(stream)) {
		if (message.error !== undefined) {
			tell([pending]);
			throwStreamError(message);
		}

		id = message.aux?.ID ?? id;
		// A message is what one write of the build held, which need not be a line.
		const lines = (pending + (message.stream ?? '')).split('\n');
		pending = lines.pop() ?? '';
		tell(lines);
	}

	tell([pending]);
	return id;
}

/** Pulls and builds answer 200 first and fail inside the stream. */
function throwStreamError({error}: StreamMessage): void {
	if (error !== undefined) {
		const reason = safeText(error);
		throw new EngineError(codeOfReason(reason), reason);
	}
}

async function guard<T>(call: () => Promise<T>): Promise<T> {
	try {
		return await call();
	} catch (error) {
		throw toEngineError(error);
	}
}

async function unlessMissing<T>(call: () => Promise<T>): Promise<T | undefined> {
	try {
		return await call();
	} catch (error) {
		const known = toEngineError(error);
		if (known.code === 'not-found') {
			return undefined;
		}

		throw known;
	}
}

/** 304 means that it already is as asked: no failure. */
async function settled(call: () => Promise<unknown>): Promise<void> {
	try {
		await call();
	} catch (error) {
		const known = toEngineError(error);
		if (known.status !== 304) {
			throw known;
		}
	}
}

async function* guardStream<T>(open: () => AsyncGenerator<T>, signal?: AbortSignal): AsyncGenerator<T> {
	try {
		yield* open();
	} catch (error) {
		if (!signal?.aborted) {
			throw toEngineError(error);
		}
	}
}

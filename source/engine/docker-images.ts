import type Dockerode from 'dockerode';
import {safeText} from '../text/safe.ts';
import {type BuildOptions, type Engine, EngineError} from './engine.ts';
import {codeOfReason} from './errors.ts';
import {readJsonLines} from './frames.ts';

type StreamMessage = {
	id?: string;
	status?: string;
	stream?: string;
	error?: string;
	progressDetail?: {current?: number; total?: number};
	aux?: {ID?: string};
};

export async function pull(
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

export async function build(docker: Dockerode, options: BuildOptions): Promise<string> {
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

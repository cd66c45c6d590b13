import {Readable} from 'node:stream';
import type {Pack} from 'tar-stream';
import type * as v from 'valibot';
import {LineSplitter} from '../../text/lines.ts';
import {safeText} from '../../text/safe.ts';
import {caller} from '../caller.ts';
import {type BuildOptions, type ContextEntry, type Engine, EngineError, type PullProgress} from '../engine.ts';
import {refusal} from '../errors.ts';
import {readJsonLines} from '../frames.ts';
import {type Limit, lineLength} from '../limits.ts';
import type {FoundAuth} from './registry-auth.ts';
import {distribution, parseAnswer, parseText, progressMessage} from './schemas.ts';
import {encodePart, type Transport} from './transport.ts';

export async function pull(
	transport: Transport,
	limit: Limit,
	reference: string,
	{onProgress, signal}: Parameters<Engine['pullImage']>[1] = {},
): Promise<void> {
	const {auth, silentHelper} = await findLogin(reference, signal, onProgress);
	const {repository, tag} = splitReference(reference);
	const chunks = transport.open({
		limit,
		method: 'POST',
		path: '/images/create',
		query: {fromImage: repository, tag},
		headers: auth ? {'X-Registry-Auth': encodeAuth(auth)} : {},
		signal,
	});
	try {
		for await (const {error, ...message} of readMessages(chunks, limit)) {
			throwStreamError(error);
			onProgress?.(toProgress(message));
		}
	} catch (error) {
		throw silentHelper === undefined ? error : askedWithoutLogin(error, silentHelper);
	}
}

/** As `Engine.pushImage`. */
export async function push(
	transport: Transport,
	limit: Limit,
	reference: string,
	{onProgress, signal}: Parameters<Engine['pushImage']>[1] = {},
): Promise<string> {
	const {auth, silentHelper} = await findLogin(reference, signal, onProgress);
	const {repository, tag} = splitReference(reference);
	const chunks = transport.open({
		limit,
		method: 'POST',
		path: `/images/${encodePart(repository)}/push`,
		query: {tag},
		// The engine wants the header also where there is no login.
		headers: {'X-Registry-Auth': encodeAuth(auth ?? {})},
		signal,
	});
	let digest: string | undefined;
	try {
		for await (const {error, aux, ...message} of readMessages(chunks, limit)) {
			throwStreamError(error);
			digest = digestIn(aux, message.status) ?? digest;
			onProgress?.(toProgress(message));
		}
	} catch (error) {
		throw silentHelper === undefined ? error : askedWithoutLogin(error, silentHelper);
	}

	if (digest === undefined) {
		throw new EngineError('not-an-engine', `${limit.question}: it ended without a digest`);
	}

	return digest;
}

/** The login of a registry. Whom it is asked of is told when the answer takes long. @throws EngineError (aborted) */
async function findLogin(
	reference: string,
	signal: AbortSignal | undefined,
	onProgress: ((progress: PullProgress) => void) | undefined,
): Promise<FoundAuth> {
	const {findRegistryAuth} = await import('./registry-auth.ts');
	const signals = [signal, caller.interrupted].filter((each) => each !== undefined);
	const any = AbortSignal.any(signals);
	try {
		const found = await findRegistryAuth(reference, {
			signal: any,
			onWait: (helper, registry) =>
				onProgress?.({
					status: `Waiting for ${helper}, which keeps the login for ${safeText(registry)}. It may be asking for a password elsewhere.`,
					remark: true,
				}),
		});
		if (found.silentHelper !== undefined) {
			onProgress?.({status: `${found.silentHelper} gives no answer; going on without a login.`, remark: true});
		}

		return found;
	} catch (error) {
		throw any.aborted ? new EngineError('aborted', 'Interrupted.', {cause: error}) : error;
	}
}

function toProgress({
	id,
	status,
	progressDetail,
}: Pick<v.InferOutput<typeof progressMessage>, 'id' | 'status' | 'progressDetail'>): PullProgress {
	const {current, total} = progressDetail ?? {};
	return {
		status: safeText(status ?? ''),
		...(id ? {layer: safeText(id)} : {}),
		...(current == null ? {} : {currentBytes: current}),
		...(total == null ? {} : {totalBytes: total}),
	};
}

function askedWithoutLogin(error: unknown, helper: string): unknown {
	return error instanceof EngineError && error.code !== 'aborted'
		? new EngineError(error.code, `${error.message} (asked without a login, because ${helper} gave no answer)`, {
				status: error.status,
				cause: error,
			})
		: error;
}

/** As `Engine.registryDigest`. */
export async function askRegistry(
	transport: Transport,
	limit: Limit,
	reference: string,
	signal?: AbortSignal,
): Promise<string | undefined> {
	const {auth, silentHelper} = await findLogin(reference, signal, undefined);
	try {
		const {body} = await transport.ask({
			limit,
			path: `/distribution/${encodePart(reference)}/json`,
			headers: auth ? {'X-Registry-Auth': encodeAuth(auth)} : {},
			signal,
		});
		return parseAnswer(distribution, body, limit.question).Descriptor.digest;
	} catch (error) {
		// What an engine says when a registry knows no such image, or shows it only after a login. Without the login that there is, it says
		// nothing about the image.
		if (silentHelper !== undefined) {
			throw askedWithoutLogin(error, silentHelper);
		}

		if (
			error instanceof EngineError &&
			(error.code === 'not-found' ||
				error.status === 401 ||
				error.status === 403 ||
				/manifest unknown|no such manifest|not found|denied|unauthorized/i.test(error.message))
		) {
			return undefined;
		}

		throw error;
	}
}

export async function build(transport: Transport, limit: Limit, options: BuildOptions): Promise<string> {
	const chunks = transport.open({
		limit,
		method: 'POST',
		path: '/build',
		query: {
			t: options.tag,
			buildargs: options.arguments ?? {},
			labels: options.labels ?? {},
			rm: true,
			forcerm: true,
			...(options.noCache ? {nocache: true} : {}),
			...(options.dockerfile === undefined ? {} : {dockerfile: options.dockerfile}),
		},
		content: {type: 'application/x-tar', data: await packContext(options)},
		signal: options.signal,
	});
	let id = '';
	const splitter = new LineSplitter({max: lineLength, tooLong: 'break'});
	const tell = (lines: string[]) => {
		for (const line of lines.filter((text) => text.trim() !== '')) {
			options.onLine?.(line);
		}
	};
	for await (const {error, aux, stream} of readMessages(chunks, limit)) {
		if (error != null) {
			tell(splitter.end());
			throwStreamError(error);
		}

		id = idOf(aux) ?? id;
		// A message is what one write of the build held, which need not be a line.
		tell(splitter.push(stream ?? ''));
	}

	tell(splitter.end());
	return id;
}

async function packContext({files, context}: Pick<BuildOptions, 'files' | 'context'>): Promise<Buffer | Readable> {
	const {default: tar} = await import('tar-stream');
	const pack = tar.pack();
	for (const file of files) {
		pack.entry({name: file.path, mode: file.mode ?? 0o644, mtime: unchanging}, file.content);
	}

	if (context !== undefined) {
		void packEntries(pack, context);
		// Streams of another library: the request takes Node's own.
		return Readable.from(pack);
	}

	pack.finalize();
	const parts: Buffer[] = [];
	for await (const part of pack) {
		parts.push(part as Buffer);
	}

	return Buffer.concat(parts);
}

/** The same files must give the same layer cache key on every machine. */
const unchanging = new Date(0);

/** No faster than the engine takes them. A failure is the stream's. */
async function packEntries(pack: Pack, entries: AsyncIterable<ContextEntry>): Promise<void> {
	try {
		for await (const entry of entries) {
			await packEntry(pack, entry);
		}

		pack.finalize();
	} catch (error) {
		pack.destroy(error as Error);
	}
}

async function packEntry(pack: Pack, entry: ContextEntry): Promise<void> {
	const head = {name: entry.path, mode: entry.mode, mtime: unchanging};
	await new Promise<void>((resolve, reject) => {
		const done = (error?: Error | null) => (error ? reject(error) : resolve());
		switch (entry.kind) {
			case 'folder':
				pack.entry({...head, type: 'directory'}, done);
				break;
			case 'link':
				pack.entry({...head, type: 'symlink', linkname: entry.target}, done);
				break;
			case 'file':
				writeFile(pack.entry({...head, size: entry.bytes}, done), entry).catch(reject);
		}
	});
}

async function writeFile(
	sink: ReturnType<Pack['entry']>,
	{open}: Extract<ContextEntry, {kind: 'file'}>,
): Promise<void> {
	for await (const chunk of open()) {
		if (!sink.write(chunk)) {
			await new Promise<void>((resolve) => {
				sink.once('drain', () => resolve());
			});
		}
	}

	sink.end(undefined);
}

/** The API takes a digest for a tag, and pulls every tag of a repository when none is given. */
export function splitReference(reference: string): {repository: string; tag: string} {
	const [, repository = reference, tag = 'latest'] =
		/^(.+)@(.+)$/.exec(reference) ?? /^(.+):([^/]+)$/.exec(reference) ?? [];
	return {repository, tag};
}

function readMessages(chunks: AsyncIterable<Buffer>, limit: Limit) {
	return readJsonLines(chunks, (line) => parseText(progressMessage, line, limit.question), limit);
}

/** As the engine's own command sends it: base64 for addresses, with its padding. */
export function encodeAuth(auth: object): string {
	return Buffer.from(JSON.stringify(auth)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

/** What the engine says at the end of a push: `{Tag, Digest, Size}`, and a line of text that is all Podman says. */
function digestIn(aux: unknown, status: string | null | undefined): string | undefined {
	const digest =
		typeof aux === 'object' && aux !== null
			? (aux as {Digest?: unknown}).Digest
			: / digest: (\S+) size: /.exec(status ?? '')?.[1];
	return typeof digest === 'string' && /^sha256:[0-9a-f]{64}$/.test(digest) ? digest : undefined;
}

function idOf(aux: unknown): string | undefined {
	const id = typeof aux === 'object' && aux !== null ? (aux as {ID?: unknown}).ID : undefined;
	return typeof id === 'string' ? id : undefined;
}

/** Pulls and builds answer 200 first and fail inside the stream. */
function throwStreamError(error: string | null | undefined): void {
	if (error != null) {
		throw refusal(error);
	}
}

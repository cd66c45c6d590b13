import type * as v from 'valibot';
import {type EngineAddress, isLocalAddress} from '../address.ts';
import type {ContainerUse, Engine, EngineEvent} from '../engine.ts';
import {readJsonLines} from '../frames.ts';
import {defaultLimits, type EngineLimits, type EngineQuestion, stopSeconds} from '../limits.ts';
import {connectionTo} from './connect.ts';
import {guard, guardStream, unlessMissing} from './guard.ts';
import {askRegistry, build, pull, push} from './images.ts';
import * as schemas from './schemas.ts';
import {attachTo, fileExists, kindOfFileIn, putFilesInto, readFileFrom, readLogs, startExec} from './streams.ts';
import {
	toContainer,
	toContainerDetail,
	toContainerUse,
	toCreateBody,
	toDiskUsage,
	toEngineInfo,
	toEvent,
	toImage,
	toProcesses,
} from './translate.ts';
import {createTransport, encodePart, type Question, type Transport} from './transport.ts';

type Asked = Omit<Question, 'limit' | 'path'>;

/** How the parts of the engine below ask it. */
type Asking = {
	transport: Transport;
	limits: EngineLimits;
	/** An answer that gpubox reads. */
	read<T>(question: EngineQuestion, schema: v.GenericSchema<unknown, T>, path: string, asked?: Asked): Promise<T>;
	/** Something that changes, of which only success or failure counts. */
	change(question: EngineQuestion, path: string, asked: Asked): Promise<void>;
};

/**
The engine at `address`, over the Engine API. Nothing is connected before the first call. Every answer is held to the limits and to
what it must look like.

@param limits for tests, which cannot wait so long
*/
export async function connectDocker(address: EngineAddress, limits: EngineLimits = defaultLimits): Promise<Engine> {
	const transport = createTransport(await connectionTo(address));
	const asking: Asking = {
		transport,
		limits,
		async read(question, schema, path, asked = {}) {
			const limit = limits[question];
			const {body} = await transport.ask({limit, path, ...asked});
			return schemas.parseAnswer(schema, body, limit.question);
		},
		async change(question, path, asked) {
			await guard(() => transport.ask({limit: limits[question], path, changes: true, ...asked}));
		},
	};
	return {
		address: address.url,
		local: isLocalAddress(address.url),
		info: (signal) => guard(async () => toEngineInfo(await asking.read('info', schemas.engineInfo, '/info', {signal}))),
		...containerCalls(asking),
		...fileCalls(asking),
		...imageCalls(asking),
		events: (options) => readEvents(asking, options),
	};
}

const container = (id: string) => `/containers/${encodePart(id)}`;

/**
Lists are asked for again and again, and mostly nothing has changed: what was made of an answer serves for the next one that is the same byte for
byte. By what was asked; there are two or three such questions.
*/
function readOnce<T>(make: (body: Buffer) => T): (question: string, body: Buffer) => T {
	const known = new Map<string, {body: Buffer; made: T}>();
	return (question, body) => {
		const last = known.get(question);
		if (last?.body.equals(body)) {
			return last.made;
		}

		const made = make(body);
		known.set(question, {body, made});
		return made;
	};
}

function containerCalls(asking: Asking) {
	const {transport, limits, read, change} = asking;
	const limit = limits.containers;
	const toContainers = readOnce((body) =>
		schemas.parseAnswer(schemas.containerRows, body, limit.question).map(toContainer),
	);
	return {
		listContainers: ({labels = [], signal} = {}) =>
			guard(async () => {
				const query = {all: true, ...(labels.length > 0 ? {filters: {label: labels}} : {})};
				const {body} = await transport.ask({limit, path: '/containers/json', query, signal});
				return [...toContainers(labels.join(), body)];
			}),
		inspectContainer: (id, signal) =>
			unlessMissing(async () =>
				toContainerDetail(await read('container', schemas.containerDetail, `${container(id)}/json`, {signal})),
			),
		createContainer: (spec, signal) =>
			guard(async () => {
				const asked: Asked = {
					method: 'POST',
					query: {name: spec.name},
					body: toCreateBody(spec),
					changes: true,
					signal,
				};
				return (await read('create', schemas.created, '/containers/create', asked)).Id;
			}),
		// 304: it is already as asked.
		startContainer: (id, signal) => change('start', `${container(id)}/start`, {method: 'POST', accept: [304], signal}),
		stopContainer: (id, {timeoutSeconds, signal} = {}) =>
			guard(async () => {
				const {stop} = limits;
				const seconds = (stop.seconds ?? 0) + (timeoutSeconds ?? stopSeconds);
				await transport.ask({
					limit: {...stop, seconds, noticeSeconds: (timeoutSeconds ?? stopSeconds) + 10},
					method: 'POST',
					path: `${container(id)}/stop`,
					query: {t: timeoutSeconds},
					accept: [304],
					changes: true,
					signal,
				});
			}),
		killContainer: (id, killSignal, signal) =>
			change('kill', `${container(id)}/kill`, {method: 'POST', query: {signal: killSignal}, signal}),
		renameContainer: (id, name, signal) =>
			change('rename', `${container(id)}/rename`, {method: 'POST', query: {name}, signal}),
		removeContainer: (id, {force = false, volumes = false, signal} = {}) =>
			change('remove', container(id), {method: 'DELETE', query: {force, v: volumes}, signal}),
		waitContainer: (id, signal) =>
			guard(async () => {
				const asked: Asked = {method: 'POST', signal};
				return (await read('wait', schemas.ended, `${container(id)}/wait`, asked)).StatusCode;
			}),
		logs: (id, options) => readLogs(transport, limits, id, options),
		attach: (id, signal) => guard(() => attachTo(transport, limits, id, signal)),
		exec: (id, spec, signal) => guard(() => startExec(transport, limits, id, spec, signal)),
		changes: (id, signal) =>
			guard(async () => {
				const found = (await read('changes', schemas.fileChanges, `${container(id)}/changes`, {signal})) ?? [];
				return found.map(({Path, Kind}) => ({
					path: Path,
					kind: Kind === 2 ? 'deleted' : Kind === 1 ? 'added' : 'modified',
				}));
			}),
		stats: (id, options) => readUse(asking, id, options),
		top: (id, signal) =>
			guard(async () => {
				const asked: Asked = {query: {ps_args: '-eo pid,ppid,args'}, signal};
				const {Titles, Processes} = await read('processes', schemas.processTable, `${container(id)}/top`, asked);
				return toProcesses(Titles ?? [], Processes ?? []);
			}),
	} satisfies Partial<Engine>;
}

function fileCalls({transport, limits}: Asking) {
	return {
		readFile: (id, path, options) => unlessMissing(() => readFileFrom(transport, limits, id, path, options)),
		fileExists: (id, path, signal) => guard(() => fileExists(transport, limits, id, path, signal)),
		kindOfFile: (id, path, signal) => guard(() => kindOfFileIn(transport, limits, id, path, signal)),
		putFiles: (id, folder, files, signal) => guard(() => putFilesInto(transport, limits, id, folder, files, signal)),
	} satisfies Partial<Engine>;
}

function imageCalls({transport, limits, read, change}: Asking) {
	return {
		inspectImage: (reference, signal) =>
			unlessMissing(async () =>
				toImage(await read('image', schemas.imageDetail, `/images/${encodePart(reference)}/json`, {signal})),
			),
		listImages: (signal) =>
			guard(async () =>
				(await read('images', schemas.imageRows, '/images/json', {signal})).map((row) => ({
					id: row.Id,
					tags: (row.RepoTags ?? []).filter((tag) => tag !== '<none>:<none>'),
					digests: (row.RepoDigests ?? []).filter((digest) => !digest.startsWith('<none>')),
					sizeBytes: row.Size,
					createdAt: new Date(row.Created * 1000),
					labels: row.Labels ?? {},
				})),
			),
		diskUsage: (signal) =>
			guard(async () => {
				const kinds = 'type=image&type=container&type=build-cache&verbose=true';
				return toDiskUsage(await read('diskUsage', schemas.diskUsage, `/system/df?${kinds}`, {signal}));
			}),
		registryDigest: (reference, signal) => guard(() => askRegistry(transport, limits.registry, reference, signal)),
		pullImage: (reference, options) => guard(() => pull(transport, limits.pull, reference, options)),
		pushImage: (reference, options) => guard(() => push(transport, limits.push, reference, options)),
		buildImage: (options) => guard(() => build(transport, limits.build, options)),
		tagImage: (id, reference, signal) => {
			const colon = reference.lastIndexOf(':');
			const query = {repo: reference.slice(0, colon), tag: reference.slice(colon + 1)};
			return change('tag', `/images/${encodePart(id)}/tag`, {method: 'POST', query, signal});
		},
		removeImage: (reference, signal) =>
			change('removeImage', `/images/${encodePart(reference)}`, {method: 'DELETE', signal}),
	} satisfies Partial<Engine>;
}

function readUse(
	{transport, limits}: Asking,
	id: string,
	{signal, everyMs = 0}: Parameters<Engine['stats']>[1],
): AsyncIterable<ContainerUse> {
	return guardStream(async function* () {
		const limit = limits.stats;
		const chunks = transport.open({limit, path: `${container(id)}/stats`, query: {stream: true}, signal});
		let last = Number.NEGATIVE_INFINITY;
		const parse = (line: string) => {
			const now = performance.now();
			// They come once a second, and rarely to the millisecond.
			if (now - last < everyMs - 100) {
				return undefined;
			}

			const use = toContainerUse(schemas.parseText(schemas.containerUse, line, limit.question));
			last = use?.cpuPercent == null ? last : now;
			return use;
		};
		for await (const use of readJsonLines(chunks, parse, limit)) {
			if (use) {
				yield use;
			}
		}
	}, signal);
}

function readEvents(
	{transport, limits}: Asking,
	{signal, types}: Parameters<Engine['events']>[0],
): AsyncIterable<EngineEvent> {
	return guardStream(async function* () {
		const limit = limits.events;
		const query = types ? {filters: {type: types}} : {};
		const chunks = transport.open({limit, path: '/events', query, signal});
		const parse = (line: string) => schemas.parseText(schemas.event, line, limit.question);
		for await (const line of readJsonLines(chunks, parse, limit)) {
			const event = toEvent(line);
			if (event) {
				yield event;
			}
		}
	}, signal);
}

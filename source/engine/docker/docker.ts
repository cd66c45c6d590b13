import type * as v from 'valibot';
import {type EngineAddress, isLocalAddress} from '../address.ts';
import type {Engine} from '../engine.ts';
import {readJsonLines} from '../frames.ts';
import {defaultLimits, type EngineLimits, type EngineQuestion, stopSeconds} from '../limits.ts';
import {connectionTo} from './connect.ts';
import {guard, guardStream, unlessMissing} from './guard.ts';
import {build, pull} from './images.ts';
import * as schemas from './schemas.ts';
import {fileExists, kindOfFileIn, putFilesInto, readFileFrom, readLogs, startExec} from './streams.ts';
import {toContainer, toContainerDetail, toCreateBody, toEngineInfo, toEvent, toImage} from './translate.ts';
import {createTransport, encodePart, type Question} from './transport.ts';

type Asked = Omit<Question, 'limit' | 'path'>;

/**
The engine at `address`, over the Engine API. Nothing is connected before the first call. Every answer is held to the limits and to
what it must look like.

@param limits for tests, which cannot wait so long
*/
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: older than the limit
export async function connectDocker(address: EngineAddress, limits: EngineLimits = defaultLimits): Promise<Engine> {
	const transport = createTransport(await connectionTo(address));
	const container = (id: string) => `/containers/${encodePart(id)}`;

	/** An answer that gpubox reads. */
	const read = async <T>(
		question: EngineQuestion,
		schema: v.GenericSchema<unknown, T>,
		path: string,
		asked: Asked = {},
	): Promise<T> => {
		const limit = limits[question];
		const {body} = await transport.ask({limit, path, ...asked});
		return schemas.parseAnswer(schema, body, limit.question);
	};
	/** Something that changes, of which only success or failure counts. */
	const change = async (question: EngineQuestion, path: string, asked: Asked) => {
		await guard(() => transport.ask({limit: limits[question], path, changes: true, ...asked}));
	};

	return {
		address: address.url,
		local: isLocalAddress(address.url),

		info: (signal) => guard(async () => toEngineInfo(await read('info', schemas.engineInfo, '/info', {signal}))),

		listContainers: ({labels = [], signal} = {}) =>
			guard(async () => {
				const query = {all: true, ...(labels.length > 0 ? {filters: {label: labels}} : {})};
				const rows = await read('containers', schemas.containerRows, '/containers/json', {query, signal});
				return rows.map(toContainer);
			}),
		inspectContainer: (id, signal) =>
			unlessMissing(async () =>
				toContainerDetail(await read('container', schemas.containerDetail, `${container(id)}/json`, {signal})),
			),
		createContainer: (spec) =>
			guard(async () => {
				const asked: Asked = {method: 'POST', query: {name: spec.name}, body: toCreateBody(spec), changes: true};
				return (await read('create', schemas.created, '/containers/create', asked)).Id;
			}),
		// 304: it is already as asked.
		startContainer: (id) => change('start', `${container(id)}/start`, {method: 'POST', accept: [304]}),
		stopContainer: (id, {timeoutSeconds} = {}) =>
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
				});
			}),
		renameContainer: (id, name) => change('rename', `${container(id)}/rename`, {method: 'POST', query: {name}}),
		removeContainer: (id, {force = false, volumes = false} = {}) =>
			change('remove', container(id), {method: 'DELETE', query: {force, v: volumes}}),
		waitContainer: (id, signal) =>
			guard(async () => {
				const asked: Asked = {method: 'POST', signal};
				return (await read('wait', schemas.ended, `${container(id)}/wait`, asked)).StatusCode;
			}),
		logs: (id, options) => readLogs(transport, limits, id, options),
		exec: (id, spec, signal) => guard(() => startExec(transport, limits, id, spec, signal)),
		top: (id, signal) =>
			guard(async () => {
				const asked: Asked = {query: {ps_args: '-eo pid'}, signal};
				const {Titles, Processes} = await read('processes', schemas.processTable, `${container(id)}/top`, asked);
				const column = (Titles ?? []).indexOf('PID');
				return (Processes ?? []).map((row) => Number(row[column])).filter((pid) => Number.isInteger(pid));
			}),
		readFile: (id, path, options) => unlessMissing(() => readFileFrom(transport, limits, id, path, options)),
		fileExists: (id, path, signal) => guard(() => fileExists(transport, limits, id, path, signal)),
		kindOfFile: (id, path) => guard(() => kindOfFileIn(transport, limits, id, path)),
		putFiles: (id, folder, files) => guard(() => putFilesInto(transport, limits, id, folder, files)),

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
		pullImage: (reference, options) => guard(() => pull(transport, limits.pull, reference, options)),
		buildImage: (options) => guard(() => build(transport, limits.build, options)),
		tagImage: (id, reference) => {
			const colon = reference.lastIndexOf(':');
			const query = {repo: reference.slice(0, colon), tag: reference.slice(colon + 1)};
			return change('tag', `/images/${encodePart(id)}/tag`, {method: 'POST', query});
		},

		events: ({signal, types}) =>
			guardStream(async function* () {
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
			}, signal),
	};
}

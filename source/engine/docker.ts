import Dockerode from 'dockerode';
import {type EngineAddress, isLocalAddress} from './address.ts';
import {connectOptions} from './connect.ts';
import {build, pull} from './docker-images.ts';
import {readFileFrom, readLogs, startExec} from './docker-streams.ts';
import type {Engine, EngineInfo} from './engine.ts';
import {readJsonLines} from './frames.ts';
import {guard, guardStream, settled, unlessMissing} from './guard.ts';
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
		renameContainer: (id, name) =>
			guard(async () => {
				await container(id).rename({name});
			}),
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

/** One question: `/version` as well as `/info` starts the programs below the engine to ask for theirs, 10 ms each. */
async function readInfo(docker: Dockerode, signal?: AbortSignal): Promise<EngineInfo> {
	// The typings know no options here; dockerode takes them as everywhere else.
	const info = (await docker.info((signal ? {abortSignal: signal} : {}) as never)) as unknown as Record<
		string,
		unknown
	>;
	const devices = (info.DiscoveredDevices ?? []) as Array<{Source?: string; ID?: string}>;
	const security = (info.SecurityOptions ?? []) as string[];
	return {
		version: info.ServerVersion as string,
		architecture: info.Architecture as string,
		rootDirectory: info.DockerRootDir as string,
		cpus: info.NCPU as number,
		memoryBytes: info.MemTotal as number,
		runtimes: Object.keys((info.Runtimes ?? {}) as object),
		cdiDevices: devices.flatMap((device) => (device.Source === 'cdi' && device.ID ? [device.ID] : [])),
		cdiSpecDirectories: (info.CDISpecDirs ?? []) as string[],
		rootless: security.some((option) => option.includes('rootless')),
		// The one field of the two that only Podman has (pkg/api/handlers/types.go there).
		flavour: info.BuildahVersion === undefined ? 'docker' : 'podman',
		registryMirrors: ((info.RegistryConfig as {Mirrors?: string[]} | undefined)?.Mirrors ?? []) as string[],
		// The address itself may hold a password.
		proxied: Boolean(info.HttpsProxy || info.HttpProxy),
	};
}

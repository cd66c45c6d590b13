import type Dockerode from 'dockerode';
import type {
	Container,
	ContainerDetail,
	ContainerSpec,
	ContainerState,
	EngineEvent,
	Image,
	Mount,
	PublishedPort,
} from './engine.ts';

/** The Engine API's JSON to gpubox's words and back. Pure. */

export function toContainer(row: Dockerode.ContainerInfo): Container {
	return {
		id: row.Id,
		name: (row.Names[0] ?? '').replace(/^\//, ''),
		image: row.Image,
		imageId: row.ImageID,
		state: row.State as ContainerState,
		status: row.Status,
		createdAt: new Date(row.Created * 1000),
		labels: row.Labels ?? {},
		ports: (row.Ports ?? []).map((port) => ({
			containerPort: port.PrivatePort,
			...(port.PublicPort ? {hostPort: port.PublicPort} : {}),
			hostAddress: port.IP ?? '',
		})),
	};
}

export function toContainerDetail(detail: Dockerode.ContainerInspectInfo): ContainerDetail {
	const startedAt = toDate(detail.State.StartedAt);
	const finishedAt = toDate(detail.State.FinishedAt);
	return {
		id: detail.Id,
		name: detail.Name.replace(/^\//, ''),
		image: detail.Config.Image,
		imageId: detail.Image,
		state: detail.State.Status as ContainerState,
		status: detail.State.Status,
		createdAt: new Date(detail.Created),
		labels: detail.Config.Labels ?? {},
		ports: toPorts(detail.HostConfig.PortBindings),
		exitCode: detail.State.ExitCode,
		error: detail.State.Error ?? '',
		oomKilled: detail.State.OOMKilled,
		...(startedAt ? {startedAt} : {}),
		...(finishedAt ? {finishedAt} : {}),
		pid: detail.State.Pid,
		user: detail.Config.User,
		workingDirectory: detail.Config.WorkingDir,
		environment: toRecord(detail.Config.Env),
		mounts: (detail.Mounts ?? []).map((mount) => ({
			type: (mount.Type ?? 'bind') as Mount['type'],
			source: mount.Type === 'volume' ? (mount.Name ?? mount.Source) : mount.Source,
			target: mount.Destination,
			readOnly: !mount.RW,
		})),
		tty: detail.Config.Tty,
	};
}

/** The engine writes year 1 for "never". */
function toDate(text: string | undefined): Date | undefined {
	const date = new Date(text ?? '');
	return date.getTime() > 0 ? date : undefined;
}

function toPorts(bindings: unknown): PublishedPort[] {
	return Object.entries((bindings ?? {}) as Record<string, Array<{HostIp?: string; HostPort?: string}> | null>).flatMap(
		([port, hosts]) =>
			(hosts ?? []).map((host) => ({
				containerPort: Number.parseInt(port, 10),
				...(host.HostPort ? {hostPort: Number(host.HostPort)} : {}),
				hostAddress: host.HostIp ?? '',
			})),
	);
}

export function toRecord(list: string[] | null | undefined): Record<string, string> {
	return Object.fromEntries(
		(list ?? []).map((entry) => {
			const equals = entry.indexOf('=');
			return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
		}),
	);
}

function toList(record: Record<string, string>): string[] {
	return Object.entries(record).map(([key, value]) => `${key}=${value}`);
}

export function toImage(detail: Dockerode.ImageInspectInfo): Image {
	const createdAt = toDate(detail.Created);
	const config = detail.Config ?? ({} as Partial<Dockerode.ImageInspectInfo['Config']>);
	return {
		id: detail.Id,
		tags: detail.RepoTags ?? [],
		digests: detail.RepoDigests ?? [],
		architecture: detail.Architecture,
		sizeBytes: detail.Size,
		...(createdAt ? {createdAt} : {}),
		labels: config.Labels ?? {},
		environment: toRecord(config.Env),
		command: config.Cmd ?? [],
		entrypoint: [config.Entrypoint ?? []].flat(),
		exposedPorts: Object.keys(config.ExposedPorts ?? {}).map((port) => Number.parseInt(port, 10)),
		user: config.User ?? '',
	};
}

/** The body of `POST /containers/create`. */
export function toCreateBody(spec: ContainerSpec): Dockerode.ContainerCreateOptions {
	const exposed = spec.ports.map((port) => `${port.containerPort}/tcp`);
	return {
		name: spec.name,
		Image: spec.image,
		...(spec.command ? {Cmd: spec.command} : {}),
		...(spec.entrypoint ? {Entrypoint: spec.entrypoint} : {}),
		Env: toList(spec.environment),
		Labels: spec.labels,
		...(spec.user ? {User: spec.user} : {}),
		...(spec.hostname ? {Hostname: spec.hostname} : {}),
		...(spec.workingDirectory ? {WorkingDir: spec.workingDirectory} : {}),
		...(spec.stopTimeoutSeconds === undefined ? {} : {StopTimeout: spec.stopTimeoutSeconds}),
		Tty: spec.tty ?? false,
		OpenStdin: spec.openStdin ?? false,
		StdinOnce: spec.openStdin ?? false,
		...(spec.openStdin ? {AttachStdin: true, AttachStdout: true, AttachStderr: true} : {}),
		ExposedPorts: Object.fromEntries(exposed.map((port) => [port, {}])),
		HostConfig: {
			Init: spec.init,
			Mounts: spec.mounts.map(toMountBody),
			PortBindings: Object.fromEntries(
				spec.ports.map((port) => [
					`${port.containerPort}/tcp`,
					[{HostIp: port.hostAddress, HostPort: String(port.hostPort)}],
				]),
			),
			...(spec.gpus.length > 0 ? {DeviceRequests: [toDeviceRequest(spec)]} : {}),
			...(spec.groups ? {GroupAdd: spec.groups.map(String)} : {}),
			...(spec.sharedMemoryBytes ? {ShmSize: spec.sharedMemoryBytes} : {}),
			...(spec.memoryBytes ? {Memory: spec.memoryBytes} : {}),
			...(spec.cpus ? {NanoCpus: Math.round(spec.cpus * 1e9)} : {}),
			...(spec.pidsLimit ? {PidsLimit: spec.pidsLimit} : {}),
			Ulimits: Object.entries(spec.ulimits ?? {}).map(([Name, limit]) => ({Name, Soft: limit, Hard: limit})),
			CapDrop: spec.capDrop,
			CapAdd: spec.capAdd,
			SecurityOpt: spec.securityOptions,
			...(spec.network ? {NetworkMode: spec.network} : {}),
			RestartPolicy: {Name: spec.restart ?? 'no'},
			...(spec.logMaxSize
				? {
						LogConfig: {
							Type: 'json-file',
							Config: {'max-size': spec.logMaxSize, 'max-file': String(spec.logMaxFiles ?? 3)},
						},
					}
				: {}),
		},
	};
}

/**
Devices are always named by UUID: a count means "the first N", so that everyone would land on GPU 0. CDI takes no
capabilities and Podman's Docker-compatible socket drops every request that is not CDI without a word.
*/
function toDeviceRequest(spec: ContainerSpec): Dockerode.DeviceRequest {
	return spec.gpuRequest === 'cdi'
		? {Driver: 'cdi', DeviceIDs: spec.gpus.map((uuid) => `nvidia.com/gpu=${uuid}`)}
		: {DeviceIDs: spec.gpus, Capabilities: [['gpu', ...(spec.gpuCapabilities ?? [])]]};
}

function toMountBody(mount: Mount): Dockerode.MountConfig[number] {
	return {
		Type: mount.type,
		Target: mount.target,
		Source: mount.source ?? '',
		ReadOnly: mount.readOnly ?? false,
		...(mount.type === 'tmpfs'
			? {
					TmpfsOptions: {
						SizeBytes: mount.sizeBytes ?? 0,
						Mode: mount.mode ?? 0o1777,
					},
				}
			: {}),
	} as Dockerode.MountConfig[number];
}

/** A line of `GET /events`; undefined for kinds gpubox does not know. */
export function toEvent(line: {
	Type?: string;
	Action?: string;
	Actor?: {ID?: string; Attributes?: Record<string, string>};
	timeNano?: number;
	time?: number;
}): EngineEvent | undefined {
	const types: readonly string[] = ['container', 'image', 'volume', 'network', 'daemon'];
	if (!line.Type || !types.includes(line.Type)) {
		return undefined;
	}

	return {
		type: line.Type as EngineEvent['type'],
		action: line.Action ?? '',
		id: line.Actor?.ID ?? '',
		attributes: line.Actor?.Attributes ?? {},
		time: new Date(line.timeNano ? line.timeNano / 1e6 : (line.time ?? 0) * 1000),
	};
}

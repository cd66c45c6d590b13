import type {
	Container,
	ContainerDetail,
	ContainerProcess,
	ContainerSpec,
	ContainerState,
	ContainerUse,
	DiskUsage,
	EngineEvent,
	EngineInfo,
	Image,
	Mount,
	PublishedPort,
} from '../engine.ts';
import type {
	ContainerDetailAnswer,
	ContainerRow,
	ContainerUseAnswer,
	DiskUsageAnswer,
	EngineInfoAnswer,
	EventAnswer,
	ImageDetailAnswer,
} from './schemas.ts';

/** The Engine API's JSON to gpubox's words and back. Pure. */

export function toContainer(row: ContainerRow): Container {
	return {
		id: row.Id,
		name: (row.Names?.[0] ?? '').replace(/^\//, ''),
		image: row.Image,
		imageId: row.ImageID,
		state: row.State as ContainerState,
		createdAt: new Date(row.Created * 1000),
		labels: row.Labels ?? {},
		ports: (row.Ports ?? []).map((port) => ({
			containerPort: port.PrivatePort,
			...(port.PublicPort ? {hostPort: port.PublicPort} : {}),
			hostAddress: port.IP ?? '',
		})),
		hostPaths: (row.Mounts ?? []).flatMap(({Type, Source}) => (Type === 'bind' && Source ? [Source] : [])),
	};
}

/**
By the formulas of `docker stats` (cli/command/container/stats_helpers.go there), so that the two agree. Undefined for a container that does
not run: the engine sends zeros, dated year 1.
*/
export function toContainerUse(answer: ContainerUseAnswer): ContainerUse | undefined {
	const at = new Date(answer.read ?? '').getTime();
	if (!(at > 0)) {
		return undefined;
	}

	const {usage, limit, stats} = answer.memory_stats ?? {};
	const networks = Object.values(answer.networks ?? {});
	const sum = (of: (network: (typeof networks)[number]) => number | null | undefined) =>
		networks.length === 0 ? null : networks.reduce((bytes, network) => bytes + (of(network) ?? 0), 0);
	// Version 1 of the kernel's control groups, or version 2.
	const inactive = stats?.total_inactive_file ?? stats?.inactive_file ?? 0;
	return {
		cpuPercent: cpuPercentOf(answer),
		memoryBytes: usage == null ? null : inactive < usage ? usage - inactive : usage,
		memoryLimitBytes: limit ? limit : null,
		receivedBytes: sum(({rx_bytes}) => rx_bytes),
		sentBytes: sum(({tx_bytes}) => tx_bytes),
		at,
	};
}

/** Null with the first message of a stream, which has nothing to compare with. */
function cpuPercentOf({cpu_stats: now, precpu_stats: before}: ContainerUseAnswer): number | null {
	const [used, usedBefore] = [now?.cpu_usage?.total_usage, before?.cpu_usage?.total_usage];
	const [system, systemBefore] = [now?.system_cpu_usage, before?.system_cpu_usage];
	if (used == null || usedBefore == null || system == null || systemBefore == null || system <= systemBefore) {
		return null;
	}

	const cpus = now?.online_cpus || now?.cpu_usage?.percpu_usage?.length || null;
	return cpus === null ? null : (Math.max(0, used - usedBefore) / (system - systemBefore)) * cpus * 100;
}

export function toContainerDetail(detail: ContainerDetailAnswer): ContainerDetail {
	const startedAt = toDate(detail.State.StartedAt);
	const finishedAt = toDate(detail.State.FinishedAt);
	return {
		id: detail.Id,
		name: detail.Name.replace(/^\//, ''),
		image: detail.Config.Image,
		imageId: detail.Image,
		state: detail.State.Status as ContainerState,
		createdAt: new Date(detail.Created),
		labels: detail.Config.Labels ?? {},
		ports: toPorts(detail.HostConfig.PortBindings),
		exitCode: detail.State.ExitCode,
		oomKilled: detail.State.OOMKilled ?? false,
		...(detail.RestartCount == null ? {} : {restartCount: detail.RestartCount}),
		...(startedAt ? {startedAt} : {}),
		...(finishedAt ? {finishedAt} : {}),
		mounts: toMounts(detail.Mounts),
		spec: toSpec(detail),
	};
}

function toMounts(mounts: ContainerDetailAnswer['Mounts']): Mount[] {
	return (mounts ?? []).map((mount) => ({
		type: (mount.Type ?? 'bind') as Mount['type'],
		source: (mount.Type === 'volume' ? mount.Name : undefined) ?? mount.Source ?? '',
		target: mount.Destination,
		readOnly: !mount.RW,
	}));
}

/** What `create` would be asked for, to get such a container. */
function toSpec(detail: ContainerDetailAnswer): ContainerSpec {
	const {Config: config, HostConfig: host} = detail;
	const entrypoint = [config.Entrypoint ?? []].flat();
	const given = <Value>(key: keyof ContainerSpec, value: Value | null | undefined) => (value ? {[key]: value} : {});
	const requests = host.DeviceRequests ?? [];
	const cdi = requests.some(({Driver}) => Driver === 'cdi');
	return {
		name: detail.Name.replace(/^\//, ''),
		image: config.Image,
		...(config.Cmd?.length ? {command: config.Cmd} : {}),
		...(entrypoint.length > 0 ? {entrypoint} : {}),
		environment: toRecord(config.Env),
		labels: config.Labels ?? {},
		...given('user', config.User),
		...given('hostname', config.Hostname),
		...given('workingDirectory', config.WorkingDir),
		mounts: toMounts(detail.Mounts),
		ports: toPorts(host.PortBindings).flatMap(({hostPort, ...port}) => (hostPort ? [{...port, hostPort}] : [])),
		gpus: requests.flatMap(({DeviceIDs}) => (DeviceIDs ?? []).map((id) => id.replace(/^nvidia\.com\/gpu=/, ''))),
		gpuMechanism: cdi ? 'cdi' : 'gpu',
		init: host.Init ?? false,
		...given('sharedMemoryBytes', host.ShmSize),
		...given('memoryBytes', host.Memory),
		...given('cpus', (host.NanoCpus ?? 0) / 1e9),
		...((host.PidsLimit ?? 0) > 0 ? given('pidsLimit', host.PidsLimit) : {}),
		ulimits: Object.fromEntries((host.Ulimits ?? []).map(({Name, Hard}) => [Name, Hard])),
		capDrop: host.CapDrop ?? [],
		capAdd: host.CapAdd ?? [],
		securityOptions: host.SecurityOpt ?? [],
		groups: (host.GroupAdd ?? []).map(Number).filter((group) => !Number.isNaN(group)),
		...given('network', host.NetworkMode),
		...given('ipc', host.IpcMode),
		...given('userNamespace', host.UsernsMode),
		...given('runtime', host.Runtime),
		...given('stopSignal', config.StopSignal),
		...(typeof config.StopTimeout === 'number' ? {stopTimeoutSeconds: config.StopTimeout} : {}),
	};
}

/** The engine writes year 1 for "never". */
function toDate(text: string | null | undefined): Date | undefined {
	const date = new Date(text ?? '');
	return date.getTime() > 0 ? date : undefined;
}

function toPorts(bindings: ContainerDetailAnswer['HostConfig']['PortBindings']): PublishedPort[] {
	return Object.entries(bindings ?? {}).flatMap(([port, hosts]) =>
		(hosts ?? []).map((host) => ({
			containerPort: Number.parseInt(port, 10),
			...(host.HostPort ? {hostPort: Number(host.HostPort)} : {}),
			hostAddress: host.HostIp ?? '',
		})),
	);
}

function toRecord(list: string[] | null | undefined): Record<string, string> {
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

export function toImage(detail: ImageDetailAnswer): Image {
	const createdAt = toDate(detail.Created);
	const config = detail.Config ?? {};
	return {
		id: detail.Id,
		tags: detail.RepoTags ?? [],
		digests: detail.RepoDigests ?? [],
		architecture: detail.Architecture,
		platform: [detail.Os ?? 'linux', detail.Architecture, detail.Variant].filter(Boolean).join('/'),
		layers: detail.RootFS?.Layers ?? [],
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

/** The rows of `ps -eo pid,ppid,args`, by the titles of their columns; one that is no process is left out. */
export function toProcesses(titles: readonly string[], rows: ReadonlyArray<readonly string[]>): ContainerProcess[] {
	const column = (title: string) => titles.indexOf(title);
	return rows.flatMap((row) => {
		const [pid, parent] = [Number(row[column('PID')]), Number(row[column('PPID')])];
		const title = row[column('COMMAND')] ?? row[column('CMD')] ?? row[column('ARGS')] ?? '';
		return Number.isInteger(pid) ? [{pid, parent, title}] : [];
	});
}

/** One answer holds all: `/version` as well as `/info` starts the programs below the engine to ask for theirs, 10 ms each. */
export function toEngineInfo(info: EngineInfoAnswer): EngineInfo {
	return {
		version: info.ServerVersion,
		architecture: info.Architecture,
		rootDirectory: info.DockerRootDir,
		cpus: info.NCPU,
		memoryBytes: info.MemTotal,
		machine: {
			...(info.Name ? {hostname: info.Name} : {}),
			...(info.KernelVersion ? {kernel: info.KernelVersion} : {}),
		},
		runtimes: Object.keys(info.Runtimes ?? {}),
		cdiDevices: (info.DiscoveredDevices ?? []).flatMap(({Source, ID}) => (Source === 'cdi' && ID ? [ID] : [])),
		cdiSpecDirectories: info.CDISpecDirs ?? [],
		rootless: (info.SecurityOptions ?? []).some((option) => option.includes('rootless')),
		// The one field of the two that only Podman has (pkg/api/handlers/types.go there).
		flavour: info.BuildahVersion == null ? 'docker' : 'podman',
		registryMirrors: info.RegistryConfig?.Mirrors ?? [],
		// The address itself may hold a password.
		proxied: Boolean(info.HttpsProxy || info.HttpProxy),
		...(info.DefaultRuntime ? {defaultRuntime: info.DefaultRuntime} : {}),
		...(info.LoggingDriver ? {logDriver: info.LoggingDriver} : {}),
		...(info.CgroupVersion ? {cgroupVersion: info.CgroupVersion} : {}),
		remapsUsers: hasOption(info, 'userns'),
		noNewPrivileges: hasOption(info, 'no-new-privileges'),
		missingLimits: [
			...(info.MemoryLimit === false ? (['memory'] as const) : []),
			...(info.CpuCfsQuota === false ? (['CPU'] as const) : []),
			...(info.PidsLimit === false ? (['process'] as const) : []),
		],
	};
}

/** Each is `name=userns` or `name=seccomp,profile=builtin`. */
function hasOption({SecurityOptions}: EngineInfoAnswer, name: string): boolean {
	return (SecurityOptions ?? []).some((option) => option.split(',').includes(`name=${name}`));
}

/** The body of `POST /containers/create`. */
export function toCreateBody(spec: ContainerSpec): object {
	const exposed = spec.ports.map((port) => `${port.containerPort}/tcp`);
	return {
		Image: spec.image,
		...(spec.command ? {Cmd: spec.command} : {}),
		...(spec.entrypoint ? {Entrypoint: spec.entrypoint} : {}),
		Env: toList(spec.environment),
		Labels: spec.labels,
		...(spec.user ? {User: spec.user} : {}),
		...(spec.hostname ? {Hostname: spec.hostname} : {}),
		...(spec.workingDirectory ? {WorkingDir: spec.workingDirectory} : {}),
		...(spec.stopSignal ? {StopSignal: spec.stopSignal} : {}),
		...(spec.stopTimeoutSeconds === undefined ? {} : {StopTimeout: spec.stopTimeoutSeconds}),
		...(spec.healthCheck === false ? {Healthcheck: {Test: ['NONE']}} : {}),
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
			...(spec.sharedMemoryBytes ? {ShmSize: spec.sharedMemoryBytes} : {}),
			...(spec.memoryBytes ? {Memory: spec.memoryBytes} : {}),
			...(spec.cpus ? {NanoCpus: Math.round(spec.cpus * 1e9)} : {}),
			...(spec.pidsLimit ? {PidsLimit: spec.pidsLimit} : {}),
			Ulimits: Object.entries(spec.ulimits ?? {}).map(([Name, limit]) => ({Name, Soft: limit, Hard: limit})),
			CapDrop: spec.capDrop,
			CapAdd: spec.capAdd,
			SecurityOpt: spec.securityOptions,
			...(spec.groups?.length ? {GroupAdd: spec.groups.map(String)} : {}),
			...(spec.network ? {NetworkMode: spec.network} : {}),
			...(spec.ipc ? {IpcMode: spec.ipc} : {}),
			...(spec.cgroupNamespace ? {CgroupnsMode: spec.cgroupNamespace} : {}),
			...(spec.userNamespace ? {UsernsMode: spec.userNamespace} : {}),
			...(spec.runtime ? {Runtime: spec.runtime} : {}),
			RestartPolicy: {Name: 'no'},
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
function toDeviceRequest(spec: ContainerSpec): object {
	return spec.gpuMechanism === 'cdi'
		? {Driver: 'cdi', DeviceIDs: spec.gpus.map((uuid) => `nvidia.com/gpu=${uuid}`)}
		: {DeviceIDs: spec.gpus, Capabilities: [['gpu', ...(spec.gpuCapabilities ?? [])]]};
}

function toMountBody(mount: Mount): object {
	return {
		Type: mount.type,
		Target: mount.target,
		Source: mount.source ?? '',
		ReadOnly: mount.readOnly ?? false,
		...(mount.type === 'tmpfs'
			? {
					TmpfsOptions: {
						SizeBytes: mount.sizeBytes ?? 0,
						Mode: 0o1777,
					},
				}
			: {}),
	};
}

/** A line of `GET /events`; undefined for kinds gpubox does not know. */
export function toEvent(line: EventAnswer): EngineEvent | undefined {
	const types: readonly string[] = ['container', 'image', 'volume', 'network', 'daemon'];
	if (!line.Type || !types.includes(line.Type)) {
		return undefined;
	}

	return {
		type: line.Type as EngineEvent['type'],
		action: line.Action ?? '',
		attributes: line.Actor?.Attributes ?? {},
	};
}

export function toDiskUsage(answer: DiskUsageAnswer): DiskUsage {
	const {Images, Containers, BuildCache, ImageUsage, ContainerUsage, BuildCacheUsage} = answer;
	const known = (bytes: number | null | undefined) => (bytes == null || bytes < 0 ? null : bytes);
	// An engine that has none writes null, as Go does for an empty list.
	const cached = BuildCache === null ? [] : BuildCache;
	const cache = cached?.filter(({Shared}) => Shared !== true).reduce((sum, {Size}) => sum + (Size ?? 0), 0);
	return {
		images: (Images ?? ImageUsage?.Items ?? []).map(({Id, Size, SharedSize}) => ({
			id: Id,
			sizeBytes: Size,
			sharedBytes: known(SharedSize),
		})),
		containers: (Containers ?? ContainerUsage?.Items ?? []).map(({Id, SizeRw}) => ({
			id: Id,
			// Nothing at all is written as nothing.
			writtenBytes: SizeRw === undefined || SizeRw === null ? 0 : known(SizeRw),
		})),
		buildCacheBytes: known(cache ?? BuildCacheUsage?.TotalSize),
	};
}

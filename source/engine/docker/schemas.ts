/**
The parts of the Engine API's answers that gpubox reads. Whatever else an answer holds is let pass; lists and maps may be null, which is
how the engine writes empty ones.
*/
import * as v from 'valibot';
import type {EngineError} from '../engine.ts';
import {jsonValues} from '../limits.ts';
import {wrongAnswer} from './transport.ts';

const whole = v.pipe(v.number(), v.safeInteger());
const count = v.pipe(v.number(), v.finite());
/** Such as `2026-01-31T09:00:00.123456789Z`; year 1 stands for "never". */
const time = v.pipe(
	v.string(),
	v.check((text) => !Number.isNaN(new Date(text).getTime()), 'expected a time'),
);
/** Seconds since 1970 that are a date. */
const seconds = v.pipe(whole, v.minValue(-62_135_596_800), v.maxValue(253_402_300_799));
const texts = v.nullish(v.array(v.string()));
const labels = v.nullish(v.record(v.string(), v.string()));

/** Made when it is first used: a verb reads few of these answers, and making them all takes longer than that. */
function later<Schema extends v.GenericSchema>(make: () => Schema): v.LazySchema<Schema> {
	let made: Schema | undefined;
	return v.lazy(() => (made ??= make()));
}

const containerRow = later(() =>
	v.object({
		Id: v.string(),
		Names: texts,
		Image: v.string(),
		ImageID: v.string(),
		State: v.string(),
		Created: seconds,
		Labels: labels,
		Mounts: v.nullish(v.array(v.object({Type: v.nullish(v.string()), Source: v.nullish(v.string())}))),
		Ports: v.nullish(v.array(v.object({PrivatePort: whole, PublicPort: v.nullish(whole), IP: v.nullish(v.string())}))),
	}),
);
export const containerRows = v.array(containerRow);

/** Only shown: where an engine writes it in another way, the rest of its answer is still of use. */
function extra<const Schema extends v.GenericSchema>(schema: Schema) {
	return v.fallback(v.nullish(schema), undefined);
}

export const containerDetail = later(() =>
	v.object({
		Id: v.string(),
		Name: v.string(),
		Created: time,
		Image: v.string(),
		RestartCount: v.nullish(whole),
		State: v.object({
			Status: v.string(),
			ExitCode: whole,
			OOMKilled: v.nullish(v.boolean()),
			StartedAt: v.nullish(v.string()),
			FinishedAt: v.nullish(v.string()),
		}),
		Config: v.object({
			Image: v.string(),
			Labels: labels,
			Tty: v.nullish(v.boolean()),
			Env: extra(v.array(v.string())),
			Cmd: extra(v.array(v.string())),
			Entrypoint: extra(v.union([v.array(v.string()), v.string()])),
			User: extra(v.string()),
			Hostname: extra(v.string()),
			WorkingDir: extra(v.string()),
			StopSignal: extra(v.string()),
			StopTimeout: extra(whole),
		}),
		HostConfig: v.object({
			Init: extra(v.boolean()),
			Memory: extra(count),
			NanoCpus: extra(count),
			PidsLimit: extra(whole),
			ShmSize: extra(count),
			CapAdd: extra(v.array(v.string())),
			CapDrop: extra(v.array(v.string())),
			SecurityOpt: extra(v.array(v.string())),
			GroupAdd: extra(v.array(v.string())),
			NetworkMode: extra(v.string()),
			IpcMode: extra(v.string()),
			UsernsMode: extra(v.string()),
			Runtime: extra(v.string()),
			Ulimits: extra(v.array(v.object({Name: v.string(), Hard: whole}))),
			DeviceRequests: extra(v.array(v.object({Driver: v.nullish(v.string()), DeviceIDs: texts}))),
			PortBindings: v.nullish(
				v.record(
					v.string(),
					v.nullish(v.array(v.object({HostIp: v.nullish(v.string()), HostPort: v.nullish(v.string())}))),
				),
			),
		}),
		Mounts: v.nullish(
			v.array(
				v.object({
					Type: v.nullish(v.string()),
					Name: v.nullish(v.string()),
					Source: v.nullish(v.string()),
					Destination: v.string(),
					RW: v.nullish(v.boolean()),
				}),
			),
		),
	}),
);

const imageRow = later(() =>
	v.object({
		Id: v.string(),
		RepoTags: texts,
		RepoDigests: texts,
		Size: count,
		Created: seconds,
		Labels: labels,
	}),
);
export const imageRows = v.array(imageRow);

export const imageDetail = later(() =>
	v.object({
		Id: v.string(),
		RepoTags: texts,
		RepoDigests: texts,
		Architecture: v.string(),
		Os: v.nullish(v.string()),
		Variant: v.nullish(v.string()),
		RootFS: v.nullish(v.object({Layers: texts})),
		Size: count,
		Created: v.nullish(v.string()),
		Config: v.nullish(
			v.object({
				Labels: labels,
				Env: texts,
				Cmd: texts,
				Entrypoint: v.nullish(v.union([v.string(), v.array(v.string())])),
				ExposedPorts: v.nullish(v.record(v.string(), v.unknown())),
				User: v.nullish(v.string()),
			}),
		),
	}),
);

const imageUsage = v.array(v.object({Id: v.string(), Size: count, SharedSize: v.nullish(count)}));
const containerUsage = v.array(v.object({Id: v.string(), SizeRw: v.nullish(count)}));
/** API 1.52 has the lists in objects of their own. */
export const diskUsage = later(() =>
	v.object({
		Images: v.nullish(imageUsage),
		Containers: v.nullish(containerUsage),
		BuildCache: v.nullish(v.array(v.object({Size: v.nullish(count), Shared: v.nullish(v.boolean())}))),
		ImageUsage: v.nullish(v.object({Items: v.nullish(imageUsage)})),
		ContainerUsage: v.nullish(v.object({Items: v.nullish(containerUsage)})),
		BuildCacheUsage: v.nullish(v.object({TotalSize: v.nullish(count)})),
	}),
);

export const engineInfo = later(() =>
	v.object({
		ServerVersion: v.string(),
		Architecture: v.string(),
		DockerRootDir: v.string(),
		NCPU: count,
		MemTotal: count,
		Name: v.nullish(v.string()),
		KernelVersion: v.nullish(v.string()),
		Runtimes: v.nullish(v.record(v.string(), v.unknown())),
		DiscoveredDevices: v.nullish(v.array(v.object({Source: v.nullish(v.string()), ID: v.nullish(v.string())}))),
		CDISpecDirs: texts,
		SecurityOptions: texts,
		BuildahVersion: v.nullish(v.string()),
		RegistryConfig: v.nullish(v.object({Mirrors: texts})),
		DefaultRuntime: v.nullish(v.string()),
		LoggingDriver: v.nullish(v.string()),
		CgroupVersion: v.nullish(v.string()),
		MemoryLimit: v.nullish(v.boolean()),
		CpuCfsQuota: v.nullish(v.boolean()),
		PidsLimit: v.nullish(v.boolean()),
		HttpProxy: v.nullish(v.string()),
		HttpsProxy: v.nullish(v.string()),
	}),
);

export const created = v.object({Id: v.pipe(v.string(), v.minLength(1))});
export const ended = v.object({StatusCode: whole});
export const fileChanges = v.nullable(v.array(v.object({Path: v.string(), Kind: whole})));
export const distribution = v.object({Descriptor: v.object({digest: v.string()})});
export const processTable = v.object({Titles: texts, Processes: v.nullish(v.array(v.array(v.string())))});

const cpuStats = v.nullish(
	later(() =>
		v.object({
			cpu_usage: v.nullish(v.object({total_usage: v.nullish(count), percpu_usage: v.nullish(v.array(v.number()))})),
			system_cpu_usage: v.nullish(count),
			online_cpus: v.nullish(count),
		}),
	),
);
export const containerUse = later(() =>
	v.object({
		read: v.nullish(v.string()),
		cpu_stats: cpuStats,
		precpu_stats: cpuStats,
		memory_stats: v.nullish(
			v.object({
				usage: v.nullish(count),
				limit: v.nullish(count),
				stats: v.nullish(v.object({inactive_file: v.nullish(count), total_inactive_file: v.nullish(count)})),
			}),
		),
		networks: v.nullish(v.record(v.string(), v.object({rx_bytes: v.nullish(count), tx_bytes: v.nullish(count)}))),
	}),
);
/** What the engine tells of a file in a header. */
export const fileState = v.object({mode: count});
export const execState = v.object({Running: v.boolean(), ExitCode: v.nullish(whole)});

export const event = later(() =>
	v.object({
		Type: v.nullish(v.string()),
		Action: v.nullish(v.string()),
		Actor: v.nullish(v.object({Attributes: labels})),
	}),
);

/** A message of a pull or a build. */
export const progressMessage = later(() =>
	v.object({
		id: v.nullish(v.string()),
		status: v.nullish(v.string()),
		stream: v.nullish(v.string()),
		error: v.nullish(v.string()),
		progressDetail: v.nullish(v.object({current: v.nullish(count), total: v.nullish(count)})),
		// Anything at all: BuildKit sends text here.
		aux: v.optional(v.unknown()),
	}),
);

export type ContainerRow = v.InferOutput<typeof containerRow>;
export type ContainerDetailAnswer = v.InferOutput<typeof containerDetail>;
export type ImageDetailAnswer = v.InferOutput<typeof imageDetail>;
export type EngineInfoAnswer = v.InferOutput<typeof engineInfo>;
export type DiskUsageAnswer = v.InferOutput<typeof diskUsage>;
export type ContainerUseAnswer = v.InferOutput<typeof containerUse>;
export type EventAnswer = v.InferOutput<typeof event>;

/** @throws EngineError (not-an-engine) that names the question */
export function parseAnswer<T>(schema: v.GenericSchema<unknown, T>, answer: Buffer, question: string): T {
	if (countsTooMany(answer)) {
		throw wrongAnswer(question, `an answer of more than ${jsonValues} values`);
	}

	return parseText(schema, answer.toString(), question);
}

/** @throws EngineError (not-an-engine) that names the question */
export function parseText<T>(schema: v.GenericSchema<unknown, T>, text: string, question: string): T {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		throw wrongAnswer(question, 'the answer is not JSON');
	}

	// The first thing that is wrong will do; an answer can have any number of them.
	const parsed = v.safeParse(schema, value, {abortEarly: true});
	if (parsed.success) {
		return parsed.output;
	}

	throw describeFault(parsed.issues[0], question);
}

function describeFault(issue: v.BaseIssue<unknown>, question: string): EngineError {
	const place = v.getDotPath(issue);
	const what = issue.expected === null ? issue.message : `expected ${issue.expected}, got ${issue.received}`;
	return wrongAnswer(question, place === null ? what : `${place}: ${what}`);
}

/** Counts what can begin a value, in strings too: an upper bound that takes no parsing. */
function countsTooMany(answer: Buffer): boolean {
	let values = 0;
	if (answer.length <= jsonValues) {
		return false;
	}

	for (const byte of answer) {
		if (byte === 0x2c || byte === 0x5b || byte === 0x7b) {
			values += 1;
		}
	}

	return values > jsonValues;
}

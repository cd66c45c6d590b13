/**
What gpubox keeps of each run of the user, in their own state folder: it is found again after the container is gone, and nothing that
ran can change it. The manifest in the run's folder is made from it.
*/
import {mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import * as v from 'valibot';
import {hasEnded} from '../../base/process/process-start.ts';
import {makeFolder, writeFileAtomic} from '../../base/safe-files.ts';
import {take, takesOf} from '../../base/take.ts';
import {activeRunsFolder} from '../../box/active-runs.ts';
import {namePattern} from '../../box/box.ts';
import type {ContainerSpec} from '../../engine/engine.ts';
import type {Paths} from '../../host/host.ts';

const text = v.string();
const count = v.number();

/** How much of a card was used while the run was watched. The card's figures: what others ran on a shared card is in them. */
const gpuUse = v.object({
	uuid: text,
	peakMemoryMiB: v.nullable(count),
	/** Sum of the readings, in percent; null when the card does not report it. */
	utilizationSum: v.nullable(count),
	samples: count,
});
export type GpuUse = v.InferOutput<typeof gpuUse>;

const position = v.object({ascii: count, others: count});

const runRecord = v.object({
	version: v.literal(1),
	name: text,
	engine: text,
	/** The project's folder on the host, unescaped. */
	project: text,
	/** The run's folder on the host. */
	folder: text,
	owner: text,
	command: v.array(text),
	workingDirectory: text,
	createdAt: text,
	/** The token of the call on another host that started it, by which that host finds it again. */
	from: v.optional(text),
	/** The gpubox process that follows it or is about to start it. */
	follower: v.optional(v.object({pid: count, startedAt: text})),
	container: v.optional(text),
	/** Where it runs, when that is not an engine that gpubox starts containers on. */
	on: v.optional(
		v.object({
			/** A name of place-names.ts; others may come. */
			place: text,
			/** The job, as the place names it. */
			id: v.optional(text),
			/** How the place is reached; null from this machine. */
			address: v.nullable(text),
			/** Its nodes, and its GPUs as the place names them, as far as they are known. */
			where: v.nullable(text),
			cards: v.array(text),
			/** GPUs on all its nodes. */
			gpus: count,
		}),
	),
	image: v.optional(text),
	imageDigest: v.optional(v.nullable(text)),
	imageId: v.optional(text),
	gpus: v.array(v.object({uuid: text, index: count, name: text})),
	driverVersion: v.nullable(text),
	processes: v.nullable(count),
	/** The gpubox.lock that was in the project. */
	lockHash: v.nullable(text),
	git: v.nullable(v.object({commit: v.nullable(text), patch: v.nullable(text), untracked: v.array(text)})),
	/** Its GPUs are tested before its command starts. */
	check: v.optional(v.boolean()),
	/** Names only. */
	variables: v.array(text),
	secrets: v.array(text),
	startedAt: v.nullable(text),
	/** When `--timeout` is up. */
	deadline: v.nullable(text),
	stopSeconds: count,
	/** Its memory limit. */
	memoryBytes: v.nullable(count),
	/** Folders of the host whose files are added to the manifest. */
	artifacts: v.array(text),
	/** Of gpubox.yaml: runs after a success. */
	publish: v.nullable(text),
	/** The container that publishes, where there is one to run. */
	publishSpec: v.optional(v.nullable(v.custom<ContainerSpec>((value) => typeof value === 'object' && value !== null))),
	use: v.array(gpuUse),
	/** Of a run elsewhere: bytes of its output that are in the log; null when that is not known. */
	logBytes: v.nullable(count),
	/** Of a run on an engine: how much of its output is in the log (run/position.ts). */
	outputRead: v.optional(v.object({stdout: position, stderr: position})),
	/** Why it was stopped, where gpubox knows. */
	stopped: v.nullable(text),
	ended: v.nullable(
		v.object({
			/** False: what became of it is not known. */
			known: v.boolean(),
			at: v.nullable(text),
			exitCode: v.nullable(count),
			signal: v.nullable(text),
			reason: v.nullable(text),
		}),
	),
});
export type RunRecord = v.InferOutput<typeof runRecord>;
export type Ended = NonNullable<RunRecord['ended']>;

type Place = Pick<Paths, 'state'>;

/** Records have a few kilobytes; a command line may be long. */
const largestBytes = 4 * 1024 * 1024;

function recordsFolder({state}: Place): string {
	return join(dirname(state), 'runs');
}

function recordPath(place: Place, name: string): string {
	return join(recordsFolder(place), `${name}.json`);
}

/**
Writes the record of a new run.

@returns false when there is a run of that name
@throws Failure; errors of the file system
*/
export function createRecord(place: Place, record: RunRecord): boolean {
	makeFolder(activeRunsFolder(place));
	// First: a record without it would never be completed.
	writeFileSync(join(activeRunsFolder(place), record.name), '', {mode: 0o600});
	try {
		writeFileAtomic(recordPath(place, record.name), JSON.stringify(record), {
			mode: 0o600,
			isNew: true,
			replaceable: true,
		});
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
			return false;
		}

		throw error;
	}
}

/** Replaces a record, whole or not at all. @param options.replaceable as of `FileOptions` @throws errors of the file system */
export function writeRunRecord(
	place: Place,
	record: RunRecord,
	{replaceable = false}: {replaceable?: boolean} = {},
): void {
	writeFileAtomic(recordPath(place, record.name), JSON.stringify(record), {mode: 0o600, replaceable});
	if (record.ended !== null) {
		rmSync(join(activeRunsFolder(place), record.name), {force: true});
	}
}

/** Forgets a run. Its folder in the project is kept. */
export function removeRecord(place: Place, name: string): void {
	for (const path of [
		recordPath(place, name),
		...onces(place, name),
		...takesOf(recordsFolder(place), name),
		join(activeRunsFolder(place), name),
	]) {
		rmSync(path, {force: true, recursive: true});
	}
}

/** Undefined when there is no such run, or its record is damaged. */
export function readRunRecord(place: Place, name: string): RunRecord | undefined {
	if (!namePattern.test(name)) {
		return undefined;
	}

	const path = recordPath(place, name);
	try {
		if (statSync(path).size > largestBytes) {
			return undefined;
		}

		const parsed = v.safeParse(runRecord, JSON.parse(readFileSync(path, 'utf8')));
		return parsed.success && parsed.output.name === name ? parsed.output : undefined;
	} catch {
		// There is none, or it is being removed.
		return undefined;
	}
}

/** The names of all runs. */
export function runNames(place: Place): string[] {
	return list(recordsFolder(place)).flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : []));
}

function list(path: string): string[] {
	try {
		return readdirSync(path).filter((file) => !file.startsWith('.'));
	} catch {
		// No run was ever started here.
		return [];
	}
}

const onceOnly = ['published', 'notified'] as const;

function onces(place: Place, name: string): string[] {
	return onceOnly.map((what) => join(recordsFolder(place), `${name}.${what}`));
}

/** Whether this process is the one that does something that is done once for each run, whoever asks and however often. */
export function claimOnce(place: Place, name: string, what: (typeof onceOnly)[number]): boolean {
	try {
		mkdirSync(join(recordsFolder(place), `${name}.${what}`), {mode: 0o700});
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
			return false;
		}

		throw error;
	}
}

/**
Keeps every other process from following or completing a run: two at once would tell different things of its end.

@returns what gives it back; undefined while another process has it
@throws errors of the file system
*/
export function takeRun(place: Place, name: string): (() => void) | undefined {
	return take(recordsFolder(place), name);
}

/** The variable in which gpubox on another host names the call by which a run is started here. */
export const callerVariable = 'GPUBOX_RUN_FROM';

/** The token of that call; what is no UUID is none. */
export function callerToken(environment: NodeJS.ProcessEnv): string | undefined {
	const token = environment[callerVariable];
	return token !== undefined && v.is(v.pipe(text, v.uuid()), token) ? token : undefined;
}

/** Whether the process that follows a run still exists. */
export function isFollowed({follower}: Pick<RunRecord, 'follower'>): boolean {
	return follower !== undefined && !hasEnded(follower);
}

/** `gpubox run`: from the command line to a job that runs, and what follows it. */
import {createHash} from 'node:crypto';
import {existsSync, readFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {exitCode, Failure} from '../../base/failure.ts';
import {thisProcess} from '../../base/process/process-start.ts';
import {writeFileAtomic} from '../../base/safe-files.ts';
import type {Box, ServiceName} from '../../box/box.ts';
import {listClaims, onlyBoxes} from '../../box/list.ts';
import {checkName, defaultName, ownNames} from '../../box/name.ts';
import {homeFolders} from '../../box/paths.ts';
import {homeInside} from '../../box/plan/base.ts';
import type {UpFlags} from '../../box/plan/request.ts';
import type {Prepared} from '../../box/plan/types.ts';
import {prepare} from '../../box/up/prepare.ts';
import {stillUndecided, workOut} from '../../box/up/resolve-spec.ts';
import type {UpOptions} from '../../box/up/types.ts';
import type {Attached, ContainerSpec} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {convertedScript, type Job, planJob, processesOf} from '../../job/job.ts';
import {startJob} from '../../job/run/local.ts';
import {allocateRun, nextRunName} from '../../job/runs/folder.ts';
import {forgetRun} from '../../job/runs/forget.ts';
import {type Code, readCode, writePatch} from '../../job/runs/git.ts';
import {tellHostPaths} from '../../job/runs/missing.ts';
import {publishSpecOf} from '../../job/runs/publish.ts';
import {callerToken, type RunRecord, writeRunRecord} from '../../job/runs/record.ts';
import {writeFirstManifest} from '../../job/runs/write-manifest.ts';
import {consent} from '../consent.ts';
import {toDuration} from '../duration-option.ts';
import {type Front, resolveRequest} from '../up.ts';
import {type JobFlags, makeJob} from './make-job.ts';

/** The options of `run`, as commander reads them: those of `up` that make sense, and its own. */
export type RunFlags = Omit<UpFlags, 'directory' | 'jupyter' | 'ssh' | 'port' | 'bind' | 'recreate'> &
	JobFlags & {
		/** Ends the job after this long. */
		timeout?: string | undefined;
		/** Only from what gpubox.lock names. */
		locked?: true | undefined;
		/** Its output is not wanted here. */
		detach?: true | undefined;
		artifacts?: string[] | undefined;
	};

/** Whether what was found then is still so. A pull or a build takes long enough for other boxes to come, and for the code to be edited. */
function isCurrent({listedAt}: Plan['claims']): boolean {
	return process.uptime() - listedAt < 1;
}

/** A run whose container has been started. */
export type LiveRun = RunRecord & {container: string};

/** One that was just started. */
export type StartedRun = {run: LiveRun; box: Box; attached: Attached | undefined};

/** All that is known before anything is created. */
type Plan = {
	job: Job;
	project: string;
	/** Of the run, without its number. */
	name: string;
	prepared: Prepared;
	/** Of the project, before anything was started. */
	code: Code;
	/** As `listClaims` has them, and when: seconds of `process.uptime()`, for which nothing has to be loaded. */
	claims: {boxes: Box[]; listedAt: number};
	options: UpOptions;
	publish: string | undefined;
};

/**
Starts a job. The run has its name and folder before it waits for GPUs, so that it is listed while it waits.

@throws Failure, EngineError; the signal's reason
*/
export async function startRun(host: Host, flags: RunFlags, front: Front): Promise<StartedRun> {
	const {job, project, name, prepared, code, claims, options, publish} = await makePlan(host, flags, front, false);
	const {request, secrets, runAs, hostGpus} = prepared;
	const script =
		job.notebook === undefined || job.processes === undefined
			? undefined
			: await (await import('./notebook-script.ts')).convertForTorchrun(host, job, prepared, {
					project,
					notebook: job.notebook,
					stripMagics: flags.stripMagics ?? false,
					...front,
				});
	const now = new Date();
	const from = callerToken(process.env);
	const run = allocateRun(
		host.paths,
		name,
		{taken: onlyBoxes(claims.boxes).map((box) => box.name), runAs},
		{
			version: 1,
			engine: host.engine.address,
			project,
			owner: host.person.name,
			command: job.command,
			workingDirectory: job.workingDirectory,
			createdAt: now.toISOString(),
			...(from === undefined ? {} : {from}),
			follower: thisProcess(),
			image: prepared.image,
			imageDigest: prepared.imageDigest ?? null,
			...(prepared.startImageId === undefined ? {} : {imageId: prepared.startImageId}),
			gpus: [],
			driverVersion: hostGpus?.inventory.driverVersion ?? null,
			processes: null,
			lockHash: hashOfLock(project),
			git: code?.state ?? null,
			check: job.check ?? false,
			variables: Object.keys(request.environment),
			secrets: (request.secrets ?? []).map((secret) => secret.name),
			startedAt: null,
			deadline: null,
			stopSeconds: job.stopSeconds,
			memoryBytes: null,
			artifacts: (flags.artifacts ?? []).map((folder) => resolve(folder)),
			publish: publish ?? null,
			use: [],
			logBytes: 0,
			stopped: null,
			ended: null,
		},
	);
	try {
		writePatch(run.folder, code?.patch, secrets?.values() ?? []);
		if (script !== undefined) {
			writeFileAtomic(join(run.folder, convertedScript), script, {mode: 0o644, anyFolder: true, owner: runAs});
		}

		const current = isCurrent(claims) ? claims.boxes : undefined;
		const started = {run, job, prepared, timeout: flags.timeout};
		const given = {
			name: run.name,
			job,
			attach: !flags.detach,
			onCreated(container: string, spec: ContainerSpec) {
				try {
					// After a power cut its container does not run either.
					writeRunRecord(
						host.paths,
						{...withContainer(started, container, spec), startedAt: null},
						{replaceable: true},
					);
				} catch {
					// It only matters where this process is killed before the next one, which says what is wrong.
				}
			},
			listed: current,
		};
		const {box, spec, attached} = await startJob(host, prepared, given, options);
		const live = withContainer(started, box.id, spec);
		writeRunRecord(host.paths, live);
		writeFirstManifest(live);
		return {run: live, box, attached};
	} catch (error) {
		// Nothing ran, so nothing is kept.
		forgetRun(host.paths, run);
		throw error;
	}
}

/** The container that `run` would create now. Changes nothing. @throws Failure, EngineError */
export async function planRun(host: Host, flags: RunFlags, front: Front): Promise<ContainerSpec> {
	const {job, project, name, prepared, claims} = await makePlan(host, flags, front, true);
	const boxes = onlyBoxes(claims.boxes);
	const run = nextRunName(
		host.paths,
		project,
		name,
		boxes.map((box) => box.name),
	);
	front.report({
		kind: 'note',
		text: 'This command mounts files that `gpubox run` creates for each run, so it works only with a folder of your own in their place.',
	});
	const place = {name: run, folder: run, nonce: ''};
	const lost = {ports: [], rlimits: prepared.engine.rootless};
	return (
		(await workOut(host, prepared, boxes, place, lost, (facts) => planJob(facts, job))) ??
		Promise.reject(stillUndecided())
	);
}

async function makePlan(host: Host, flags: RunFlags, front: Front, dryRun: boolean): Promise<Plan> {
	const {name, ...rest} = flags;
	const {request: wanted, asks, options, effective} = await resolveRequest(host, rest, front);
	const {project} = wanted;
	const job = makeJob(flags, project);
	if (flags.timeout !== undefined) {
		toDuration(flags.timeout);
	}

	// A job publishes no port. Its image gets the layers of its project's box anyway, because the packages in them count, too.
	const request = {
		...wanted,
		services: [] as ServiceName[],
		// What the user installed with pip is not in the lock.
		environment: {...(flags.locked ? {PYTHONNOUSERSITE: '1'} : {}), ...wanted.environment},
	};
	// A notebook runs in the kernel that comes with Jupyter.
	const layerServices = [...new Set([...wanted.services, ...(job.notebook ? (['jupyter'] as const) : [])])];
	if (!dryRun) {
		await consent(host, project, asks, {
			trust: flags.trust ?? false,
			ask: front.ask,
			note: (text) => front.report({kind: 'note', text}),
		});
	}

	const engine = host.engine.info(front.signal);
	engine.catch(() => {});
	const claims = {boxes: await listClaims(host, front.signal), listedAt: process.uptime()};
	const boxes = onlyBoxes(claims.boxes);
	const jobOptions: UpOptions = {...options, queue: flags.wait === true};
	const [prepared, codeBefore] = await Promise.all([
		prepare(host, request, {...jobOptions, engine, boxes, layerServices, dryRun}),
		dryRun ? null : readCode(project, front.signal),
	]);
	const home = {source: homeFolders(host.paths, host.person.uid, prepared.runAs).home, target: homeInside(prepared)};
	const mounts = [home, ...(prepared.outsideMounts ?? []), ...request.mounts];
	for (const text of tellHostPaths(job.command, {project, mounts, exists: existsSync})) {
		front.report({kind: 'note', text});
	}

	// What runs is what is there now.
	const code = isCurrent(claims) || dryRun ? codeBefore : await readCode(project, front.signal);
	return {
		job,
		project,
		name: runNameOf(host, name, {...wanted, boxes}),
		prepared,
		code,
		claims,
		options: jobOptions,
		publish: effective.settings.publish,
	};
}

/** Leaves room for a hyphen and the number in the name of a container. */
const longestName = 54;

/** The name of a run without its number: that of the project's box, unless another was requested. */
export function runNameOf(
	{person}: Host,
	given: string | undefined,
	{project, projectName = project, boxes}: {project: string; projectName?: string; boxes: readonly Box[]},
): string {
	if (given !== undefined) {
		if (given.length > longestName) {
			throw new Failure(`The name "${given}" is too long for a run, which adds a number to it.`, {
				fix: `Choose one of at most ${longestName} characters.`,
				exitCode: exitCode.usage,
			});
		}

		return checkName(given);
	}

	const names = ownNames(person, project, projectName);
	const isFree = (name: string) =>
		!boxes.some((box) => box.name === name && !(box.mine && box.projectPath === project));
	return names.find(isFree) ?? names.at(-1) ?? defaultName(person.name, project);
}

export function hashOfLock(project: string): string | null {
	const path = join(project, 'gpubox.lock');
	return existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : null;
}

/** Of a run whose container starts now. */
function withContainer(
	{run, job, prepared, timeout}: {run: RunRecord; job: Job; prepared: Prepared; timeout: string | undefined},
	container: string,
	spec: ContainerSpec,
): LiveRun {
	const now = new Date();
	const cards = prepared.hostGpus?.inventory.gpus ?? [];
	return {
		...run,
		container,
		gpus: spec.gpus.map((uuid) => {
			const card = cards.find((each) => each.uuid === uuid || each.mig.some((slice) => slice.uuid === uuid));
			return {uuid, index: card?.index ?? -1, name: card?.name ?? ''};
		}),
		processes: processesOf(job, spec.gpus.length) ?? null,
		startedAt: now.toISOString(),
		deadline: timeout === undefined ? null : new Date(now.getTime() + toDuration(timeout)).toISOString(),
		memoryBytes: spec.memoryBytes ?? null,
		publishSpec: run.publish === null ? null : publishSpecOf(spec, run.publish),
		use: spec.gpus.map((uuid) => ({uuid, peakMemoryMiB: null, utilizationSum: null, samples: 0})),
	};
}

/** `gpubox run --on`: from the command line to a job that another place has. */
import {existsSync, realpathSync} from 'node:fs';
import {relative, resolve} from 'node:path';
import {exitCode, Failure} from '../../base/failure.ts';
import {thisProcess} from '../../base/process/process-start.ts';
import {version} from '../../base/version.ts';
import {label} from '../../box/box.ts';
import {inside} from '../../box/paths.ts';
import {flagSettings, resolvePath} from '../../box/plan/request.ts';
import type {Mount} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {tellLost} from '../../job/export/comments.ts';
import type {PortableJob} from '../../job/export/portable-job.ts';
import type {Exported, ExportOptions, Lost} from '../../job/export/target.ts';
import type {Lock} from '../../job/lock/lock.ts';
import type {PlacedRun} from '../../job/place/follow.ts';
import {openPlace} from '../../job/place/open.ts';
import type {Place, Submission} from '../../job/place/place.ts';
import type {PlaceName} from '../../job/place/place-names.ts';
import {allocateRun} from '../../job/runs/folder.ts';
import {forgetRun} from '../../job/runs/forget.ts';
import {readCode, writePatch} from '../../job/runs/git.ts';
import {type RunRecord, writeRunRecord} from '../../job/runs/record.ts';
import {writeFirstManifest} from '../../job/runs/write-manifest.ts';
import {checkCommand} from '../../job/script.ts';
import {safeText} from '../../text/safe.ts';
import {asksOf, consent} from '../consent.ts';
import {toDuration} from '../duration-option.ts';
import {type Effective, loadSettings} from '../load-settings.ts';
import {noteLock, readLockState, requireLock} from '../lock/project-lock.ts';
import {lockFacts, portableJob} from '../portable-job.ts';
import {knownSecrets} from '../read-secrets.ts';
import type {Front} from '../up.ts';
import {placeInside} from './make-job.ts';
import {hashOfLock, type RunFlags, runNameOf} from './run.ts';

/** The options of `run --on`: those of `run`, and what only other places understand. */
export type PlaceFlags = RunFlags & {
	on: PlaceName;
	/** Of the place. */
	host?: string | undefined;
	nodes?: number | undefined;
	built?: string | undefined;
	with?: ExportOptions['with'] | undefined;
	queue?: string | undefined;
	runtimeClass?: string | undefined;
	strict?: true | undefined;
};

/** All that is known before anything is created. */
export type PlacePlan = {
	place: Place;
	job: PortableJob;
	options: ExportOptions;
	exported: Exported;
	effective: Effective;
	/** Of the run, without its number. */
	name: string;
	workingDirectory: string;
};

/** Seconds that a job has to save a checkpoint when it is stopped. */
const stopSeconds = 120;

/**
What would be submitted. Changes nothing and asks the place nothing.

@throws Failure: usage; failed with `strict` when something is not carried over
*/
export async function planPlaced(host: Host, flags: PlaceFlags, {report}: Pick<Front, 'report'>): Promise<PlacePlan> {
	const place = await openPlace(flags.on, flags.host);
	const effective = await loadSettings('.', {flags: flagSettings(flags, process.cwd()), personal: false});
	const {project} = effective;
	const workingDirectory = placeInside(project, process.cwd());
	checkCommand(flags.command, {folder: project, workingDirectory});
	const lock = await readLockState(effective);
	if (flags.locked) {
		await requireLock(lock, effective);
	}

	for (const text of noteLock(lock)) {
		report({kind: 'note', text});
	}

	const command = /\.py$/.test(flags.command[0] ?? '') && flags.nproc === undefined ? ['python'] : [];
	const built = flags.built ?? (lock.kind === 'current' ? pushedOf(lock.lock) : undefined);
	const {job, lost} = portableJob(
		effective,
		{
			command: [...startIn(relative(inside.project, workingDirectory)), ...command, ...flags.command],
			built,
			...(built === undefined ? userOf(host) : {}),
			nproc: flags.nproc,
			nodes: flags.nodes,
			secret: flags.secret,
			secretEnv: flags.secretEnv,
			artifacts: (flags.artifacts ?? []).map((folder) => relative(project, resolve(folder))),
			...(flags.timeout === undefined ? {} : {timeout: Math.max(1, Math.round(toDuration(flags.timeout) / 1000))}),
			stopTimeout: flags.stopTimeout ?? stopSeconds,
		},
		lock.kind === 'current' ? lockFacts(lock.lock) : undefined,
	);
	refuseUnpullable(job, lock.kind === 'current');
	const options: ExportOptions = {
		lostBefore: [...lost, ...lostOfRun(flags, effective)],
		with: flags.with ?? 'pyxis',
		check: false,
		...(flags.queue === undefined ? {} : {queue: flags.queue}),
		...(flags.runtimeClass === undefined ? {} : {runtimeClass: flags.runtimeClass}),
	};
	const name = runNameOf(host, flags.name, {
		project,
		boxes: [],
		...(effective.settings.name === undefined ? {} : {projectName: effective.settings.name}),
	});
	const exported = place.plan({job, options, name: instanceName(name)});
	if (flags.strict && exported.lost.length > 0) {
		throw new Failure(`${flags.on} cannot do everything: ${exported.lost.map(tellLost).join('; ')}`, {
			fix: 'Change that, or leave out --strict.',
		});
	}

	return {place, job, options, exported, effective, name, workingDirectory};
}

/** What gpubox push made of the locked image: packages and code are in it. */
function pushedOf({pushed}: Lock): string | undefined {
	return pushed === undefined ? undefined : `${pushed.reference}@${pushed.digest}`;
}

/** The caller, as on this host: what it writes to shared storage is theirs. The user's own image has a user of its own. */
function userOf({person}: Host): {user?: string} {
	return person.uid === 0 ? {} : {user: `${person.uid}:${person.gid}`};
}

/** The command starts in the caller's folder, which is not the one that places start in. */
function startIn(folder: string): string[] {
	return folder === '' ? [] : ['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', folder];
}

/** An image without a digest of a registry exists on this machine only. Without a lock that is not known. */
function refuseUnpullable({image, built}: PortableJob, locked: boolean): void {
	if (locked && built === undefined && image.digest === null) {
		throw new Failure(`No registry has the image ${safeText(image.reference)}, so no other place can pull it.`, {
			fix: 'Bring it to one: gpubox push',
			exitCode: exitCode.imageDoesNotFit,
		});
	}
}

/** What of this call and of the settings only a container of this host can have. */
function lostOfRun({sudo, shareGpus, for: time, check, on}: PlaceFlags, {settings}: Effective): Lost[] {
	const lost = (is: unknown, field: string, why: string, instead: string): Lost[] =>
		is === undefined || is === false ? [] : [{field, why, instead}];
	return [
		...lost(sudo, '--sudo', `${on} gives no one root`, 'packages in gpubox.yaml'),
		...lost(shareGpus, '--share-gpus', `${on} decides who shares a GPU`, 'leave it out'),
		...lost(check, '--check', 'GPUs are tested on this host only', 'a test at the beginning of the command'),
		...lost(time, '--for', 'there are no reservations', '--timeout'),
		...lost(settings.publish, 'publish', 'it runs in a container of this host', 'the end of the command'),
	];
}

/**
Submits a job. The run has its name and folder before.

@throws Failure, with exit code 3 when there is no such place; the signal's reason
*/
export async function startPlaced(
	host: Host,
	plan: PlacePlan,
	flags: PlaceFlags,
	{signal, report, ask}: Front,
): Promise<PlacedRun> {
	const {place, job, options, effective, name, workingDirectory} = plan;
	const {project, settings} = effective;
	const note = (text: string) => report({kind: 'note', text});
	note(await place.look(signal));
	await consent(
		host,
		project,
		asksOf(host, effective, {project, mounts: mountsOf(effective)}, undefined, flags.secret ?? []),
		{trust: flags.trust ?? false, ask, note},
	);
	for (const lost of plan.exported.lost) {
		note(`Not carried over: ${tellLost(lost)}`);
	}

	const code = await readCode(project, signal);
	const run = allocateRun(
		host.paths,
		name,
		{taken: [], runAs: host.person},
		{
			...emptyRecord(host, flags, plan),
			lockHash: hashOfLock(project),
			git: code?.state ?? null,
			variables: Object.keys(settings.env ?? {}),
			secrets: job.secrets.map((secret) => secret.name),
			command: flags.command,
			workingDirectory,
		},
	);
	let id: string;
	try {
		// The place has them; what of them is known here must not get into a file of the project either.
		const names = job.secrets.map((secret) => secret.name);
		writePatch(run.folder, code?.patch, knownSecrets(flags, names).values());
		const submission: Submission = {
			job,
			options,
			name: instanceName(run.name),
			project,
			folder: run.folder,
			labels: {
				[label.name]: run.name,
				[label.owner]: host.person.name,
				[label.kind]: 'run',
				[label.version]: version,
			},
		};
		id = await place.submit(submission, signal);
	} catch (error) {
		// Nothing ran, so nothing is kept.
		forgetRun(host.paths, run);
		throw error;
	}

	const placed: PlacedRun = {...run, on: {...onOf(flags, plan), id}};
	writeRunRecord(host.paths, placed);
	writeFirstManifest(placed);
	return placed;
}

/** A run's name as every place takes it: a DNS label. Its number stays. */
function instanceName(name: string): string {
	const plain = name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
	return plain.slice(-longestInstance).replace(/^[^a-z]+/, '') || 'run';
}

/** Kubernetes adds to the name of a job. */
const longestInstance = 52;

function onOf({on}: PlaceFlags, {job, place}: PlacePlan): NonNullable<RunRecord['on']> {
	return {place: on, address: place.address, where: null, cards: [], gpus: job.gpus * job.nodes};
}

function emptyRecord(
	host: Host,
	flags: PlaceFlags,
	plan: PlacePlan,
): Omit<RunRecord, 'name' | 'folder' | 'lockHash' | 'git' | 'variables' | 'secrets' | 'command' | 'workingDirectory'> {
	const {job, effective, place} = plan;
	const image = job.built ?? job.image;
	return {
		version: 1,
		engine: `${flags.on}:${flags.host ?? ''}`,
		project: effective.project,
		owner: host.person.name,
		createdAt: new Date().toISOString(),
		follower: thisProcess(),
		on: onOf(flags, plan),
		image: image.reference,
		imageDigest: image.digest,
		gpus: [],
		driverVersion: null,
		processes: job.nproc ?? null,
		startedAt: null,
		deadline:
			place.keepsTime || job.timeouts.runSeconds === undefined
				? null
				: new Date(Date.now() + job.timeouts.runSeconds * 1000).toISOString(),
		stopSeconds: job.timeouts.stopSeconds ?? stopSeconds,
		memoryBytes: job.limits.memoryBytes ?? null,
		artifacts: (flags.artifacts ?? []).map((folder) => resolve(folder)),
		publish: null,
		use: [],
		logBytes: 0,
		stopped: null,
		ended: null,
	};
}

/** As far as they are on this machine: those that only nodes have are asked about by their names. */
function mountsOf({winners}: Effective): Mount[] {
	return winners
		.filter(({key}) => key === 'mounts')
		.map(({value, origin}) => {
			const [source = '', target = '', mode] = String(value).split(':');
			const path = resolvePath(source, origin.base);
			return {
				type: 'bind',
				source: existsSync(path) ? realpathSync(path) : path,
				target,
				...(mode === 'ro' ? {readOnly: true} : {}),
			};
		});
}

import type {PortableJob} from './portable-job.ts';
import type {TargetFacts, TargetName} from './target-names.ts';

/** What a target cannot carry over. */
export type Lost = {
	/** Dotted, as in `fields`. */
	field: string;
	why: string;
	instead: string;
	/** It is no part of what is exported, but said by whoever starts that: nothing that --strict minds. */
	atRun?: true;
};

export type ExportOptions = {
	/** How a Slurm cluster runs containers. */
	with: 'pyxis' | 'apptainer';
	/** Kubernetes: a queue of Kueue. Slurm: a partition. */
	queue?: string;
	/** Kubernetes: a runtime class, for clusters where the GPU runtime is not the default one. */
	runtimeClass?: string;
	/** Kubernetes: the name of this one job, where several of a project may exist. */
	instance?: string;
	/** What was lost on the way from the settings to the job; it is told in the file as well. */
	lostBefore: readonly Lost[];
	/** CI: check the GPUs before the job. */
	check: boolean;
	/** CI: labels (GitHub, Jenkins) or tags (GitLab) of the machines that run it, where the user names them. */
	runners?: readonly string[];
};

/**
Labels or tags of the machines that can run a job: those that the user names, else the usual one of machines with GPUs. A job without GPUs has
none: whatever runs jobs there runs it.
*/
export function runnersOf(
	{gpus}: Pick<PortableJob, 'gpus'>,
	{runners}: Pick<ExportOptions, 'runners'>,
): readonly string[] {
	return runners ?? (gpus > 0 ? ['gpu'] : []);
}

export type ExportedFile = {
	/** Below the project. */
	path: string;
	text: string;
};

export type Exported = {
	/** The first one is the target's own. */
	files: [ExportedFile, ...ExportedFile[]];
	lost: Lost[];
};

export type Target = TargetFacts & {
	name: TargetName;
	/** Pure. */
	emit(job: PortableJob, options: ExportOptions): Exported;
};

export function takes({takes}: Pick<Target, 'takes'>, kind: PortableJob['kind']): boolean {
	return kind === 'job' || takes === 'jobs and boxes';
}

/** The fields of a job that it may or may not set, each with whether it does. */
const fields = {
	'image.digest': ({image, built}) => (built ?? image).digest !== null,
	'packages.apt': ({packages}) => packages.apt.length > 0,
	'packages.pip': ({packages}) => packages.pip.length > 0,
	setup: ({setup}) => setup !== undefined,
	command: () => true,
	gpus: ({gpus}) => gpus > 0,
	nproc: ({nproc}) => nproc !== undefined,
	nodes: ({nodes}) => nodes > 1,
	'limits.memory': ({limits}) => limits.memoryBytes !== undefined,
	'limits.cpus': ({limits}) => limits.cpus !== undefined,
	'limits.shmSize': ({limits}) => limits.sharedMemoryBytes !== undefined,
	'limits.pids': ({limits}) => limits.pids !== undefined,
	user: ({user}) => user !== undefined,
	env: ({environment}) => Object.keys(environment).length > 0,
	secrets: ({secrets}) => secrets.length > 0,
	'mounts.code': ({mounts}) => mounts.some(({kind}) => kind === 'code'),
	'mounts.data': ({mounts}) => mounts.some(({kind}) => kind === 'data'),
	'mounts.cache': ({mounts}) => mounts.some(({kind}) => kind === 'cache'),
	artifacts: ({artifacts}) => artifacts.length > 0,
	timeout: ({timeouts}) => timeouts.runSeconds !== undefined,
	stopTimeout: ({timeouts}) => timeouts.stopSeconds !== undefined,
	'floor.driver': ({floor}) => floor.driver !== undefined,
	'floor.computeCapability': ({floor}) => floor.computeCapability !== undefined,
	port: ({port}) => port !== undefined,
} satisfies Record<string, (job: PortableJob) => boolean>;

export type Field = keyof typeof fields;

export const fieldNames = Object.keys(fields) as Field[];

export function isSet(job: PortableJob, field: Field): boolean {
	return fields[field](job);
}

/** Of what a target cannot carry over, that which the job sets. */
export function lostOf(job: PortableJob, reasons: Partial<Record<Field, Omit<Lost, 'field'> | undefined>>): Lost[] {
	return fieldNames.flatMap((field) => {
		const reason = reasons[field];
		return reason !== undefined && isSet(job, field) ? [{field, ...reason}] : [];
	});
}

/** How code and packages get into an image that other places can pull. */
export const ownImage = 'build and push an image (gpubox export dockerfile), then --built REF';

const unlocked = {why: 'the image is not locked, so its tag may move', instead: 'gpubox lock'};
const withoutRegistry = {
	why: 'the locked image is in no registry, so other places cannot get it',
	instead: 'docker push it, then gpubox lock',
};

/** What holds for every target: an image without a digest, and one without what the project adds to it. */
export function lostWithImage(job: PortableJob, {builds}: {builds: boolean}): Lost[] {
	const push = {why: 'is not in the image, and nothing builds one there', instead: ownImage};
	return [
		...(isSet(job, 'image.digest')
			? []
			: [{field: 'image.digest' as const, ...((job.built ?? job.image).locked ? withoutRegistry : unlocked)}]),
		...(builds || job.built ? [] : lostOf(job, {'packages.apt': push, 'packages.pip': push})),
	];
}

/** For a target that runs on one machine. */
export const oneMachine = {why: 'it runs on one machine', instead: 'gpubox export kubernetes, or slurm'};

/** A project's settings as a job that can run elsewhere. Nothing of the host is in it, and nothing of the personal config. */
import {basename, relative, resolve} from 'node:path';
import {exitCode, Failure} from '../base/failure.ts';
import {parseReference, refuseOwnLayer} from '../image/reference.ts';
import {
	labelOf,
	type PortableImage,
	type PortableJob,
	type PortableMount,
	workspace,
} from '../job/export/portable-job.ts';
import type {Lost} from '../job/export/target.ts';
import type {Lock} from '../job/lock/lock.ts';
import {pinOf} from '../job/lock/pins.ts';
import type {Sourced} from '../settings/merge.ts';
import {isReservedTarget, reservedVariable} from '../settings/reserved.ts';
import type {Settings} from '../settings/schema.ts';
import {parseBytes} from '../text/bytes.ts';
import {safeText} from '../text/safe.ts';

/** What only an export is told. */
export type ExportFlags = {
	/** The command; empty for a box. */
	command: readonly string[];
	/** The image that was built from the exported Dockerfile. */
	built?: string | undefined;
	nproc?: number | 'auto' | undefined;
	nodes?: number | undefined;
	user?: string | undefined;
	secret?: readonly string[] | undefined;
	secretEnv?: readonly string[] | undefined;
	artifacts?: readonly string[] | undefined;
	/** Seconds. */
	timeout?: number | undefined;
	stopTimeout?: number | undefined;
};

/** What gpubox.lock knows. */
export type LockFacts = {
	image: PortableImage;
	floor: {driver: string | null; computeCapability: string | null};
	/** Versions by name. */
	apt: Readonly<Record<string, string>>;
	/** `name==version` for pip. */
	constraints: readonly string[];
};

/** What an export takes from a lock. */
export function lockFacts(lock: Lock): LockFacts {
	const {apt, constraints} = pinOf(lock);
	return {image: {...lock.image, locked: true}, floor: lock.floor, apt, constraints};
}

type Project = {
	/** The project's folder. */
	project: string;
	settings: Settings;
	winners: readonly Sourced[];
};

/**
@param lock of the project, when it has one that is up to date
@returns the job, and what of the settings no job has
@throws Failure (usage) for values that mean nothing elsewhere
*/
export function portableJob(
	{project, settings, winners}: Project,
	flags: ExportFlags,
	lock?: LockFacts,
): {job: PortableJob; lost: Lost[]} {
	refuseReserved(winners);
	const isJob = flags.command.length > 0;
	const gpus = countGpus(settings.gpus ?? 'auto');
	const nodes = flags.nodes ?? 1;
	refuseUnusable(flags);
	const port = settings.ports?.jupyter ?? 8888;
	const nproc =
		flags.nproc === 'auto' || (flags.nproc === undefined && nodes > 1) ? Math.max(1, gpus.count) : flags.nproc;
	const job: PortableJob = {
		kind: isJob ? 'job' : 'service',
		name: labelOf(settings.name ?? basename(project)),
		image: baseOf(settings, lock),
		...(flags.built === undefined ? {} : {built: imageFrom(flags.built, '--built')}),
		packages: packagesOf(settings, lock, isJob),
		...(settings.postCreate === undefined ? {} : {setup: settings.postCreate}),
		argv: isJob
			? flags.command
			: ['jupyter', 'lab', '--ip=0.0.0.0', `--port=${port}`, '--no-browser', `--ServerApp.root_dir=${workspace}`],
		gpus: gpus.count,
		...(nproc === undefined ? {} : {nproc}),
		nodes,
		limits: limitsOf(settings),
		...(flags.user === undefined ? {} : {user: userFrom(flags.user)}),
		environment: {...settings.env},
		secrets: secretsOf(settings, flags, isJob),
		mounts: mountsOf(winners, project),
		artifacts: [...(flags.artifacts ?? [])],
		timeouts: {
			...(flags.timeout === undefined ? {} : {runSeconds: flags.timeout}),
			...(flags.stopTimeout === undefined ? {} : {stopSeconds: flags.stopTimeout}),
		},
		floor: {
			...(lock?.floor.driver == null ? {} : {driver: lock.floor.driver}),
			...(lock?.floor.computeCapability == null ? {} : {computeCapability: lock.floor.computeCapability}),
		},
		...(isJob ? {} : {port}),
	};
	return {job, lost: [...gpus.lost, ...(isJob ? [] : lostOfBox(settings, winners))]};
}

function refuseReserved(winners: readonly Sourced[]): void {
	for (const {key, origin} of winners) {
		const name = key.startsWith('env.') ? key.slice('env.'.length) : undefined;
		const fix = name === undefined ? undefined : reservedVariable(name);
		if (fix !== undefined) {
			throw new Failure(`${name} is reserved for gpubox (${origin.where}).`, {fix, exitCode: exitCode.usage});
		}
	}
}

function refuseUnusable({command, nodes = 1}: ExportFlags): void {
	if (command.length === 0 && nodes > 1) {
		throw new Failure('A box runs on one node; --nodes needs a command.', {
			fix: 'For example: gpubox export slurm --nodes 2 -- python train.py',
			exitCode: exitCode.usage,
		});
	}

	if (command[0]?.endsWith('.ipynb')) {
		throw new Failure(`${safeText(command[0])} is a notebook; other places run commands.`, {
			fix: 'Convert it to a script first: gpubox convert NOTEBOOK',
			exitCode: exitCode.usage,
		});
	}
}

/** Elsewhere there are other cards: how many is what counts. */
function countGpus(text: string): {count: number; lost: Lost[]} {
	if (text === 'all') {
		throw new Failure('gpus: all is no number, and other places have other numbers of GPUs.', {
			fix: 'For example: gpubox export TARGET --gpus 8',
			exitCode: exitCode.usage,
		});
	}

	if (text === 'auto' || text === 'none') {
		return {count: text === 'auto' ? 1 : 0, lost: []};
	}

	if (/^\d+$/.test(text)) {
		return {count: Number(text), lost: []};
	}

	const count = text.split(',').filter((name) => name !== '').length;
	return {
		count,
		lost: [
			{field: 'gpus', why: `other hosts do not have the GPUs ${text}`, instead: `any ${count} of a kind that fits`},
		],
	};
}

function baseOf({image}: Settings, lock: LockFacts | undefined): PortableImage {
	if (lock !== undefined && (image === undefined || imageFrom(image, 'image').reference === lock.image.reference)) {
		return lock.image;
	}

	if (image === undefined) {
		throw new Failure('No image is set, and other hosts do not choose one.', {
			fix: 'Set image in gpubox.yaml, or: gpubox export TARGET --image REF',
			exitCode: exitCode.usage,
		});
	}

	return imageFrom(image, 'image');
}

function imageFrom(text: string, where: string): PortableImage {
	if (parseReference(text) === undefined) {
		throw new Failure(`${where}: ${safeText(text)} is not an image.`, {
			fix: 'For example: registry.example/team/vision@sha256:…',
			exitCode: exitCode.usage,
		});
	}

	refuseOwnLayer(text, where);
	const [reference = '', digest = null] = text.split('@');
	return {reference, digest};
}

/** The versions of the lock where it has them. A box also needs Jupyter. */
function packagesOf({packages}: Settings, lock: LockFacts | undefined, isJob: boolean): PortableJob['packages'] {
	const apt = (packages?.apt ?? []).map((text) => {
		const [name = ''] = text.split(/[=/]/);
		const version = lock?.apt[name];
		return version === undefined ? text : `${name}=${version}`;
	});
	// The newest that the image's Python can have; one that the image brings stays.
	const pip = [...(packages?.pip ?? []), ...(isJob ? [] : ['jupyterlab>=4,<5'])];
	return {apt, pip, ...(lock === undefined ? {} : {constraints: lock.constraints})};
}

function limitsOf({limits}: Settings): PortableJob['limits'] {
	const memory = limits?.memory === undefined ? undefined : parseBytes(limits.memory);
	const shared = limits?.shmSize === undefined ? undefined : parseBytes(limits.shmSize);
	return {
		...(memory === undefined ? {} : {memoryBytes: memory}),
		...(limits?.cpus === undefined ? {} : {cpus: limits.cpus}),
		...(shared === undefined ? {} : {sharedMemoryBytes: shared}),
		...(limits?.pids === undefined ? {} : {pids: limits.pids}),
	};
}

function userFrom(text: string): {uid: number; gid: number} {
	const [, uid, gid = uid] = /^(\d{1,9})(?::(\d{1,9}))?$/.exec(text) ?? [];
	if (uid === undefined) {
		throw new Failure(`Invalid value for --user: ${safeText(text)}.`, {
			fix: 'For example: --user 1000:1000',
			exitCode: exitCode.usage,
		});
	}

	return {uid: Number(uid), gid: Number(gid)};
}

function secretsOf(
	{secrets = []}: Settings,
	{secret = [], secretEnv = []}: ExportFlags,
	isJob: boolean,
): PortableJob['secrets'] {
	const nameOf = (text: string) => text.split('=')[0] ?? text;
	const variables = new Set([...secretEnv.map(nameOf), ...(isJob ? [] : ['JUPYTER_TOKEN'])]);
	return [...new Set([...secrets, ...secret.map(nameOf), ...variables])].map((name) => {
		if (!/^[A-Za-z_]\w*$/.test(name)) {
			throw new Failure(`Invalid name of a secret: ${safeText(name)}.`, {
				fix: 'For example: --secret WANDB_API_KEY',
				exitCode: exitCode.usage,
			});
		}

		return {name, variable: variables.has(name)};
	});
}

/** Where caches of models and packages are, inside. */
const cache = '/cache';

function mountsOf(winners: readonly Sourced[], project: string): PortableMount[] {
	return [
		{kind: 'code', source: '.', target: workspace, readOnly: false},
		...winners
			.filter(({key}) => key === 'mounts')
			.map(({value, origin}): PortableMount => {
				const [source = '', target = '', mode] = String(value).split(':');
				if (isReservedTarget(target, [cache])) {
					throw new Failure(`Cannot mount at ${safeText(target)}: gpubox's own files are there (${origin.where}).`, {
						fix: 'Choose another target, such as /data.',
						exitCode: exitCode.usage,
					});
				}

				return {kind: 'data', source: fromProject(source, origin.base, project), target, readOnly: mode === 'ro'};
			}),
		{kind: 'cache', source: '', target: cache, readOnly: false},
	];
}

/** A relative path as it is from the project's folder. */
function fromProject(source: string, base: string, project: string): string {
	return source.startsWith('/') || source.startsWith('~') ? source : `./${relative(project, resolve(base, source))}`;
}

/** The settings of a box that only gpubox carries out. */
function lostOfBox(settings: Settings, winners: readonly Sourced[]): Lost[] {
	const isSaid = (key: string) => winners.some((one) => one.key.startsWith(key) && one.origin.place !== 'default');
	const lost = (key: string, why: string, instead: string): Lost[] => (isSaid(key) ? [{field: key, why, instead}] : []);
	return [
		...(settings.services?.includes('ssh')
			? [
					{
						field: 'services',
						why: 'only Jupyter is exported, not the SSH server',
						instead: 'docker exec, or kubectl exec',
					},
				]
			: []),
		...lost('bind', 'it is about addresses of this host', 'the ports of the exported file'),
		...lost('idle', 'only gpubox stops idle boxes', 'stop it by hand'),
		...lost('ports.ssh', 'the SSH server is not exported', 'docker exec, or kubectl exec'),
	];
}

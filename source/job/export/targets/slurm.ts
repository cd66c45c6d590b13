import {parseReference} from '../../../image/reference.ts';
import {shellQuote} from '../../../text/shell-quote.ts';
import {floorCheck} from '../checks.ts';
import {comment, headOf} from '../comments.ts';
import {environmentOf} from '../environment.ts';
import {commandOf} from '../launch.ts';
import {type PortableJob, pinned, usualStopSeconds, workspace} from '../portable-job.ts';
import {toShell, toShellLines, type Word} from '../shell.ts';
import {type ExportOptions, type Lost, lostOf, lostWithImage, type Target} from '../target.ts';
import {targetFacts} from '../target-names.ts';

/** Stand for words that the shell replaces inside each task. */
const rankMark = '\u0001';
const headMark = '\u0002';

/** Commas separate mounts, colons their parts, and neither can be escaped. */
function canMount({source, target}: PortableJob['mounts'][number]): boolean {
	return !/[,:]/.test(source + target);
}

/** `1-02:03:04` */
function slurmTime(seconds: number): string {
	const two = (value: number) => String(value).padStart(2, '0');
	const [days, hours, minutes] = [
		Math.floor(seconds / 86_400),
		Math.floor((seconds % 86_400) / 3600),
		Math.floor((seconds % 3600) / 60),
	];
	return `${days}-${two(hours)}:${two(minutes)}:${two(seconds % 60)}`;
}

function directives(job: PortableJob, {queue}: Pick<ExportOptions, 'queue'>): string[] {
	const {limits, timeouts} = job;
	const megabytes = limits.memoryBytes === undefined ? undefined : Math.ceil(limits.memoryBytes / 1024 ** 2);
	return [
		`--job-name=${job.name}`,
		...(queue === undefined ? [] : [`--partition=${shellQuote(queue)}`]),
		`--nodes=${job.nodes}`,
		// torchrun starts the processes of a node.
		'--ntasks-per-node=1',
		...(job.gpus > 0 ? [`--gres=gpu:${job.gpus}`] : []),
		...(limits.cpus === undefined ? [] : [`--cpus-per-task=${Math.ceil(limits.cpus)}`]),
		...(megabytes === undefined ? [] : [`--mem=${megabytes}M`]),
		`--time=${slurmTime(timeouts.runSeconds ?? 86_400)}`,
		`--signal=TERM@${timeouts.stopSeconds ?? usualStopSeconds}`,
		'--output=%x-%j.out',
		'--no-requeue',
	].map((option) => `#SBATCH ${option}`);
}

/** A source as the batch script finds it: relative ones start where it was submitted. */
function sourceWord(source: string): string {
	if (source === '.') {
		return '"$SLURM_SUBMIT_DIR"';
	}

	if (source.startsWith('~/')) {
		return `"$HOME"/${shellQuote(source.slice(2))}`;
	}

	return source.startsWith('/') ? shellQuote(source) : `"$SLURM_SUBMIT_DIR"/${shellQuote(source.replace(/^\.\//, ''))}`;
}

/** `SRC:DST[:ro]` for each mount, ready for the shell. */
function mountsOf(job: PortableJob): string[] {
	return [
		...job.mounts.filter(canMount).map(({kind, source, target, readOnly}) => {
			const from = kind === 'cache' ? '"$cache"' : sourceWord(source);
			return `${from}:${shellQuote(target)}${readOnly ? ':ro' : ''}`;
		}),
		...job.secrets.map(({name}) => `"$secrets"/${name}:/run/secrets/${name}:ro`),
	];
}

/** What runs inside the container. */
function insideWords(job: PortableJob): string[] {
	const {HOME: _home, USER: _user, LOGNAME: _name, ...rest} = environmentOf(job, {built: false, byRuntime: false});
	const environment = Object.entries({...rest, ...job.environment}).map(([name, value]) => `${name}=${value}`);
	const command = commandOf(job, job.nodes > 1 ? {rank: rankMark, address: headMark} : undefined);
	const variables = job.secrets.filter(({variable}) => variable).map(({name}) => name);
	const read = variables.map((name) => `${name}=$(cat /run/secrets/${name}) && export ${name}`);
	return [
		'sh',
		'-c',
		// The node's own /tmp may be in the container, and in that what others left.
		['HOME=$(mktemp -d) && export HOME', ...read, 'exec "$@"'].join(' && '),
		'sh',
		'env',
		...environment,
		...command,
	];
}

function replaceMarks(text: string): string {
	// Marks are in single quotes, as every word with an unusual character is.
	return text.replaceAll(rankMark, `'"$SLURM_NODEID"'`).replaceAll(headMark, `'"$HEAD_NODE"'`);
}

/** pyxis takes `REGISTRY#REPOSITORY@DIGEST`. */
function pyxisImage(job: PortableJob): string {
	const image = job.built ?? job.image;
	const parsed = parseReference(image.reference);
	if (parsed === undefined) {
		return pinned(image);
	}

	const {registry, repository, tag} = parsed;
	return `${registry}#${repository}${image.digest === null ? `:${tag ?? 'latest'}` : `@${image.digest}`}`;
}

function srunLines(job: PortableJob, {with: way}: ExportOptions): string {
	const mounts = mountsOf(job);
	const inside = insideWords(job);
	const perTask = job.nodes > 1;
	if (way === 'pyxis') {
		const command: Word[] = perTask ? ['sh', '-c', replaceMarks(`exec ${toShell(inside)}`)] : inside;
		return toShellLines([
			['srun', '--kill-on-bad-exit=1'],
			[`--container-image=${pyxisImage(job)}`],
			mounts.length === 0 ? [] : [{raw: `--container-mounts=${mounts.join(',')}`}],
			[`--container-workdir=${workspace}`, '--no-container-mount-home', '--no-container-entrypoint'],
			command,
		]);
	}

	// A clean environment keeps the node's PYTHONPATH out, and would keep out which GPUs the task got.
	const passed = job.gpus > 0 ? 'APPTAINERENV_CUDA_VISIBLE_DEVICES=$CUDA_VISIBLE_DEVICES ' : '';
	const apptainer = [
		'exec apptainer exec --cleanenv --no-home',
		...(job.gpus > 0 ? ['--nv'] : []),
		...mounts.map((mount) => `--bind ${mount}`),
		`--pwd ${workspace}`,
		toShell([`docker://${pinned(job.built ?? job.image)}`]),
		replaceMarks(toShell(inside)),
	].join(' ');
	return toShellLines([
		['srun', '--kill-on-bad-exit=1'],
		['sh', '-c', `${passed}${apptainer}`],
	]);
}

function body(job: PortableJob, options: ExportOptions): string[] {
	const {name, secrets} = job;
	const floor = floorCheck(job);
	const names = secrets.map((secret) => secret.name).join(' ');
	return [
		'set -euo pipefail',
		...(secrets.length === 0
			? []
			: [
					'',
					`export secrets=\${GPUBOX_SECRETS:-$HOME/.config/gpubox/secrets}`,
					`for name in ${names}; do`,
					'  [ -r "$secrets/$name" ] || { echo "The secret $name is missing. It belongs into $secrets/$name, mode 600." >&2; exit 1; }',
					'done',
				]),
		...(job.mounts.some(({kind}) => kind === 'cache')
			? ['', `export cache=\${XDG_CACHE_HOME:-$HOME/.cache}/gpubox/${name}`, 'mkdir -p "$cache"']
			: []),
		...(floor === undefined ? [] : ['', floor]),
		...(job.nodes > 1
			? ['', 'HEAD_NODE=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed -n 1p)', 'export HEAD_NODE']
			: []),
		...(options.with === 'pyxis' && job.gpus > 0
			? [
					'',
					'# enroot brings in the driver only where these are set.',
					'export NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility',
				]
			: []),
		'',
		srunLines(job, options),
	];
}

function lostInSlurm(job: PortableJob): Lost[] {
	const refused = job.mounts.filter((mount) => mount.kind === 'data' && !canMount(mount));
	return [
		...lostWithImage(job, {builds: false}),
		...lostOf(job, {
			'limits.shmSize': {
				why: `containers use /dev/shm of the node, not ${job.limits.sharedMemoryBytes} bytes`,
				instead: 'ask the site how large it is',
			},
			'limits.pids': {why: `it is the site's to set: ${job.limits.pids}`, instead: 'ulimit -u in the command'},
			user: {
				why: `a job runs as who submits it, not as ${job.user?.uid}:${job.user?.gid}`,
				instead: 'submit it as that user',
			},
			'mounts.data':
				refused.length === 0
					? undefined
					: {
							why: `paths of mounts have no commas or colons: ${refused.map(({source, target}) => `${source} at ${target}`).join(' and ')}`,
							instead: 'a link with another name',
						},
			port: {why: `nothing leads to port ${job.port} of a node`, instead: 'ssh -L through the login node'},
		}),
	];
}

export const slurm: Target = {
	name: 'slurm',
	...targetFacts.slurm,
	emit(job, options) {
		const lost = [...options.lostBefore, ...lostInSlurm(job)];
		const base = job.built ?? job.image;
		const head = headOf(
			job,
			'slurm',
			[
				'To submit it from the project folder, on a file system that the nodes share: sbatch job.sbatch',
				...(job.artifacts.length > 0 ? [`Results stay in this folder: ${job.artifacts.join(', ')}`] : []),
				options.with === 'pyxis'
					? `enroot before 4.0 takes no digest. Then fetch the image once: enroot import -o ${job.name}.sqsh docker://${pyxisImage({...job, built: {...base, digest: null}})}, and name it below: --container-image=./${job.name}.sqsh`
					: `To fetch the image once: apptainer pull ${job.name}.sif docker://${pinned(base)}`,
			],
			lost,
		);
		return {
			files: [
				{
					path: targetFacts.slurm.file,
					text: [
						'#!/bin/bash',
						comment(head).trimEnd(),
						...directives(job, options),
						'',
						...body(job, options),
						'',
					].join('\n'),
				},
			],
			lost,
		};
	},
};

import {elsewhere} from '../checkout.ts';
import {floorCheck, gpuCheck} from '../checks.ts';
import {headOf} from '../comments.ts';
import {environmentOf} from '../environment.ts';
import {commandOf} from '../launch.ts';
import {imageOf, type PortableJob, usualSharedMemoryBytes} from '../portable-job.ts';
import {exportLines, toShell} from '../shell.ts';
import {type ExportOptions, type Lost, lostOf, lostWithImage, oneMachine, runnersOf, type Target} from '../target.ts';
import {targetFacts} from '../target-names.ts';
import {hasUpkeep, monthly, upkeepLines, upkeepResult, upkeepUsage} from '../upkeep.ts';
import {defined, writeYaml} from '../yaml.ts';

const cacheFolder = '.gpubox-cache';

/** The script's environment: as exports, because GitLab replaces variables in those it sets itself. */
function environmentLines(job: PortableJob): string[] {
	const hasCache = job.mounts.some(({kind}) => kind === 'cache');
	// What the NVIDIA runtime reads has to be there before the container is.
	const environment = environmentOf({...job, mounts: [], environment: {}}, {built: false, byRuntime: false});
	return [
		...exportLines(environment),
		...(hasCache
			? [
					`export XDG_CACHE_HOME="$CI_PROJECT_DIR/${cacheFolder}" HF_HOME="$CI_PROJECT_DIR/${cacheFolder}/huggingface" TORCH_HOME="$CI_PROJECT_DIR/${cacheFolder}/torch"`,
				]
			: []),
		...exportLines(job.environment),
	];
}

function jobOf(job: PortableJob, options: ExportOptions): object {
	const {check} = options;
	const tags = runnersOf(job, options);
	const {artifacts, timeouts, mounts} = job;
	const floor = floorCheck(job);
	const gpus = check ? gpuCheck(job) : undefined;
	return defined({
		image: defined({
			name: imageOf(job),
			// The image's own may start services or insist on a user.
			entrypoint: [''],
			docker: job.user === undefined ? undefined : {user: `${job.user.uid}:${job.user.gid}`},
			pull_policy: 'if-not-present',
		}),
		tags: tags.length === 0 ? undefined : [...tags],
		variables: job.gpus === 0 ? {NVIDIA_VISIBLE_DEVICES: 'void'} : {NVIDIA_DRIVER_CAPABILITIES: 'compute,utility'},
		timeout: timeouts.runSeconds === undefined ? undefined : `${timeouts.runSeconds} seconds`,
		interruptible: true,
		// One after the other: they need the same GPUs.
		resource_group: `gpubox-${job.name}`,
		script: [
			...environmentLines(job),
			...(floor === undefined ? [] : [floor]),
			...(gpus === undefined ? [] : [toShell(gpus)]),
			toShell(commandOf(job)),
		],
		cache: mounts.some(({kind}) => kind === 'cache')
			? {key: job.name, paths: [`${cacheFolder}/`], when: 'always'}
			: undefined,
		artifacts: artifacts.length === 0 ? undefined : {when: 'always', paths: [...artifacts], expire_in: '30 days'},
		except: hasUpkeep(job) ? ['schedules'] : undefined,
	});
}

/** In a scheduled pipeline alone, and not in the image: it needs the machine's own gpubox and Docker. */
const upkeepJob = {
	tags: ['gpubox'],
	rules: [{if: '$CI_PIPELINE_SOURCE == "schedule"'}],
	script: upkeepLines(),
	artifacts: {when: 'always', paths: [upkeepResult], expire_in: '30 days'},
};

function lostInGitlab(job: PortableJob): Lost[] {
	const {limits, gpus, mounts, secrets, timeouts} = job;
	const runner = (setting: string) => ({
		why: 'a job cannot ask for it',
		instead: `in config.toml of the runner: ${setting}`,
	});
	const volumes = mounts
		.filter(({kind}) => kind === 'data')
		.map(({source, target, readOnly}) => `${source}:${target}${readOnly ? ':ro' : ''}`);
	return [
		...lostWithImage(job, {builds: false}),
		...lostOf(job, {
			gpus: {
				why: `a job cannot ask for ${gpus} GPUs`,
				instead: 'in config.toml of the runner: [runners.docker] gpus = "all"',
			},
			nodes: oneMachine,
			'limits.memory': runner(`memory = "${limits.memoryBytes}b"`),
			'limits.cpus': runner(`cpus = "${limits.cpus}"`),
			'limits.shmSize': runner(`shm_size = ${limits.sharedMemoryBytes}`),
			'limits.pids': {why: `a job cannot set it: ${limits.pids}`, instead: 'default-pids-limit of the engine'},
			secrets: {
				why: `they are not in /run/secrets: ${secrets.map(({name}) => name).join(', ')}`,
				instead: 'masked CI/CD variables of these names, which are in the environment',
			},
			'mounts.code': elsewhere(job, '$CI_PROJECT_DIR'),
			'mounts.data': runner(`volumes = ${JSON.stringify(volumes)}`),
			stopTimeout: {
				why: `a cancelled job is not waited for, not even ${timeouts.stopSeconds} s`,
				instead: 'save the work regularly',
			},
			port: {why: `nothing leads to port ${job.port} of a runner`, instead: 'gpubox up on the machine'},
		}),
	];
}

export const gitlabCi: Target = {
	name: 'gitlab-ci',
	...targetFacts['gitlab-ci'],
	emit(job, options) {
		const lost = [...options.lostBefore, ...lostInGitlab(job)];
		const shared = job.limits.sharedMemoryBytes ?? usualSharedMemoryBytes;
		const tags = runnersOf(job, options);
		const which = tags.length === 0 ? 'that takes jobs without tags' : `and the tags: ${tags.join(', ')}`;
		const head = headOf(
			job,
			'gitlab-ci',
			[
				`It needs a runner with the Docker executor ${which}. In its config.toml:`,
				'  [runners.docker]',
				...(job.gpus > 0 ? ['    gpus = "all"'] : []),
				`    shm_size = ${shared}`,
				...upkeepUsage(
					job,
					`That runner has the shell executor and the tag gpubox; add a pipeline schedule with the interval: ${monthly}`,
				),
			],
			lost,
		);
		return {
			files: [
				{
					path: targetFacts['gitlab-ci'].file,
					text: writeYaml({job: jobOf(job, options), ...(hasUpkeep(job) ? {refresh: upkeepJob} : {})}, {head}),
				},
			],
			lost,
		};
	},
};

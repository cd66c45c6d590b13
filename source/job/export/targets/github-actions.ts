import {floorCheck, gpuCheck} from '../checks.ts';
import {headOf} from '../comments.ts';
import {bindOption, limitOptions} from '../docker-run.ts';
import {environmentOf} from '../environment.ts';
import {commandOf} from '../launch.ts';
import {imageOf, type PortableJob, workspace} from '../portable-job.ts';
import {toShell, toShellLines, type Word} from '../shell.ts';
import {type ExportOptions, type Lost, lostOf, lostWithImage, oneMachine, runnersOf, type Target} from '../target.ts';
import {targetFacts} from '../target-names.ts';
import {hasUpkeep, monthly, upkeepLines, upkeepResult, upkeepUsage} from '../upkeep.ts';
import {defined, writeYaml} from '../yaml.ts';
import {dockerfileOf} from './dockerfile.ts';

/** GitHub replaces expressions in every text. */
function withoutExpressions(text: string): string {
	return text.replaceAll(`\${{`, `\${{ '\${{' }}`);
}

/** The image that the workflow builds for itself: packages, a user's home. */
function imageWord(job: PortableJob): string {
	return job.built ? imageOf(job) : `gpubox-${job.name}`;
}

/** A mount whose source the shell completes: the folder it is in, or the user's home. */
function mountWords({kind, source, target, readOnly}: PortableJob['mounts'][number], name: string): Word[] {
	const bind = (from: string, word: (option: string) => Word) => ['--mount', word(bindOption(from, target, readOnly))];
	const before = (variable: string, rest: string) => (option: string) => ({
		raw: toShell([option]).replace('\u0001', `'"$${variable}"'`).replace('\u0002', rest),
	});
	switch (kind) {
		case 'code':
			return bind('\u0001', before('PWD', ''));
		case 'cache':
			return bind(`\u0001/.cache/gpubox/${name}`, before('HOME', ''));
		case 'data':
			return source.startsWith('~/')
				? bind(`\u0001/${source.slice(2)}`, before('HOME', ''))
				: source.startsWith('/')
					? bind(source, (option) => option)
					: bind(`\u0001/${source.replace(/^\.\//, '')}`, before('PWD', ''));
	}
}

/** A `docker run` with the flags of a box. The entrypoint is the command's first word: the image's own may start services. */
function dockerRun(job: PortableJob, command: readonly string[]): string {
	const {user, secrets, mounts, name} = job;
	const [program = '', ...rest] = command;
	return toShellLines([
		['docker', 'run', '--rm', '--init'],
		...limitOptions(job),
		['--user', user === undefined ? {raw: '"$(id -u):$(id -g)"'} : `${user.uid}:${user.gid}`],
		...Object.entries(environmentOf(job, {built: false})).map(([key, value]) => ['--env', `${key}=${value}`]),
		...secrets.flatMap((secret): Word[][] => [
			...(secret.variable ? [['--env', secret.name]] : []),
			[
				'--mount',
				{raw: `"type=bind,source=$RUNNER_TEMP/secrets/${secret.name},target=/run/secrets/${secret.name},readonly"`},
			],
		]),
		...mounts.map((mount) => mountWords(mount, name)),
		['--workdir', workspace],
		['--entrypoint', program],
		[imageWord(job), ...rest],
	]);
}

function stepsOf(job: PortableJob, {check}: ExportOptions): object[] {
	const {secrets, artifacts, mounts} = job;
	const floor = floorCheck(job);
	const gpus = check ? gpuCheck(job) : undefined;
	const variables = Object.fromEntries(secrets.map(({name}) => [name, `\${{ secrets.${name} }}`]));
	const before = [
		...(mounts.some(({kind}) => kind === 'cache') ? [`mkdir -p "$HOME"/.cache/gpubox/${job.name}`] : []),
		...(secrets.length === 0 ? [] : ['install -d -m 700 "$RUNNER_TEMP/secrets"']),
		...secrets.map(({name}) => `(umask 077 && printf %s "$${name}" > "$RUNNER_TEMP/secrets/${name}")`),
	];
	const script = (lines: readonly string[]) => `${withoutExpressions(lines.join('\n'))}\n`;
	return [
		{uses: 'actions/checkout@v6'},
		...(job.built
			? []
			: [
					{
						name: 'Build the image',
						run: script([
							`${toShell(['printf', '%s', dockerfileOf(job, {code: false})])} | docker build -t ${imageWord(job)} -`,
						]),
					},
				]),
		...(floor === undefined && gpus === undefined
			? []
			: [
					{
						name: 'Check the GPUs',
						run: script([
							...(floor === undefined ? [] : [floor]),
							...(gpus === undefined ? [] : [dockerRun({...job, secrets: [], mounts: []}, gpus)]),
						]),
					},
				]),
		defined({
			name: 'Run',
			env: secrets.length === 0 ? undefined : variables,
			run: script([...before, dockerRun(job, commandOf(job))]),
		}),
		...(secrets.length === 0
			? []
			: [{name: 'Remove the secrets', if: `\${{ always() }}`, run: 'rm -rf "$RUNNER_TEMP/secrets"\n'}]),
		...(artifacts.length === 0
			? []
			: [
					{
						name: 'Keep the results',
						if: `\${{ always() }}`,
						uses: 'actions/upload-artifact@v7',
						with: {name: job.name, path: withoutExpressions(artifacts.join('\n')), 'if-no-files-found': 'ignore'},
					},
				]),
	];
}

/** GitHub's own runner, which has Docker. GPUs, data on a disk and labels that the user names need a self-hosted one. */
function runsOn(job: PortableJob, options: ExportOptions): string | string[] {
	const runners = runnersOf(job, options);
	return runners.length === 0 && job.mounts.every(({kind}) => kind !== 'data')
		? 'ubuntu-latest'
		: ['self-hosted', 'linux', ...runners];
}

function runnerNeeded(job: PortableJob, options: ExportOptions): string {
	const labels = runsOn(job, options);
	const own = "It runs on GitHub's own runners. On a machine of yours: gpubox export --runner LABEL";
	return typeof labels === 'string'
		? own
		: `It needs a self-hosted runner with Docker and the labels: ${labels.slice(1).join(', ')}`;
}

/** Only on its day: a push runs the job alone. On a machine with gpubox, which GitHub's own are not. */
function upkeepJob(job: PortableJob, options: ExportOptions): object {
	return {
		if: "github.event_name == 'schedule'",
		'runs-on': ['self-hosted', 'linux', ...runnersOf(job, options)],
		defaults: {run: {shell: 'bash'}},
		steps: [
			{uses: 'actions/checkout@v6'},
			{name: 'Refresh and scan', run: `${upkeepLines().join('\n')}\n`},
			{
				name: 'Keep the lock',
				if: `\${{ always() }}`,
				uses: 'actions/upload-artifact@v7',
				with: {name: 'gpubox-lock', path: upkeepResult},
			},
		],
	};
}

function lostInGithub(job: PortableJob): Lost[] {
	return [
		...lostWithImage(job, {builds: true}),
		...lostOf(job, {
			nodes: oneMachine,
			stopTimeout: {
				why: `a cancelled step is killed after 10 s, not ${job.timeouts.stopSeconds} s`,
				instead: 'save the work regularly',
			},
			port: {why: `nothing leads to port ${job.port} of a runner`, instead: 'gpubox up on the machine'},
		}),
	];
}

export const githubActions: Target = {
	name: 'github-actions',
	...targetFacts['github-actions'],
	emit(job, options) {
		const lost = [...options.lostBefore, ...lostInGithub(job)];
		const head = headOf(
			job,
			'github-actions',
			[
				runnerNeeded(job, options),
				...(job.secrets.length > 0
					? [`Secrets of the repository: ${job.secrets.map(({name}) => name).join(', ')}`]
					: []),
				...upkeepUsage(job, ''),
			],
			lost,
		);
		const upkeep = hasUpkeep(job);
		const workflow = {
			name: job.name,
			on: {
				workflow_dispatch: {},
				push: {branches: ['main']},
				...(upkeep ? {schedule: [{cron: monthly}]} : {}),
			},
			permissions: {contents: 'read'},
			// One after the other: they need the same GPUs.
			concurrency: {group: `gpubox-${job.name}`, 'cancel-in-progress': false},
			jobs: {
				job: defined({
					if: upkeep ? "github.event_name != 'schedule'" : undefined,
					'runs-on': runsOn(job, options),
					'timeout-minutes':
						job.timeouts.runSeconds === undefined ? undefined : Math.max(1, Math.ceil(job.timeouts.runSeconds / 60)),
					defaults: {run: {shell: 'bash'}},
					steps: stepsOf(job, options),
				}),
				...(upkeep ? {refresh: upkeepJob(job, options)} : {}),
			},
		};
		return {files: [{path: targetFacts['github-actions'].file, text: writeYaml(workflow, {head})}], lost};
	},
};

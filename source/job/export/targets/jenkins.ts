import {elsewhere} from '../checkout.ts';
import {floorCheck, gpuCheck} from '../checks.ts';
import {comment, headOf} from '../comments.ts';
import {limitOptions} from '../docker-run.ts';
import {environmentOf} from '../environment.ts';
import {commandOf} from '../launch.ts';
import {imageOf, type PortableJob} from '../portable-job.ts';
import {exportLines, toShell} from '../shell.ts';
import {type ExportOptions, type Lost, lostOf, lostWithImage, oneMachine, runnersOf, type Target} from '../target.ts';
import {targetFacts} from '../target-names.ts';
import {hasUpkeep, monthly, upkeepLines, upkeepResult, upkeepUsage} from '../upkeep.ts';

/** Text as Groovy takes it, without replacing anything in it. */
function groovy(text: string): string {
	const escapes: Record<string, string> = {'\\': '\\\\', "'": "\\'", '\n': '\\n', '\r': '\\r', '\t': '\\t'};
	return `'${text.replaceAll(/[\\'\n\r\t]/g, (character) => escapes[character] ?? character)}'`;
}

/** Jenkins splits them itself: quotes protect blanks, nothing else is replaced. */
function argumentsOf(job: PortableJob): string {
	const {mounts, user} = job;
	const data = mounts.filter(({kind, source}) => kind === 'data' && canMount(source));
	return [
		...limitOptions(job).flat(),
		'--init',
		"--entrypoint=''",
		...(user === undefined ? [] : ['--user', `${user.uid}:${user.gid}`]),
		...data.flatMap(({source, target, readOnly}) => ['--volume', `${source}:${target}${readOnly ? ':ro' : ''}`]),
	].join(' ');
}

const cacheFolder = '.gpubox-cache';

const canMount = (source: string) => /^\/[\w./-]+$/.test(source);

function shLine(lines: readonly string[]): string {
	return `sh ${groovy(lines.join('\n'))}`;
}

function runLines(job: PortableJob): string[] {
	// The uid of the agent has no home in the image.
	const hasCache = job.mounts.some(({kind}) => kind === 'cache');
	const {HOME: _home, ...environment} = environmentOf(
		{...job, mounts: [], environment: {}},
		{built: false, byRuntime: false},
	);
	return [
		'export HOME="$WORKSPACE"',
		...exportLines(environment),
		...(hasCache
			? [
					`export XDG_CACHE_HOME="$WORKSPACE/${cacheFolder}" HF_HOME="$WORKSPACE/${cacheFolder}/huggingface" TORCH_HOME="$WORKSPACE/${cacheFolder}/torch"`,
				]
			: []),
		...exportLines(job.environment),
		toShell(commandOf(job)),
	];
}

const onSchedule = "triggeredBy 'TimerTrigger'";

/** Outside of the image: it needs the machine's own gpubox and Docker. */
function upkeepStage(runners: readonly string[]): string[] {
	return [
		"    stage('Refresh and scan') {",
		`      when { ${onSchedule} }`,
		runners.length === 0 ? '      agent any' : `      agent { label ${groovy(runners.join(' && '))} }`,
		'      steps {',
		`        ${shLine(upkeepLines())}`,
		'      }',
		'      post {',
		'        always {',
		`          archiveArtifacts artifacts: ${groovy(upkeepResult)}, allowEmptyArchive: true`,
		'        }',
		'      }',
		'    }',
	];
}

function pipeline(job: PortableJob, options: ExportOptions): string[] {
	const {check} = options;
	const runners = runnersOf(job, options);
	const {timeouts, secrets, artifacts} = job;
	const floor = floorCheck(job);
	const gpus = check ? gpuCheck(job) : undefined;
	const upkeep = hasUpkeep(job);
	const when = upkeep ? [`      when { not { ${onSchedule} } }`] : [];
	const checks = [...(floor === undefined ? [] : [floor]), ...(gpus === undefined ? [] : [toShell(gpus)])];
	return [
		'pipeline {',
		'  agent {',
		'    docker {',
		`      image ${groovy(imageOf(job))}`,
		...(runners.length === 0 ? [] : [`      label ${groovy(runners.join(' && '))}`]),
		`      args ${groovy(argumentsOf(job))}`,
		'      reuseNode true',
		'    }',
		'  }',
		'  options {',
		...(timeouts.runSeconds === undefined ? [] : [`    timeout(time: ${timeouts.runSeconds}, unit: 'SECONDS')`]),
		'    disableConcurrentBuilds()',
		'  }',
		// Jenkins chooses the minute.
		...(upkeep ? [`  triggers { cron(${groovy(monthly.replace(/^0/, 'H'))}) }`] : []),
		...(secrets.length === 0
			? []
			: ['  environment {', ...secrets.map(({name}) => `    ${name} = credentials(${groovy(name)})`), '  }']),
		'  stages {',
		...(checks.length === 0
			? []
			: ["    stage('Check the GPUs') {", ...when, '      steps {', `        ${shLine(checks)}`, '      }', '    }']),
		"    stage('Run') {",
		...when,
		'      steps {',
		`        ${shLine(runLines(job))}`,
		'      }',
		'    }',
		...(upkeep ? upkeepStage(runners) : []),
		'  }',
		...(artifacts.length === 0
			? []
			: [
					'  post {',
					'    always {',
					`      archiveArtifacts artifacts: ${groovy(artifacts.join(', '))}, allowEmptyArchive: true`,
					'    }',
					'  }',
				]),
		'}',
		'',
	];
}

function lostInJenkins(job: PortableJob): Lost[] {
	const {mounts, secrets, timeouts} = job;
	const refused = mounts.filter(({kind, source}) => kind === 'data' && !canMount(source));
	return [
		...lostWithImage(job, {builds: false}),
		...lostOf(job, {
			nodes: oneMachine,
			secrets: secrets.some(({variable}) => !variable)
				? {
						why: `they are variables, not in /run/secrets: ${secrets.map(({name}) => name).join(', ')}`,
						instead: 'read the variables',
					}
				: undefined,
			'mounts.code': elsewhere(job, '$WORKSPACE'),
			'mounts.data':
				refused.length === 0
					? undefined
					: {
							why: `not an absolute path that Jenkins can pass on: ${refused.map(({source, target}) => `${source}:${target}`).join(', ')}`,
							instead: 'a plain absolute path of the agent',
						},
			stopTimeout: {
				why: `an aborted step is killed after about 20 s, not ${timeouts.stopSeconds} s`,
				instead: 'save the work regularly',
			},
			port: {why: `nothing leads to port ${job.port} of an agent`, instead: 'gpubox up on the machine'},
		}),
	];
}

export const jenkins: Target = {
	name: 'jenkins',
	...targetFacts.jenkins,
	emit(job, options) {
		const lost = [...options.lostBefore, ...lostInJenkins(job)];
		const runners = runnersOf(job, options);
		const labels = runners.length === 0 ? 'that has Docker' : `with the labels: ${runners.join(', ')}`;
		const head = headOf(
			job,
			'jenkins',
			[
				`It needs the Docker Pipeline plugin and an agent ${labels}`,
				...(job.secrets.length > 0
					? [`Credentials of the kind "Secret text": ${job.secrets.map(({name}) => name).join(', ')}`]
					: []),
				...upkeepUsage(job, ''),
			],
			lost,
		);
		return {
			files: [{path: targetFacts.jenkins.file, text: `${comment(head, '//')}${pipeline(job, options).join('\n')}`}],
			lost,
		};
	},
};

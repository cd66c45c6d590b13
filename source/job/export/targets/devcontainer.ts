import {comment, headOf} from '../comments.ts';
import {limitOptions} from '../docker-run.ts';
import {environmentOf, userName} from '../environment.ts';
import {imageOf, type PortableJob, workspace} from '../portable-job.ts';
import {toShell} from '../shell.ts';
import {type Lost, lostOf, lostWithImage, oneMachine, type Target} from '../target.ts';
import {targetFacts} from '../target-names.ts';
import {defined} from '../yaml.ts';
import {dockerfileOf} from './dockerfile.ts';

/** Text with `${…}` is replaced, and there is no way to write it otherwise. */
const isReplaced = (text: string) => text.includes('${');

function mountsOf({mounts, name}: PortableJob): string[] {
	return mounts.flatMap(({kind, source, target, readOnly}) => {
		if (kind === 'code' || isReplaced(source + target)) {
			return [];
		}

		const from = kind === 'cache' ? `type=volume,source=${name}-cache` : `type=bind,source=${localPath(source)}`;
		return [`${from},target=${target}${readOnly ? ',readonly' : ''}`];
	});
}

function localPath(source: string): string {
	if (source.startsWith('~/')) {
		return `\${localEnv:HOME}/${source.slice(2)}`;
	}

	return source.startsWith('/') ? source : `\${localWorkspaceFolder}/${source.replace(/^\.\//, '')}`;
}

/** No one logs in to the notebooks of an editor. */
function withoutToken(job: PortableJob): PortableJob {
	return {...job, secrets: job.secrets.filter(({name}) => name !== 'JUPYTER_TOKEN')};
}

function lostInDevcontainer(job: PortableJob): Lost[] {
	const replaced = Object.entries(job.environment)
		.filter(([, value]) => isReplaced(value))
		.map(([name]) => name);
	const data = job.mounts.filter(({kind, source, target}) => kind === 'data' && isReplaced(source + target));
	return [
		...lostWithImage(job, {builds: true}),
		...lostOf(job, {
			// An editor has its own notebooks.
			command:
				job.kind === 'service'
					? undefined
					: {why: 'a dev container is a place to work in', instead: `in its terminal: ${toShell(job.argv)}`},
			nproc: {why: `no command is started, so neither are ${job.nproc} processes`, instead: 'torchrun in its terminal'},
			nodes: oneMachine,
			env:
				replaced.length === 0
					? undefined
					: {why: `\${…} would be replaced in ${replaced.join(', ')}`, instead: 'set them in the terminal'},
			secrets: job.secrets.some(({variable}) => !variable)
				? {
						why: `they are variables, not in /run/secrets: ${job.secrets.map(({name}) => name).join(', ')}`,
						instead: 'read the variables',
					}
				: undefined,
			'mounts.data':
				data.length === 0
					? undefined
					: {
							why: `\${…} would be replaced in ${data.map(({source, target}) => `${source}:${target}`).join(', ')}`,
							instead: 'a link with another name',
						},
			artifacts: undefined,
			timeout: {why: `it has no limit of time: ${job.timeouts.runSeconds} s`, instead: 'timeout in its terminal'},
		}),
	];
}

function containerOf(job: PortableJob): object {
	const environment = Object.entries(environmentOf(job, {built: true})).filter(([, value]) => !isReplaced(value));
	const {secrets, port, user} = job;
	return defined({
		name: job.name,
		...(job.built ? {image: imageOf(job)} : {build: {dockerfile: 'Dockerfile', context: '..'}}),
		// How many GPUs is said here; hostRequirements would add a second request.
		runArgs: [...limitOptions(job).flat(), ...(user === undefined ? [] : ['--user', `${user.uid}:${user.gid}`])],
		init: true,
		containerEnv: {...Object.fromEntries(environment)},
		mounts: mountsOf(job),
		workspaceMount: `type=bind,source=\${localWorkspaceFolder},target=${workspace}`,
		workspaceFolder: workspace,
		// The usual one gets the uid of the caller.
		remoteUser: user === undefined ? userName : undefined,
		updateRemoteUserUID: user === undefined,
		postCreateCommand: job.setup,
		forwardPorts: port === undefined ? undefined : [port],
		secrets:
			secrets.length === 0
				? undefined
				: Object.fromEntries(secrets.map(({name}) => [name, {description: `Secret ${name} of ${job.name}`}])),
		customizations: {vscode: {extensions: ['ms-python.python', 'ms-toolsai.jupyter']}},
	});
}

export const devcontainer: Target = {
	name: 'devcontainer',
	...targetFacts.devcontainer,
	emit(given, options) {
		const job = given.kind === 'job' ? given : withoutToken(given);
		const lost = [...options.lostBefore, ...lostInDevcontainer(job)];
		const head = headOf(
			job,
			'devcontainer',
			[
				'In VS Code: Dev Containers: Reopen in Container',
				...(job.artifacts.length > 0 ? [`Results stay in this folder: ${job.artifacts.join(', ')}`] : []),
			],
			lost,
		);
		const text = `${comment(head, '//')}${JSON.stringify(containerOf(job), undefined, '\t')}\n`;
		const file = {path: targetFacts.devcontainer.file, text};
		return {
			files: job.built
				? [file]
				: [
						file,
						{
							path: '.devcontainer/Dockerfile',
							text: dockerfileOf(job, {code: false}),
						},
					],
			lost,
		};
	},
};

import {toDockerBytes} from '../../../text/bytes.ts';
import {shellQuote} from '../../../text/shell-quote.ts';
import {comment, headOf} from '../comments.ts';
import {builtHome, environmentOf, userName} from '../environment.ts';
import {commandOf} from '../launch.ts';
import {type PortableJob, pinned, usualUser, workspace} from '../portable-job.ts';
import {type Lost, lostOf, lostWithImage, type Target} from '../target.ts';
import {targetFacts} from '../target-names.ts';

/** A command line in exec form: no shell reads it. */
function exec(words: readonly string[]): string {
	return `[${words.map((word) => JSON.stringify(word)).join(', ')}]`;
}

/** A value in double quotes, for ENV and LABEL. */
function quoted(text: string): string {
	return `"${text.replaceAll(/["\\$]/g, '\\$&')}"`;
}

/** A Dockerfile has no way to write a line break in a value. */
function isOneLine(text: string): boolean {
	return !/[\n\r]/.test(text);
}

/** A program that writes what pip must not change: the versions of the lock, or at least the PyTorch that was chosen for the driver and the GPUs. */
function writeConstraints(locked: readonly string[] = []): string {
	return (
		locked.length > 0
			? [`open("/tmp/gpubox-keep", "w").write(${JSON.stringify(locked.map((line) => `${line}\n`).join(''))})`]
			: [
					'try:',
					'    from importlib.metadata import distributions',
					'except ImportError:  # Python 3.7',
					'    from importlib_metadata import distributions',
					'keep = {"torch", "torchvision", "torchaudio", "triton", "tensorflow", "jax", "jaxlib"}',
					'found = {d.metadata["Name"]: d.version for d in distributions() if (d.metadata["Name"] or "").lower() in keep}',
					'open("/tmp/gpubox-keep", "w").write("".join(f"{name}=={version}\\n" for name, version in found.items()))',
				]
	).join('\n');
}

/**
For every pip: older ones do not know these as options, and ignore variables that they do not know. Since Ubuntu 24.04 pip refuses to touch
the distribution's Python; in an image nothing else manages it.
*/
const pipVariables = ['PIP_BREAK_SYSTEM_PACKAGES=1', 'PIP_ROOT_USER_ACTION=ignore', 'PIP_NO_CACHE_DIR=1'];

/**
The Dockerfile of a project: base by digest, packages, user; with `code` also the project, its variables, its setup command and its command. What changes
least comes first.
*/
export function dockerfileOf(job: PortableJob, {code}: {code: boolean}): string {
	const {uid, gid} = job.user ?? usualUser;
	const {apt, pip} = job.packages;
	const environment = Object.entries(environmentOf(job, {built: true, byRuntime: false})).filter(([, value]) =>
		isOneLine(value),
	);
	const artifacts = job.artifacts.join(', ');
	return [
		`FROM ${pinned(job.image)}`,
		'USER root',
		'# A mirror of PyPI: docker build --build-arg PIP_INDEX_URL=…',
		'ARG PIP_INDEX_URL',
		...(apt.length === 0
			? []
			: [
					'RUN apt-get update \\',
					` && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${[...apt].sort().map(shellQuote).join(' ')} \\`,
					' && rm -rf /var/lib/apt/lists/*',
				]),
		...(pip.length === 0
			? []
			: [
					`RUN ${exec(['python3', '-c', writeConstraints(job.packages.constraints)])}`,
					`RUN ${exec(['env', ...pipVariables, 'python3', '-m', 'pip', 'install', '-c', '/tmp/gpubox-keep', ...[...pip].sort()])}`,
				]),
		`ARG USER_UID=${uid}`,
		`ARG USER_GID=${gid}`,
		`RUN { grep -q "^[^:]*:[^:]*:$USER_GID:" /etc/group || echo "${userName}:x:$USER_GID:" >> /etc/group; } \\`,
		` && { grep -q "^[^:]*:[^:]*:$USER_UID:" /etc/passwd || echo "${userName}:x:$USER_UID:$USER_GID::${builtHome}:/bin/sh" >> /etc/passwd; } \\`,
		` && mkdir -p ${[builtHome, workspace, ...cachesOf(job)].join(' ')} \\`,
		` && chown "$USER_UID:$USER_GID" ${[builtHome, workspace, ...cachesOf(job)].join(' ')}`,
		...(code ? environment.map(([name, value]) => `ENV ${name}=${quoted(value)}`) : []),
		`WORKDIR ${workspace}`,
		...(code ? ['COPY --chown=$USER_UID:$USER_GID . .'] : []),
		'USER $USER_UID:$USER_GID',
		...(code && job.setup !== undefined ? [`RUN ${exec(['sh', '-c', job.setup])}`] : []),
		...(code
			? [
					`LABEL org.opencontainers.image.title=${quoted(job.name)}`,
					`LABEL org.opencontainers.image.base.name=${quoted(job.image.reference)}`,
					...(job.image.digest === null
						? []
						: [`LABEL org.opencontainers.image.base.digest=${quoted(job.image.digest)}`]),
					...(artifacts === '' || !isOneLine(artifacts) ? [] : [`LABEL gpubox.artifacts=${quoted(artifacts)}`]),
					...(job.floor.driver === undefined ? [] : [`LABEL gpubox.floor.driver=${quoted(job.floor.driver)}`]),
					...(job.floor.computeCapability === undefined
						? []
						: [`LABEL gpubox.floor.computeCapability=${quoted(job.floor.computeCapability)}`]),
					...(job.port === undefined ? [] : [`EXPOSE ${job.port}`]),
					'STOPSIGNAL SIGTERM',
					// The image's own may insist on a user or start services.
					'ENTRYPOINT []',
					`CMD ${exec(commandOf({...job, built: job.image}))}`,
				]
			: []),
		'',
	].join('\n');
}

function cachesOf({mounts}: PortableJob): string[] {
	return mounts.flatMap(({kind, target}) => (kind === 'cache' ? [target] : []));
}

/** Not for an image: what git keeps, what runs and editors leave behind, and what may hold a secret. */
const ignored = [
	...['.git', '.venv', 'venv', '**/__pycache__', '**/.ipynb_checkpoints', 'node_modules'],
	...['runs', 'data', 'Dockerfile', '.dockerignore', '.env', '.env.*', '*.pem', '*.key', '.netrc', '.ssh'],
];

const atRun = (option: string) => ({
	why: 'an image does not set it',
	instead: `docker run ${option}`,
	atRun: true as const,
});

function lostInDockerfile(job: PortableJob): Lost[] {
	const isWhole = Object.values(job.environment).every(isOneLine);
	return [
		...lostWithImage(job, {builds: true}),
		...lostOf(job, {
			gpus: atRun(`--gpus ${job.gpus}`),
			nodes: {why: 'an image does not start others', instead: 'gpubox export kubernetes, or slurm', atRun: true},
			'limits.memory': atRun(`--memory ${toDockerBytes(job.limits.memoryBytes ?? 0)}`),
			'limits.cpus': atRun(`--cpus ${job.limits.cpus}`),
			'limits.shmSize': atRun(`--shm-size ${toDockerBytes(job.limits.sharedMemoryBytes ?? 0)}`),
			'limits.pids': atRun(`--pids-limit ${job.limits.pids}`),
			env: isWhole
				? undefined
				: {
						why: `a Dockerfile has no line breaks in values: ${Object.entries(job.environment)
							.filter(([, value]) => !isOneLine(value))
							.map(([name]) => name)
							.join(', ')}`,
						instead: 'docker run --env',
					},
			secrets: {
				why: `an image must not contain secrets: ${job.secrets.map(({name}) => name).join(', ')}`,
				instead: 'docker run --mount type=bind,source=FILE,target=/run/secrets/NAME,readonly',
				atRun: true,
			},
			'mounts.data': {
				why: `data is not part of an image: ${job.mounts
					.filter(({kind}) => kind === 'data')
					.map(({source, target, readOnly}) => `${source}:${target}${readOnly ? ':ro' : ''}`)
					.join(', ')}`,
				instead: 'docker run --volume',
				atRun: true,
			},
			artifacts: job.artifacts.every(isOneLine)
				? undefined
				: {why: `a label has no line breaks: ${job.artifacts.join(', ')}`, instead: 'docker cp'},
			timeout: {
				why: `an image does not end itself: ${job.timeouts.runSeconds} s`,
				instead: 'timeout docker run',
				atRun: true,
			},
			stopTimeout: atRun(`--stop-timeout ${job.timeouts.stopSeconds}`),
		}),
	];
}

export const dockerfile: Target = {
	name: 'dockerfile',
	...targetFacts.dockerfile,
	emit(job, options) {
		const lost = [...options.lostBefore, ...lostInDockerfile(job)];
		const usage = [`To build it: docker build -t ${job.name} .`];
		return {
			files: [
				{
					path: targetFacts.dockerfile.file,
					text: `${comment(headOf(job, 'dockerfile', usage, lost))}${dockerfileOf(job, {code: true})}`,
				},
				{path: '.dockerignore', text: ignored.map((line) => `${line}\n`).join('')},
			],
			lost,
		};
	},
};

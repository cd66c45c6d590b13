/** What is typed by habit, from docker and other tools, and gpubox has under another name or does by itself. */

type Verb = string;

/** By what is typed; of an option the long name. */
type Advice = Record<string, string>;

const withDocker = 'With docker itself: --dry-run prints the docker run line, to which it can be added.';

/** Of `docker run`, for boxes and jobs alike. */
const forContainers: Advice = {
	'--volume': 'Here it is --mount, or -v.',
	'--env-file': 'Here it is one --env for each variable, --secret-env for each key or token, or env in gpubox.yaml.',
	'--ipc': 'Each box has a /dev/shm of its own, large enough for PyTorch; --shm-size changes it.',
	'--ulimit': 'gpubox raises memlock and stack by itself.',
	'--runtime': '--gpus is enough.',
	'--user': 'You are the same user inside. With --sudo you can become root.',
	'--privileged': `A box gets no rights over the host. ${withDocker}`,
	'--cap-add': `A box gets no rights over the host. ${withDocker}`,
	'--device': `GPUs come with --gpus. ${withDocker}`,
	'--init': 'It always has one. Leave it out.',
	'--pull': 'To pull first: gpubox pull REF. For a newer build: gpubox refresh',
	'--entrypoint': 'The entrypoint of the image is run for the environment that it sets; the command is yours.',
};

/** The rest of what docker's users type often. */
const onlyWithDocker = [
	...['--network', '--net', '--restart', '--hostname', '--label', '--add-host', '--dns', '--security-opt'],
	...['--cpuset-cpus', '--platform', '--tmpfs', '--volumes-from', '--log-driver', '--group-add', '--pid'],
];

const inJson = 'Here it is --json.';
const token = 'gpubox makes a token, which stays the same; gpubox open --print shows it. Others cannot read it.';
const byName = 'Name them, several at once; gpubox ls lists them.';

const noInput = 'A job has neither input nor terminal. A shell in the same image: gpubox up, then gpubox attach';

const forVerbs: Record<Verb, Advice> = {
	up: {
		...forContainers,
		'--rm': 'A box stays until gpubox rm. What ends by itself: gpubox run',
		'--detach': 'A box always runs in the background. Leave it out.',
		'--interactive': 'A box runs in the background. Leave it out; a shell in it: gpubox attach',
		'--publish':
			'Here it is --port PORT, for Jupyter or SSH. Any other port: gpubox up --ssh, then ssh -L PORT:localhost:PORT BOX',
		'--workdir': 'The folder of the project is at /workspace. Another one: gpubox up DIR',
		'--lab': 'Here it is --jupyter.',
		'--password': token,
		'--token': token,
	},
	run: {
		...forContainers,
		'--rm': 'The container of a job is always removed when it ends. Leave it out.',
		'--interactive': noInput,
		'--publish': 'A job publishes no port. What answers at one is a box: gpubox up',
		'--workdir': 'A job starts in the folder that you are in.',
	},
	ls: {
		'--all': 'Stopped boxes are in the list anyway. Leave it out.',
		'--quiet': `The names alone: gpubox ls --json | jq -r '.boxes[].name'`,
	},
	rm: {'--force': 'To skip the question: -y', '--all': byName},
	stop: {'--all': byName},
	start: {'--all': byName},
	restart: {'--all': byName},
	attach: {
		'--user': 'You are the same user inside. Root: start the box with gpubox up --sudo, then sudo in it.',
		'--workdir': `With a shell: gpubox attach BOX -- sh -c 'cd FOLDER && COMMAND'`,
		'--env': `With env: gpubox attach BOX -- env NAME=VALUE COMMAND`,
		'--detach': 'What runs on in the background is a job: gpubox run --detach',
	},
};

/** Of kubectl, the cloud providers' commands and docker. */
const ofOutput: Advice = {'--output': inJson, '--format': inJson};
const printsJson = ['ls', 'runs', 'wait', 'gpus', 'hosts', 'images', 'check', 'doctor', 'disk', 'verify', 'scan'];

const shortNames: Record<string, string> = {
	'-a': '--all',
	'-d': '--detach',
	'-e': '--env',
	'-f': '--force',
	'-i': '--interactive',
	'-l': '--label',
	'-o': '--output',
	'-p': '--publish',
	'-q': '--quiet',
	'-t': '--interactive',
	'--tty': '--interactive',
	'-u': '--user',
	'-w': '--workdir',
};

const ofDocker: Advice = {
	build: 'The image of a project, with its own Dockerfile: gpubox export dockerfile, or gpubox push',
	compose: 'For docker compose: gpubox export compose',
	cp: 'The folder of the project is /workspace in its box: what lies in one is in the other.',
	create: 'Here it is gpubox up',
	info: 'Here it is gpubox doctor',
	inspect: 'With docker itself: docker inspect gpubox-NAME',
	kill: 'Here it is gpubox stop',
	port: 'gpubox ls has the addresses.',
	prune: 'Here it is gpubox disk --prune',
	stats: 'Live figures: gpubox, or gpubox gpus --watch',
};

const inBox = 'A shell in a box: gpubox attach';
const live = 'Here it is gpubox gpus';
const notebook = 'Here it is gpubox up --jupyter';
const editor = 'After gpubox up --ssh the editor knows the box by its name, as an SSH host.';
const away = 'Here it is gpubox rm';
const newer =
	'Of the image of a project: gpubox refresh. Of gpubox itself: npm install -g gpubox, or the newer executable';

const ofOthers: Advice = {
	...{bash: inBox, sh: inBox, enter: inBox},
	...{box: 'Here it is gpubox ls', boxes: 'Here it is gpubox ls', new: 'Here it is gpubox up'},
	...{cancel: 'Here it is gpubox stop', scancel: 'Here it is gpubox stop'},
	...{code: editor, vscode: editor},
	...{delete: away, destroy: away, remove: away},
	...{jupyter: notebook, lab: notebook, notebook},
	...{'nvidia-smi': live, smi: live},
	...{python: 'A job: gpubox run -- python …', job: 'Here it is gpubox run', jobs: 'Here it is gpubox runs'},
	...{queue: 'Here it is gpubox runs', squeue: 'Here it is gpubox runs'},
	...{sbatch: 'Here it is gpubox run --detach', submit: 'Here it is gpubox run --detach'},
	...{settings: 'Here it is gpubox config'},
	...{update: newer, upgrade: newer},
	...{version: 'Here it is gpubox --version'},
};

/**
@param verb by its own name
@param option as it was typed: `-it`, `--ipc=host`
@returns how gpubox does what docker's option of that name does; undefined where docker has none, or none that matters here
*/
export function adviceForOption(verb: Verb, option: string): string | undefined {
	if (verb === 'ssh' && /^-[a-zA-Z]/.test(option)) {
		return 'Your own ssh knows the box by its name and takes its options: ssh -L 6006:localhost:6006 BOX';
	}

	const [typed = ''] = option.split('=');
	const name = /^-[dit]{2,}$/.test(typed) ? '--interactive' : (shortNames[typed] ?? typed);
	const found = forVerbs[verb]?.[name] ?? (printsJson.includes(verb) ? ofOutput[name] : undefined);
	return found ?? ((verb === 'up' || verb === 'run') && onlyWithDocker.includes(name) ? withDocker : undefined);
}

/** The same for a verb that docker or another tool has. */
export function adviceForCommand(command: string): string | undefined {
	const advice = {...ofDocker, ...ofOthers};
	return Object.hasOwn(advice, command) ? advice[command] : undefined;
}

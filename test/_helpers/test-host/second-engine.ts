import {type ChildProcess, spawn} from 'node:child_process';
import {chmod, mkdir, mkdtemp, readFile, realpath, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import Docker from 'dockerode';
import {command} from './command.ts';
import {removeEngineFolder, separately, separateSettings} from './isolation.ts';
import {systemPath} from './packages.ts';
import {endOf} from './processes.ts';
import {waitUntil} from './wait-until.ts';

export type SecondEngine = {
	docker: Docker;
	/** For DOCKER_HOST. */
	address: string;
	/** Ends the engine and starts it again, on the same data. Resolves once it answers. */
	restart(): Promise<void>;
	/** The engine does nothing any more; connections to it are taken and stay open. */
	freeze(): Promise<void>;
	thaw(): Promise<void>;
	/** Starts a container that writes `line 1`, `line 2` and so on, ten a second. */
	startWriter(name: string, labels: Record<string, string>, restartPolicy?: string): Promise<string>;
	/** The words before a program that finds the engine's ports at 127.0.0.1. */
	inside(): Promise<string[]>;
	stop(): Promise<void>;
};

/**
An engine that a test may end and start again. Root. Its containers have no network.

@param parent where it makes its folder: short, because a socket's path has at most 107 bytes
*/
export async function startSecondEngine(options: {
	parent: string;
	liveRestore: boolean;
	groupId: number;
	/** Of its daemon.json. With `bridge: undefined` its containers have a network of their own, which `inside` reaches. */
	settings?: Record<string, unknown>;
	/** A folder with a usr/ of another distribution: for the engine its programs and libraries lie over the machine's. */
	programs?: string;
}): Promise<SecondEngine> {
	const folder = await mkdtemp(join(options.parent, 'second-'));
	await chmod(folder, 0o755);
	const socket = join(folder, 'docker.sock');
	const pidFile = join(folder, 'dockerd.pid');
	await mkdir(join(folder, 'data'));
	await writeFile(
		join(folder, 'daemon.json'),
		JSON.stringify({
			hosts: [`unix://${socket}`],
			'data-root': join(folder, 'data'),
			...separateSettings(folder, options.groupId, undefined),
			'live-restore': options.liveRestore,
			'shutdown-timeout': 2,
			...options.settings,
		}),
	);
	// The engine is started again in the same namespaces, where the mounts of its containers are.
	const loop =
		'while [ ! -e "$1/over" ]; do setpriv --pdeathsig TERM dockerd --config-file "$1/daemon.json" >> "$1/dockerd.log" 2>&1; done';
	const over =
		options.programs === undefined
			? ''
			: `mount -t overlay overlay -o lowerdir='${options.programs}/usr':/usr /usr && `;
	const script = `${over}${loop}`;
	const words = ['--pdeathsig', 'TERM', ...separately(undefined, script, folder)];
	const keeper: ChildProcess = spawn('setpriv', words, {
		stdio: 'ignore',
		detached: true,
		env: {...process.env, PATH: systemPath, TMPDIR: folder},
	});
	const ended = endOf(keeper);
	const docker = new Docker({socketPath: socket});
	const answers = () =>
		docker.ping().then(
			() => true,
			() => false,
		);
	const signal = async (name: NodeJS.Signals) => {
		const daemon = await pid();
		if (daemon > 0) {
			process.kill(daemon, name);
		}
	};
	const pid = async () => Number(await readFile(pidFile, 'utf8').catch(() => '0'));

	const stop = async () => {
		await signal('SIGCONT');
		for (const {Id} of await docker.listContainers({all: true}).catch(() => [])) {
			await docker
				.getContainer(Id)
				.remove({force: true})
				.catch(() => {});
		}

		await writeFile(join(folder, 'over'), '');
		const daemon = await pid();
		if (daemon > 0) {
			process.kill(daemon, 'SIGTERM');
		}

		await ended;
		await removeEngineFolder(folder);
	};

	try {
		await waitUntil('the second engine to answer', answers, {seconds: 60});
		await importShell(docker, folder);
	} catch (error) {
		// It would be started again and again.
		await stop();
		throw error;
	}

	return {
		docker,
		address: `unix://${socket}`,
		async restart() {
			const before = await pid();
			process.kill(before, 'SIGTERM');
			await waitUntil(
				'the engine to be another',
				async () => {
					const now = await pid();
					return now !== before && now > 0 && (await answers());
				},
				{seconds: 60},
			);
		},
		inside: async () => ['nsenter', `--net=/proc/${await pid()}/ns/net`, '--'],
		freeze: () => signal('SIGSTOP'),
		thaw: () => signal('SIGCONT'),
		async startWriter(name, labels, restartPolicy = '') {
			const container = await docker.createContainer({
				name,
				Image: 'shell',
				Cmd: ['sh', '-c', 'trap "exit 0" TERM; i=0; while :; do i=$((i + 1)); echo "line $i"; sleep 0.1; done'],
				Labels: labels,
				HostConfig: {NetworkMode: 'none', RestartPolicy: {Name: restartPolicy}},
			});
			await container.start();
			return container.id;
		},
		stop,
	};
}

/** The files of an image of a few megabytes with little but a shell and the folders /tmp and /workspace in it. */
export async function archiveShell(archive: string): Promise<void> {
	const files = new Set<string>();
	for (const name of ['sh', 'sleep', 'mkdir', 'mv', 'rm', 'id']) {
		const program = `/bin/${name}`;
		files.add(program);
		const libraries = await command('ldd', [await realpath(program)]);
		for (const [path] of libraries.matchAll(/\/\S+/g)) {
			files.add(path);
		}
	}

	await mkdir(join(dirname(archive), 'workspace'), {recursive: true});
	// Of /tmp only the folder.
	const folders = ['--no-recursion', '/tmp', '--directory', dirname(archive), 'workspace'];
	await command('tar', ['--create', '--dereference', `--file=${archive}`, ...files, ...folders]);
}

/** The same image on an engine, named `shell`. It says that it has all that a box needs, so gpubox adds no layer. */
export async function importShell(docker: Docker, folder: string): Promise<void> {
	const archive = join(folder, 'shell.tar');
	await archiveShell(archive);
	const changes = ['LABEL gpubox.image.provides="jupyter ssh"'];
	const stream = await docker.importImage(archive, {repo: 'shell', tag: 'latest', changes});
	await new Promise((resolve, reject) => {
		docker.modem.followProgress(stream, (error: unknown) => (error ? reject(error) : resolve(undefined)));
	});
}

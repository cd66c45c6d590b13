import {spawn} from 'node:child_process';
import {chown, mkdir, mkdtemp, readdir, rm, writeFile} from 'node:fs/promises';
import {delimiter, join} from 'node:path';
import type {TestHost} from './test-host.ts';

export type Result = {
	stdout: string;
	stderr: string;
	/** Null when a signal ended it. */
	code: number | null;
	signal: NodeJS.Signals | null;
};

export type RunOptions = {
	/** Added to the person's own; `undefined` takes a variable away. */
	env?: Record<string, string | undefined>;
	/** The project folder when missing. */
	cwd?: string;
	/** What it reads from stdin; nothing when missing. */
	input?: string;
	/** Ends it. */
	signal?: AbortSignal;
	/** How; SIGTERM when missing. */
	killSignal?: NodeJS.Signals;
};

/** Someone at the workstation: a home, a project and nobody's configuration but their own. */
export type Person = {
	uid: number;
	gid: number;
	home: string;
	project: string;
	/** All of the environment that the person's programs get. */
	environment: Record<string, string>;
	/** What stands before a program of theirs that root starts: for a known person, what makes them known. */
	prefix: string[];
	/** Runs gpubox to its end on the person's behalf. */
	runGpubox(arguments_: string[], options?: RunOptions): Promise<Result>;
	/** The same for any program. */
	run(file: string, arguments_: string[], options?: RunOptions): Promise<Result>;
	/** Puts off something until `remove`. */
	atEnd(work: () => void): void;
	/** Removes the folders. Call it in `after`. */
	remove(): Promise<void>;
};

/**
Makes a person with folders of their own. `name` is for the folder's name and the USER variable. One who is `known` is also
known to the system, for programs such as ssh that look there for a home whatever HOME says. That takes root, and so does a `uid` of
their own: an account beside that of all others, which the machine must not have.
*/
export async function makePerson(
	host: TestHost,
	name = 'tester',
	{known = false, uid = host.uid}: {known?: boolean; uid?: number} = {},
): Promise<Person> {
	const {gid, program} = host;
	if (uid !== host.uid) {
		await refuseRealUser(uid);
	}

	const root = await mkdtemp(join(host.folder, `${name}-`));
	const home = join(root, 'home');
	// The name of a box comes from the name of this folder: no two persons may have the same.
	const project = join(root, 'work', `p${root.slice(-6).toLowerCase()}`);
	const xdg = {
		XDG_CONFIG_HOME: join(home, '.config'),
		XDG_CACHE_HOME: join(home, '.cache'),
		XDG_DATA_HOME: join(home, '.local/share'),
		XDG_STATE_HOME: join(home, '.local/state'),
		XDG_RUNTIME_DIR: join(root, 'runtime'),
	};
	for (const folder of [home, project, ...Object.values(xdg)]) {
		await mkdir(folder, {recursive: true, mode: 0o700});
	}

	// Of all persons with that number: the first calls of a new person compile gpubox for as long as they then run.
	const compiled = join(host.folder, `compiled-${uid}`);
	await mkdir(compiled, {recursive: true, mode: 0o700});
	if (process.getuid?.() === 0) {
		await giveAll(root, uid, gid);
		await chown(compiled, uid, gid);
	}

	const environment: Record<string, string> = {
		HOME: home,
		USER: name,
		LOGNAME: name,
		...xdg,
		DOCKER_HOST: host.address,
		PATH: [host.own?.hostPath, '/usr/local/bin:/usr/bin:/bin'].filter((part) => part !== undefined).join(delimiter),
		LANG: 'C.UTF-8',
		SHELL: '/bin/sh',
		TERM: 'xterm-256color',
		NODE_COMPILE_CACHE: compiled,
	};

	const passwd = join(root, 'passwd');
	if (known) {
		await writeFile(passwd, `root:x:0:0:root:/root:/bin/sh\n${name}:x:${uid}:${gid}::${home}:/bin/sh\n`);
	}

	// In a mount namespace of its own, where /etc/passwd is another one.
	const prefix = known
		? ['unshare', '--mount', 'sh', '-c', 'mount --bind "$1" /etc/passwd && shift && exec "$@"', 'sh', passwd]
		: [];
	const become = known ? [...prefix, 'setpriv', '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', '--'] : [];
	const run = (file: string, arguments_: string[], options: RunOptions = {}) => {
		const [first = file, ...rest] = [...become, file, ...arguments_];
		return runToEnd(first, rest, {
			cwd: options.cwd ?? project,
			env: Object.fromEntries(
				Object.entries({...environment, ...options.env}).filter(([, value]) => value !== undefined),
			) as Record<string, string>,
			input: options.input ?? '',
			...(options.signal && {signal: options.signal}),
			...(options.killSignal && {killSignal: options.killSignal}),
			...(process.getuid?.() === 0 && !known && {uid, gid}),
		});
	};

	const endings: Array<() => void> = [];
	return {
		uid,
		gid,
		home,
		project,
		environment,
		prefix,
		run,
		runGpubox: (arguments_, options) => run(program.node, [program.cli, ...arguments_], options),
		atEnd: (work) => endings.push(work),
		async remove() {
			for (const work of endings) {
				work();
			}

			await rm(root, {recursive: true, force: true});
			if (uid !== host.uid) {
				await rm(secretsOf(uid), {recursive: true, force: true});
			}
		},
	};
}

/** Where gpubox keeps secrets of a user: a folder of the machine, with the user's number in its name. */
export function secretsOf(uid: number): string {
	return `/dev/shm/gpubox-${uid}`;
}

/** @throws where the machine has a user of that number: what is theirs would be removed at the end */
async function refuseRealUser(uid: number): Promise<void> {
	const {code} = await runToEnd('getent', ['passwd', `${uid}`], {cwd: '/', env: process.env, input: ''});
	if (code === 0) {
		throw new Error(`This machine has a user with the number ${uid}, which a test wants for its own.`);
	}
}

async function giveAll(folder: string, uid: number, gid: number): Promise<void> {
	await chown(folder, uid, gid);
	for (const entry of await readdir(folder, {withFileTypes: true, recursive: true})) {
		await chown(join(entry.parentPath, entry.name), uid, gid);
	}
}

/** Runs a program to its end, as who runs the tests unless told otherwise. */
export async function runToEnd(
	file: string,
	arguments_: string[],
	{
		input,
		...options
	}: Omit<RunOptions, 'env'> & {cwd: string; env: NodeJS.ProcessEnv; input: string; uid?: number; gid?: number},
): Promise<Result> {
	const child = spawn(file, arguments_, {...options, stdio: ['pipe', 'pipe', 'pipe']});
	let stdout = '';
	let stderr = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		stdout += text;
	});
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		stderr += text;
	});
	// A program that ends without reading its input closes the pipe.
	child.stdin.on('error', () => {});
	child.stdin.end(input);
	return new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (code, signal) => resolve({stdout, stderr, code, signal}));
	});
}

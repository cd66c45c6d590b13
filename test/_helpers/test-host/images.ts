import {spawn} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdir, rm, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {Readable} from 'node:stream';
import type Docker from 'dockerode';
import {pack} from 'tar-stream';
import {command, lastLines} from './command.ts';
import {systemPath} from './packages.ts';

export type TestImages = {
	/** What a framework's image is like that brings neither Jupyter nor sshd (nor, here, a framework). */
	bare: string;
	/** The same with Jupyter, sshd and rsync. */
	jupyter: string;
};

const suite = 'bookworm';
const published = `debian:${suite}-slim`;

/** As CUDA images set them: the second shows every card of the host to whoever does not choose. */
const environment = {
	CUDA_VERSION: '12.8.1',
	NVIDIA_VISIBLE_DEVICES: 'all',
	NVIDIA_DRIVER_CAPABILITIES: 'compute,utility',
	PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
};

const settings = [
	...Object.entries(environment).map(([name, value]) => `ENV ${name}=${value}`),
	'LABEL org.opencontainers.image.title=gpubox-test',
	'CMD ["/bin/bash"]',
];

const packages = [
	'jupyter-notebook',
	'jupyter-server',
	'openssh-client',
	'openssh-server',
	'procps',
	'python3',
	'python3-venv',
	'rsync',
	'tmux',
];

const jupyterLayer = [
	'RUN apt-get update -q',
	`&& DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends ${packages.join(' ')}`,
	'&& rm -rf /var/lib/apt/lists/*',
].join(' ');

const unreadTexts = ['doc', 'groff', 'info', 'linda', 'lintian', 'locale', 'man'].map((name) => `/usr/share/${name}`);

/**
What the published image has as well: without it dpkg waits for the disk after each file, unpacks texts that no test reads, and apt
leaves 130 MB of packages and indexes in each layer. The formulas of notebooks are another 54 MB.
*/
const packageSettings: Record<string, string> = {
	'etc/dpkg/dpkg.cfg.d/docker-apt-speedup': 'force-unsafe-io\n',
	'etc/dpkg/dpkg.cfg.d/docker': [
		...[...unreadTexts, '/usr/share/javascript/mathjax'].map((folder) => `path-exclude ${folder}/*`),
		'path-include /usr/share/doc/*/copyright',
		'',
	].join('\n'),
	'etc/apt/apt.conf.d/docker-no-languages': 'Acquire::Languages "none";\n',
	'etc/apt/apt.conf.d/docker-clean': [
		'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb || true"; };',
		'Dir::Cache::pkgcache "";',
		'Dir::Cache::srcpkgcache "";',
		'',
	].join('\n'),
};

/** The names change with what the images are made of, so that a name that is there is up to date. */
function imageNames(origin: string): TestImages {
	const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12);
	const bare = `gpubox-test/bare:${hash([origin, ...settings, JSON.stringify(packageSettings)].join('\n'))}`;
	return {bare, jupyter: `gpubox-test/jupyter:${hash(`${bare}\n${jupyterLayer}`)}`};
}

/**
Builds the images that are missing, or copies them `from` an engine that has them. With a `workFolder` (and root) the base is made
from the distribution's packages alone; without one the engine pulls it.
*/
export async function prepareImages(
	docker: Docker,
	{
		workFolder,
		from,
		say,
		signal,
	}: {workFolder?: string; from?: Docker; say: (line: string) => void; signal: AbortSignal},
): Promise<TestImages> {
	const names = imageNames(workFolder === undefined ? published : suite);
	const present = new Set((await docker.listImages()).flatMap((image) => image.RepoTags ?? []));
	if (from !== undefined && Object.values(names).some((name) => !present.has(name))) {
		say('copying the images to another engine (once)');
		for (const name of Object.values(names)) {
			await progress(docker, await docker.loadImage(await from.getImage(name).get()));
		}

		return names;
	}

	if (!present.has(names.bare)) {
		say('making the base image (once, about a minute)');
		await (workFolder === undefined
			? buildImage(docker, names.bare, [`FROM ${published}`, ...settings].join('\n'), {signal})
			: importDistribution(docker, names.bare, workFolder, signal));
	}

	if (!present.has(names.jupyter)) {
		say('making the image with Jupyter and sshd (once, about a minute)');
		await buildImage(docker, names.jupyter, `FROM ${names.bare}\n${jupyterLayer}\n`, {signal});
	}

	return names;
}

async function importDistribution(
	docker: Docker,
	name: string,
	workFolder: string,
	signal: AbortSignal,
): Promise<void> {
	const root = join(workFolder, 'debootstrap');
	const make = async () => {
		signal.throwIfAborted();
		await rm(root, {recursive: true, force: true});
		await mkdir(root, {recursive: true});
		// In a mount namespace of its own: what it mounts inside cannot be left behind.
		const inside = (...words: string[]) =>
			command('unshare', ['--mount', ...words], {env: {...process.env, PATH: systemPath}, signal});
		await inside('debootstrap', '--foreign', '--variant=minbase', suite, root);
		for (const [path, text] of Object.entries(packageSettings)) {
			await mkdir(dirname(join(root, path)), {recursive: true});
			await writeFile(join(root, path), text);
		}

		await inside('chroot', root, '/debootstrap/debootstrap', '--second-stage');
	};
	try {
		// A transfer that breaks ends debootstrap; it begins anew.
		await make().catch(make);
		// The first stage unpacks its packages without those settings.
		for (const folder of ['/var/cache/apt', '/var/lib/apt/lists', ...unreadTexts]) {
			await emptyFolder(join(root, folder));
		}

		const tar = spawn('tar', ['--numeric-owner', '-C', root, '-c', '.'], {stdio: ['ignore', 'pipe', 'inherit']});
		const [repo, tag] = name.split(':') as [string, string];
		const answer = await docker.importImage(tar.stdout, {repo, tag, changes: settings});
		await progress(docker, answer);
	} finally {
		await rm(root, {recursive: true, force: true});
	}
}

async function emptyFolder(path: string): Promise<void> {
	await rm(path, {recursive: true, force: true});
	await mkdir(path, {recursive: true});
}

/** Builds an image from a Dockerfile alone. The build has the network of the engine's containers. */
export async function buildImage(
	docker: Docker,
	name: string,
	dockerfile: string,
	options: {noCache?: boolean; signal?: AbortSignal} = {},
): Promise<void> {
	const context = pack();
	context.entry({name: 'Dockerfile'}, dockerfile);
	context.finalize();
	const proxies = ['http_proxy', 'https_proxy', 'no_proxy'].flatMap((key) =>
		process.env[key] === undefined ? [] : [[key, process.env[key]]],
	);
	const answer = await docker.buildImage(Readable.from(context), {
		t: name,
		buildargs: Object.fromEntries(proxies),
		nocache: options.noCache ?? false,
		forcerm: true,
		...(options.signal && {abortSignal: options.signal}),
	});
	await progress(docker, answer);
}

/** Reads the engine's messages to the end; it reports a failure in one of them, after it has already answered 200. */
async function progress(docker: Docker, answer: NodeJS.ReadableStream): Promise<void> {
	let text = '';
	let failure: string | undefined;
	await new Promise<void>((resolve, reject) => {
		docker.modem.followProgress(
			answer,
			(error) => (error === null ? resolve() : reject(error)),
			(message: {stream?: string; error?: string}) => {
				text += message.stream ?? '';
				failure ??= message.error;
			},
		);
	});
	if (failure !== undefined) {
		throw new Error(`${failure}\n${lastLines(text)}`);
	}
}

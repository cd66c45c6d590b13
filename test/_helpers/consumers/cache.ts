/** Programs of others that read what gpubox exports: fetched once into the clone's .cache, by the test that needs one. */
import {existsSync} from 'node:fs';
import {chmod, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {command} from '../test-host/command.ts';
import {testHost} from '../test-host/test-host.ts';

const cache = fileURLToPath(new URL('../../../.cache/consumers', import.meta.url));

/**
A folder of the cache, filled the first time. Two tests may do that at once: the first to be done counts.

@param key a name that changes with what is in it
*/
async function cached(key: string, fill: (folder: string) => Promise<void>): Promise<string> {
	const folder = join(cache, key);
	if (!existsSync(folder)) {
		await mkdir(cache, {recursive: true});
		const fresh = await mkdtemp(join(cache, 'new-'));
		try {
			await fill(fresh);
			// The tests' persons run these programs too.
			await chmod(fresh, 0o755);
			await rename(fresh, folder).catch((error: NodeJS.ErrnoException) => {
				if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') {
					throw error;
				}
			});
		} finally {
			await rm(fresh, {recursive: true, force: true});
		}
	}

	return folder;
}

/** Packages of npm, with exact versions: `name@1.2.3`. @returns the folder that has node_modules */
export function npmPackages(...packages: string[]): Promise<string> {
	return cached(packages.join('+').replaceAll(/[^\w.+@-]/g, '-'), async (folder) => {
		await command('npm', [
			...['install', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'],
			...packages,
		]);
	});
}

/** A package of a distribution by its address, unpacked. */
export function unpackedDeb(url: string): Promise<string> {
	return cached(url.split('/').at(-1) ?? '', async (folder) => {
		const file = join(folder, 'package.deb');
		await command('curl', ['-fsSL', '--retry', '3', '--max-time', '120', '-o', file, url]);
		await command('dpkg-deb', ['-x', file, folder]);
		await rm(file);
	});
}

/** Packages of this machine's own distribution, unpacked into one folder and installed nowhere. */
export function unpackedPackages(key: string, packages: readonly string[]): Promise<string> {
	return cached(key, async (folder) => {
		const downloads = await mkdtemp(join(folder, 'debs-'));
		const download = () =>
			command('apt-get', ['-qq', '-o', 'Acquire::Retries=3', 'download', ...packages], {cwd: downloads});
		// The lists may be missing, or older than what the mirror has.
		await download().catch(async () => {
			await command('apt-get', ['-qq', 'update']);
			await download();
		});
		for (const file of await readdir(downloads)) {
			await command('dpkg-deb', ['-x', join(downloads, file), folder]);
		}

		await rm(downloads, {recursive: true});
	});
}

/** The package server that the base image of the tests was made from. */
export async function packageServer(): Promise<string> {
	const {address, images} = testHost();
	const env = {...process.env, DOCKER_HOST: address};
	const sources = await command('docker', ['run', '--rm', images.bare, 'cat', '/etc/apt/sources.list'], {env});
	const [, server] = /^deb (?:\[.*?\] )?(http\S+?)\/? /m.exec(sources) ?? [];
	if (server === undefined) {
		throw new Error(`${images.bare} has no package server: ${sources}`);
	}

	return server;
}

/** The words for an apt-get that knows Debian 13 alone, and keeps all that it writes in `folder`. */
async function aptOfDebian13(): Promise<string[]> {
	const folder = await cached('debian-13', async (fresh) => {
		const source = `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${await packageServer()} trixie main\n`;
		await writeFile(join(fresh, 'sources.list'), source);
		await mkdir(join(fresh, 'lists/partial'), {recursive: true});
		await command('apt-get', [...aptIn(fresh), 'update']);
	});
	return aptIn(folder);
}

function aptIn(folder: string): string[] {
	const settings = {
		'Dir::State': folder,
		'Dir::State::lists': join(folder, 'lists'),
		'Dir::State::status': '/dev/null',
		'Dir::Cache': folder,
		'Dir::Etc::sourcelist': join(folder, 'sources.list'),
		'Dir::Etc::sourceparts': '/dev/null',
		'Dir::Etc::parts': '/dev/null',
		'Dir::Etc::preferencesparts': '/dev/null',
		'Acquire::Languages': 'none',
		'Acquire::Retries': '3',
		'APT::Sandbox::User': 'root',
	};
	return ['-qq', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
}

/**
Packages of Debian 13, which brings newer programs than the oldest distribution that these tests run on, unpacked into one folder: a root of their own,
where the C library is among them.
*/
export function debian13Packages(key: string, packages: readonly string[]): Promise<string> {
	return cached(key, async (folder) => {
		const downloads = await mkdtemp(join(folder, 'debs-'));
		await command('apt-get', [...(await aptOfDebian13()), 'download', ...packages], {cwd: downloads});
		// /bin and its like are links, as on every system of today.
		for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
			await mkdir(join(folder, 'usr', name), {recursive: true});
			await symlink(join('usr', name), join(folder, name));
		}

		for (const file of await readdir(downloads)) {
			const unpack = 'dpkg-deb --fsys-tarfile "$1" | tar --extract --directory "$2" --keep-directory-symlink';
			await command('sh', ['-c', unpack, 'sh', join(downloads, file), folder]);
		}

		await rm(downloads, {recursive: true});
	});
}

/** Programs of others that read what gpubox exports: fetched once into the clone's .cache, by the test that needs one. */
import {existsSync} from 'node:fs';
import {chmod, mkdir, mkdtemp, readdir, rename, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {command} from '../test-host/command.ts';

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

import {chmod, mkdir, rm, symlink} from 'node:fs/promises';
import {join} from 'node:path';
import type {Readable} from 'node:stream';
import {text} from 'node:stream/consumers';
import type Docker from 'dockerode';
import {command} from '../test-host/command.ts';
import {debian13Packages} from './cache.ts';

/**
Imports a small image with little but Python in it, named `python`. It says that it has all that a box needs.

@param folder where its archive is made
*/
export async function importPython(docker: Docker, folder: string): Promise<void> {
	const root = await debian13Packages('python-image', [
		...['dash', 'coreutils', 'libc6', 'libgcc-s1', 'libacl1', 'libattr1', 'libselinux1', 'libpcre2-8-0', 'libgmp10'],
		...['python3-minimal', 'python3.13-minimal', 'libpython3.13-minimal', 'libpython3.13-stdlib', 'libssl3t64'],
		...['zlib1g', 'libexpat1', 'libbz2-1.0', 'liblzma5', 'libffi8', 'libuuid1', 'libcrypt1', 'libcap2', 'libsystemd0'],
	]);
	// One tree, because Podman takes no archive that has a path twice.
	const tree = join(folder, 'python');
	await command('cp', ['--archive', root, tree]);
	await rm(join(tree, 'usr/share'), {recursive: true, force: true});
	await rm(join(tree, 'usr/bin/sh'), {force: true});
	await symlink('dash', join(tree, 'usr/bin/sh'));
	for (const name of ['workspace', 'tmp']) {
		await mkdir(join(tree, name), {recursive: true});
	}

	await chmod(join(tree, 'tmp'), 0o1777);
	const archive = join(folder, 'python.tar');
	await command('tar', ['--create', `--file=${archive}`, '--directory', tree, '.']);
	const changes = ['LABEL gpubox.image.provides="jupyter ssh"', 'ENV PATH=/usr/bin'];
	const stream = await docker.importImage(archive, {repo: 'python', tag: 'latest', changes});
	await text(stream as unknown as Readable);
	await rm(tree, {recursive: true});
	await rm(archive);
}

import {existsSync} from 'node:fs';
import {mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {command} from '../test-host/command.ts';
import {removeControlGroup} from '../test-host/isolation.ts';
import {controlGroups} from '../test-host/machine.ts';
import {systemPath} from '../test-host/packages.ts';
import {archiveShell} from '../test-host/second-engine.ts';
import {debian13Packages} from './cache.ts';

// Podman plays a Job since 5.1, and Debian 12 has 4.3: the one of Debian 13 with what it needs.
const packages = [
	...[
		'podman',
		'netavark',
		'conmon',
		'runc',
		'catatonit',
		'libc6',
		'libgcc-s1',
		'zlib1g',
		'libatomic1',
		'libglib2.0-0t64',
	],
	...['libacl1', 'libassuan9', 'libattr1', 'libaudit1', 'libbsd0', 'libbz2-1.0', 'libcap-ng0', 'libcap2', 'libcrypt1'],
	...['libgpg-error0', 'libgpgme11t64', 'libmd0', 'libpam0g', 'libpcre2-8-0', 'libseccomp2', 'libselinux1'],
	...['libsemanage2', 'libsepol2', 'libsqlite3-0', 'libsubid5', 'libsystemd0'],
];

const settings = {
	'containers/containers.conf': '[engine]\ncgroup_manager="cgroupfs"\nevents_logger="file"\nruntime="runc"\n',
	'containers/policy.json': '{"default": [{"type": "insecureAcceptAnything"}]}\n',
	'containers/registries.conf': '',
	passwd: 'root:x:0:0:root:/root:/bin/sh\n',
	group: 'root:x:0:\n',
};

/** Podman's group for pods on an engine without systemd. */
const podGroups = () => controlGroups().map((root) => join(root, 'libpod_parent'));

/**
Plays a Job with podman, in a root, a network and processes of its own, and waits for its end. Root. Its image is `localhost/shell:latest`,
which has a shell and /workspace.

@param job the file that Kubernetes takes
@param secret a Secret that it refers to
@param parent where a folder is made for it
*/
export async function playJob({
	job,
	secret,
	parent,
}: {
	job: string;
	secret: string;
	parent: string;
}): Promise<{code: number; log: string}> {
	const root = await debian13Packages('podman', packages);
	for (const name of ['proc', 'sys', 'dev', 'run', 'tmp', 'etc', 'mnt', 'var/tmp', 'var/lib/containers']) {
		await mkdir(join(root, name), {recursive: true});
	}

	const folder = await mkdtemp(join(parent, 'podman-'));
	const known = podGroups().filter((group) => existsSync(group));
	try {
		for (const name of ['etc/containers', 'storage', 'files']) {
			await mkdir(join(folder, name), {recursive: true});
		}

		for (const [name, text] of Object.entries(settings)) {
			await writeFile(join(folder, 'etc', name), text);
		}

		await archiveShell(join(folder, 'files/shell.tar'));
		await writeFile(join(folder, 'files/job.yaml'), job);
		await writeFile(join(folder, 'files/secret.yaml'), secret);
		const script = fileURLToPath(new URL('podman.sh', import.meta.url));
		const apart = ['--mount', '--net', '--ipc', '--pid', '--fork', '--kill-child'];
		await command('unshare', [...apart, 'sh', script, root, folder], {
			env: {...process.env, PATH: systemPath},
			signal: AbortSignal.timeout(60_000),
		});
		return {
			code: Number(await readFile(join(folder, 'code'), 'utf8')),
			log: await readFile(join(folder, 'log'), 'utf8'),
		};
	} finally {
		for (const group of podGroups().filter((each) => !known.includes(each))) {
			await removeControlGroup(group);
		}

		await rm(folder, {recursive: true, force: true});
	}
}

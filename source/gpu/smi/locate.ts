/**
Where nvidia-smi is. A program that this PATH lacks is not a program that is not installed: logins over SSH, sudo, cron and services have
a shorter PATH than the shell of a desktop. The one list of the folders in which systems keep it.
*/
import {accessSync, constants, readFileSync, statSync} from 'node:fs';
import {delimiter, join} from 'node:path';
import {shellQuote} from '../../text/shell-quote.ts';
import {notFoundInWsl} from '../problems.ts';

/** Folders of programs on every Unix; a user's PATH often lacks those for daemons. */
export const systemFolders: readonly string[] = [
	'/usr/local/sbin',
	'/usr/local/bin',
	'/usr/sbin',
	'/usr/bin',
	'/sbin',
	'/bin',
];

type Place = {
	folder: string;
	/** The driver's libraries, where the loader does not know them. */
	libraries?: string;
};

const places: readonly Place[] = [
	...systemFolders.map((folder) => ({folder})),
	// WSL: Windows lends its driver.
	{folder: '/usr/lib/wsl/lib'},
	// The driver's own containers, and installers for container-optimised systems.
	{folder: '/usr/local/nvidia/bin', libraries: '/usr/local/nvidia/lib64'},
	{folder: '/home/kubernetes/bin/nvidia/bin', libraries: '/home/kubernetes/bin/nvidia/lib64'},
	{folder: '/var/lib/nvidia/bin', libraries: '/var/lib/nvidia/lib64'},
	{folder: '/opt/nvidia/bin', libraries: '/opt/nvidia/lib64'},
	{folder: '/opt/bin'},
	// NixOS
	{folder: '/run/current-system/sw/bin'},
	{folder: '/run/opengl-driver/bin'},
	{folder: '/run/wrappers/bin'},
	// Guix
	{folder: '/run/current-system/profile/bin'},
	// Debian's alternatives
	{folder: '/usr/lib/nvidia/current'},
	{folder: '/usr/lib/nvidia/bin'},
	{folder: '/opt/cuda/bin'},
	{folder: '/usr/local/cuda/bin'},
	{folder: '/snap/bin'},
];

function isProgram(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return statSync(path).isFile();
	} catch {
		return false;
	}
}

/** How to start a program that may be off the PATH. */
export type Located = {file: string; environment: NodeJS.ProcessEnv};

/**
A program by its name: as it is where the PATH has it, else where systems keep it. What is nowhere stays as it is, so that starting it
tells why.
*/
export function locate(
	name: string,
	environment: NodeJS.ProcessEnv,
	{where = places, has = isProgram}: {where?: readonly Place[]; has?: (path: string) => boolean} = {},
): Located {
	const path = (environment.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
	if (name.includes('/') || path.some((folder) => has(join(folder, name)))) {
		return {file: name, environment};
	}

	const place = where.find(({folder}) => has(join(folder, name)));
	if (place === undefined) {
		return {file: name, environment};
	}

	const {folder, libraries} = place;
	const known = environment.LD_LIBRARY_PATH;
	return {
		file: join(folder, name),
		environment:
			libraries === undefined
				? environment
				: {...environment, LD_LIBRARY_PATH: known ? `${known}:${libraries}` : libraries},
	};
}

/** Whether this is Windows Subsystem for Linux, where Windows has the driver. */
export function isWsl(read: (path: string) => string = (path) => readFileSync(path, 'utf8')): boolean {
	try {
		return /microsoft/i.test(read('/proc/version'));
	} catch {
		return false;
	}
}

/**
The same search as one word of a command line for ssh, to which the arguments are added. Every login shell reads it alike, because all
of it is in single quotes for `sh`.
*/
export function remoteCommand(name: string): string {
	const libraries = places.flatMap((place) =>
		place.libraries === undefined
			? []
			: [
					`${join(place.folder, name)}) LD_LIBRARY_PATH="$LD_LIBRARY_PATH:${place.libraries}"; export LD_LIBRARY_PATH;;`,
				],
	);
	const script = [
		`PATH="$PATH:${places.map(({folder}) => folder).join(':')}"; export PATH`,
		`tool=$(command -v ${name})`,
		`case "$tool" in ${libraries.join(' ')} "") if grep -qi microsoft /proc/version; then echo "${notFoundInWsl}"; exit 127; fi;; esac`,
		`exec ${name} "$@"`,
	].join('; ');
	return `sh -c ${shellQuote(script)} ${name}`;
}

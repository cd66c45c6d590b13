import {exitCode, Failure} from '../../base/failure.ts';
import type {Engine, EngineInfo} from '../../engine/engine.ts';
import type {Person} from '../../host/host.ts';
import type {BoxRequest} from './types.ts';

/**
The capabilities of root in a box with --sudo: those that installing packages needs, and none that reach out of a container or into
its network (no MKNOD, NET_RAW, SYS_ADMIN, SYS_PTRACE).
*/
export const sudoCapabilities = [
	'AUDIT_WRITE',
	'CHOWN',
	'DAC_OVERRIDE',
	'FOWNER',
	'FSETID',
	'KILL',
	'SETFCAP',
	'SETGID',
	'SETPCAP',
	'SETUID',
	'SYS_CHROOT',
];

/**
An engine with userns-remap keeps the files of images as those of other users, also for a box that runs outside of that mapping: its
sudo does not belong to root there.

@throws Failure (usage)
*/
export function refuseSudoOfRemapped(
	{remapsUsers}: Pick<EngineInfo, 'remapsUsers'>,
	{sudo}: Pick<BoxRequest, 'sudo'>,
): void {
	if (remapsUsers && sudo) {
		throw new Failure(
			"--sudo does not work on this engine: it maps users (userns-remap), and sudo would not be root's.",
			{
				fix: 'Omit --sudo; packages can be added with packages in gpubox.yaml.',
				exitCode: exitCode.usage,
			},
		);
	}
}

const folder = '/etc/sudoers.d';
const file = 'gpubox';

/** Where sudo is looked for. */
const programs = ['/usr/bin/sudo', '/usr/local/bin/sudo', '/bin/sudo', '/usr/sbin/sudo', '/usr/local/sbin/sudo'];

/**
Lets the user of a box that was created and never started become root inside without a password. The engine itself writes the file:
with a command in the box, a program of the image would run as root, whatever sudo it has; a mounted file would not belong to root,
which sudo requires.

This happens before the first start, when no program of the image can interfere: what was checked is still true when the file is
written. An image in which the folder is a link, or is below a mount of the box, gets no file: the engine would follow it to the host.
*/
export async function placeSudoers(
	engine: Engine,
	id: string,
	{uid}: Pick<Person, 'uid'>,
	signal?: AbortSignal,
): Promise<void> {
	const parts = ['/etc', folder, `${folder}/${file}`];
	const [etc, own, there] = await Promise.all(parts.map((path) => engine.kindOfFile(id, path, signal)));
	const mounts = (await engine.inspectContainer(id, signal))?.mounts ?? [];
	const isSafe =
		etc === 'folder' &&
		own === 'folder' &&
		there !== 'folder' &&
		!mounts.some(({target}) => isAtOrBelow(`${folder}/${file}`, target));
	if (isSafe) {
		// The uid as a number: sudo may resolve a name differently.
		const content = `#${uid} ALL=(ALL:ALL) NOPASSWD: ALL\n`;
		await engine.putFiles(id, folder, [{path: file, content, mode: 0o440}], signal);
	}
}

/** Whether a box has sudo and its user may use it. */
export async function hasSudo(engine: Engine, id: string, signal?: AbortSignal): Promise<boolean> {
	// Behind a link it would be another file of that name.
	const [own, there] = await Promise.all(
		[folder, `${folder}/${file}`].map((path) => engine.kindOfFile(id, path, signal)),
	);
	if (own !== 'folder' || there !== 'file') {
		return false;
	}

	const found = await Promise.all(programs.map((path) => engine.kindOfFile(id, path, signal)));
	return found.some((kind) => kind === 'file' || kind === 'link');
}

function isAtOrBelow(path: string, other: string): boolean {
	const end = other.endsWith('/') ? other : `${other}/`;
	return `${path}/`.startsWith(end);
}

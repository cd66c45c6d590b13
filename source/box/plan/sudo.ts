import type {Engine} from '../../engine/engine.ts';
import type {Person} from '../../host/host.ts';

/**
What root may do in a box made with --sudo: what installing packages takes, and none of what reaches out of a container or
into its network (no MKNOD, NET_RAW, SYS_ADMIN, SYS_PTRACE).
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

const folder = '/etc/sudoers.d';
const file = 'gpubox';

/** Where sudo is looked for. */
const programs = ['/usr/bin/sudo', '/usr/local/bin/sudo', '/bin/sudo', '/usr/sbin/sudo', '/usr/local/sbin/sudo'];

/**
Lets the user of a box that was created and never started become root inside without a password. The engine itself puts the file
there: by a command in the box, a program of the image would run as root, whatever sudo it has; by a mounted file it would not be
root's, which sudo insists on.

Before the first start, because then nothing of the image can be in the way: what was looked at is still so when the file is put.
An image whose folder is a link, or lies below what the box has mounted, gets none: the engine would follow it, to the host.
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
		// By number: a name may mean something else to sudo.
		const content = `#${uid} ALL=(ALL:ALL) NOPASSWD: ALL\n`;
		await engine.putFiles(id, folder, [{path: file, content, mode: 0o440}], signal);
	}
}

/** Whether a box has sudo, and its user may use it. */
export async function hasSudo(engine: Engine, id: string, signal?: AbortSignal): Promise<boolean> {
	// Through a link it would be another file of that name.
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

import type {Engine} from '../engine/engine.ts';
import {execOwn} from '../engine/run-once.ts';
import type {Box} from './box.ts';

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

const script = `
command -v sudo >/dev/null || exit 3
umask 0337
rm -f /etc/sudoers.d/gpubox
printf '%s ALL=(ALL:ALL) NOPASSWD: ALL\\n' "$1" >/etc/sudoers.d/gpubox
`;

/**
Lets the box's user become root inside without a password. By a command of root's in the box and not by a mounted file, because
sudo reads only files that belong to root, and gpubox cannot make one on the host.

@returns false when the image has no sudo
*/
export async function allowSudo(engine: Engine, box: Pick<Box, 'id' | 'user'>): Promise<boolean> {
	const command = ['sh', '-euc', script, 'sh', box.user];
	return (await execOwn(engine, box.id, command, {user: '0', workingDirectory: '/'})).exitCode === 0;
}

/** Why a machine gave no answer, in one line, from what ssh, the engine or nvidia-smi said. Pure. */
import {cutText} from '../../text/layout/cut.ts';
import {safeText} from '../../text/safe.ts';
import type {Unknown} from './facts.ts';

type Known = {
	/** As ssh (OpenSSH 8 to 10), the resolver or docker's command print it. */
	pattern: RegExp;
	why: (match: RegExpExecArray) => string;
	fix: (name: string) => string;
};

const tryIt = (name: string) => `Try it by hand: ssh ${name}`;

const known: readonly Known[] = [
	{
		pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED|host key for .* has changed/i,
		why: () => 'its host key has changed',
		fix: (name) => `If it was installed again, remove the old key: ssh-keygen -R ${name}`,
	},
	{
		pattern: /Host key verification failed/i,
		why: () => 'its host key is not known',
		fix: (name) => `Log in once and check the key: ssh ${name}`,
	},
	{
		pattern: /Permission denied \(([\w,@.-]+)\)/i,
		why: ([, methods]) => `the login was refused (${methods})`,
		fix: () => 'Add your key there (ssh-copy-id), or load it into the agent: ssh-add',
	},
	{
		pattern: /Could not resolve hostname (\S+?):/i,
		why: ([, name]) => `no host has the name ${name}`,
		fix: () => 'Check the name in the setting hosts, or add it to ~/.ssh/config.',
	},
	{
		pattern: /Connection refused/i,
		why: () => 'the connection was refused',
		fix: (name) => `Check that sshd, or the engine, runs there. ${tryIt(name)}`,
	},
	{
		pattern: /No route to host|Network is unreachable|Connection timed out|Operation timed out/i,
		why: ([text]) => text.toLowerCase(),
		fix: () => 'Check that the machine is up and on this network.',
	},
	{
		pattern: /Connection (?:to \S+ )?(?:closed|reset) by|Broken pipe|kex_exchange_identification/i,
		why: () => 'the connection was closed',
		fix: tryIt,
	},
	{
		pattern: /docker: (?:command )?not found|docker: No such file or directory/i,
		why: () => 'docker is not installed there, or not on the PATH of a login over ssh',
		fix: (name) => `See what that PATH is: ssh ${name} 'echo $PATH'`,
	},
	{
		pattern: /permission denied while trying to connect to the Docker daemon socket/i,
		why: () => 'you may not use its Docker Engine',
		fix: () => 'Join the group there and log in again: sudo usermod -aG docker "$USER"',
	},
	{
		pattern: /Cannot connect to the Docker daemon|docker daemon is not running|failed to connect to the docker API/i,
		why: () => 'its Docker Engine does not run',
		fix: () => 'Start it there: sudo systemctl start docker',
	},
	{
		pattern: /connect (?:ENOENT|ECONNREFUSED) \//,
		why: () => 'no Docker Engine runs there',
		fix: () => 'Start it: sudo systemctl start docker. To find out more: gpubox doctor',
	},
	{
		pattern: /connect (?:EACCES|EPERM) \//,
		why: () => 'you may not use its Docker Engine',
		fix: () => 'Join its group and log in again: sudo usermod -aG docker "$USER"',
	},
	{
		pattern: /(?:spawn ssh|ssh:) ENOENT/,
		why: () => 'ssh is not installed on this machine',
		fix: () => 'Install the OpenSSH client.',
	},
	{
		pattern: /connect ETIMEDOUT|connect EHOSTUNREACH|connect ENETUNREACH/,
		why: () => 'it cannot be reached',
		fix: () => 'Check that the machine is up and on this network.',
	},
	{
		pattern: /connect ECONNREFUSED/,
		why: () => 'the connection was refused',
		fix: () => 'Check that the engine listens there.',
	},
	{
		pattern: /getaddrinfo \w+ (\S+)/,
		why: ([, name]) => `no host has the name ${name}`,
		fix: () => 'Check the name in the setting hosts.',
	},
];

/** Characters of an unknown reason that are shown. */
const longestReason = 160;

/** @param name of the machine, as ssh takes it */
export function whyNot(text: string, name: string): Unknown {
	const plain = safeText(text);
	for (const {pattern, why, fix} of known) {
		const match = pattern.exec(plain);
		if (match) {
			return {why: why(match), fix: fix(safeText(name))};
		}
	}

	return {why: cutText(plain, longestReason) || 'it gave no reason', fix: tryIt(safeText(name))};
}

export function tooLate(limitMs: number): Unknown {
	return {
		why: `no answer within ${limitMs / 1000} s`,
		fix: 'It may be busy, or down. To wait longer: gpubox hosts --timeout 10',
	};
}

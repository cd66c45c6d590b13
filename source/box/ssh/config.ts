import {namePattern} from '../box.ts';
import type {LoginKeys} from './login-keys.ts';

/** A box that the user's ssh should know by name. */
export type SshBox = {
	name: string;
	host: string;
	port: number;
	/** The user inside. */
	user: string;
	/** `ssh-ed25519 AAAA…` */
	hostKey: string;
	keys: Pick<LoginKeys, 'identityFiles' | 'only'>;
	/** Its server asks for a password. */
	password?: true;
};

/** The content of the user's ~/.ssh; undefined means that there is no such file. */
export type SshFiles = {
	/** The user's `config`. */
	config: string | undefined;
	/** gpubox's file of hosts. */
	hosts: string | undefined;
	/** gpubox's file of their host keys. */
	knownHosts: string | undefined;
};

/** gpubox's files in ~/.ssh. */
export const sshFileNames = {config: 'config', hosts: 'gpubox.config', knownHosts: 'gpubox_known_hosts'} as const;

const include = `Include ${sshFileNames.hosts}`;
const preface = '# Managed by gpubox. Do not edit: changes are overwritten.\n';

/**
What the user's ssh files should contain. In the user's own config only the Include line changes: it comes first, because ssh uses the
first value it finds, and is removed with the last box.

@param engine where the boxes are; the entries for boxes of other engines are kept
@param boxes all of the user's boxes on that engine that offer SSH
*/
export function planSshFiles(current: SshFiles, engine: string, boxes: SshBox[], folder: string): SshFiles {
	const hosts = replaceSection(current.hosts, engine, boxes.map((box) => hostBlock(box, folder)).join('\n'));
	const knownHosts = replaceSection(
		current.knownHosts,
		engine,
		boxes.map((box) => `${alias(box)} ${box.hostKey}\n`).join(''),
	);
	return {
		hosts,
		knownHosts,
		config: hosts === undefined ? withoutInclude(current.config) : withInclude(current.config),
	};
}

/**
Whether a box can be written into ssh's files without changing their meaning: a single line with a stray blank or quote makes ssh refuse
the whole file, and with it every other host of the user.
*/
export function isSafeForSsh({name, host, port, user, hostKey, keys}: SshBox): boolean {
	return (
		namePattern.test(name) &&
		/^[\da-f.:]{2,45}$/i.test(host) &&
		Number.isInteger(port) &&
		port > 0 &&
		port < 65_536 &&
		/^[\w.][\w.-]{0,99}$/.test(user) &&
		/^(?:ssh|ecdsa)-[\w@.-]+ [\w+/]+=*$/.test(hostKey) &&
		keys.identityFiles.every((path) => path.startsWith('/') && !/["\p{Cc}]/u.test(path))
	);
}

function hostBlock(box: SshBox, folder: string): string {
	const lines = [
		`Host ${box.name} ${alias(box)}`,
		`HostName ${box.host}`,
		`Port ${box.port}`,
		`User ${box.user}`,
		...box.keys.identityFiles.map((path) => `IdentityFile ${quote(path)}`),
		...(box.keys.only ? ['IdentitiesOnly yes'] : []),
		// Otherwise the server would count each of the user's keys as a failed attempt before the password.
		...(box.password ? ['PreferredAuthentications keyboard-interactive,password'] : []),
		// The key belongs to the box, whichever box had this port before.
		`HostKeyAlias ${alias(box)}`,
		`UserKnownHostsFile ${quote(`${folder}/${sshFileNames.knownHosts}`)}`,
		'StrictHostKeyChecking yes',
		'UpdateHostKeys no',
		'CheckHostIP no',
		// A `Host *` entry of the user with a jump host is not meant for boxes.
		'ProxyJump none',
	];
	return `${lines.join('\n\t')}\n`;
}

function alias({name}: Pick<SshBox, 'name'>): string {
	return `gpubox-${name}`;
}

function quote(path: string): string {
	// In ssh's config a percent sign starts a token.
	return `"${path.replaceAll('%', '%%')}"`;
}

/** Replaces the file's section for `engine` with `body`. Undefined when no section is left. */
function replaceSection(text: string | undefined, engine: string, body: string): string | undefined {
	const mark = '# Boxes of ';
	const sections = new Map<string, string>();
	for (const section of (text ?? '').split(/^(?=# Boxes of )/m)) {
		const [head = '', ...rest] = section.split('\n');
		if (head.startsWith(mark)) {
			sections.set(head.slice(mark.length), rest.join('\n'));
		}
	}

	sections.delete(engine);
	if (body !== '') {
		sections.set(engine, body);
	}

	const parts = [...sections]
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([name, content]) => `${mark}${name}\n${content}`);
	return parts.length === 0 ? undefined : preface + parts.join('');
}

function withInclude(config: string | undefined): string {
	return config === undefined || !hasInclude(config) ? `${include}\n${config ?? ''}` : config;
}

/** Undefined when the file had only this line, so that gpubox created it. */
function withoutInclude(config: string | undefined): string | undefined {
	if (config === undefined || !hasInclude(config)) {
		return config;
	}

	const rest = config.replace(new RegExp(`^${include}\n?`, 'm'), '');
	return rest === '' ? undefined : rest;
}

function hasInclude(config: string): boolean {
	return new RegExp(`^${include}$`, 'm').test(config);
}

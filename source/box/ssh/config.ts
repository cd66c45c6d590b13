import {namePattern} from '../box.ts';
import type {LoginKeys} from './login-keys.ts';

/** A box that the person's own ssh should know by name. */
export type SshBox = {
	name: string;
	host: string;
	port: number;
	/** Who one is inside. */
	user: string;
	/** `ssh-ed25519 AAAA…` */
	hostKey: string;
	keys: Pick<LoginKeys, 'identityFiles' | 'only'>;
	/** Its server asks for one. */
	password?: true;
};

/** What stands in the person's ~/.ssh; undefined means that there is no such file. */
export type SshFiles = {
	/** The person's own `config`. */
	config: string | undefined;
	/** gpubox's file of hosts. */
	hosts: string | undefined;
	/** gpubox's file of their keys. */
	knownHosts: string | undefined;
};

/** gpubox's files in ~/.ssh. */
export const sshFileNames = {config: 'config', hosts: 'gpubox.config', knownHosts: 'gpubox_known_hosts'} as const;

const include = `Include ${sshFileNames.hosts}`;
const preface = '# Written by gpubox whenever a box comes or goes; what is changed here is lost.\n';

/**
What the person's ssh files should hold. Of the person's own config nothing changes but the Include line: it stands first,
because ssh takes the first value it finds, and goes when the last box has gone.

@param engine where the boxes are; what the files say of other engines' boxes stays
@param boxes all of the person's boxes on that engine that offer SSH
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
Whether a box can be written into ssh's files without becoming something else there: one line with a blank or a quote too many
makes ssh refuse the whole file, and with it every other host of the person's.
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
		// Before the password the server would count every key of the person's as a failed attempt.
		...(box.password ? ['PreferredAuthentications keyboard-interactive,password'] : []),
		// The key belongs to the box, whatever box had this port before.
		`HostKeyAlias ${alias(box)}`,
		`UserKnownHostsFile ${quote(`${folder}/${sshFileNames.knownHosts}`)}`,
		'StrictHostKeyChecking yes',
		'UpdateHostKeys no',
		'CheckHostIP no',
		// A `Host *` of the person's that jumps over another machine does not mean this one.
		'ProxyJump none',
	];
	return `${lines.join('\n\t')}\n`;
}

function alias({name}: Pick<SshBox, 'name'>): string {
	return `gpubox-${name}`;
}

function quote(path: string): string {
	// A percent sign begins a token of ssh's.
	return `"${path.replaceAll('%', '%%')}"`;
}

/** Puts `body` in the place of what the file says of `engine`. Undefined when nothing of any engine is left. */
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

/** Undefined when the line was all there was, so that the file was gpubox's. */
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

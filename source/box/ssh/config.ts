import {namePattern} from '../box.ts';
import {hostKeyAlias, type SshBox, type SshVersion, sshOptions} from './options.ts';

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

/** The line in the user's config that makes ssh read gpubox's file. */
export const includeLine = `Include ${sshFileNames.hosts}`;
const preface = '# Managed by gpubox. Do not edit: changes are overwritten.\n';

/**
What the user's ssh files should contain. In the user's own config only the Include line changes: it comes first, because ssh uses the
first value it finds, and is removed with the last box.

@param where.engine where the boxes are; the entries for boxes of other engines are kept
@param where.folder the user's ~/.ssh
@param where.version of the client that will read them
@param boxes all of the user's boxes on that engine that offer SSH
*/
export function planSshFiles(
	current: SshFiles,
	{engine, folder, version}: {engine: string; folder: string; version: SshVersion},
	boxes: SshBox[],
): SshFiles {
	const knownHostsFile = `${folder}/${sshFileNames.knownHosts}`;
	const block = (box: SshBox) =>
		`${[`Host ${box.name} ${hostKeyAlias(box)}`, ...sshOptions(box, knownHostsFile, version)].join('\n\t')}\n`;
	const hosts = replaceSection(current.hosts, engine, boxes.map(block).join('\n'));
	const knownHosts = replaceSection(current.knownHosts, engine, boxes.map(knownHostsLine).join(''));
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
export function isSafeForSsh({name, host, port, user, hostKey, identityFiles}: SshBox): boolean {
	return (
		namePattern.test(name) &&
		/^[\da-f.:]{2,45}$/i.test(host) &&
		Number.isInteger(port) &&
		port > 0 &&
		port < 65_536 &&
		/^[\w.][\w.-]{0,99}$/.test(user) &&
		/^(?:ssh|ecdsa)-[\w@.-]+ [\w+/]+=*$/.test(hostKey) &&
		identityFiles.every((path) => path.startsWith('/') && !/["\p{Cc}]/u.test(path))
	);
}

/** A box's line in a known_hosts file. */
export function knownHostsLine(box: SshBox): string {
	return `${hostKeyAlias(box)} ${box.hostKey}\n`;
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
	return config === undefined || !hasInclude(config) ? `${includeLine}\n${config ?? ''}` : config;
}

/** Undefined when the file had only this line, so that gpubox created it. */
function withoutInclude(config: string | undefined): string | undefined {
	if (config === undefined || !hasInclude(config)) {
		return config;
	}

	const lines = config.split('\n');
	const at = lines.indexOf(includeLine);
	const rest = lines.toSpliced(at === -1 ? lines.length : at, 1).join('\n');
	return rest === '' ? undefined : rest;
}

/** Also as its owner writes it: with a path, in another case, beside other files. */
function hasInclude(config: string): boolean {
	// Only a line feed ends a line for ssh, where a regular expression knows more that do.
	return config.split('\n').some((line) => /^\s*include\s+(?:[^#]*[\s"/])?gpubox\.config(?=["\s]|$)/i.test(line));
}

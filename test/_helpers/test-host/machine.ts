import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {homedir} from 'node:os';
import {join} from 'node:path';
import {command} from './command.ts';
import {systemPath} from './packages.ts';

const environment = {env: {...process.env, PATH: systemPath, LC_ALL: 'C.UTF-8'}};

/**
What an engine writes to beside the folders it is given; its containerd and its plugins have fixed places. Where one is missing it is
made and stays, empty: removing it would take the mounts away that other engines of tests have there.
*/
export const fixedFolders = ['/etc/docker', '/opt/containerd', '/run/containerd', '/run/docker'];

/**
What of this machine an engine could change, a line each: links, addresses, routes, firewall rules, kernel settings, accounts,
and what lies in the folders that engines use. The order of rules is theirs; two calls on an unchanged machine give the same.
*/
export async function machineState(): Promise<string[]> {
	const [links, addresses, routes, rules, rules6] = await Promise.all([
		command('ip', ['-json', 'link'], environment).then(describeLinks),
		command('ip', ['-json', '-4', 'address'], environment).then(describeAddresses),
		command('ip', ['-4', 'route', 'show', 'table', 'all'], environment),
		command('iptables-save', [], environment).then(describeRules),
		command('ip6tables-save', [], environment).then(describeRules),
	]);
	return [
		...links,
		...addresses,
		...lines(routes).map((route) => `route ${route.trim().replace(/ linkdown$/, '')}`),
		...rules.map((rule) => `rule ${rule}`),
		...rules6.map((rule) => `rule of IPv6 ${rule}`),
		...kernelSettings(),
		...['passwd', 'group'].flatMap((file) =>
			lines(readFileSync(`/etc/${file}`, 'utf8')).map((line) => `/etc/${file} ${line}`),
		),
		...['/run', ...fixedFolders, ...controlGroups()].flatMap(namesIn),
		...ownFiles(),
	];
}

/** What gpubox keeps in root's own home. Tests have homes of their own: a change is one that forgot, or root at work with gpubox meanwhile. */
function ownFiles(): string[] {
	const home = homedir();
	return process.getuid?.() === 0
		? ['.config/gpubox', '.local/share/gpubox', '.local/state/gpubox'].flatMap((folder) => {
				const path = join(home, folder);
				return existsSync(path)
					? readdirSync(path, {recursive: true, encoding: 'utf8'}).map((name) => `${path} ${name}`)
					: [];
			})
		: [];
}

/** What is no longer there (`- …`) and what is new (`+ …`). */
export function differences(before: string[], after: string[]): string[] {
	return [
		...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
		...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
	];
}

/**
Whether a difference may well be somebody else's doing: on a workstation in use, containers and networks that somebody made for them
come and go while tests run, and so do the test hosts of other clones and what lies in /run.

@param hash as in the names of this clone's test host
*/
export function isElsewhere(line: string, hash: string): boolean {
	return (
		/\bveth|\bbr-[0-9a-f]{12}\b|\b\d+\.\d+\.\d+\.\d+\/32\b|--to-destination/.test(line) ||
		new RegExp(`gpubox(?:-test-)?(?!${hash})[0-9a-f]{8}`).test(line) ||
		/^. \/run (?!gpubox)/.test(line)
	);
}

type Link = {ifname: string; flags: string[]; master?: string};

function describeLinks(json: string): string[] {
	return (JSON.parse(json) as Link[]).map(
		({ifname, flags, master}) =>
			`link ${ifname} ${flags.includes('UP') ? 'up' : 'down'}${master === undefined ? '' : ` in ${master}`}`,
	);
}

function describeAddresses(json: string): string[] {
	type Entry = {ifname: string; addr_info: Array<{local: string; prefixlen: number}>};
	return (JSON.parse(json) as Entry[]).flatMap(({ifname, addr_info}) =>
		addr_info.map(({local, prefixlen}) => `address ${ifname} ${local}/${prefixlen}`),
	);
}

/** Without counters and dates, and without tables in which nothing is: looking at one makes it. */
function describeRules(saved: string): string[] {
	return saved
		.split(/^(?=\*)/m)
		.filter((table) => table.startsWith('*'))
		.flatMap((table) => {
			const [name = '', ...rest] = lines(table).filter((line) => !line.startsWith('#') && line !== 'COMMIT');
			const rules = rest.map((line) => line.replace(/ \[\d+:\d+\]$/, ''));
			return rules.every((rule) => /^:[A-Z]+ ACCEPT$/.test(rule))
				? []
				: rules.map((rule) => `${name.slice(1)} ${rule}`);
		});
}

function kernelSettings(): string[] {
	const folders = ['net/ipv4/conf/all', 'net/ipv4/conf/default', 'net/ipv6/conf/all', 'net/ipv6/conf/default'];
	const files = [
		...['net/ipv4/ip_forward', 'kernel/keys/root_maxkeys', 'kernel/keys/root_maxbytes'],
		...[...folders, 'net/bridge'].flatMap((folder) =>
			names(join('/proc/sys', folder)).map((name) => join(folder, name)),
		),
	];
	return files.flatMap((file) => {
		try {
			return [`${file} ${readFileSync(join('/proc/sys', file), 'utf8').trim()}`];
		} catch {
			// Some can only be written, or are missing from this kernel.
			return [];
		}
	});
}

/** Where control groups of a container may begin: cgroup v2, or each controller of v1. */
export function controlGroups(): string[] {
	const root = '/sys/fs/cgroup';
	return names(root).includes('cgroup.procs') ? [root] : names(root).map((name) => join(root, name));
}

function namesIn(folder: string): string[] {
	return names(folder)
		.filter((name) => !folder.startsWith('/sys/') || /docker|gpubox/.test(name))
		.map((name) => `${folder} ${name}`);
}

/** Sorted; none where there is no such folder. */
function names(folder: string): string[] {
	try {
		return readdirSync(folder).sort();
	} catch {
		return [];
	}
}

function lines(text: string): string[] {
	return text.split('\n').filter((line) => line !== '');
}

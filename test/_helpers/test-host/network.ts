import {readFileSync, writeFileSync} from 'node:fs';
import {networkInterfaces} from 'node:os';
import {command, succeeds} from './command.ts';
import {systemPath} from './packages.ts';

/** A bridge of the test host's own, and the addresses its containers get. */
export type Network = {
	bridge: string;
	/** 4096 addresses: the first 256 for the bridge, the others for networks that tests make. */
	range: string;
	remove(): Promise<void>;
};

type Range = {first: number; last: number};

const environment = {env: {...process.env, PATH: systemPath}};

/**
Makes a bridge and lets its containers out. The engine is told to leave iptables alone: its start would throw away the rules of
another engine on the same machine, and with them the ports that engine has published.
*/
export async function makeNetwork(bridge: string, seed: number): Promise<Network> {
	await removeNetwork(bridge);
	const taken = await takenRanges();
	const start = freeRange(seed, taken);
	const range = `${dotted(start)}/20`;

	await command('ip', ['link', 'add', bridge, 'type', 'bridge'], environment);
	await command('ip', ['address', 'add', `${dotted(start + 1)}/24`, 'dev', bridge], environment);
	await command('ip', ['link', 'set', bridge, 'up'], environment);
	await letPacketsPass(bridge);
	const comment = ['-m', 'comment', '--comment', bridge];
	const accept = [...comment, '-j', 'ACCEPT'];
	await command('iptables', ['-w', '-I', 'FORWARD', '-s', range, ...accept], environment);
	await command('iptables', ['-w', '-I', 'FORWARD', '-d', range, ...accept], environment);
	await command(
		'iptables',
		['-w', '-t', 'nat', '-A', 'POSTROUTING', '-s', range, '!', '-d', range, ...comment, '-j', 'MASQUERADE'],
		environment,
	);
	return {bridge, range, remove: () => removeNetwork(bridge)};
}

/**
Also what an earlier run left: the rules are found by the bridge's name in their comment, and the bridges of networks that tests made
by the range in the rules. The engine is gone by now.
*/
export async function removeNetwork(bridge: string): Promise<void> {
	const ranges = new Set<string>();
	for (const table of ['filter', 'nat']) {
		const rules = await command('iptables', ['-w', '-t', table, '-S'], environment);
		for (const rule of rules.split('\n').filter((line) => line.includes(`--comment ${bridge} `))) {
			ranges.add(/ -s (\S+)/.exec(rule)?.[1] ?? '');
			await command('iptables', ['-w', '-t', table, '-D', ...rule.split(' ').slice(1)], environment);
		}
	}

	for (const range of ranges) {
		const addresses =
			range === '' ? '' : await command('ip', ['-o', '-4', 'address', 'show', 'to', range], environment);
		for (const [, name = ''] of addresses.matchAll(/^\d+: (br-\S+)/gm)) {
			await command('ip', ['link', 'delete', name], environment);
		}
	}

	if (await succeeds('ip', ['link', 'show', bridge], environment)) {
		const {before} = /\balias forwarding:(?<before>\S+)/.exec(await showLink(['dev', bridge]))?.groups ?? {};
		await command('ip', ['link', 'delete', bridge], environment);
		// Another bridge may be that of an engine that has come since, found forwarding on, and needs it.
		if (before !== undefined && (await showLink(['type', 'bridge'])) === '') {
			setForwarding(before.split(','));
		}
	}
}

const showLink = (which: string[]) => command('ip', ['-o', 'link', 'show', ...which], environment);

/** Turning forwarding on or off sets the second one, too. */
const forwarding = ['/proc/sys/net/ipv4/ip_forward', '/proc/sys/net/ipv4/conf/all/accept_redirects'];

/** What was set before is kept with the bridge, and so found by the next run when this one is killed. */
async function letPacketsPass(bridge: string): Promise<void> {
	const [isOn, ...others] = forwarding.map((file) => readFileSync(file, 'utf8').trim());
	if (isOn !== '1') {
		await command('ip', ['link', 'set', bridge, 'alias', `forwarding:${[isOn, ...others].join(',')}`], environment);
		setForwarding(['1', ...others]);
	}
}

function setForwarding(values: string[]): void {
	for (const [index, file] of forwarding.entries()) {
		writeFileSync(file, values[index] ?? '');
	}
}

/** One of the 512 ranges of 4096 addresses from 10.192.0.0 on; `seed` says which is tried first. */
function freeRange(seed: number, taken: Range[]): number {
	for (let attempt = 0; attempt < 512; attempt++) {
		const first = numeric('10.192.0.0') + ((seed + attempt) % 512) * 4096;
		if (taken.every((range) => range.last < first || range.first > first + 4095)) {
			return first;
		}
	}

	throw new Error('Every address range that the test host could use is taken on this machine.');
}

/** A route to more than this (a VPN's 10.0.0.0/8) does not keep a narrower one from working. */
const widest = 2 ** 20;

async function takenRanges(): Promise<Range[]> {
	const routes = await command('ip', ['-4', 'route', 'show', 'table', 'all'], environment);
	const addresses = [
		...routes.matchAll(/\b\d+\.\d+\.\d+\.\d+(?:\/\d+)?/g),
		// Name servers are reached through the default route, which says nothing of where they are.
		...readFileSync('/etc/resolv.conf', 'utf8').matchAll(/\b\d+\.\d+\.\d+\.\d+/g),
	].map(([address]) => address);
	for (const list of Object.values(networkInterfaces())) {
		addresses.push(...(list ?? []).flatMap(({family, cidr}) => (family === 'IPv4' && cidr !== null ? [cidr] : [])));
	}

	return addresses
		.map((address) => {
			const [base = '', bits = '32'] = address.split('/');
			const size = 2 ** (32 - Number(bits));
			const first = Math.floor(numeric(base) / size) * size;
			return {first, last: first + size - 1};
		})
		.filter(({first, last}) => last - first < widest);
}

function numeric(address: string): number {
	return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function dotted(address: number): string {
	return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

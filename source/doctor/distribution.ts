import {safeText} from '../text/safe.ts';

/** Which system the host runs, as far as it decides how things are installed. */
export type Distribution = {
	/** As a person calls it: `Ubuntu 24.04.1 LTS`. */
	name: string;
	/** Undefined for a system whose packages gpubox does not know. */
	family: 'ubuntu' | 'debian' | 'fedora' | 'rhel' | 'suse' | 'arch' | undefined;
};

const families: Record<string, Distribution['family']> = {
	ubuntu: 'ubuntu',
	debian: 'debian',
	fedora: 'fedora',
	rhel: 'rhel',
	centos: 'rhel',
	rocky: 'rhel',
	almalinux: 'rhel',
	suse: 'suse',
	opensuse: 'suse',
	'opensuse-leap': 'suse',
	'opensuse-tumbleweed': 'suse',
	sles: 'suse',
	arch: 'arch',
};

/** Reads /etc/os-release. A system that is not known by itself counts as the nearest of those that it says it is like. */
export function parseOsRelease(text: string | undefined): Distribution {
	const values = new Map<string, string>();
	for (const line of (text ?? '').split('\n')) {
		const [, key, value] = /^([A-Z_]+)=(.*)$/.exec(line.trim()) ?? [];
		if (key !== undefined && value !== undefined) {
			values.set(key, value.replace(/^(["'])(.*)\1$/, '$2'));
		}
	}

	const ids = [values.get('ID') ?? '', ...(values.get('ID_LIKE') ?? '').split(/\s+/)];
	return {
		name: safeText(values.get('PRETTY_NAME') ?? values.get('NAME') ?? 'this system'),
		family: ids.map((id) => families[id.toLowerCase()]).find((family) => family !== undefined),
	};
}

import {safeText} from '../text/safe.ts';

/** The host's distribution, as far as it decides how packages are installed. */
export type Distribution = {
	/** For display: `Ubuntu 24.04.1 LTS`. */
	name: string;
	/** Undefined for a distribution that gpubox does not know. */
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

/** Reads /etc/os-release. An unknown distribution counts as the first known one in its ID_LIKE. */
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

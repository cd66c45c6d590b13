/** The scanners that gpubox knows: how each is called, and how its report is read. */
import type {Finding} from './finding.ts';
import {readClair, readGrype, readTrivy} from './reports.ts';
import type {ScannerName} from './scanner-names.ts';

/** An image to scan: as the engine knows it, and by its digest in a registry where it has one. */
export type Scannable = {id: string; inRegistry: string | undefined};

export type Scanner = {
	/** The program. */
	name: string;
	/** Undefined where it cannot look into this image. */
	arguments(image: Scannable): string[] | undefined;
	/** What it cannot look into. */
	needs: string;
	/** @throws Error for what is no report of it */
	read(report: string): Finding[];
	/** Where its installation is described. */
	install: string;
};

export const scanners: Readonly<Record<ScannerName, Scanner>> = {
	trivy: {
		name: 'trivy',
		arguments: ({id}) => ['image', '--quiet', '--format', 'json', '--scanners', 'vuln', '--timeout', '30m', id],
		needs: '',
		read: readTrivy,
		install: 'https://trivy.dev/latest/getting-started/installation',
	},
	grype: {
		name: 'grype',
		arguments: ({id}) => [`docker:${id}`, '--output', 'json', '--quiet'],
		needs: '',
		read: readGrype,
		install: 'https://github.com/anchore/grype#installation',
	},
	clairctl: {
		name: 'clairctl',
		arguments: ({inRegistry}) => (inRegistry === undefined ? undefined : ['report', '--out', 'json', inRegistry]),
		needs: 'Clair fetches images from a registry, and none has this one',
		read: readClair,
		install: 'https://quay.github.io/clair',
	},
};

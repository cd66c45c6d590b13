/** What was put on top of an image, as CycloneDX 1.5 JSON: https://cyclonedx.org/docs/1.5/json */

export type SbomPackage = {name: string; version: string} & (
	| {kind: 'pypi'}
	/** `system` is the ID of /etc/os-release: `debian`, `ubuntu`, `rocky`. */
	| {kind: 'deb' | 'rpm'; system: string; architecture: string}
);

export type SbomSubject = {
	/** The image as the user names it. */
	name: string;
	/** Its id. */
	id: string;
	base: {name: string; id: string};
	/** What could not be read, in words; empty when everything was. */
	gaps: readonly string[];
};

/** Packages that the upper image has and the lower one does not, or not in this version. */
export function addedPackages(base: readonly SbomPackage[], all: readonly SbomPackage[]): SbomPackage[] {
	const below = new Set(base.map(purlOf));
	return [...new Map(all.map((each) => [purlOf(each), each])).entries()].flatMap(([purl, each]) =>
		below.has(purl) ? [] : [each],
	);
}

/** As https://github.com/package-url/purl-spec has it. */
export function purlOf(each: SbomPackage): string {
	const version = encodeURIComponent(each.version);
	return each.kind === 'pypi'
		? `pkg:pypi/${each.name.toLowerCase().replaceAll('_', '-')}@${version}`
		: `pkg:${each.kind}/${encodeURIComponent(each.system)}/${encodeURIComponent(each.name)}@${version}?arch=${encodeURIComponent(each.architecture)}`;
}

export function makeSbom(
	packages: readonly SbomPackage[],
	{name, id, base, gaps}: SbomSubject,
	{version, now, serial}: {version: string; now: Date; serial: string},
): object {
	const components = [...packages]
		.map((each) => ({
			type: 'library',
			'bom-ref': purlOf(each),
			name: each.name,
			version: each.version,
			purl: purlOf(each),
		}))
		.sort((a, b) => (a.purl < b.purl ? -1 : 1));
	return {
		bomFormat: 'CycloneDX',
		specVersion: '1.5',
		serialNumber: `urn:uuid:${serial}`,
		version: 1,
		metadata: {
			timestamp: now.toISOString(),
			tools: {components: [{type: 'application', name: 'gpubox', version}]},
			component: {type: 'container', 'bom-ref': id, name, version: id},
			properties: [
				{name: 'gpubox:base:name', value: base.name},
				{name: 'gpubox:base:id', value: base.id},
				...gaps.map((value) => ({name: 'gpubox:gap', value})),
			],
		},
		components,
		dependencies: [{ref: id, dependsOn: components.map((each) => each['bom-ref'])}],
	};
}

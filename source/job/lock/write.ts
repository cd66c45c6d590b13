import {Document, isMap, visit} from 'yaml';
import {type Lock, type LockedEnvironment, type LockedPackage, lockVersion} from './lock.ts';

/** In the place of the digest of an image that no registry has. */
export const noDigest = 'none (local)';

const heading =
	' Written by `gpubox lock`. To update it, run that again; to compare it with what is here: `gpubox verify`';

/**
The text of gpubox.lock: sorted, one fact a line, so that two of them can be compared and merged line by line. The same lock always gives the
same text.
*/
export function writeLock(lock: Lock): string {
	const {previous, ...own} = lock;
	const document = new Document({
		version: lockVersion,
		...sectionsOf(own),
		...(previous === undefined ? {} : {previous: sectionsOf(previous)}),
	});
	document.commentBefore = heading;
	for (const path of [[], ['previous']]) {
		writeOnOneLine(document, path);
	}

	return document.toString({lineWidth: 0, flowCollectionPadding: false});
}

function sectionsOf({inputs, image, layers, inside, floor, packages, pushed}: LockedEnvironment): object {
	return {
		inputs,
		image: {
			digest: image.digest ?? noDigest,
			platform: image.platform,
			reference: image.reference,
			rootfs: image.rootfs,
		},
		...(Object.keys(layers).length > 0 ? {layers: sorted(layers)} : {}),
		inside: withoutNull({...inside, archs: inside.archs.length > 0 ? inside.archs : null}),
		floor: withoutNull(floor),
		packages: {
			apt: sorted(packages.apt),
			pip: Object.fromEntries(
				Object.entries(sorted(packages.pip)).map(([name, {version, record}]: [string, LockedPackage]) => [
					name,
					record === null ? {version} : {version, record},
				]),
			),
		},
		...(pushed === undefined ? {} : {pushed: sorted(pushed)}),
	};
}

function writeOnOneLine(document: Document, path: readonly string[]): void {
	const pip = document.getIn([...path, 'packages', 'pip']);
	visit(isMap(pip) ? pip : document.createNode({}), {
		Map(key, node) {
			if (key !== null) {
				node.flow = true;
			}
		},
	});
	const archs = document.getIn([...path, 'inside', 'archs'], true);
	if (archs !== undefined) {
		(archs as {flow?: boolean}).flow = true;
	}
}

function sorted<T extends object>(values: T): T {
	return Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))) as T;
}

/** What is not there has no line. */
function withoutNull(values: object): Record<string, unknown> {
	return sorted(Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)));
}

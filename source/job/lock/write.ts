import {Document, isMap, visit} from 'yaml';
import {type Lock, type LockedPackage, lockVersion} from './lock.ts';

/** In the place of the digest of an image that no registry has. */
export const noDigest = 'none (local)';

const heading =
	' Written by `gpubox lock`. To update it, run that again; to compare it with what is here: `gpubox verify`';

/**
The text of gpubox.lock: sorted, one fact a line, so that two of them can be compared and merged line by line. The same lock always gives the
same text.
*/
export function writeLock(lock: Lock): string {
	const {inputs, image, layers, inside, floor, packages} = lock;
	const document = new Document({
		version: lockVersion,
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
	});
	document.commentBefore = heading;
	const pip = document.getIn(['packages', 'pip']);
	visit(isMap(pip) ? pip : document.createNode({}), {
		Map(key, node) {
			if (key !== null) {
				node.flow = true;
			}
		},
	});
	const archs = document.getIn(['inside', 'archs'], true);
	if (archs !== undefined) {
		(archs as {flow?: boolean}).flow = true;
	}

	return document.toString({lineWidth: 0, flowCollectionPadding: false});
}

function sorted<T extends object>(values: T): T {
	return Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))) as T;
}

/** What is not there has no line. */
function withoutNull(values: object): Record<string, unknown> {
	return sorted(Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)));
}

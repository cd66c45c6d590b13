/** What a lock demands of what gpubox starts and builds. Pure. */
import type {ImagePin} from '../../box/plan/types.ts';
import {parseReference} from '../../image/reference.ts';
import type {Lock} from './lock.ts';

// PEP 440: anything else in a file of constraints stops pip. Packages of the distribution have such versions.
const pipVersion =
	/^(?:\d+!)?\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?(?:\.post\d+)?(?:\.dev\d+)?(?:\+[a-z\d]+(?:[.][a-z\d]+)*)?$/;

export function pinOf({image, packages}: Lock): ImagePin {
	return {
		reference: pinnedReference(image),
		rootfs: image.rootfs,
		constraints: Object.entries(packages.pip)
			// pip cannot move what it has not installed.
			.filter(([, {version, record}]) => record !== null && pipVersion.test(version))
			.map(([name, {version}]) => `${name}==${version}`)
			.sort(),
		apt: packages.apt,
	};
}

/** The image by its digest: what a tag names can change. The tag itself where no registry has the image. */
export function pinnedReference({reference, digest}: Pick<Lock['image'], 'reference' | 'digest'>): string {
	const parsed = parseReference(reference);
	if (digest === null || parsed === undefined) {
		return reference;
	}

	const {registry, repository} = parsed;
	const short = registry === 'docker.io' ? repository.replace(/^library\//, '') : `${registry}/${repository}`;
	return `${short}@${digest}`;
}

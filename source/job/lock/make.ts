/** The lock of an environment, from what was found in it. Pure. */
import type {Image} from '../../engine/engine.ts';
import {firstDriverOf} from '../../image/fit/cuda.ts';
import {parseReference} from '../../image/reference.ts';
import {compareVersions, cudaMinor, parseVersion} from '../../text/compare-versions.ts';
import type {Inside} from './inside.ts';
import {hashInputs, hashRootfs, type Lock, type LockInputs} from './lock.ts';

export function makeLock({
	inputs,
	reference,
	digest,
	base,
	layers,
	inside,
}: {
	inputs: LockInputs;
	reference: string;
	digest: string | null;
	base: Pick<Image, 'layers' | 'platform'>;
	layers: Lock['layers'];
	inside: Inside;
}): Lock {
	const {python, torch, cuda, cudnn, nccl, archs, glibc} = inside;
	return {
		inputs: hashInputs(inputs),
		image: {reference, digest, platform: base.platform, rootfs: hashRootfs(base.layers)},
		layers,
		inside: {python, torch, cuda, cudnn, nccl, archs, glibc},
		floor: {
			driver: firstDriverOf(cudaMinor(cuda) ?? '') ?? null,
			computeCapability: oldestCapability(archs),
		},
		packages: {
			apt: inside.apt,
			pip: Object.fromEntries(inside.distributions.map(({name, version, record}) => [name, {version, record}])),
		},
	};
}

/** `sm_70` and `compute_70` as `7.0`; undefined for a word of another form. */
export function capabilityOf(arch: string): string | undefined {
	const [, major, minor] = /^(?:sm|compute)_(\d+)(\d)[a-z]?$/.exec(arch) ?? [];
	return major === undefined ? undefined : `${major}.${minor}`;
}

function oldestCapability(archs: readonly string[]): string | null {
	const [oldest] = archs
		.flatMap((arch) => capabilityOf(arch) ?? [])
		.sort((a, b) => compareVersions(parseVersion(a) ?? [], parseVersion(b) ?? []));
	return oldest ?? null;
}

/**
The registry's digest of an image: of its own name, or of a mirror that has it under the same path.

@param digests `repository@sha256:…`, as the engine lists them
@param known a digest that is taken when the image has it among others
*/
export function digestOf(
	reference: string,
	digests: readonly string[],
	known: string | null | undefined = undefined,
): string | null {
	const wanted = parseReference(reference);
	if (wanted === undefined) {
		return null;
	}

	const found = digests.flatMap((text) => {
		const parsed = parseReference(text);
		return parsed?.digest && parsed.repository === wanted.repository
			? [{digest: parsed.digest, own: parsed.registry === wanted.registry}]
			: [];
	});
	const own = found.some(({own: isOwn}) => isOwn) ? found.filter(({own: isOwn}) => isOwn) : found;
	const all = own.map(({digest}) => digest).sort();
	const preferred = wanted.digest ?? known;
	return (preferred && all.includes(preferred) ? preferred : all[0]) ?? null;
}

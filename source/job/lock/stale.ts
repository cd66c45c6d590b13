import type {Lock, LockInputs} from './lock.ts';

/**
In what a stale lock and gpubox.yaml differ, as far as it can be known: the lock has only a hash of the settings that it was made from. Pure.

@returns a main clause without a period, not yet safe to print
*/
export function staleBecause({image, packages}: Pick<Lock, 'image' | 'packages'>, inputs: LockInputs): string {
	if (inputs.image !== undefined && inputs.image !== image.reference) {
		return `gpubox.yaml asks for the image ${inputs.image}, gpubox.lock has ${image.reference}`;
	}

	const asked = inputs.packages.apt.map((text) => text.split(/[=/]/)[0] ?? text);
	const locked = new Set(Object.keys(packages.pip).map(nameOfPackage));
	const added = [
		...asked.filter((name) => packages.apt[name] === undefined),
		...inputs.packages.pip.filter((text) => /^\w/.test(text) && !locked.has(nameOfPackage(text))),
	];
	if (added.length > 0) {
		return `gpubox.yaml asks for ${added.slice(0, 3).join(', ')}, which gpubox.lock does not have`;
	}

	const removed = Object.keys(packages.apt).filter((name) => !asked.includes(name));
	return removed.length > 0
		? `gpubox.lock has ${removed.slice(0, 3).join(', ')}, which gpubox.yaml does not ask for any more`
		: 'the image, packages or postCreate of gpubox.yaml were changed after gpubox.lock';
}

/** As PyPI compares names: `Pillow_SIMD[x]>=9` is pillow-simd. */
function nameOfPackage(requirement: string): string {
	return (/^[\w.-]+/.exec(requirement)?.[0] ?? requirement).toLowerCase().replace(/[-_.]+/g, '-');
}

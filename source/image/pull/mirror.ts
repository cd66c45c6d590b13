import {parseReference} from '../reference.ts';

/**
The name under which a mirror of Docker Hub has an image. Undefined for images of other registries, and for digests: what is
pulled by digest cannot be given its own name afterwards, so the mirror would not show.

@param mirror a registry, `mirror.example:5000/hub`; a scheme before it is ignored, because the engine chooses it
*/
export function mirroredReference(text: string, mirror: string): string | undefined {
	const reference = parseReference(text);
	if (reference?.registry !== 'docker.io' || reference.tag === null || reference.digest !== null) {
		return undefined;
	}

	return `${mirror.replace(/^https?:\/\//, '').replace(/\/+$/, '')}/${reference.repository}:${reference.tag}`;
}

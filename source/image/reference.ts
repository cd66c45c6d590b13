import {exitCode, Failure} from '../base/failure.ts';
import {safeText} from '../text/safe.ts';

/** An image's name in its parts, the registry and the `library/` of Docker Hub written out. */
export type Reference = {
	registry: string;
	repository: string;
	/** `latest` unless the reference has a tag or only a digest. */
	tag: string | null;
	/** `sha256:…` */
	digest: string | null;
};

const part = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const host =
	/^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;

/**
Parses `repository[:tag][@digest]` as docker does: the first part is a registry when it has a dot, a colon or is `localhost`. Undefined
when it is not an image reference.
*/
export function parseReference(text: string): Reference | undefined {
	if (text.length > 512) {
		return undefined;
	}

	const [named = '', digest, ...rest] = text.split('@');
	if (rest.length > 0 || (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest))) {
		return undefined;
	}

	const colon = named.lastIndexOf(':');
	const tagged = colon > named.lastIndexOf('/');
	const tag = tagged ? named.slice(colon + 1) : undefined;
	if (tag !== undefined && !/^\w[\w.-]{0,127}$/.test(tag)) {
		return undefined;
	}

	const parts = (tagged ? named.slice(0, colon) : named).split('/');
	const first = parts[0] ?? '';
	let registry = 'docker.io';
	if (parts.length > 1 && (/[.:]/.test(first) || first === 'localhost')) {
		if (!host.test(first)) {
			return undefined;
		}

		registry = first === 'index.docker.io' ? 'docker.io' : first;
		parts.shift();
	}

	if (!parts.every((name) => part.test(name))) {
		return undefined;
	}

	if (registry === 'docker.io' && parts.length === 1) {
		parts.unshift('library');
	}

	return {
		registry,
		repository: parts.join('/'),
		tag: tag ?? (digest === undefined ? 'latest' : null),
		digest: digest ?? null,
	};
}

/** Whether a word that is no file can hardly be anything but an image. Without a tag or a digest it looks like a path. */
export function isSurelyImage(word: string): boolean {
	return /:[^/]+$/.test(word) && parseReference(word) !== undefined;
}

/**
Layers that gpubox builds are named `gpubox/box:…`, and an existing one is not built again. If an image with such a name could be pulled
or started, it could replace the layer of everyone's next box.

@param where it was set
@throws Failure (usage) for a name that is reserved for gpubox
*/
export function refuseOwnLayer(text: string, where?: string): void {
	const reference = parseReference(text);
	if (
		reference !== undefined &&
		(reference.registry === 'docker.io' || reference.registry === 'localhost') &&
		reference.repository.startsWith('gpubox/')
	) {
		throw new Failure(
			`${safeText(text)}${where === undefined ? '' : ` (${where})`} has a name that is reserved for layers that gpubox builds.`,
			{fix: 'Use the base image instead. To list known images: gpubox images', exitCode: exitCode.usage},
		);
	}
}

// `user/image:tag`, the most common form, needs no parsing: only the registry is missing.
const onDockerHub = /^[a-z0-9]+\/[a-z0-9]+(?:-[a-z0-9]+)*:\w[\w.-]{0,127}$/;

/** An address that `docker login` takes. */
export function registryToLogIn(text: string): string {
	const registry = parseReference(text)?.registry ?? '';
	return registry === 'docker.io' ? '' : registry;
}

/** One spelling for each image: `python` and `docker.io/library/python:latest` are the same. Undefined as above. */
export function normalReference(text: string): string | undefined {
	if (onDockerHub.test(text) && !text.startsWith('localhost/')) {
		return `docker.io/${text}`;
	}

	const reference = parseReference(text);
	if (reference === undefined) {
		return undefined;
	}

	const {registry, repository, tag, digest} = reference;
	return `${registry}/${repository}${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@${digest}`}`;
}

/**
The line of tags that an image is a build of: its reference with the first version in the tag taken out, so that
`2.14.0-cuda13.0-cudnn9-runtime` and `2.14.1-cuda13.0-cudnn9-runtime` are of one line. Undefined for tags without a
version, which are their own line.
*/
export function tagLine(text: string): {line: string; version: string} | undefined {
	const reference = parseReference(text);
	const match = /^(v?)(\d+(?:\.\d+)+)(.*)$/.exec(reference?.tag ?? '');
	return reference && match
		? {line: `${reference.registry}/${reference.repository}:${match[1]}*${match[3]}`, version: match[2] ?? ''}
		: undefined;
}

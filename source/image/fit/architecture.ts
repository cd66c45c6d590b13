import {safeText} from '../../text/safe.ts';
import type {ImageFacts, Reason} from '../image.ts';

const names = new Map([
	['amd64', 'amd64'],
	['x86_64', 'amd64'],
	['x64', 'amd64'],
	['arm64', 'arm64'],
	['aarch64', 'arm64'],
]);

/** The engine's or Node's word for a processor as registries write it; undefined when it is neither of the two known. */
export function platformArchitecture(word: string): string | undefined {
	return names.get(word.trim().toLowerCase());
}

/** Undefined when the image is made for this processor. */
export function judgeArchitecture(
	architecture: string,
	{platforms}: Pick<ImageFacts, 'platforms'>,
): {fits: false | 'unknown'; reason: Reason} | undefined {
	const wanted = platformArchitecture(architecture);
	// As nearly every image writes it.
	if (wanted !== undefined && platforms.includes(`linux/${wanted}`)) {
		return undefined;
	}

	const made = platforms.map((platform) => platform.replace(/^linux\//, '').replace(/\/.*$/, ''));
	if (wanted === undefined || made.length === 0) {
		return {
			fits: 'unknown',
			reason: {
				code: 'wrong-architecture',
				message:
					made.length === 0
						? 'It does not say which processors it was built for.'
						: "This host's processor is unknown to gpubox.",
				fix: 'Check its platforms with `docker manifest inspect`.',
			},
		};
	}

	return made.includes(wanted)
		? undefined
		: {
				fits: false,
				reason: {
					code: 'wrong-architecture',
					message: `It was built for ${safeText(made.join(' and ')).slice(0, 80)} processors; this host is ${wanted}.`,
					fix: `Choose an image built for linux/${wanted}: \`gpubox images\` lists those that fit.`,
				},
			};
}

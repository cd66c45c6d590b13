/** What the session's images screen shows and does. */

import type {PullProgress} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {loadReadableSettings} from '../load-settings.ts';
import {offerHere} from './suggest-images.ts';

/** An image as the images screen shows it. Texts are safe to print. */
export type ImageChoice = {
	reference: string;
	fits: boolean | 'unknown';
	recommended: boolean;
	local: boolean;
	cuda: string | null;
	framework: string | null;
	sizeBytes: number | null;
	/** Why it fits or does not, the first reason first. */
	reasons: string[];
};

/** How a pull is followed and cancelled. `onRetry` gets the reason why it is retried. */
export type PullOptions = {
	onProgress: (progress: PullProgress) => void;
	onRetry: (text: string) => void;
	signal: AbortSignal;
};

/** All known images, best first, those that do not fit last. @throws Failure (usage), EngineError */
export async function imagesHere(host: Host, signal: AbortSignal): Promise<ImageChoice[]> {
	const {suggestions, sizes} = await offerHere(host, signal);
	const {suggestionToJson} = await import('../../image/index.ts');
	return suggestions.map((suggestion) => {
		const {reference, fits, recommended, local, cuda, framework, downloadBytes, why, reasons} =
			suggestionToJson(suggestion);
		const fixes = fits === true ? [] : reasons.slice(0, 1).map(({fix}) => `→ ${fix}`);
		return {
			reference,
			fits,
			recommended,
			local,
			cuda,
			framework,
			sizeBytes: sizes.get(suggestion.image.reference) ?? downloadBytes,
			reasons: [why, ...fixes],
		};
	});
}

/** @throws Failure, EngineError */
export async function pullHere(host: Host, reference: string, wish: PullOptions): Promise<void> {
	const [{settings}, {pullImage}] = await Promise.all([
		loadReadableSettings('.', {
			files: !host.demo,
			needs: 'personal',
			onTrouble: ({message}) => wish.onRetry(message),
		}),
		import('../../image/pull/pull.ts'),
	]);
	await pullImage(host.engine, reference, {
		...wish,
		onNote: wish.onRetry,
		registryMirror: settings.build?.registryMirror,
	});
}

/** What the session's images screen shows and does. */
import type {Host} from '../host/host.ts';
import type {ImageChoice, PullWish} from '../session/index.tsx';
import {loadSettings} from './load-settings.ts';
import {offerHere} from './suggest-images.ts';

/** All that is known, best first, those that do not fit at the end. @throws Failure (usage), EngineError */
export async function imagesHere(host: Host, signal: AbortSignal): Promise<ImageChoice[]> {
	const {suggestions, sizes} = await offerHere(host, signal);
	const {suggestionToJson} = await import('../image/index.ts');
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
export async function pullHere(host: Host, reference: string, wish: PullWish): Promise<void> {
	const [{settings}, {pullImage}] = await Promise.all([
		loadSettings('.', {files: !host.demo}),
		import('../image/pull/pull.ts'),
	]);
	await pullImage(host.engine, reference, {
		...wish,
		onNote: wish.onRetry,
		registryMirror: settings.build?.registryMirror,
	});
}

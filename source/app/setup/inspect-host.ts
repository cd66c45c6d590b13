import type {Diagnostic} from '../../base/failure.ts';
import type {GpuFacts} from '../../gpu/gpu.ts';
import type {Host} from '../../host/host.ts';
import type {Downloads} from '../../setup/plan.ts';
import {makeOffer} from '../images/suggest-images.ts';
import {loadSettings} from '../load-settings.ts';

/** The facts of a host that setting up a project needs. */
export type Look = {
	cards: GpuFacts[];
	/** The image recommended here, and why. */
	image: string | undefined;
	why: string;
	downloads: Downloads;
	/** The engine answers and has this machine's folders, so a box can be started. */
	canStart: boolean;
	troubles: Diagnostic[];
};

/** @throws Failure, EngineError */
export async function lookAtHost(host: Host, signal: AbortSignal): Promise<Look> {
	// Personal preferences do not belong in the team's file, and its services are not known yet.
	const settings = loadSettings('.', {files: false}).then((all) => ({
		...all,
		settings: {...all.settings, services: []},
	}));
	const {suggestions, troubles, gpus, engine} = await makeOffer(host, settings, signal);
	const best = suggestions.find(({recommended}) => recommended);
	return {
		cards: gpus,
		image: best?.image.reference,
		why: best?.why ?? '',
		downloads: new Map(
			suggestions.map(({image, local}) => [image.reference, local ? 'here' : (image.downloadBytes ?? 'unknown')]),
		),
		canStart: engine && host.engine.local,
		troubles,
	};
}

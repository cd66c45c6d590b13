import {makeRequest} from '../box/request.ts';
import {up} from '../box/up.ts';
import type {UpResult, UpStep} from '../box/up-steps.ts';
import type {Host} from '../host/host.ts';
import {imageChooser} from './choose-image.ts';
import {readSettings} from './config.ts';
import {buildSettings} from './up.ts';

/** `gpubox up` for the folder one stands in, as the session's key does it. */
export async function upHere(host: Host, report: (step: UpStep) => void, signal: AbortSignal): Promise<UpResult> {
	const settings = host.demo ? {} : await readSettings();
	const request = makeRequest({}, settings, process.cwd());
	return up(host, request, {
		report,
		signal,
		wait: true,
		recreate: false,
		explicit: false,
		settings: buildSettings(settings),
		chooseImage: imageChooser(host, {image: request.image, force: false}),
	});
}

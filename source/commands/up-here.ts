import type {BoxRequest} from '../box/plan.ts';
import {flagSettings, makeRequest, pathsOf} from '../box/request.ts';
import {up} from '../box/up.ts';
import type {UpResult, UpStep} from '../box/up-steps.ts';
import type {Host} from '../host/host.ts';
import type {Sourced} from '../settings/merge.ts';
import {imageChooser} from './choose-image.ts';
import {secretsOf} from './read-secrets.ts';
import {loadSettings} from './settings.ts';
import {buildSettings} from './up.ts';

export type UpWish = {
	report: (step: UpStep) => void;
	signal: AbortSignal;
	image?: string;
	/** What would stand in the gpubox.yaml of a made-up host, which has no files. */
	agreed?: Sourced[];
};

/** `gpubox up` for the folder one stands in, as the session's keys do it: a new box starts from `image` where one was chosen. */
export async function upHere(host: Host, {report, signal, image, agreed = []}: UpWish): Promise<UpResult> {
	const effective = await loadSettings('.', {
		files: !host.demo,
		flags: [...(image === undefined ? [] : flagSettings({image}, process.cwd())), ...agreed],
	});
	// The session has the terminal, so nothing can be asked for there.
	const secrets = secretsOf({}, effective.settings.secrets ?? [], {ask: false, signal});
	const request: BoxRequest = {
		...makeRequest({}, effective),
		...(secrets.requests.length > 0 ? {secrets: secrets.requests} : {}),
	};
	return up(host, request, {
		report,
		signal,
		wait: true,
		recreate: false,
		explicit: effective.file !== undefined || image !== undefined,
		settings: buildSettings(effective.settings),
		sshKeys: pathsOf('ssh.keys', effective.winners),
		secrets: secrets.source,
		chooseImage: imageChooser(host, {image: request.image, force: false, winners: effective.winners}),
	});
}

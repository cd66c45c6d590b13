import {flagSettings, keyFilesOf, makeRequest} from '../box/plan/request.ts';
import type {BoxRequest} from '../box/plan/types.ts';
import type {UpResult, UpStep} from '../box/up/types.ts';
import {up} from '../box/up/up.ts';
import type {Host} from '../host/host.ts';
import type {Sourced} from '../settings/merge.ts';
import {imageChooser} from './choose-image.ts';
import {type AskConsent, asksOf, consent} from './consent.ts';
import {buildSettings, loadSettings} from './load-settings.ts';
import {secretsOf} from './read-secrets.ts';

export type UpWish = {
	report: (step: UpStep) => void;
	signal: AbortSignal;
	image?: string;
	/** Asks the person; where it is missing, nobody can be asked. */
	ask?: AskConsent | undefined;
	/** What would stand in the gpubox.yaml of a made-up host, which has no files. */
	agreed?: Sourced[];
};

/** `gpubox up` for the folder one stands in, as the session's keys do it: a new box starts from `image` where one was chosen. */
export async function upHere(host: Host, {report, signal, image, ask, agreed = []}: UpWish): Promise<UpResult> {
	const effective = await loadSettings('.', {
		files: !host.demo,
		flags: [...(image === undefined ? [] : flagSettings({image}, process.cwd())), ...agreed],
	});
	// The session has the terminal, so nothing can be asked for there.
	const secrets = secretsOf({}, effective.settings.secrets ?? [], {ask: false, signal});
	const made = makeRequest({}, effective);
	const sshKeys = keyFilesOf(effective.winners, effective.settings);
	// Nothing of a made-up host is real.
	const asks = host.demo ? [] : asksOf(host, effective, made, sshKeys);
	await consent(host, made.project, asks, {trust: false, ask, note: (text) => report({kind: 'note', text})});
	const request: BoxRequest = {
		...made,
		...(secrets.requests.length > 0 ? {secrets: secrets.requests} : {}),
	};
	return up(host, request, {
		report,
		signal,
		wait: true,
		recreate: false,
		explicit: effective.file !== undefined || image !== undefined,
		settings: buildSettings(effective.settings),
		sshKeys: sshKeys,
		secrets: secrets.source,
		chooseImage: imageChooser(host, {image: request.image, force: false, winners: effective.winners}),
	});
}

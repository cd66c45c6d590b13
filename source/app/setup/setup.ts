/** The effects of the session's set-up screen: the same as `gpubox init`. */
import {join} from 'node:path';
import type {Diagnostic} from '../../base/failure.ts';
import {homeFolder} from '../../base/home.ts';
import type {Host} from '../../host/host.ts';
import {findProject} from '../../settings/file.ts';
import {forgetDraft, keepDraft, readDraft} from '../../setup/draft.ts';
import {faultOfFolder, likelyFolders, toPath} from '../../setup/folders.ts';
import type {Answers, Downloads, Draft} from '../../setup/plan.ts';
import {shortenHome} from '../../text/home-path.ts';
import {safeText} from '../../text/safe.ts';

export type SetupLook = {
	/** Where gpubox.yaml will be. */
	file: string;
	/** The image recommended here, and why. */
	image: string | undefined;
	why: string;
	downloads: Downloads;
	canStart: boolean;
	troubles: Diagnostic[];
};

/** The effects of setting a folder up, outside of the session. */
export type SetupOptions = {
	/** The project's gpubox.yaml, where there is one, and the answers of an earlier run. */
	recall(): Promise<{file: string | undefined; draft: Draft}>;
	/** Where data is likely to be. */
	folders(): Promise<string[]>;
	look(signal: AbortSignal): Promise<SetupLook>;
	/** The folder that was entered, as an absolute path. */
	check(folder: string): Promise<{path: string} | {fault: string}>;
	keep(draft: Draft): Promise<void>;
	/** Writes gpubox.yaml, never over another, and deletes the draft. @returns the file, with `~` for the home */
	write(answers: Answers): Promise<string>;
};

/** The current folder; absolute, symbolic links resolved. */
export function setupHere(host: Host, folder: string): SetupOptions {
	const {paths} = host;
	return {
		async recall() {
			const {file} = findProject(folder);
			return {file: file === undefined ? undefined : shorten(file), draft: readDraft(paths, folder)};
		},
		folders: likelyFolders,
		async look(signal) {
			// Judging images loads half of the program; checking for a file does not.
			const {lookAtHost} = await import('./inspect-host.ts');
			const {image, why, downloads, canStart, troubles} = await lookAtHost(host, signal);
			return {file: shorten(join(folder, 'gpubox.yaml')), image, why, downloads, canStart, troubles};
		},
		async check(text) {
			const fault = await faultOfFolder(text);
			return fault === undefined ? {path: toPath(text)} : {fault};
		},
		async keep(draft) {
			keepDraft(paths, folder, draft);
		},
		async write(answers) {
			const [{placeFor, textOf, writeFileOnce}, {agreeToOwnAnswers}] = await Promise.all([
				import('../../setup/project-file.ts'),
				import('./own-answers.ts'),
			]);
			const file = placeFor(folder, false);
			const text = textOf(answers, folder);
			writeFileOnce(file, text, false);
			await agreeToOwnAnswers(host, folder, text);
			forgetDraft(paths, folder);
			return shorten(file);
		},
	};
}

/** With `~` for the home. */
export function shorten(path: string): string {
	return safeText(shortenHome(path, homeFolder(process.env)));
}

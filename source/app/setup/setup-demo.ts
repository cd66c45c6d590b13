/** The set-up screen on the made-up host: it judges and keeps as on a real one, but its folders are made up and gpubox.yaml is not written. */
import {join} from 'node:path';
import type {Host} from '../../host/host.ts';
import type {Sourced} from '../../settings/merge.ts';
import {readDraft} from '../../setup/draft.ts';
import {toPath} from '../../setup/folders.ts';
import {safeText} from '../../text/safe.ts';
import type {SetupOptions} from './setup.ts';
import {setupHere, shorten} from './setup.ts';

const folders = ['/data', '/data/imagenet', '/scratch'];

/** @param wrote is told what would have been in the file, as `up` reads it */
export function setupInDemo(host: Host, folder: string, wrote: (settings: Sourced[]) => void): SetupOptions {
	const file = join(folder, 'gpubox.yaml');
	const real = setupHere(host, folder);
	return {
		// Drafts go where all of the made-up host's files are, and away with it.
		...real,
		async recall() {
			return {file: undefined, draft: readDraft(host.paths, folder)};
		},
		async folders() {
			return folders;
		},
		async look(signal) {
			return {...(await real.look(signal)), file: shorten(file)};
		},
		async check(text) {
			const path = toPath(text);
			return folders.includes(path)
				? {path}
				: {fault: `The made-up host has no folder ${safeText(path)}; it has ${folders.join(', ')}.`};
		},
		async write(answers) {
			const [{textOf}, {readSettings}] = await Promise.all([
				import('../../setup/project-file.ts'),
				import('../../settings/read.ts'),
			]);
			const {settings} = readSettings(textOf(answers, folder), {
				place: 'gpubox.yaml',
				shownAs: 'gpubox.yaml',
				base: folder,
			});
			// A box mounts folders that are there.
			wrote(settings.filter(({key}) => key !== 'mounts'));
			return shorten(file);
		},
	};
}

/** The set-up screen on the demo host: it works as on a real one, but its folders are simulated and gpubox.yaml is not written. */
import {join} from 'node:path';
import {homeFolder} from '../../base/home.ts';
import type {Host} from '../../host/host.ts';
import type {Sourced} from '../../settings/merge.ts';
import {readDraft} from '../../setup/draft.ts';
import {toPath} from '../../setup/folders.ts';
import {safeText} from '../../text/safe.ts';
import type {OtherFolder} from './other-folder.ts';
import type {SetupOptions} from './setup.ts';
import {setupHere, shorten} from './setup.ts';

const folders = ['/data', '/data/imagenet', '/scratch'];

/** Folders to make a box for: those of the user, simulated as well. */
export function otherFolderInDemo({person}: Host): OtherFolder {
	const homes = [`/home/${person.name}/`, `${homeFolder(process.env)}/`];
	return {
		recent: async () => [],
		complete: async () => [],
		async choose(text) {
			const path = toPath(text);
			return homes.some((home) => path.startsWith(home))
				? {path}
				: {fault: `The demo host has no folder ${safeText(path)}; yours are in ${homes[0]}`};
		},
	};
}

/** @param wrote gets what would have been in the file, as `up` reads it */
export function setupInDemo(host: Host, folder: string, wrote: (settings: Sourced[]) => void): SetupOptions {
	const file = join(folder, 'gpubox.yaml');
	const real = setupHere(host, folder);
	return {
		// Drafts are stored with the demo host's other files, and are removed with them.
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
				: {fault: `The demo host has no folder ${safeText(path)}; it has ${folders.join(', ')}.`};
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
			// A box mounts only existing folders.
			wrote(settings.filter(({key}) => key !== 'mounts'));
			return shorten(file);
		},
	};
}

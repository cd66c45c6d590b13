/** The gpubox.yaml that is about to be written: where it goes, what is in it, and writing it. */
import {statSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {Failure} from '../base/failure.ts';
import {writeFileAtomic} from '../base/safe-files.ts';
import {findProject, toFailure} from '../settings/file.ts';
import {readSettings} from '../settings/read.ts';
import {writeProjectFile} from '../settings/write.ts';
import {safeText} from '../text/safe.ts';
import {type Answers, settingsFor} from './plan.ts';

/** Where the file goes. @throws Failure when there is one already */
export function placeFor(folder: string, force: boolean): string {
	const {file, project} = findProject(folder);
	if (file !== undefined && !force) {
		throw new Failure(`There is a gpubox.yaml already: ${safeText(file)}`, {
			fix: 'Change it there (gpubox config --schema prints the settings), or write it anew: gpubox init --force',
		});
	}

	// Under the name it has: two spellings in one folder would be refused.
	return file !== undefined && project === folder ? file : join(folder, 'gpubox.yaml');
}

/** The file's text, which `up` will surely take. @throws Failure (usage) for an answer that it would not */
export function textOf(answers: Answers, folder: string): string {
	const text = writeProjectFile(settingsFor(answers));
	const {mistakes} = readSettings(text, {place: 'gpubox.yaml', shownAs: 'gpubox.yaml', base: folder});
	if (mistakes.length > 0) {
		throw toFailure('gpubox.yaml', mistakes);
	}

	return text;
}

/** Without `force` not over one that somebody else has written meanwhile; with it whole or not at all. @throws Failure */
export function writeFileOnce(file: string, text: string, force: boolean): void {
	try {
		// As the whole project: root may be setting it up for somebody.
		const {uid, gid} = statSync(dirname(file));
		writeFileAtomic(file, text, {isNew: !force, anyFolder: true, owner: {uid, gid}});
	} catch (error) {
		const {code, message} = error as NodeJS.ErrnoException;
		throw new Failure(
			`${safeText(file)} cannot be written: ${code === 'EEXIST' ? 'it is there by now' : safeText(message)}`,
			{
				fix: 'Look at the folder, and who may write there.',
				cause: error,
			},
		);
	}
}

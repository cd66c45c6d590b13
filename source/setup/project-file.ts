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
		throw new Failure(`gpubox.yaml already exists: ${safeText(file)}`, {
			fix: 'Edit it (gpubox config --schema prints the settings), or replace it: gpubox init --force',
		});
	}

	// With its existing spelling: two spellings in one folder would be refused.
	return file !== undefined && project === folder ? file : join(folder, 'gpubox.yaml');
}

/** The file's text, checked so that `up` accepts it. @throws Failure (usage) for an invalid answer */
export function textOf(answers: Answers, folder: string): string {
	const text = writeProjectFile(settingsFor(answers));
	const {mistakes} = readSettings(text, {place: 'gpubox.yaml', shownAs: 'gpubox.yaml', base: folder});
	if (mistakes.length > 0) {
		throw toFailure('gpubox.yaml', mistakes);
	}

	return text;
}

/** Without `force` it does not replace a file that was created meanwhile; with it the write is atomic. @throws Failure */
export function writeFileOnce(file: string, text: string, force: boolean): void {
	try {
		// With the owner of the project: root may be setting it up for another user.
		const {uid, gid} = statSync(dirname(file));
		writeFileAtomic(file, text, {isNew: !force, anyFolder: true, owner: {uid, gid}});
	} catch (error) {
		const {code, message} = error as NodeJS.ErrnoException;
		throw new Failure(
			code === 'EEXIST'
				? `${safeText(file)} already exists (created in the meantime).`
				: `Cannot write ${safeText(file)}: ${safeText(message)}`,
			{
				fix: 'Check the folder and its permissions.',
				cause: error,
			},
		);
	}
}

import {fileURLToPath} from 'node:url';
import {readOwnFile} from '../base/bundled-file.ts';
import {runVerb} from '../run-verb.ts';

/** Prints the licenses of gpubox and of what is bundled into it, as written by the build. */
export function printNotices(): Promise<void> {
	return runVerb(async () => {
		const path = fileURLToPath(new URL('../../dist/THIRD-PARTY-NOTICES.txt', import.meta.url));
		process.stdout.write(readOwnFile(path));
		return undefined;
	});
}

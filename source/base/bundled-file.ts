import {readFileSync} from 'node:fs';

/**
Where the files that the executable carries inside seem to lie: below a file, where nothing real can be
(tools/executable-main.ts).
*/
const inside = '/proc/self/exe/';

/** The text of a file that gpubox brings along, or of any other. */
export function readOwnFile(path: string): string {
	return path.startsWith(inside)
		? process.getBuiltinModule('node:sea').getAsset(path.slice(inside.length), 'utf8')
		: readFileSync(path, 'utf8');
}

import {lstatSync} from 'node:fs';

/** Whether the caller keeps files below a path that the environment names: root only where all on the way to it is root's. */
export function mayKeepFiles(path: string): boolean {
	if (process.getuid?.() !== 0) {
		return true;
	}

	for (let end = path.indexOf('/', 1); ; end = path.indexOf('/', end + 1)) {
		const info = lstatSync(end < 0 ? path : path.slice(0, end), {throwIfNoEntry: false});
		if (info?.uid !== 0) {
			return info === undefined;
		}

		if (end < 0) {
			return true;
		}
	}
}

import {closeSync, constants, fstatSync, openSync, readFileSync} from 'node:fs';
import {configBytes} from './limits.ts';

/**
A file of Docker's own configuration as JSON. Anything that is not a plain file (a pipe would block its reader, a device never ends), or larger than
such a file ever is, is not read.

@throws when there is none that can be read
*/
export function readConfigFile(path: string): unknown {
	const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
	try {
		const state = fstatSync(file);
		if (!state.isFile() || state.size > configBytes) {
			throw new Error(`${path} is not a configuration file.`);
		}

		return JSON.parse(readFileSync(file, 'utf8'));
	} finally {
		closeSync(file);
	}
}

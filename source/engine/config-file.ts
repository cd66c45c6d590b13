import {closeSync, constants, fstatSync, openSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Diagnostic} from '../base/failure.ts';
import {safeText} from '../text/safe.ts';
import {configBytes} from './limits.ts';

/** The folder of Docker's own configuration. An empty variable is an unset one. */
export function dockerConfigFolder(environment: Record<string, string | undefined>, home: string): string {
	return environment.DOCKER_CONFIG || join(home, '.docker');
}

/** What keeps the user's Docker configuration from being read; undefined when nothing does, or when there is none. Never throws. */
export function findConfigFault(environment: Record<string, string | undefined>, home: string): Diagnostic | undefined {
	const path = join(dockerConfigFolder(environment, home), 'config.json');
	const fault = (reason: string): Diagnostic => ({
		message: `${safeText(path)} is ignored, because ${reason}: its logins, proxies and current context do not count.`,
		fix: 'Correct it, or move it away.',
	});
	try {
		const config = readConfigFile(path);
		return typeof config === 'object' && config !== null && !Array.isArray(config)
			? undefined
			: fault('it is not a JSON object');
	} catch (error) {
		const {code, message} = error as NodeJS.ErrnoException;
		if (code === 'ENOENT' || code === 'ENOTDIR') {
			return undefined;
		}

		return fault(error instanceof SyntaxError ? 'it is not JSON' : `it cannot be read (${safeText(code ?? message)})`);
	}
}

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

/** The config of the whole host: defaults that its administrator sets for everyone, below the personal config. */
import {lstatSync, realpathSync, type Stats} from 'node:fs';
import {dirname} from 'node:path';
import {Failure} from '../base/failure.ts';
import {safeText} from '../text/safe.ts';
import {shellQuoteVisibly} from '../text/shell-quote.ts';
import {hostWideFile, readFile} from './file.ts';
import type {Sourced} from './merge.ts';

const root = 0;

/**
The settings of the host's config, in the same form as the personal ones.

@throws Failure (usage) when the file has mistakes, or when another user than root could have written it: it decides what everyone mounts
and where their packages come from
*/
export async function readHostWide(path = hostWideFile): Promise<Sourced[]> {
	const fault = findIntruder(path);
	if (fault !== undefined) {
		throw new Failure(`${path} is ignored: ${fault.text}.`, {
			fix: `The administrator of this host can ${fault.repair === undefined ? 'make it readable.' : `repair that: sudo ${fault.repair}`}`,
		});
	}

	try {
		return await readFile(path, {place: 'host', shownAs: path, base: dirname(path)});
	} catch (error) {
		if (!(error instanceof Failure)) {
			throw error;
		}

		const [first = ''] = error.details;
		throw new Failure(`${path} is ignored: ${first === '' ? error.message : first}`, {
			fix: `Ask the administrator of this host to correct it. ${error.fix}`,
			cause: error,
		});
	}
}

type Fault = {
	text: string;
	/** The command that ends it, as root. */
	repair?: string;
};

/** Why others than root may have written a file, or put another in its place; undefined when only root can. */
function findIntruder(path: string): Fault | undefined {
	let end: string;
	try {
		end = realpathSync(path);
	} catch (error) {
		return {text: safeText((error as Error).message)};
	}

	for (const start of new Set([path, end])) {
		for (let current = start; ; current = dirname(current)) {
			const fault = faultOf(lstatSync(current), current);
			if (fault !== undefined) {
				return fault;
			}

			if (current === dirname(current)) {
				break;
			}
		}
	}

	return undefined;
}

function faultOf(info: Stats, path: string): Fault | undefined {
	if (info.uid !== root) {
		return {text: `${safeText(path)} does not belong to root`, repair: `chown -h root: ${shellQuoteVisibly(path)}`};
	}

	// A link has no mode of its own, and in a sticky folder others cannot replace what is root's.
	const replaceable = info.isDirectory() ? (info.mode & 0o1000) === 0 : !info.isSymbolicLink();
	return replaceable && (info.mode & 0o022) !== 0
		? {text: `others can write to ${safeText(path)}`, repair: `chmod go-w ${shellQuoteVisibly(path)}`}
		: undefined;
}

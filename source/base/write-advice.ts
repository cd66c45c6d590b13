import {existsSync} from 'node:fs';
import {dirname} from 'node:path';
import {safeText} from '../text/safe.ts';
import {accountHome} from './home.ts';

/** What the file system says when it takes no more, which is no fault of the program that writes. */
const full = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS']);

export function isFull(error: unknown): error is NodeJS.ErrnoException {
	return error instanceof Error && full.has((error as NodeJS.ErrnoException).code ?? '');
}

/**
What to do about a file or folder that could not be written, by the system's reason; empty for a reason that is not among the usual ones. Safe
to print.
*/
export function adviceForWrite(error: unknown, path: string): string {
	const shown = safeText(path);
	switch ((error as NodeJS.ErrnoException | null)?.code) {
		case 'ENOSPC':
			return `Free some space on the file system of ${shown}. To see how full it is: df -h`;
		case 'EDQUOT':
			return `Your quota on the file system of ${shown} is used up. To see it: quota -s`;
		case 'EFBIG':
			return 'Files may not grow that large here. To see the limit: ulimit -f';
		case 'EROFS':
			return `${shown} is on a file system that is mounted read-only.`;
		case 'EACCES':
		case 'EPERM':
			return adviceOnHome(path) ?? `Make ${safeText(existingPart(path))} writable for you.`;
		default:
			return '';
	}
}

/**
Accounts of services, and containers of CI systems, often have a home that is not there.

@param path what may not be used
@returns undefined where the home has nothing to do with it
*/
export function adviceOnHome(path: string): string | undefined {
	const home = process.env.HOME || accountHome() || '/';
	const isOfHome = `${path}/`.startsWith(`${home}/`) || home.startsWith(`${path}/`);
	return isOfHome && !existsSync(home)
		? `Your home, ${safeText(home)}, is not there. Set another one: export HOME=/folder/of/yours`
		: undefined;
}

/** The path itself, or the folder above it that is there: what could not be made in it cannot be made writable either. */
function existingPart(path: string): string {
	const parent = dirname(path);
	return parent === path || existsSync(path) ? path : existingPart(parent);
}

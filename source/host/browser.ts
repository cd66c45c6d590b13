import {randomBytes} from 'node:crypto';
import {chmodSync, lstatSync, readdirSync, rmSync} from 'node:fs';
import {homedir} from 'node:os';
import {join} from 'node:path';
import {makeFolder, writeFileAtomic} from '../base/safe-files.ts';

/**
The folder of the page that redirects the browser. Jupyter has its own pages there, so browsers that may not read hidden folders may read
this one: snapd's rules for browsers list `~/.local/share/jupyter`, whatever XDG_DATA_HOME says.
*/
export function pagesFolder(environment: NodeJS.ProcessEnv): string {
	return join(environment.HOME || homedir(), '.local/share/jupyter/gpubox');
}

/** Milliseconds that a browser has to read a page before another call removes it. */
const readWithin = 60_000;

/**
Opens a URL in the user's browser without passing it on any command line, which everyone on the machine could read: the browser gets a
page that only the user can read and that redirects. The page is kept until the next call.

@param start opens a file in the browser
@returns why nothing was opened; undefined when it was
*/
export async function openInBrowser(
	url: string,
	environment: NodeJS.ProcessEnv,
	start = startBrowser,
): Promise<string | undefined> {
	let page: string;
	try {
		page = writePage(pagesFolder(environment), url);
	} catch (error) {
		return `Cannot write the page for the browser: ${(error as Error).message}`;
	}

	try {
		await start(page);
		return undefined;
	} catch (error) {
		rmSync(page, {force: true});
		return `No browser could be started: ${(error as Error).message}`;
	}
}

async function startBrowser(page: string): Promise<void> {
	const {default: open} = await import('open');
	const child = await open(page);
	child.unref();
}

/** @throws when the folder is not the caller's own, or cannot be written */
function writePage(folder: string, url: string): string {
	makeFolder(folder);
	const found = lstatSync(folder);
	if (!found.isDirectory() || found.uid !== process.getuid?.()) {
		throw new Error(`${folder} is not a folder of yours`);
	}

	chmodSync(folder, 0o700);
	for (const name of readdirSync(folder)) {
		const path = join(folder, name);
		if (Date.now() - lstatSync(path).mtimeMs > readWithin) {
			rmSync(path, {force: true});
		}
	}

	const path = join(folder, `open-${randomBytes(8).toString('hex')}.html`);
	writeFileAtomic(path, redirectPage(url), {mode: 0o600, isNew: true, replaceable: true});
	return path;
}

/** Redirects twice: a browser may have JavaScript turned off, and `replace` keeps the page out of its history. */
export function redirectPage(url: string): string {
	const attribute = url.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
	const script = JSON.stringify(url).replaceAll('<', '\\u003c');
	return `<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="1; url=${attribute}">
<title>Jupyter</title>
<script>location.replace(${script});</script>
<p><a href="${attribute}">Open Jupyter</a></p>
`;
}

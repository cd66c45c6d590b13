/** Opening a box's Jupyter in the browser, as `gpubox open`, `gpubox up --open` and the session do. */

import {Failure} from '../../base/failure.ts';
import type {Box} from '../../box/box.ts';
import {jupyterUrl, tunnelCommand} from '../../box/jupyter/server.ts';
import {readToken} from '../../box/jupyter/token.ts';
import {ownerText} from '../../box/list.ts';
import {whyNotRunning} from '../../box/up/not-running.ts';
import {hasDesktop} from '../../host/desktop.ts';
import type {Host} from '../../host/host.ts';

/** What to do about a box that cannot be opened, in the caller's terms: commands, or keys. */
export type OpenFixes = {noJupyter: string; notYours: string; notRunning: string; noAddress: string};

export type Opening = {
	/** With the token. */
	url: string;
	/** What to run first on the user's own machine; undefined where nothing has to be. */
	tunnel: string | undefined;
};

/** Where a box's Jupyter is. @throws Failure when it has none, is not running or belongs to another user */
export function openingOf(
	{paths, person, engine}: Pick<Host, 'paths' | 'person' | 'engine'>,
	box: Box,
	fixes: OpenFixes,
	environment: NodeJS.ProcessEnv = process.env,
): Opening {
	if (!box.mine) {
		throw new Failure(
			box.ownerIs === 'claimed'
				? `${box.name} claims to be yours, but was not created from this account, which has no token for it.`
				: `${box.name} belongs to ${ownerText(box)}, and only they have its token.`,
			{fix: fixes.notYours},
		);
	}

	if (!box.services.includes('jupyter')) {
		throw new Failure(`${box.name} offers no Jupyter.`, {fix: fixes.noJupyter});
	}

	const why = whyNotRunning(box);
	if (why !== undefined) {
		throw new Failure(why.message, {fix: why.fix ?? fixes.notRunning});
	}

	const url = jupyterUrl(box, readToken(paths, box.folder));
	if (url === undefined) {
		throw new Failure(`${box.name} has no address yet.`, {fix: fixes.noAddress});
	}

	return {url, tunnel: tunnelCommand(box, person.name, engine.local ? undefined : engine.address, environment)};
}

export type Opened = {kind: 'opened'} | {kind: 'no-desktop'} | {kind: 'failed'; problem: string};

/** Opens a URL in the browser where there is a desktop. */
export async function openUrl(url: string, environment: NodeJS.ProcessEnv = process.env): Promise<Opened> {
	if (!hasDesktop(environment)) {
		return {kind: 'no-desktop'};
	}

	const {openInBrowser} = await import('../../host/browser.ts');
	const problem = await openInBrowser(url, environment);
	return problem === undefined ? {kind: 'opened'} : {kind: 'failed', problem};
}

/** The same for a verb, which printed the URL before: what came of it goes to stderr. */
export async function showInBrowser(url: string): Promise<void> {
	const opened = await openUrl(url);
	if (opened.kind === 'opened') {
		process.stderr.write('Opened in your browser.\n');
	} else if (opened.kind === 'failed') {
		process.stderr.write(`gpubox: ${opened.problem}\n  → Open the address yourself.\n`);
	}
}

import {Failure} from '../../../base/failure.ts';
import type {Box} from '../../../box/box.ts';
import {jupyterUrl, tunnelCommand} from '../../../box/jupyter/server.ts';
import {readToken} from '../../../box/jupyter/token.ts';
import {hasDesktop} from '../../../host/desktop.ts';
import type {Host} from '../../../host/host.ts';

/**
Opens a box's Jupyter in the browser where there is a desktop; always tells the address with its token, which is of use to
a person who sits at another machine.

@throws Failure when it offers no Jupyter or its token is somebody else's
*/
export async function openHere(host: Host, box: Box): Promise<{text: string; fix?: string}> {
	if (!box.services.includes('jupyter')) {
		throw new Failure(`${box.name} offers no Jupyter.`, {fix: 'a gives a shell in it'});
	}

	const token = readToken(host.paths, box.folder);
	const url = jupyterUrl(box, token);
	if (url === undefined) {
		throw new Failure(`${box.name} has no address yet.`, {fix: 'Its log tells how far it is'});
	}

	if (token === undefined) {
		throw new Failure(`${box.name} belongs to ${box.owner}, who alone has its token.`, {
			fix: 'Ask them for it; u starts a box of your own',
		});
	}

	if (host.demo) {
		return {text: url, fix: 'On a real host this opens in the browser; there is no server behind it here'};
	}

	if (!hasDesktop(process.env)) {
		const tunnel = tunnelCommand(
			box,
			host.person.name,
			host.engine.local ? undefined : host.engine.address,
			process.env,
		);
		return {text: url, ...(tunnel === undefined ? {} : {fix: `First, on your own machine: ${tunnel}`})};
	}

	const {openInBrowser} = await import('../../../host/browser.ts');
	const problem = await openInBrowser(url, process.env);
	return problem === undefined ? {text: `Opened ${url}`} : {text: url, fix: `${problem}. Open the address yourself`};
}

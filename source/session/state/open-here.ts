import type {Box} from '../../box/box.ts';
import {readToken} from '../../box/files.ts';
import {jupyterUrl} from '../../box/jupyter.ts';
import {Failure} from '../../failure.ts';
import type {Host} from '../../host/host.ts';

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
		return {text: url, fix: `From another machine first: ssh -L ${portOf(box)}:127.0.0.1:${portOf(box)} THIS-MACHINE`};
	}

	const {default: openInBrowser} = await import('open');
	const child = await openInBrowser(url);
	child.unref();
	return {text: `Opened ${url}`};
}

function portOf(box: Box): number {
	return box.addresses.jupyter?.port ?? 8888;
}

function hasDesktop(environment: NodeJS.ProcessEnv): boolean {
	return (
		Boolean(environment.DISPLAY) || Boolean(environment.WAYLAND_DISPLAY) || environment.WSL_DISTRO_NAME !== undefined
	);
}

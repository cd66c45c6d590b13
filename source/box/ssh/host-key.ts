import {existsSync} from 'node:fs';
import type {Host} from '../../host/host.ts';
import type {Box} from '../box.ts';
import {boxFolder} from '../paths.ts';
import {writeOwnLogin} from './login.ts';

/** Where Debian, Fedora, Alpine and similar distributions keep a server's host keys. */
const hostKeys = ['ed25519', 'ecdsa', 'rsa'].map((type) => `/etc/ssh/ssh_host_${type}_key.pub`);

/**
Saves the host key of the image's server, for the user's ssh. It is read from the container, not over the network, where anyone could
answer.
*/
export async function keepHostKey(host: Host, box: Box, signal?: AbortSignal): Promise<void> {
	// The folder was cleaned up, or the box was created by another account.
	const {folder} = box;
	if (folder === undefined || !existsSync(boxFolder(host.paths, folder))) {
		return;
	}

	for (const path of hostKeys) {
		const key =
			(await host.engine.readFile(box.id, path, {...(signal ? {signal} : {})}))?.toString('utf8').trim() ?? '';
		if (/^[\w@.-]+ [A-Za-z\d+/]+=* ?[^\n]*$/.test(key)) {
			writeOwnLogin(host.paths, folder, key);
			return;
		}
	}
}

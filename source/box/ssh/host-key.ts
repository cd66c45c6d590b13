import {existsSync} from 'node:fs';
import type {Host} from '../../host/host.ts';
import type {Box} from '../box.ts';
import {boxFolder} from '../paths.ts';
import {writeOwnLogin} from './login.ts';

/** Where Debian, Fedora, Alpine and their like keep a server's host keys. */
const hostKeys = ['ed25519', 'ecdsa', 'rsa'].map((type) => `/etc/ssh/ssh_host_${type}_key.pub`);

/**
Keeps the host key that the image's server shows, so that the person's ssh can be told of it. Read from the container, not over the
network: there anybody could answer.
*/
export async function keepHostKey(host: Host, box: Box, signal?: AbortSignal): Promise<void> {
	// Somebody cleaned up, or it was made from another account.
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

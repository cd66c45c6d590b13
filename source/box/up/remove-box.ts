import {existsSync} from 'node:fs';
import type {Diagnostic} from '../../base/failure.ts';
import type {Host} from '../../host/host.ts';
import type {Box} from '../box.ts';
import {listClaims} from '../list.ts';
import {boxFolder} from '../paths.ts';
import {readRecord, writeRecord} from '../record.ts';
import {syncSshFilesAfter} from '../ssh/sync-config.ts';
import {removeLeftovers} from './leftovers.ts';
import {removeWithFiles} from './remove-with-files.ts';

/**
Removes a box, running or not, and its files. The project folder and the user's home are kept.

@returns what is wrong with the user's ssh configuration, which may still name the box
@throws EngineError
*/
export async function removeBox(host: Host, box: Box): Promise<Diagnostic | undefined> {
	const record = box.mine && box.folder !== undefined ? readRecord(host.paths, box.folder) : undefined;
	if (box.folder !== undefined && record) {
		// If this run is killed, the next one that finds the folder continues.
		try {
			writeRecord(host.paths, box.folder, {...record, removing: true});
		} catch (error) {
			// Gone when another process removes the box at the same moment.
			if (existsSync(boxFolder(host.paths, box.folder))) {
				throw error;
			}
		}
	}

	await removeWithFiles(host, box);
	if (box.mine) {
		await removeLeftovers(host, await listClaims(host), box.projectPath);
	}

	return syncSshFilesAfter(host, box);
}

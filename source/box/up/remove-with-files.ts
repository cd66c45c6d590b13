import timers from 'node:timers/promises';
import {EngineError} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import type {Box} from '../box.ts';
import {removeBoxFiles, removeStartFiles} from '../files/write-files.ts';

/** How long an engine may take to remove a container that another process is already removing. */
const attempts = 50;
const pauseMs = 100;

/**
Removes a container, running or not, and waits until it is gone, also when another process removes it at the same moment.

@throws EngineError
*/
async function removeContainer({engine}: Pick<Host, 'engine'>, id: string): Promise<void> {
	for (let attempt = 0; ; attempt++) {
		try {
			await engine.removeContainer(id, {force: true, volumes: true});
			return;
		} catch (error) {
			const code = error instanceof EngineError ? error.code : undefined;
			if (code === 'not-found') {
				return;
			}

			// "removal already in progress", or the engine is still busy with it.
			if (code !== 'conflict' || attempt === attempts) {
				throw error;
			}

			await timers.setTimeout(pauseMs);
		}
	}
}

/**
Removes a box of the caller, running or not, and its files.

@param options.ended it is never started again, so that its files need not outlive it
@throws EngineError
*/
export async function removeWithFiles(
	host: Pick<Host, 'engine' | 'paths'>,
	box: Pick<Box, 'id' | 'folder'>,
	{ended = false}: {ended?: boolean} = {},
): Promise<void> {
	const removing = removeContainer(host, box.id);
	if (ended && box.folder !== undefined) {
		removing.catch(() => {});
		// The engine takes as long as this. It has to be asked first.
		await timers.setTimeout(1);
		removeStartFiles(host.paths, box.folder);
	}

	await removing;
	removeBoxFiles(host.paths, box.folder);
}

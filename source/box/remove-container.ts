import {EngineError} from '../engine/engine.ts';
import type {Host} from '../host/host.ts';
import type {Box} from './box.ts';

/**
Removes a container that does not run. The engine does that atomically against a start: afterwards it is either gone or running.

@returns whether it was removed here; false when it is running, or another process removed it
@throws EngineError
*/
export async function removeUnlessRunning({engine}: Pick<Host, 'engine'>, {id}: Pick<Box, 'id'>): Promise<boolean> {
	try {
		await engine.removeContainer(id, {volumes: true});
		return true;
	} catch (error) {
		const settled = error instanceof EngineError && (error.code === 'conflict' || error.code === 'not-found');
		if (!settled) {
			throw error;
		}

		return false;
	}
}

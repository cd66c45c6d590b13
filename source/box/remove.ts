import timers from 'node:timers/promises';
import {EngineError} from '../engine/engine.ts';
import type {Host} from '../host/host.ts';
import type {Box} from './box.ts';

/** How long an engine may take to remove a container that somebody else has begun to remove. */
const attempts = 50;
const pauseMs = 100;

/**
Removes a container, running or not, and waits until it is gone: whoever else removes it at the same moment wants the same.

@throws EngineError
*/
export async function removeContainer({engine}: Pick<Host, 'engine'>, id: string): Promise<void> {
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
Removes a container that does not run. The engine does that atomically against a start: either it is gone afterwards, or it runs.

@throws EngineError
*/
export async function removeUnlessRunning({engine}: Pick<Host, 'engine'>, {id}: Pick<Box, 'id'>): Promise<void> {
	try {
		await engine.removeContainer(id, {volumes: true});
	} catch (error) {
		const settled = error instanceof EngineError && (error.code === 'conflict' || error.code === 'not-found');
		if (!settled) {
			throw error;
		}
	}
}

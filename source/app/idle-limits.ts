import {existsSync} from 'node:fs';
import {Failure} from '../base/failure.ts';
import type {Box} from '../box/box.ts';
import {type Idleness, idleFor} from '../box/idle/idle.ts';
import type {Settings} from '../settings/schema.ts';
import {formatDuration, parseDuration} from '../text/duration.ts';
import {loadPersonalSettings, loadSettings} from './load-settings.ts';

/** Milliseconds; undefined is never. */
export type IdleLimits = {warnAfterMs: number | undefined; stopAfterMs: number | undefined};

/**
The limits for a box, from its project's gpubox.yaml and the caller's own config. Another user's project is not read; its file has
no say about what the caller does.
*/
export async function idleLimits(box: Box): Promise<IdleLimits> {
	const own = box.mine && existsSync(box.projectPath);
	const {idle} = own ? await settingsOf(box.projectPath) : await loadPersonalSettings();
	return {
		warnAfterMs: idle?.warnAfter === undefined ? undefined : parseDuration(idle.warnAfter),
		stopAfterMs: idle?.stopAfter === undefined ? undefined : parseDuration(idle.stopAfter),
	};
}

/** The same for a list, which is worth printing without them: told once what cannot be read, and then no limit counts. */
export function readableIdleLimits(onTrouble: (trouble: Failure) => void): (box: Box) => Promise<IdleLimits> {
	let told = false;
	return async (box) => {
		try {
			return await idleLimits(box);
		} catch (error) {
			if (!(error instanceof Failure)) {
				throw error;
			}

			if (!told) {
				told = true;
				onTrouble(error);
			}

			return {warnAfterMs: undefined, stopAfterMs: undefined};
		}
	};
}

/** A mistake in one project's file must not hide the other boxes: then the caller's own config counts. */
async function settingsOf(project: string): Promise<Settings> {
	try {
		return (await loadSettings(project)).settings;
	} catch (error) {
		if (error instanceof Failure) {
			return loadPersonalSettings();
		}

		throw error;
	}
}

/** A table cell: `in use`, `3h` when it has been idle for so long, `?` when it is unknown. */
export function idleCell(
	box: Box,
	idleness: Idleness | undefined,
	{warnAfterMs}: Pick<IdleLimits, 'warnAfterMs'>,
	now: Date,
): string {
	switch (idleness?.kind) {
		case undefined:
			return '-';
		case 'busy':
			return 'in use';
		case 'unknown':
			return '?';
		case 'idle': {
			const idle = idleFor(idleness, now);
			const late = box.gpus.length > 0 && warnAfterMs !== undefined && idle >= warnAfterMs;
			return `${formatDuration(idle)}${late ? ' (holds a GPU)' : ''}`;
		}
	}
}

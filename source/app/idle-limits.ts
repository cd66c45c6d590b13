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
What holds for a box: what its project says, and the caller's own config. Of a project of somebody else's nothing is read: it
could not be made to obey.
*/
export async function idleLimits(box: Box): Promise<IdleLimits> {
	const own = box.mine && existsSync(box.projectPath);
	const {idle} = own ? await settingsOf(box.projectPath) : await loadPersonalSettings();
	return {
		warnAfterMs: idle?.warnAfter === undefined ? undefined : parseDuration(idle.warnAfter),
		stopAfterMs: idle?.stopAfter === undefined ? undefined : parseDuration(idle.stopAfter),
	};
}

/** A mistake in the file of one project must not keep the others from being seen: then the caller's own config counts. */
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

/** A cell of a table: `now` while it is used, `3h` since it is not, `?` when nobody can tell. */
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

/** How old the base behind a box is, and whether a newer build of the same line of tags exists. */

import {compareVersions, parseVersion} from '../text/compare-versions.ts';
import {safeText} from '../text/safe.ts';
import type {ImageFacts} from './image.ts';
import {normalReference, tagLine} from './reference.ts';

/** An image that the engine has. */
export type LocalBuild = {reference: string; id: string; createdAt: Date | null};

export type Freshness = {
	/** Whole days since the base was built; null when unknown. */
	ageDays: number | null;
	/** Older than a month: by common practice, time for newer security fixes. */
	old: boolean;
	/** A newer build of the same line of tags, the newest there is. */
	newer: {reference: string; where: 'local' | 'catalogue'} | null;
	/** One line, or null when there is nothing to point out. */
	message: string | null;
	fix: string | null;
};

const day = 86_400_000;
const oldAfterDays = 30;
// Reproducible builds write 0, 1980 or the year 1 as the date: these do not count as dates.
const firstDocker = Date.UTC(2013, 2, 1);

function ageInDays(builtAt: Date | null, released: string | null, now: Date): number | null {
	const built = builtAt?.getTime() ?? Number.NaN;
	const time = built >= firstDocker ? built : Date.parse(released ?? '');
	return Number.isFinite(time) && time >= firstDocker ? Math.max(0, Math.floor((now.getTime() - time) / day)) : null;
}

function newestOfLine(
	reference: string,
	others: ReadonlyArray<{reference: string; where: 'local' | 'catalogue'}>,
): Freshness['newer'] {
	const own = tagLine(reference);
	let newest = parseVersion(own?.version);
	let found: Freshness['newer'] = null;
	if (own === undefined || newest === undefined) {
		return null;
	}

	// Most others are of another repository, whose name is not even in theirs.
	const name = own.line.slice(own.line.lastIndexOf('/') + 1, own.line.lastIndexOf(':'));
	for (const {reference: candidate, where} of others.filter(({reference: each}) => each.includes(name))) {
		const other = tagLine(candidate);
		const version = other?.line === own.line ? parseVersion(other.version) : undefined;
		if (version && compareVersions(version, newest) > 0) {
			newest = version;
			found = {reference: candidate, where};
		}
	}

	return found;
}

/**
Judges the base of a box. `base.id` is the image that the box was created from, under the name the user chose. `local`:
what the engine has; `offered`: entries of the catalogue to look among, best only those that fit the host.
*/
export function freshness(
	base: LocalBuild,
	{now, local, offered}: {now: Date; local: readonly LocalBuild[]; offered: readonly ImageFacts[]},
): Freshness {
	const key = normalReference(base.reference);
	const entry = offered.find(({reference}) => normalReference(reference) === key);
	const ageDays = ageInDays(base.createdAt, entry?.released ?? null, now);
	const moved = local.find(
		(image) =>
			image.id !== base.id &&
			normalReference(image.reference) === key &&
			(image.createdAt === null || base.createdAt === null || image.createdAt > base.createdAt),
	);
	const newer: Freshness['newer'] = moved
		? {reference: moved.reference, where: 'local'}
		: newestOfLine(base.reference, [
				...local.map(({reference}) => ({reference, where: 'local' as const})),
				...offered.map(({reference}) => ({reference, where: 'catalogue' as const})),
			]);
	const old = ageDays !== null && ageDays > oldAfterDays;
	if (!old && newer === null) {
		return {ageDays, old, newer, message: null, fix: null};
	}

	const age = ageDays === null ? '' : `Its base is ${ageDays} day${ageDays === 1 ? '' : 's'} old`;
	const name = safeText(newer?.reference ?? '');
	const there =
		newer === null
			? ''
			: moved
				? `a newer build of ${name} is on this host`
				: `${name} is newer${newer.where === 'local' ? ' and on this host' : ''}`;
	const text = [age, there].filter((part) => part !== '').join('; ');
	return {
		ageDays,
		old,
		newer,
		message: `${text.charAt(0).toUpperCase()}${text.slice(1)}.`,
		fix: moved
			? 'Recreate the box: `gpubox up --recreate`.'
			: newer
				? `Recreate the box: \`gpubox up --image ${name} --recreate\`.`
				: `Check for a newer build: \`gpubox pull ${safeText(base.reference)}\`, then \`gpubox up --recreate\`.`,
	};
}

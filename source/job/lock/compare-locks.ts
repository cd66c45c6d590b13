/** What a newer lock has that an older one has not, as `verify` tells it. Pure. */
import {compareLock, type Difference} from './compare.ts';
import type {Inside} from './inside.ts';
import type {LockedEnvironment} from './lock.ts';

/** @param where of the newer one, for people */
export function compareLocks(older: LockedEnvironment, newer: LockedEnvironment, where: string): Difference[] {
	const {image} = newer;
	const differences = compareLock(older, {
		inputs: newer.inputs,
		postCreate: false,
		projectEnvironment: {},
		image: {
			tagged: {digest: image.digest, rootfs: image.rootfs, platform: image.platform},
			// Both can be started: what differs is no obstacle.
			lockedHere: true,
		},
		layers: newer.layers,
		inside: {found: insideOf(newer), where, changes: [], imageEnvironment: {}},
	});
	return differences.map(({what, locked, found, severity}) => ({what, locked, found, where, severity, fix: ''}));
}

function insideOf({inside, packages}: LockedEnvironment): Inside {
	return {
		...inside,
		problem: null,
		distributions: Object.entries(packages.pip).map(([name, {version, record}]) => ({
			name,
			version,
			record,
			path: '',
			from: 'image',
			tops: [],
			shadows: [],
		})),
		apt: packages.apt,
		environment: {},
	};
}

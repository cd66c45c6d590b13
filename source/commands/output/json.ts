import type {Box} from '../../box/box.ts';
import type {QueueEntry} from '../../box/gpus/queue-entry.ts';
import type {Idleness} from '../../box/idle/idle.ts';
import {jupyterUrl} from '../../box/jupyter/server.ts';
import {safeJson} from '../../text/safe.ts';

/** A box as `ls --json` prints it. The token is never part of it. */
export function boxJson(box: Box, idleness?: Idleness) {
	const {ssh} = box.addresses;
	const url = jupyterUrl(box);
	return {
		name: box.name,
		id: box.id,
		owner: box.owner,
		// Two users may have the same name after cleaning; the uid tells them apart.
		uid: box.uid ?? null,
		// False for a container that only claims it: its labels were not written by this account.
		mine: box.mine,
		// A job runs one command and ends with it.
		kind: box.job ? 'run' : 'box',
		project: box.project,
		state: box.state,
		services: {
			...(url ? {jupyter: {url}} : {}),
			...(ssh ? {ssh: {...ssh, user: box.user}} : {}),
		},
		gpus: box.gpus,
		image: box.image,
		sudo: box.sudo,
		rootPassword: box.rootPassword,
		open: box.open ?? false,
		createdAt: box.createdAt.toISOString(),
		until: box.until?.toISOString() ?? null,
		// Null while it is used, and when it is unknown.
		idleSince: idleness?.kind === 'idle' ? idleness.since.toISOString() : null,
	};
}

/** Who is queued for GPUs, the first one first; null where that cannot be seen. */
export function queueJson(queue: readonly QueueEntry[] | undefined) {
	return (
		queue?.map(({user, uid, mine, name, count, uuids, share, since, behind}) => ({
			user,
			uid,
			mine,
			name,
			gpus: count,
			uuids: uuids ?? null,
			share,
			since: since.toISOString(),
			behind,
		})) ?? null
	);
}

/** JSON for programs, and readable in less. */
export function printJson(value: unknown): void {
	process.stdout.write(`${safeJson(value, 2)}\n`);
}

/**
A stopped box holds no card, and the engine has no atomic "start it, unless another has its cards". So a start claims them first, as
`up` does, with containers that are only ever created: one for each card, with a name made from the card's, which the engine keeps
unique. Of two starts on one card the second finds the name taken and waits. Against an `up` the rule is in claims.ts: an `up` that sees
the claim of a start withdraws, and a start removes containers that are only created. The later of the two always sees the other, so
they never both start.

The claim exists until the box runs; that of a restart from before its stop on. One that a killed start left is removed at once by a start
of the same user, who knows its process; by others after a while (claims.ts), or as soon as its box runs.
*/
import {createHash} from 'node:crypto';
import timers from 'node:timers/promises';
import {type ContainerSpec, EngineError} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {type Box, label, startClaimPrefix} from '../box.ts';
import {allLabels} from '../labels.ts';
import {listClaims} from '../list.ts';
import {removeUnlessRunning} from '../remove-container.ts';
import {GpusTaken} from './allocate.ts';
import {isLeft, noteClaims} from './claim-process.ts';
import {abandonedAfter, decideClaim, isOver, restartAbandonedAfter} from './claims.ts';

type ClaimKind = 'start' | 'restart';

/**
Claims the cards of a running box, so that it has them still when it starts again after a stop.

@returns releases the claims; undefined when another start or restart of these cards is under way
@throws EngineError
*/
export function claimForRestart(host: Host, box: Box): Promise<(() => Promise<void>) | undefined> {
	return claim(host, box, 'restart');
}

/**
Starts a stopped box as soon as its cards are claimed for it.

@param look throws when the cards are in use; called before each attempt
@throws what `look` and `start` throw; GpusTaken after a minute of rivals; EngineError
*/
export async function startClaimed(
	host: Host,
	box: Box,
	{signal, look, start}: {signal?: AbortSignal | undefined; look: () => Promise<void>; start: () => Promise<void>},
): Promise<void> {
	// By then, what a killed rival left is removed.
	const end = Date.now() + restartAbandonedAfter + abandonedAfter;
	for (let attempt = 0; Date.now() < end; attempt++) {
		signal?.throwIfAborted();
		await look();
		const release = await claim(host, box, 'start');
		if (!release) {
			await pause(signal, attempt);
			continue;
		}

		try {
			await start();
			return;
		} finally {
			await release();
		}
	}

	throw new GpusTaken(`Could not reserve the GPUs of ${box.name}: other boxes kept claiming them.`, {
		fix: `Try again in a minute, or queue for them: gpubox up ${box.project} --wait`,
		holders: ['boxes that are starting'],
	});
}

/** Undefined when others have the cards, or are about to. The claim is held until the returned function is called. */
async function claim(host: Host, box: Box, kind: ClaimKind): Promise<(() => Promise<void>) | undefined> {
	const made: string[] = [];
	const release = async () => {
		for (const id of made.splice(0)) {
			await removeUnlessRunning(host, {id});
		}
	};
	try {
		// In the same order for every process, so that of two boxes with the same two cards each does not get one.
		for (const uuid of [...box.gpus].sort()) {
			const id = await createClaim(host, box, uuid, kind);
			if (id === undefined) {
				await release();
				return undefined;
			}

			made.push(id);
			noteClaims(host, box, made);
		}

		for (;;) {
			const decision = decideClaim({...box, startOf: box.id}, await listClaims(host), new Date());
			if (decision.kind === 'start') {
				return release;
			}

			if (decision.kind === 'withdraw') {
				await release();
				return undefined;
			}

			for (const rival of decision.rivals) {
				await removeUnlessRunning(host, rival);
			}
		}
	} catch (error) {
		// The first error is reported; the rest of the claim expires soon.
		await release().catch(() => {});
		throw error;
	}
}

/** Undefined while another start holds this card. */
async function createClaim(host: Host, box: Box, uuid: string, kind: ClaimKind): Promise<string | undefined> {
	const name = startClaimPrefix + createHash('sha256').update(uuid).digest('hex').slice(0, 16);
	for (let attempt = 0; attempt < 2; attempt++) {
		try {
			return await host.engine.createContainer(claimSpec(name, box, uuid, kind));
		} catch (error) {
			if (!(error instanceof EngineError && error.code === 'name-taken')) {
				throw error;
			}
		}

		const claims = await listClaims(host);
		const holder = claims.find((claim) => claim.startOf !== undefined && claim.gpus.includes(uuid));
		if (holder && !isOver(holder, claims, new Date()) && !isLeft(host, holder, claims)) {
			return undefined;
		}

		if (holder) {
			await removeUnlessRunning(host, holder);
		}
	}

	return undefined;
}

function claimSpec(name: string, box: Box, uuid: string, kind: ClaimKind): ContainerSpec {
	return placeholderSpec(name, box, {
		[label.kind]: kind,
		[label.gpus]: uuid,
		[label.share]: String(box.shareGpus),
	});
}

/** Never started: it has an image only because the engine requires one, and the box's own is always there. */
export function placeholderSpec(name: string, box: Box, labels: Record<string, string>): ContainerSpec {
	return {
		name,
		image: box.imageId,
		entrypoint: ['/gpubox-is-never-started'],
		command: [],
		environment: {},
		labels: allLabels({
			[label.name]: box.name,
			[label.startOf]: box.id,
			[label.owner]: box.owner,
			...labels,
		}),
		user: '65534:65534',
		mounts: [],
		ports: [],
		gpus: [],
		gpuMechanism: 'gpu',
		init: false,
		capDrop: ['ALL'],
		capAdd: [],
		securityOptions: ['no-new-privileges'],
		network: 'none',
	};
}

/** Rivals that meet once should not meet again at the same moment; those that meet often ask the engine less often. */
export function pause(signal?: AbortSignal, attempt = 0): Promise<void> {
	return timers.setTimeout(
		(50 + Math.random() * 150) * Math.min(5, 1 + attempt / 10),
		undefined,
		signal ? {signal} : {},
	);
}

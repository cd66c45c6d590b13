/**
A stopped box holds no card, and the engine cannot make "start it, unless another has its cards" one step. So a start claims them
first, as `up` does, with a container that is only ever created: one for each card, of a name that is made of the card's, which the
engine keeps unique. Of two starts on one card the second finds the name taken and waits. Against an `up` the rule is in claims.ts: whoever
sees a claim of a start steps back, and a start removes what is only created. Of the two, the one whose container became visible later
sees the other's for sure; so never two of them start.

The claim is there until the box runs. One that a killed start left is taken away after `abandonedAfter`, or as soon as its box runs.
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
import {abandonedAfter, decideClaim, hasStarted, isAbandoned} from './claims.ts';

/**
Starts a stopped box as soon as its cards are claimed for it.

@param look throws when somebody has the cards; called before each attempt
@throws what `look` and `start` throw; GpusTaken after half a minute of rivals; EngineError
*/
export async function startClaimed(
	host: Host,
	box: Box,
	{signal, look, start}: {signal?: AbortSignal | undefined; look: () => Promise<void>; start: () => Promise<void>},
): Promise<void> {
	// What a killed rival left is out of the way after that.
	const end = Date.now() + 2 * abandonedAfter;
	while (Date.now() < end) {
		signal?.throwIfAborted();
		await look();
		const release = await claim(host, box);
		if (!release) {
			await pause(signal);
			continue;
		}

		try {
			await start();
			return;
		} finally {
			await release();
		}
	}

	throw new GpusTaken(`The GPUs of ${box.name} were claimed by other boxes again and again.`, {
		fix: `Try again in a minute, or wait in line: gpubox up ${box.project} --wait`,
		holders: ['others who are starting boxes'],
	});
}

/** Undefined when others have the cards, or are about to. The claim stands until what it gives is called. */
async function claim(host: Host, box: Box): Promise<(() => Promise<void>) | undefined> {
	const made: string[] = [];
	const release = async () => {
		for (const id of made.splice(0)) {
			await removeUnlessRunning(host, {id});
		}
	};
	try {
		// In one order for everybody: two boxes with the same two cards do not each get one.
		for (const uuid of [...box.gpus].sort()) {
			const id = await createClaim(host, box, uuid);
			if (id === undefined) {
				await release();
				return undefined;
			}

			made.push(id);
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
		// The first error is the one to tell; what is left of the claim is abandoned soon.
		await release().catch(() => {});
		throw error;
	}
}

/** Undefined while another start holds this card. */
async function createClaim(host: Host, box: Box, uuid: string): Promise<string | undefined> {
	const name = startClaimPrefix + createHash('sha256').update(uuid).digest('hex').slice(0, 16);
	for (let attempt = 0; attempt < 2; attempt++) {
		try {
			return await host.engine.createContainer(claimSpec(name, box, uuid));
		} catch (error) {
			if (!(error instanceof EngineError && error.code === 'name-taken')) {
				throw error;
			}
		}

		const claims = await listClaims(host);
		const holder = claims.find((claim) => claim.startOf !== undefined && claim.gpus.includes(uuid));
		if (holder && !isOver(holder, claims, new Date())) {
			return undefined;
		}

		if (holder) {
			await removeUnlessRunning(host, holder);
		}
	}

	return undefined;
}

/** Whether a claim holds nothing any more: its box runs, or whoever made it was killed. */
function isOver(claim: Box, boxes: readonly Box[], now: Date): boolean {
	return isAbandoned(claim, now) || hasStarted(claim, boxes);
}

/** Never started: it needs an image only because the engine makes none without, and the box's own is there. */
function claimSpec(name: string, box: Box, uuid: string): ContainerSpec {
	return {
		name,
		image: box.imageId,
		entrypoint: ['/gpubox-is-never-started'],
		command: [],
		environment: {},
		labels: allLabels({
			[label.name]: box.name,
			[label.kind]: 'start',
			[label.startOf]: box.id,
			[label.owner]: box.owner,
			[label.gpus]: uuid,
			[label.share]: String(box.shareGpus),
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

/** Rivals that meet once should not meet again at the same moment. */
export function pause(signal?: AbortSignal): Promise<void> {
	return timers.setTimeout(50 + Math.random() * 150, undefined, signal ? {signal} : {});
}

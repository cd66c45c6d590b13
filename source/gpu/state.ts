/** What can be said of a card at one moment. The one place where it is decided whether a card is free. */
import type {GpuFacts, GpuSample} from './gpu.ts';

/** `held`: a box holds the card and does not use it. */
export type CardState = 'free' | 'busy' | 'held' | 'unusable' | 'unknown';

export type StateOfCard = {
	state: CardState;
	/** Why, in a few words; null where the state says it all. */
	reason: string | null;
};

/** Why a card cannot be given to a box, and what to do about it. */
export type Unusable = {reason: string; fix: string};

type Fitness = Pick<
	GpuFacts,
	'index' | 'migMode' | 'migPending' | 'computeMode' | 'recoveryAction' | 'mig' | 'migUnknown'
> & {
	lost: boolean;
	faulty: boolean;
};

type Load = Pick<GpuSample, 'utilization' | 'memoryUsedMiB' | 'memoryTotalMiB'>;

export type CardFacts = Fitness &
	Load & {
		/** What the driver last said of it could not be read. */
		unread: boolean;
		/** How many processes the driver lists on it; null when it did not answer that question. */
		processes: number | null;
		/** A box holds the card or one of its slices. */
		held: boolean;
	};

/** Percent. Below it may be the desktop, or the question itself. */
const busyFrom = 5;

/** Idle cards have up to 800 MiB in use, for the driver itself and a desktop. */
const idleMiB = 1024;
const idleShare = 0.05;

/** @returns undefined for a card that programs can use, whole or in slices */
export function whyUnusable(card: Fitness): Unusable | undefined {
	const {index, migMode, migPending, computeMode, mig} = card;
	if (card.lost) {
		return {reason: 'lost', fix: 'Reboot to recover it'};
	}

	if (card.faulty) {
		return {
			reason: 'needs a reset',
			fix: `Stop the processes on it, then reset it: sudo nvidia-smi --gpu-reset -i ${index}`,
		};
	}

	const recovery = recoveryOf(card);
	if (recovery) {
		return recovery;
	}

	if (typeof migPending === 'boolean' && typeof migMode === 'boolean' && migPending !== migMode) {
		return {
			reason: `MIG ${migPending ? 'on' : 'off'} only after a reset`,
			fix: `Stop the processes on it, then reset it: sudo nvidia-smi --gpu-reset -i ${index}. Or reboot`,
		};
	}

	if (migMode === true && mig.length === 0 && card.migUnknown !== true) {
		return {
			reason: 'MIG on, no slice',
			fix: `Create slices: sudo nvidia-smi mig -cgi PROFILE -C -i ${index}. Or turn MIG off: sudo nvidia-smi -i ${index} -mig 0`,
		};
	}

	if (computeMode?.toLowerCase() === 'prohibited') {
		return {reason: 'compute mode Prohibited', fix: `Allow processes on it: sudo nvidia-smi -i ${index} -c DEFAULT`};
	}

	return undefined;
}

/**
What the driver asks for after a fault. The words are those of nvidia-smi; what they mean is in NVIDIA's "GPU Memory Error Management",
Error Recovery and Response Flags. Words of a newer driver are passed on as they are.
*/
function recoveryOf({index, recoveryAction}: Fitness): Unusable | undefined {
	const reset = `reset it: sudo nvidia-smi --gpu-reset -i ${index}`;
	switch (recoveryAction?.toLowerCase()) {
		case undefined:
		case 'none':
			return undefined;
		case 'reset':
		case 'gpu reset':
			return {reason: 'needs a reset', fix: `Stop the processes on it, then ${reset}`};
		case 'reboot':
		case 'node reboot':
			return {reason: 'needs a reboot', fix: 'Reboot this machine to recover it'};
		case 'drain and reset':
			return {
				reason: 'needs a reset once what runs has ended',
				fix: `Wait for the processes on it to end and start no new ones, then ${reset}`,
			};
		case 'drain p2p':
			return {
				reason: 'must drain peer-to-peer traffic',
				fix: `End the processes that use several GPUs together, then see what it asks for next: nvidia-smi -q -i ${index} | grep Recovery`,
			};
		default:
			return {
				reason: `recovery action ${recoveryAction}`,
				fix: `See what the driver says: nvidia-smi -q -i ${index} | grep Recovery`,
			};
	}
}

/** The figures that show a card to be in use, e.g. `94 %, 67.2 GiB`; undefined when they do not. */
function evidentUse({utilization, memoryUsedMiB, memoryTotalMiB}: Load): string | undefined {
	const computes = (utilization ?? 0) >= busyFrom;
	const fills = (memoryUsedMiB ?? 0) > Math.max(idleMiB, (memoryTotalMiB ?? 0) * idleShare);
	if (!computes && !fills) {
		return undefined;
	}

	const figures = [
		...(utilization === null ? [] : [`${Math.round(utilization)} %`]),
		...(memoryUsedMiB === null ? [] : [`${(memoryUsedMiB / 1024).toFixed(1)} GiB`]),
	];
	return figures.join(', ');
}

/** Free, busy, held and idle, unusable, or unknown: exactly one, so that counts of them add up. */
export function stateOfCard(card: CardFacts): StateOfCard {
	if (card.unread) {
		return {state: 'unknown', reason: 'nvidia-smi output cannot be parsed'};
	}

	const unusable = whyUnusable(card);
	if (unusable) {
		return {state: 'unusable', reason: unusable.reason};
	}

	if (card.migUnknown === true) {
		return {state: 'unknown', reason: 'MIG slices not listed'};
	}

	const {utilization, memoryUsedMiB, processes, held} = card;
	const use = evidentUse(card);
	const computes = (utilization ?? 0) >= busyFrom;
	// What a box keeps in the memory of its own card is not work.
	if (held && utilization !== null && !computes) {
		return {state: 'held', reason: null};
	}

	if (use !== undefined || (processes ?? 0) > 0) {
		const explained = held || (processes ?? 0) > 0;
		return {state: 'busy', reason: explained ? null : `${use}${processes === 0 ? ', no process listed' : ''}`};
	}

	if (held) {
		return processes === null ? {state: 'unknown', reason: 'processes not known'} : {state: 'held', reason: null};
	}

	return judgeIdle(utilization, memoryUsedMiB, processes);
}

/** Of a card that no one is seen on: free only where something says so. */
function judgeIdle(utilization: number | null, memoryUsedMiB: number | null, processes: number | null): StateOfCard {
	if (utilization !== null && memoryUsedMiB !== null) {
		return {state: 'free', reason: null};
	}

	if (processes === null) {
		return {state: 'unknown', reason: 'processes not known'};
	}

	// Where neither figure is reported, as on Jetsons, the driver lists no processes either.
	return utilization === null && memoryUsedMiB === null
		? {state: 'unknown', reason: 'neither load nor memory reported'}
		: {state: 'free', reason: null};
}

/** What the answers of a machine mean. Pure. */
import type {Box} from '../../box/box.ts';
import {cardFacts} from '../../box/gpus/availability.ts';
import {holdsGpus, isAbandoned} from '../../box/gpus/claims.ts';
import type {GpuInventory, GpuProblem} from '../../gpu/gpu.ts';
import type {ProcessList} from '../../gpu/processes.ts';
import {areKnown} from '../../gpu/processes.ts';
import {stateOfCard} from '../../gpu/state.ts';
import {compareHost} from '../../job/lock/compare.ts';
import type {Lock} from '../../job/lock/lock.ts';
import {shorten} from '../../text/safe.ts';
import type {Answer, HostCard, HostFacts, LockFit} from './facts.ts';
import {isKnown} from './facts.ts';
import {whyNot} from './why-not.ts';

/** The driver's own word that there is no card, or no driver for one. After any other problem a card may be there. */
const withoutCards: ReadonlyArray<GpuProblem['code']> = ['not-installed', 'no-devices'];

const longestName = 80;

/**
The cards of a machine, each with its state. Without the list of boxes no card counts as free: one may hold it.

@param name for what to do where ssh did not get there
*/
export function judgeGpus(
	inventory: GpuInventory,
	processes: ProcessList,
	boxes: readonly Box[] | undefined,
	{name, now}: {name: string; now: Date},
): HostFacts['gpus'] {
	const [problem] = inventory.problems;
	if (inventory.gpus.length === 0 && problem && !withoutCards.includes(problem.code)) {
		return problem.code === 'unknown' ? whyNot(problem.message, name) : {why: problem.message, fix: problem.fix};
	}

	const listed = areKnown(processes);
	const holders = boxes?.filter((box) => holdsGpus(box) && !isAbandoned(box, now));
	const cards = inventory.gpus.map((gpu): HostCard => {
		const uuids = [gpu.uuid, ...gpu.mig.map(({uuid}) => uuid)];
		const holding = holders?.filter((box) => box.gpus.some((uuid) => uuids.includes(uuid))) ?? [];
		const on = processes.processes.filter(({gpuUuid}) => gpuUuid === gpu.uuid).length;
		const {state, reason} = stateOfCard(
			cardFacts(gpu, inventory.problems, {processes: listed ? on : null, held: holding.length > 0}),
		);
		const {index, uuid, computeCapability, memoryTotalMiB} = gpu;
		return {
			index,
			uuid,
			name: shorten(gpu.name, longestName),
			computeCapability,
			memoryTotalMiB,
			...(state === 'free' && boxes === undefined
				? {state: 'unknown' as const, reason: 'boxes not known'}
				: {state, reason}),
			boxes: holding.map((box) => box.name),
		};
	});
	return {
		value: {
			driverVersion: inventory.driverVersion,
			cards,
			note: cards.length === 0 ? (problem?.message ?? null) : null,
		},
	};
}

/** What a machine and its registry say of the image that a lock names. */
export type ImageThere = {
	/** Docker's word for the processor. */
	architecture: string;
	here: boolean;
	/** Asked only where the image is not there. `none`: no registry has it, so it cannot be pulled. */
	registry?: 'has-it' | 'has-not' | 'none' | 'unknown';
};

/** As Docker's engine and registries name processors. */
const processors: Record<string, string> = {
	x86_64: 'amd64',
	aarch64: 'arm64',
	armv7l: 'arm',
	ppc64le: 'ppc64le',
	s390x: 's390x',
};

/** Whether what a lock names runs on a machine. A card that it was not compiled for is no obstacle where there is another. */
export function judgeLock(lock: Lock, gpus: HostFacts['gpus'], image: Answer<ImageThere>): LockFit {
	const host = isKnown(gpus) ? {driver: gpus.value.driverVersion, gpus: gpus.value.cards} : undefined;
	const blocks = compareHost(lock, host ? {host} : {}).filter(({severity}) => severity === 'blocks');
	const driver = blocks.find(({what}) => what === 'driver');
	const no = (why: string): LockFit => ({fits: false, why, unfitCards: []});
	if (driver) {
		return no(`driver ${driver.found} is older than ${driver.locked}`);
	}

	if (isKnown(gpus) && gpus.value.cards.length === 0) {
		return no('no GPU there');
	}

	const unfitCards = (host?.gpus ?? []).filter(({index}) => blocks.some(({what}) => what === `GPU ${index}`));
	if (host && host.gpus.length > 0 && unfitCards.length === host.gpus.length) {
		return no('not compiled for the GPUs there');
	}

	const ofImage = isKnown(image) ? judgeImage(lock, image.value) : {fits: null, why: 'image not known'};
	const driverUnknown = host === undefined || (lock.floor.driver !== null && host.driver === null);
	const verdict = ofImage.fits !== false && driverUnknown ? {fits: null, why: 'driver not known'} : ofImage;
	return {...verdict, unfitCards: unfitCards.map(({index}) => index)};
}

function judgeImage({image}: Lock, {architecture, here, registry}: ImageThere): Pick<LockFit, 'fits' | 'why'> {
	const [, wanted = ''] = image.platform.split('/');
	const processor = processors[architecture];
	if (processor !== undefined && wanted !== '' && processor !== wanted) {
		return {fits: false, why: `the image is for ${wanted}, the machine is ${processor}`};
	}

	if (here) {
		return {fits: true, why: 'image there'};
	}

	switch (registry) {
		case 'has-it':
			return {fits: true, why: 'image to be pulled'};
		case 'has-not':
			return {fits: false, why: 'image not there, and no longer in its registry'};
		case 'none':
			return {fits: false, why: 'image not there, and in no registry'};
		default:
			return {fits: null, why: 'image not there; its registry gave no answer'};
	}
}

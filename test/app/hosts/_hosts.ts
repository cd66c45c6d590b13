import type {HostCard, HostFacts} from '../../../source/app/hosts/facts.ts';

export function card(index: number, members: Partial<HostCard> = {}): HostCard {
	return {
		index,
		uuid: `GPU-${index}`,
		name: 'NVIDIA H100 80GB HBM3',
		computeCapability: '9.0',
		memoryTotalMiB: 81_559,
		state: 'free',
		reason: null,
		boxes: [],
		...members,
	};
}

/** A machine that answered everything: two cards, both free. */
export function machine(name: string, members: Partial<HostFacts> = {}): HostFacts {
	return {
		name,
		address: `ssh://${name}`,
		askedAt: 0,
		gpus: {value: {driverVersion: '575.57.08', cards: [card(0), card(1)], note: null}},
		boxes: {value: []},
		disk: {value: 2 * 1024 ** 4},
		lock: undefined,
		...members,
	};
}

export const late = {why: 'no answer within 3 s', fix: ''};

export function silent(name: string): HostFacts {
	return machine(name, {gpus: late, boxes: late, disk: late});
}

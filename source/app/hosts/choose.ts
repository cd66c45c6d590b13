/** Which of several machines a box or a job could start on. Pure. */
import {type HostCard, type HostFacts, isKnown} from './facts.ts';

/** What is asked for: as many GPUs, all of a machine's, or none. */
export type GpuWish = number | 'all';

/** A machine that does not fit, and why: in a few words, safe to print. */
export type Passed = {name: string; why: string};

/**
The hosts that are known to have what is asked for, in the order of the settings; and why each of the others does not. What is not
known of a host speaks against it: a card whose state is unknown is not free.
*/
export function chooseHosts(hosts: readonly HostFacts[], wish: GpuWish): {fitting: HostFacts[]; passed: Passed[]} {
	const passed: Passed[] = [];
	const fitting: HostFacts[] = [];
	for (const host of hosts) {
		const why = whyUnfit(host, wish);
		if (why !== undefined) {
			passed.push({name: host.name, why});
		} else {
			fitting.push(host);
		}
	}

	return {fitting, passed};
}

/** @returns undefined for a machine that fits */
export function whyUnfit(host: HostFacts, wish: GpuWish): string | undefined {
	const {gpus, boxes, lock} = host;
	// Without its engine nothing starts there, whatever its cards do.
	if (!isKnown(boxes)) {
		return boxes.why;
	}

	if (wish !== 0) {
		if (!isKnown(gpus)) {
			return `GPUs not known: ${gpus.why}`;
		}

		const unfit = lock !== undefined && isKnown(lock) ? lock.value.unfitCards : [];
		const why = whyNoCards(
			gpus.value.cards.filter(({index}) => !unfit.includes(index)),
			wish,
		);
		if (why !== undefined) {
			return why;
		}
	}

	if (lock !== undefined) {
		if (!isKnown(lock)) {
			return `gpubox.lock: ${lock.why}`;
		}

		// Without a GPU neither driver nor cards matter, and what remains is asked when the image is pulled.
		if (wish !== 0 && lock.value.fits !== true) {
			return `gpubox.lock: ${lock.value.why}`;
		}
	}

	return undefined;
}

function whyNoCards(cards: readonly HostCard[], wish: GpuWish): string | undefined {
	if (cards.length === 0) {
		return 'no GPU there';
	}

	const wanted = wish === 'all' ? cards.length : wish;
	const free = cards.filter(({state}) => state === 'free').length;
	return free >= wanted ? undefined : `${free} of ${cards.length} GPUs free, ${wanted} requested`;
}

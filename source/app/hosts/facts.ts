/** What is known of one of several machines. Data only: gathered in gather.ts, judged in judge.ts, shown by verb and session alike. */
import type {ContainerState} from '../../engine/engine.ts';
import type {CardState} from '../../gpu/state.ts';

/** Why something is not known, and what to do about it. One line each, safe to print; `fix` may be empty. */
export type Unknown = {why: string; fix: string};

/** An answer, or why there is none. */
export type Answer<T> = {value: T} | Unknown;

export function isKnown<T>(answer: Answer<T>): answer is {value: T} {
	return 'value' in answer;
}

export type HostCard = {
	index: number;
	uuid: string;
	name: string;
	computeCapability: string | null;
	memoryTotalMiB: number | null;
	state: CardState;
	/** In a few words, where the state does not say it all. */
	reason: string | null;
	/** Names of the boxes that hold it, or a slice of it. */
	boxes: string[];
};

export type HostBox = {name: string; state: ContainerState; job: boolean};

/** Whether what gpubox.lock names runs on a machine; null when that is not known. */
export type LockFit = {
	fits: boolean | null;
	/** In a few words: `image there`, `driver 535.104.05 is older than 570.26`. */
	why: string;
	/** Indexes of cards that the image was not compiled for, where there are others. */
	unfitCards: number[];
};

/** One machine at one moment. */
export type HostFacts = {
	/** As the user calls it. */
	name: string;
	/** What `--host` takes. */
	address: string;
	/** Milliseconds since 1970. */
	askedAt: number;
	/** `cards` is empty where the driver says so, or where there is none: `note` tells which. */
	gpus: Answer<{driverVersion: string | null; cards: HostCard[]; note: string | null}>;
	/** The caller's own. */
	boxes: Answer<HostBox[]>;
	/** Bytes free where the engine keeps images. */
	disk: Answer<number>;
	/** Undefined where no lock is asked about. */
	lock: Answer<LockFit> | undefined;
};

/** Whether a machine gave any answer. */
export function hasAnswered({gpus, boxes, disk}: Pick<HostFacts, 'gpus' | 'boxes' | 'disk'>): boolean {
	return [gpus, boxes, disk].some((answer) => isKnown<unknown>(answer));
}

/** What a machine did not answer, each with its reason. Of one that did not answer at all only the first reason: all have the same. */
export function missingAnswers(facts: HostFacts): Array<Unknown & {what: 'gpus' | 'boxes' | 'disk' | 'lock'}> {
	const parts = [
		['boxes', facts.boxes],
		['gpus', facts.gpus],
		['disk', facts.disk],
		['lock', facts.lock],
	] as const;
	return parts.flatMap(([what, answer]) =>
		answer === undefined || isKnown<unknown>(answer) ? [] : [{what, why: answer.why, fix: answer.fix}],
	);
}

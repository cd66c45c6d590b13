import {exitCode, Failure} from '../../base/failure.ts';
import {type Closeness, nearestGroup} from '../../gpu/cards/topology.ts';
import type {Unusable} from '../../gpu/state.ts';
import {formatDuration} from '../../text/duration.ts';
import {plainGpuList} from '../../text/gpu-list.ts';

/** What `--gpus` requests. */
export type GpuSelection =
	| {kind: 'auto'}
	| {kind: 'none'}
	| {kind: 'all'}
	| {kind: 'count'; count: number}
	| {kind: 'exact'; names: string[]};

/** The facts about a card, or a MIG slice, from which one is chosen. */
export type GpuCandidate = {
	uuid: string;
	index: number;
	/** Boxes that hold it. */
	heldBy: string[];
	/** Those of `heldBy` that are jobs. */
	jobs?: string[];
	/** Boxes that are being created with it right now and may still withdraw. */
	wantedBy: string[];
	/** Those of both that did not agree to share it. */
	keptBy?: string[];
	/** Those of `heldBy` with an expired reservation. */
	overdue?: Array<{name: string; until: Date}>;
	/** Processes outside any box, for display: `python (1234) of bob`. */
	foreign: string[];
	memoryUsedMiB: number | null;
	/** One of `foreign` is no process that this machine can find: such an entry may never go away. */
	unexplained?: true;
	lost: boolean;
	/** It is listed, and no program can use it at present. */
	unusable?: Unusable;
	/** No one is known on it, and still it may be in use: the reason, and whether its figures show that. */
	doubt?: {busy: boolean; reason: string};
	/** The card is divided into MIG slices: only these are allocated. */
	sliced?: boolean;
	/** This candidate is a slice. */
	sliceOf?: string;
};

/** The GPUs are in use: later they may be free. */
export class GpusTaken extends Failure {
	override name = 'GpusTaken';
	/** Boxes and processes, for display. */
	readonly holders: string[];
	/** An alternative that is also worth showing to a user who waits. */
	readonly instead: string | undefined;

	constructor(message: string, options: {fix: string; holders: string[]; instead?: string | undefined}) {
		super(message, {fix: options.fix, exitCode: exitCode.taken});
		this.holders = options.holders;
		this.instead = options.instead;
	}
}

/**
Reads `--gpus`: `auto`, `none`, `all`, a count, or indexes and UUIDs separated by commas. A single number is a count, as with
docker; `0,`, `device=0`, `[0]` or a UUID names a card.

@throws Failure (usage)
*/
export function parseGpuSelection(text: string): GpuSelection {
	const trimmed = plainGpuList(text);
	if (trimmed === 'auto' || trimmed === 'none' || trimmed === 'all') {
		return {kind: trimmed};
	}

	if (/^\d{1,4}$/.test(trimmed)) {
		return Number(trimmed) === 0 ? {kind: 'none'} : {kind: 'count', count: Number(trimmed)};
	}

	const names = trimmed.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
	// "99999" is neither a count nor, without a comma, an index.
	if (
		names.length === 0 ||
		/^\d+$/.test(trimmed) ||
		!names.every((name) => /^\d{1,4}$|^(GPU|MIG)-[\w/-]{1,100}$/.test(name))
	) {
		throw new Failure(`Invalid value for --gpus: "${text}".`, {
			fix: 'Use auto, none, all, a count (2), indexes (0,2), or UUIDs as in: gpubox gpus',
			exitCode: exitCode.usage,
		});
	}

	return {kind: 'exact', names: [...new Set(names)]};
}

/**
Picks the cards. With `share` they may be in use, but not by boxes that did not agree to share theirs. `auto` takes one: the freest
that no one holds; on a host without GPUs it takes none. Several are chosen close to each other.

@returns UUIDs; `undecided` when the outcome depends on boxes that are being created at this moment: try again a little later
@throws Failure: taken, naming the holder; no usable GPU; usage for a card that does not exist.
*/
export function chooseGpus(
	request: GpuSelection,
	candidates: GpuCandidate[],
	share: boolean,
	{closeness, now = new Date()}: {closeness?: Closeness | undefined; now?: Date} = {},
): string[] | 'undecided' {
	if (request.kind === 'none' || (request.kind === 'auto' && candidates.length === 0)) {
		return [];
	}

	if (candidates.length === 0) {
		throw new Failure('This host has no usable GPU.', {
			fix: 'To see why: gpubox gpus. To start without a GPU: --gpus none',
			exitCode: exitCode.noGpu,
		});
	}

	if (request.kind === 'exact') {
		const chosen = request.names.map((name) => named(name, candidates));
		return unlessTaken(chosen, share, now);
	}

	const pool = poolOf(candidates);
	if (request.kind === 'all') {
		return unlessTaken(pool, share, now);
	}

	const count = request.kind === 'count' ? request.count : 1;
	const free = count > pool.length ? [] : pool.filter((candidate) => !isTaken(candidate, share)).sort(byLoad);
	if (free.length < count) {
		throw explainCount(
			request,
			candidates,
			count > pool.length
				? tooMany(count, pool.length)
				: taken(
						pool.filter((candidate) => isTaken(candidate, share)),
						share,
						now,
					),
		);
	}

	const uncontested = free.filter((candidate) => isUncontested(candidate, share));
	if (uncontested.length < count) {
		return 'undecided';
	}

	// Of shared cards the freest are taken, wherever they are. So it is where some may be in use: closeness is worth less than a free one.
	const sure = uncontested.filter((candidate) => !isDoubtful(candidate));
	const chosen =
		share || !closeness || sure.length < count ? uncontested.slice(0, count) : nearestGroup(sure, count, closeness);
	return chosen.sort((a, b) => a.index - b.index).map(({uuid}) => uuid);
}

/** What `auto`, a count and `all` choose from. @throws Failure when no card can be used, with the reason of each */
function poolOf(candidates: GpuCandidate[]): GpuCandidate[] {
	const usable = candidates.filter(({lost, sliced, unusable}) => !lost && !sliced && unusable === undefined);
	const cards = usable.filter(({sliceOf}) => sliceOf === undefined);
	// A host that has only MIG slices allocates a slice for a card.
	const pool = cards.length > 0 ? cards : usable;
	if (pool.length > 0) {
		return pool;
	}

	const useless = candidates.filter(({sliceOf}) => sliceOf === undefined);
	const reasons = useless.map(({index, unusable}) => `GPU ${index}: ${unusable?.reason ?? 'no longer responds'}`);
	throw new Failure(`This host has no usable GPU. ${reasons.join('; ')}.`, {
		fix: `${useless.find(({unusable}) => unusable)?.unusable?.fix ?? 'To see why: gpubox gpus'}. To start without a GPU: --gpus none`,
		exitCode: exitCode.noGpu,
	});
}

function tooMany(count: number, working: number): Failure {
	return new Failure(`${count} GPUs requested, but this host has only ${working} working.`, {
		fix: `Request at most ${working}: --gpus ${working}.`,
		exitCode: exitCode.noGpu,
	});
}

/** A single number is a count: says so where it could have been meant as a card. Undefined where there is no such card. */
function meaningOfCount(request: GpuSelection, candidates: readonly GpuCandidate[]): string | undefined {
	if (request.kind !== 'count' || !candidates.some(({index}) => index === request.count)) {
		return undefined;
	}

	const {count} = request;
	return `--gpus ${count} means ${count === 1 ? 'one GPU' : `${count} GPUs`}; for GPU ${count} write --gpus ${count},`;
}

function explainCount(request: GpuSelection, candidates: readonly GpuCandidate[], failure: Failure): Failure {
	const meaning = meaningOfCount(request, candidates);
	if (meaning === undefined) {
		return failure;
	}

	const fix = `${failure.fix.replace(/\.?$/, '.')} ${meaning}`;
	return failure instanceof GpusTaken
		? new GpusTaken(failure.message, {fix, holders: failure.holders, instead: failure.instead})
		: new Failure(failure.message, {fix, exitCode: failure.exitCode});
}

/**
What the user should know of the cards that were chosen. Pure; empty when all is plain.

@param typed the request was typed for this call: a single 1 is then as likely to be meant as a card
*/
export function notesOnChoice(
	request: GpuSelection,
	candidates: readonly GpuCandidate[],
	chosen: readonly string[],
	typed: boolean,
): string[] {
	const doubtful = candidates.filter((candidate) => chosen.includes(candidate.uuid) && isDoubtful(candidate));
	const skipped =
		request.kind === 'all'
			? candidates.filter(({lost, unusable, sliceOf}) => sliceOf === undefined && (lost || unusable !== undefined))
			: [];
	const namesake = candidates.find(({index}) => request.kind === 'count' && index === request.count);
	const plain = chosen.length < 2 && (!typed || (namesake !== undefined && chosen.includes(namesake.uuid)));
	const meaning = plain ? undefined : meaningOfCount(request, candidates);
	return [
		...doubtful.map(({index, doubt}) =>
			doubt?.busy
				? `GPU ${index} seems to be in use (${doubt.reason}).`
				: `GPU ${index} may be in use: ${doubt?.reason}.`,
		),
		...skipped.map(({index, unusable}) => `GPU ${index} is left out: ${unusable?.reason ?? 'it no longer responds'}.`),
		...(meaning === undefined ? [] : [meaning]),
	];
}

/** Only where no one is known on a card does it matter what its figures show. */
function isDoubtful({doubt, heldBy, foreign}: GpuCandidate): boolean {
	return doubt !== undefined && heldBy.length === 0 && foreign.length === 0;
}

/** A card, or a slice, that no one is on, as far as can be known. */
export function isFree({heldBy, foreign, lost, sliced, unusable, doubt}: GpuCandidate): boolean {
	return heldBy.length + foreign.length === 0 && !lost && !sliced && unusable === undefined && doubt === undefined;
}

function unlessTaken(chosen: GpuCandidate[], share: boolean, now: Date): string[] | 'undecided' {
	const inTheWay = chosen.filter((candidate) => isTaken(candidate, share));
	if (inTheWay.length > 0) {
		throw taken(inTheWay, share, now);
	}

	return chosen.every((candidate) => isUncontested(candidate, share)) ? chosen.map(({uuid}) => uuid) : 'undecided';
}

function isUncontested({wantedBy, keptBy = []}: GpuCandidate, share: boolean): boolean {
	return !wantedBy.some((box) => !share || keptBy.includes(box));
}

function isTaken({heldBy, keptBy = [], foreign}: GpuCandidate, share: boolean): boolean {
	return share ? heldBy.some((box) => keptBy.includes(box)) : heldBy.length > 0 || foreign.length > 0;
}

function byLoad(a: GpuCandidate, b: GpuCandidate): number {
	return (
		a.heldBy.length - b.heldBy.length ||
		a.wantedBy.length - b.wantedBy.length ||
		a.foreign.length - b.foreign.length ||
		doubtRank(a) - doubtRank(b) ||
		(a.memoryUsedMiB ?? 0) - (b.memoryUsedMiB ?? 0) ||
		a.index - b.index
	);
}

/** Evidently idle ones first, then those of which nothing is known, then those that seem to be in use. */
function doubtRank(candidate: GpuCandidate): number {
	return isDoubtful(candidate) ? (candidate.doubt?.busy ? 2 : 1) : 0;
}

function named(name: string, candidates: GpuCandidate[]): GpuCandidate {
	const candidate = /^\d+$/.test(name)
		? candidates.find(({index, sliceOf}) => sliceOf === undefined && index === Number(name))
		: candidates.find(({uuid}) => uuid.toLowerCase() === name.toLowerCase());
	if (!candidate) {
		throw new Failure(`This host has no GPU ${name}.`, {fix: 'List the GPUs: gpubox gpus', exitCode: exitCode.noGpu});
	}

	if (candidate.lost) {
		throw new Failure(`GPU ${name} no longer responds.`, {
			fix: 'To see why: gpubox gpus. Choose another GPU, or reboot to recover it.',
			exitCode: exitCode.noGpu,
		});
	}

	if (candidate.unusable) {
		throw new Failure(`GPU ${name} cannot be used: ${candidate.unusable.reason}.`, {
			fix: candidate.unusable.fix,
			exitCode: exitCode.noGpu,
		});
	}

	if (candidate.sliced) {
		throw new Failure(`GPU ${name} is divided into MIG slices.`, {
			fix: 'Request a slice by its UUID. To list them: gpubox gpus',
			exitCode: exitCode.usage,
		});
	}

	return candidate;
}

function taken(candidates: GpuCandidate[], share: boolean, now: Date): GpusTaken {
	const holdersOf = ({heldBy, jobs = [], keptBy = [], foreign}: GpuCandidate) => [
		...heldBy
			.filter((box) => !share || keptBy.includes(box))
			.map((box) => `${jobs.includes(box) ? 'job' : 'box'} ${box}`),
		...(share ? [] : foreign),
	];
	const byHolders = Map.groupBy(candidates, (candidate) => holdersOf(candidate).join(', '));
	const uses = [...byHolders].map(([holders, cards]) => `${listOfGpus(cards)} used by ${holders}`);
	const [late] = candidates.flatMap(({overdue = []}) => overdue);
	const unexplained = !share && candidates.some((candidate) => candidate.unexplained);
	return new GpusTaken(`${uses.join('; ')}.`, {
		fix: late
			? `The reservation of ${late.name} expired ${formatDuration(now.getTime() - late.until.getTime())} ago. To stop it: gpubox stop ${late.name}`
			: share
				? 'Two boxes share a GPU only when both were created with --share-gpus. Choose other GPUs with --gpus, or queue with --wait.'
				: unexplained
					? `${unexplainedText} Or choose other GPUs with --gpus.`
					: 'Queue with --wait, choose other GPUs with --gpus, share with --share-gpus, or stop what uses them.',
		holders: [...new Set(candidates.flatMap(holdersOf))],
		// Who waits for such an entry to go may wait for ever.
		instead: unexplained ? unexplainedText : undefined,
	});
}

/** `GPU 0 is`, `GPUs 0, 1 and 3 are`. Slices of one card have its index. */
function listOfGpus(cards: readonly GpuCandidate[]): string {
	const indexes = [...new Set(cards.map(({index}) => index))];
	const last = indexes.pop();
	return indexes.length === 0 ? `GPU ${last} is` : `GPUs ${indexes.join(', ')} and ${last} are`;
}

const unexplainedText =
	'The driver lists a process that this machine cannot identify, and such an entry may never go away. If no one uses the GPU: --share-gpus.';

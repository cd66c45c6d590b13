/**
Who is queued for GPUs with `--wait`, and who goes first. Pure.

Of two entries that want the same GPUs the one that came first goes first, whatever each of them wants: otherwise one GPU after the other would
go to others, and who needs four would never get them. An entry that names its GPUs has precedence for these only.
*/

/** The GPUs that are wanted. */
export type GpuWish = {
	/** What they are for: the name of a box or a run. */
	name: string;
	count: number;
	/** The very GPUs or slices, where they are named. */
	uuids?: string[];
	/** They may be shared with others that agree to it. */
	share: boolean;
};

/** An entry of a process that exists. Texts are safe to print. */
export type QueueEntry = GpuWish & {
	/** The kernel says whose the entry is. */
	uid: number;
	user: string;
	mine: boolean;
	since: Date;
	/** Boxes, processes and earlier entries in its way, as it last found them: `box bob-train`. */
	behind: string[];
	/** Tells entries of one moment apart. */
	id: string;
};

/** Whether an entry came before another. */
export function cameBefore(a: Pick<QueueEntry, 'since' | 'id'>, b: Pick<QueueEntry, 'since' | 'id'>): boolean {
	const difference = a.since.getTime() - b.since.getTime();
	return difference === 0 ? a.id < b.id : difference < 0;
}

/** Whether someone who wants these GPUs has to let an earlier entry go first. */
export function goesFirst(earlier: GpuWish, wish: GpuWish): boolean {
	if (earlier.share && wish.share) {
		return false;
	}

	const {uuids: theirs} = earlier;
	const {uuids: wanted} = wish;
	// Any GPUs leave those that another one named, see `namedBy`.
	return theirs === undefined || (wanted?.some((uuid) => theirs.includes(uuid)) ?? false);
}

/** The GPUs that earlier entries name, which one that takes any leaves to them. */
export function namedBy(earlier: readonly QueueEntry[], wish: GpuWish): Array<{uuid: string; by: string}> {
	return wish.uuids === undefined
		? earlier
				.filter(({share}) => !(share && wish.share))
				.flatMap((entry) => (entry.uuids ?? []).map((uuid) => ({uuid, by: queuedText(entry)})))
		: [];
}

/** The UUIDs of GPUs and slices that `--gpus` names, as `chooseGpus` finds them; what is not there stays as it is. */
export function uuidsOf(
	names: readonly string[],
	gpus: ReadonlyArray<{index: number; uuid: string; mig: ReadonlyArray<{uuid: string}>}>,
): string[] {
	const all = gpus.flatMap(({uuid, mig}) => [uuid, ...mig.map((slice) => slice.uuid)]);
	return names.map((name) =>
		/^\d+$/.test(name)
			? (gpus.find(({index}) => index === Number(name))?.uuid ?? name)
			: (all.find((uuid) => uuid.toLowerCase() === name.toLowerCase()) ?? name),
	);
}

/** `2 GPUs`. */
export function gpusText(count: number): string {
	return count === 1 ? '1 GPU' : `${count} GPUs`;
}

/** As what another one is behind: `alice queued for 2 GPUs`. */
export function queuedText({user, count}: Pick<QueueEntry, 'user' | 'count'>): string {
	return `${user} queued for ${gpusText(count)}`;
}

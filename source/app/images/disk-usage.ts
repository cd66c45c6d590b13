/** Who uses the disk, from what was gathered. Pure. */
import {derivedFrom, derivedFromId, ownImageLabels} from '../../box/layer-labels.ts';
import type {Container, DiskUsage, ImageSummary} from '../../engine/engine.ts';
import {safeText} from '../../text/safe.ts';

/** Texts are safe to print. */
export type UsedImage = {
	id: string;
	/** A tag, else a digest, else the start of its id. */
	name: string;
	sizeBytes: number;
	/** What goes with it when it is removed; null where the engine did not measure. */
	ownBytes: number | null;
	madeByGpubox: boolean;
	createdAt: Date | null;
	/** Containers that were created from it, running or not: boxes by their names. */
	usedBy: string[];
	/** When the last of these was created; null when nothing of it is known. */
	lastUsedAt: Date | null;
};

/** An image that nothing uses, that gpubox made, and that it makes again when it is needed. */
export type PrunableImage = UsedImage & {
	/** By which it is removed. */
	references: string[];
};

export type ImageFacts = {
	images: readonly ImageSummary[];
	containers: readonly Container[];
	/** Undefined when the engine did not measure in time. */
	usage: DiskUsage | undefined;
	/** Names of boxes and runs by container, as people know them: `alice-train of alice`. */
	names: ReadonlyMap<string, string>;
};

export function usedImages({images, containers, usage, names}: ImageFacts): UsedImage[] {
	return images
		.map((image): UsedImage => {
			const {id, tags, digests, sizeBytes, createdAt, labels} = image;
			const measured = usage?.images.find((each) => each.id === id);
			const users = containers.filter(({imageId}) => imageId === id);
			const newest = users.toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime())[0];
			return {
				id,
				name: safeText(tags[0] ?? digests[0] ?? id.slice(0, 'sha256:'.length + 12)),
				sizeBytes,
				ownBytes: measured?.sharedBytes == null ? null : Math.max(0, measured.sizeBytes - measured.sharedBytes),
				madeByGpubox: ownImageLabels.some((label) => labels[label] !== undefined),
				createdAt: createdAt ?? null,
				usedBy: users.map((container) => names.get(container.id) ?? safeText(container.name)),
				lastUsedAt: newest?.createdAt ?? null,
			};
		})
		.sort((a, b) => b.sizeBytes - a.sizeBytes || (a.name < b.name ? -1 : 1));
}

/** Of what was built just now, an `up` may be about to start a box. */
const youngMs = 3_600_000;

const ownName = /^gpubox\/box:/;

/**
The layers of gpubox that may go: no container of anyone was created from them, or from an image that is built on them; they have no name but
gpubox's own; and they are not of the last hour. Images that were pulled or pushed stay.

@param layers digests of the layers of each image, the lowest first, by its id; one that is missing keeps all
*/
export function prunableImages(
	used: readonly UsedImage[],
	images: readonly ImageSummary[],
	layers: ReadonlyMap<string, readonly string[]>,
	now: Date,
): PrunableImage[] {
	const inUse = used.filter(({usedBy}) => usedBy.length > 0).map(({id}) => layers.get(id));
	const isBelowUsed = (id: string) => {
		const own = layers.get(id);
		return own === undefined || inUse.some((other) => other === undefined || isPrefix(own, other));
	};
	return used.flatMap((image) => {
		const summary = images.find(({id}) => id === image.id);
		const isLayer = summary?.labels[derivedFrom] !== undefined && summary.labels[derivedFromId] !== undefined;
		const age = image.createdAt === null ? 0 : now.getTime() - image.createdAt.getTime();
		if (!isLayer || image.usedBy.length > 0 || age < youngMs || isBelowUsed(image.id)) {
			return [];
		}

		const {tags, digests} = summary;
		const isOnlyOurs = tags.every((tag) => ownName.test(tag)) && (tags.length > 0 || digests.length === 0);
		return isOnlyOurs ? [{...image, references: tags.length > 0 ? tags : [image.id]}] : [];
	});
}

function isPrefix(lower: readonly string[], upper: readonly string[]): boolean {
	return lower.length <= upper.length && lower.every((layer, index) => layer === upper[index]);
}

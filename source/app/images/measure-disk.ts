/** `gpubox disk`: what images, caches, stopped boxes and runs take on the disk, and what of it may go. */
import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {type Box, isRunning} from '../../box/box.ts';
import {listClaims, ownerText} from '../../box/list.ts';
import {type DiskUsage, type Engine, EngineError, type ImageSummary} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {safeText} from '../../text/safe.ts';
import {listRuns} from '../runs/find.ts';
import {type PrunableImage, prunableImages, type UsedImage, usedImages} from './disk-usage.ts';
import {type FolderSize, folderSize} from './folder-size.ts';

type Cache = FolderSize & {
	/** What keeps it: `pip`, `uv`, `huggingface`. Safe to print. */
	name: string;
	path: string;
};

type StoppedBox = {
	name: string;
	owner: string;
	mine: boolean;
	/** What it wrote on top of its image; null where the engine did not measure. */
	writtenBytes: number | null;
	stoppedAt: Date | null;
};

type ProjectRuns = {project: string; count: number; bytes: number; complete: boolean; lastAt: Date | null};

export type Disk = {
	images: UsedImage[];
	/** The caller's: others cannot be read. */
	caches: Cache[];
	stoppedBoxes: StoppedBox[];
	/** The caller's, by project. */
	runs: ProjectRuns[];
	buildCacheBytes: number | null;
	prunable: PrunableImage[];
	/** What could not be measured, in words. */
	gaps: string[];
};

/** Seconds for all folders together: a cache of models can have a million files. */
const folderSeconds = 30;

/**
Asks the engine and adds up folders, at once. What takes too long is left out, and is unknown then.

@throws EngineError when the engine lists neither images nor containers; the signal's reason
*/
export async function measureDisk(host: Host, signal: AbortSignal): Promise<Disk> {
	const {engine} = host;
	const deadline = performance.now() + folderSeconds * 1000;
	const [images, containers, claims, measured, folders] = await Promise.all([
		engine.listImages(signal),
		engine.listContainers({signal}),
		listClaims(host, signal),
		measure(engine, signal),
		engine.local ? measureFolders(host, {deadline, signal}) : {caches: [], runs: []},
	]);
	const usage = typeof measured === 'string' ? undefined : measured;
	const names = new Map(claims.map((box) => [box.id, `${box.name} of ${ownerText(box)}`]));
	const used = usedImages({images, containers, usage, names});
	const layers = await layersOf(engine, used, images, signal);
	const stopped = claims.filter((box) => !isRunning(box) && box.startOf === undefined && !box.replaced);
	return {
		images: used,
		...folders,
		stoppedBoxes: await Promise.all(stopped.map((box) => stoppedBox(engine, box, usage, signal))),
		buildCacheBytes: usage?.buildCacheBytes ?? null,
		prunable: prunableImages(used, images, layers, new Date()),
		gaps: [
			...(typeof measured === 'string' ? [measured] : []),
			...(engine.local ? [] : ['Caches and runs are on the machine of the engine.']),
		],
	};
}

/** In words when it takes too long. */
async function measure(engine: Engine, signal: AbortSignal): Promise<DiskUsage | string> {
	try {
		return await engine.diskUsage(signal);
	} catch (error) {
		signal.throwIfAborted();
		if (error instanceof EngineError && error.code === 'no-answer') {
			return `The engine did not measure in time: what images share is unknown (${error.message}).`;
		}

		throw error;
	}
}

/** Of those that may have to do with what can be removed. */
async function layersOf(
	engine: Engine,
	used: readonly UsedImage[],
	images: readonly ImageSummary[],
	signal: AbortSignal,
): Promise<Map<string, readonly string[]>> {
	const wanted = images.filter(({id}) =>
		used.some((each) => each.id === id && (each.madeByGpubox || each.usedBy.length > 0)),
	);
	const found = await Promise.all(wanted.map(({id}) => engine.inspectImage(id, signal)));
	return new Map(found.flatMap((image) => (image ? [[image.id, image.layers]] : [])));
}

async function stoppedBox(
	engine: Engine,
	box: Box,
	usage: DiskUsage | undefined,
	signal: AbortSignal,
): Promise<StoppedBox> {
	const detail = await engine.inspectContainer(box.id, signal);
	return {
		name: box.name,
		owner: ownerText(box),
		mine: box.mine,
		writtenBytes: usage?.containers.find(({id}) => id === box.id)?.writtenBytes ?? null,
		stoppedAt: detail?.finishedAt ?? null,
	};
}

type Bounds = {deadline: number; signal: AbortSignal};

async function measureFolders(host: Host, bounds: Bounds): Promise<Pick<Disk, 'caches' | 'runs'>> {
	const caches: Cache[] = [];
	for (const name of foldersIn(host.paths.cache)) {
		const path = join(host.paths.cache, name);
		const size = await folderSize(path, bounds);
		if (size) {
			caches.push({name: safeText(name), path, ...size});
		}
	}

	const runs = new Map<string, ProjectRuns>();
	for (const {run} of listRuns(host)) {
		const size = await folderSize(run.folder, bounds);
		const before = runs.get(run.project) ?? {project: run.project, count: 0, bytes: 0, complete: true, lastAt: null};
		const at = new Date(run.ended?.at ?? run.createdAt);
		runs.set(run.project, {
			project: run.project,
			count: before.count + 1,
			bytes: before.bytes + (size?.bytes ?? 0),
			complete: before.complete && (size?.complete ?? true),
			lastAt: before.lastAt === null || before.lastAt < at ? at : before.lastAt,
		});
	}

	return {
		caches: caches.sort((a, b) => b.bytes - a.bytes),
		runs: [...runs.values()].sort((a, b) => b.bytes - a.bytes),
	};
}

function foldersIn(path: string): string[] {
	try {
		return readdirSync(path, {withFileTypes: true}).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
	} catch {
		// There is none yet.
		return [];
	}
}

/**
Removes images that `measureDisk` found, those on top first. What came into use meanwhile stays: the engine refuses.

@returns the names of those that are gone, and why others are not
*/
export async function prune(
	{engine}: Host,
	images: readonly PrunableImage[],
	signal: AbortSignal,
): Promise<{removed: string[]; kept: string[]}> {
	const removed: string[] = [];
	const kept: string[] = [];
	let left = [...images];
	// One that others are built on goes after them.
	for (let before = left.length + 1; left.length > 0 && left.length < before; ) {
		before = left.length;
		kept.length = 0;
		const again: PrunableImage[] = [];
		for (const image of left) {
			signal.throwIfAborted();
			try {
				for (const reference of image.references) {
					await engine.removeImage(reference, signal);
				}

				removed.push(image.name);
			} catch (error) {
				if (!(error instanceof EngineError && ['conflict', 'not-found', 'failed'].includes(error.code))) {
					throw error;
				}

				if (error.code === 'not-found') {
					// Another user was faster.
					continue;
				}

				kept.push(`${image.name} stays: ${error.message}`);
				again.push(image);
			}
		}

		left = again;
	}

	return {removed, kept: left.length === 0 ? [] : kept};
}

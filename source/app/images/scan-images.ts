/** `gpubox scan`: known vulnerabilities of an image and of the base below it, and what gpubox put on top. */
import {randomUUID} from 'node:crypto';
import {dirname, join} from 'node:path';
import {exitCode, Failure} from '../../base/failure.ts';
import {writeFileAtomic} from '../../base/safe-files.ts';
import {version} from '../../base/version.ts';
import {derivedFrom, derivedFromId} from '../../box/layer-labels.ts';
import {listBoxes} from '../../box/list.ts';
import type {Engine, Image} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {type Finding, keyOf, sortFindings} from '../../image/scan/finding.ts';
import {keepScan, readScan, type Scan} from '../../image/scan/kept-scans.ts';
import {findScanner, runScanner} from '../../image/scan/run-scanner.ts';
import {addedPackages, makeSbom} from '../../image/scan/sbom.ts';
import {type ScannerName, scannerNames} from '../../image/scan/scanner-names.ts';
import {scanners} from '../../image/scan/scanners.ts';
import type {Lock} from '../../job/lock/lock.ts';
import {pinnedReference} from '../../job/lock/pins.ts';
import {safeText} from '../../text/safe.ts';
import {type Effective, loadSettings} from '../load-settings.ts';
import {readLockState} from '../lock/project-lock.ts';
import {lockedLayerName} from '../lock/verify-project.ts';
import {readImagePackages} from './image-packages.ts';

/** An image, and the one that gpubox built it on. */
export type ImagePair = {
	/** As the user names it. Safe to print. */
	name: string;
	image: Image;
	/** Missing when gpubox put nothing on it. */
	base?: {name: string; image: Image};
};

export type OriginatedFinding = Finding & {
	/** Where it came with: the base, or what gpubox put on it. */
	from: 'base' | 'added';
};

export type ScanResult = {
	scanner: string;
	name: string;
	id: string;
	base: {name: string; id: string} | null;
	/** The older of the scans. */
	scannedAt: Date;
	findings: OriginatedFinding[];
	/** What could not be scanned, in words. Safe to print. */
	gaps: string[];
};

/**
The image to look at: of a box, by its name, or without one of this project: of its box, else the locked one, else the one of gpubox.yaml.

@throws Failure (no such box) for what is not on this host; EngineError
*/
export async function findImages(host: Host, given: string | undefined, signal: AbortSignal): Promise<ImagePair> {
	const boxes = await listBoxes(host, signal);
	if (given !== undefined) {
		const box = boxes.find(({name, id}) => name === given || id === given);
		const found = await pairOf(host.engine, box?.imageId ?? given, box?.image ?? given, signal);
		if (found !== undefined) {
			return found;
		}

		throw new Failure(`No box or image named "${safeText(given)}" on this host.`, {
			fix: `List boxes: gpubox ls. To scan an image, pull it first: gpubox pull ${safeText(given)}`,
			exitCode: exitCode.noSuchBox,
		});
	}

	const effective = await loadSettings('.');
	const box = boxes.find(({mine, projectPath}) => mine && projectPath === effective.project);
	const lock = await readLockState(effective);
	const names: Array<[id: string, name: string]> = [
		...(box ? [[box.imageId, box.image] as [string, string]] : []),
		...(lock.kind === 'current' ? await lockedNames(host.engine, effective, lock.lock, signal) : []),
		...(effective.settings.image ? [[effective.settings.image, effective.settings.image] as [string, string]] : []),
	];
	for (const [id, name] of names) {
		const found = await pairOf(host.engine, id, name, signal);
		if (found !== undefined) {
			return found;
		}
	}

	throw new Failure('There is no box for this folder, and no image of it on this host.', {
		fix: 'Create the box: gpubox up. Or name an image: gpubox scan IMAGE',
		exitCode: exitCode.noSuchBox,
	});
}

/** With what gpubox puts on it, where that was built already. */
async function lockedNames(
	engine: Engine,
	effective: Effective,
	lock: Lock,
	signal: AbortSignal,
): Promise<Array<[id: string, name: string]>> {
	const {reference} = lock.image;
	const pinned = pinnedReference(lock.image);
	const base = await engine.inspectImage(pinned, signal);
	const layer = base && lockedLayerName(base, effective, lock);
	return [...(layer === undefined ? [] : [[layer, reference] as [string, string]]), [pinned, reference]];
}

async function pairOf(engine: Engine, id: string, name: string, signal: AbortSignal): Promise<ImagePair | undefined> {
	const image = await engine.inspectImage(id, signal);
	const baseId = image?.labels[derivedFromId];
	if (image === undefined || baseId === undefined) {
		return image && {name: safeText(name), image};
	}

	const base = await engine.inspectImage(baseId, signal);
	return {
		name: safeText(name),
		image,
		...(base ? {base: {name: safeText(image.labels[derivedFrom] ?? baseId), image: base}} : {}),
	};
}

export type ScanOptions = {
	scanner?: ScannerName | undefined;
	/** Scan again, even if there is one of the last day. */
	fresh: boolean;
	/** Called with what is scanned, before it takes its time. */
	onScan: (scanner: string, image: string) => void;
	signal: AbortSignal;
};

/**
Scans an image and its base. What both have came with the base.

@throws Failure: no scanner; what the scanner says. The reason of the signal
*/
export async function scanImages(host: Host, pair: ImagePair, options: ScanOptions): Promise<ScanResult> {
	const found = findScanner(process.env, options.scanner === undefined ? undefined : [options.scanner]);
	if (found === undefined) {
		const wanted = options.scanner === undefined ? scannerNames : [options.scanner];
		throw new Failure(
			options.scanner === undefined
				? `None of ${scannerNames.join(', ')} is installed.`
				: `${options.scanner} is not installed.`,
			{fix: `Install one: ${wanted.map((name) => `${name} (${scanners[name].install})`).join(', ')}`},
		);
	}

	const {image, base} = pair;
	const folder = join(dirname(host.paths.state), 'scans');
	const scan = async (each: Image, name: string): Promise<Scan | string> => {
		const kept = options.fresh ? undefined : readScan(folder, found.scanner.name, each.id, new Date());
		if (kept !== undefined) {
			return kept;
		}

		const scannable = {id: each.id, inRegistry: each.digests[0]};
		if (found.scanner.arguments(scannable) === undefined) {
			return `${name} was not scanned: ${found.scanner.needs}.`;
		}

		options.onScan(found.scanner.name, name);
		const findings = await runScanner(found, scannable, {
			engineAddress: host.engine.address,
			environment: process.env,
			signal: options.signal,
		});
		const made = {scanner: found.scanner.name, scannedAt: new Date(), findings};
		keepScan(folder, each.id, made);
		return made;
	};
	// One after the other: each reads many GB.
	const below = base && (await scan(base.image, base.name));
	const whole = await scan(image, base ? `${pair.name} with what gpubox added` : pair.name);
	const scans = [below, whole].filter((each) => typeof each === 'object');
	const gaps = [below, whole].filter((each) => typeof each === 'string');
	const oldest = scans.toSorted((a, b) => a.scannedAt.getTime() - b.scannedAt.getTime())[0];
	if (oldest === undefined) {
		throw new Failure(gaps[0] ?? 'Nothing was scanned.', {
			fix: 'Use trivy or grype, which read images of the engine: gpubox scan --scanner trivy',
		});
	}

	const inBase = typeof below === 'object' ? below.findings : [];
	return {
		scanner: found.scanner.name,
		name: pair.name,
		id: image.id,
		base: base ? {name: base.name, id: base.image.id} : null,
		scannedAt: oldest.scannedAt,
		findings: originate(base === undefined ? undefined : inBase, typeof whole === 'object' ? whole.findings : []),
		gaps,
	};
}

/** @param base undefined for an image that gpubox put nothing on: all of it is base then. Pure. */
export function originate(base: readonly Finding[] | undefined, whole: readonly Finding[]): OriginatedFinding[] {
	const known = new Set((base ?? whole).map(keyOf));
	return sortFindings([
		...(base ?? []).map((each) => ({...each, from: 'base' as const})),
		...whole
			.filter((each) => base === undefined || !known.has(keyOf(each)))
			.map((each) => ({...each, from: base === undefined ? ('base' as const) : ('added' as const)})),
	]);
}

/**
Writes what gpubox put on the base as CycloneDX JSON.

@returns how many packages; and what could not be read
@throws Failure when the file cannot be written, or when gpubox put nothing on the image; EngineError
*/
export async function writeSbom(
	{engine}: Host,
	{name, image, base}: ImagePair,
	file: string,
	signal: AbortSignal,
): Promise<{packages: number; gaps: string[]}> {
	if (base === undefined) {
		throw new Failure(`gpubox put nothing on ${name}, so there is nothing to list.`, {
			fix: 'Name a box, or an image that gpubox built.',
		});
	}

	const [below, all] = [
		await readImagePackages(engine, base.image.id, signal),
		await readImagePackages(engine, image.id, signal),
	];
	// A base without Python has no Python packages: all of them were added.
	const packages = addedPackages(below.packages, all.packages);
	const subject = {name, id: image.id, base: {name: base.name, id: base.image.id}, gaps: all.gaps};
	const sbom = makeSbom(packages, subject, {version, now: new Date(), serial: randomUUID()});
	try {
		writeFileAtomic(file, `${JSON.stringify(sbom, null, 2)}\n`, {anyFolder: true});
	} catch (error) {
		throw new Failure(`Cannot write ${safeText(file)}: ${(error as Error).message}`, {
			fix: 'Check the folder and its permissions.',
			cause: error,
		});
	}

	return {packages: packages.length, gaps: all.gaps};
}

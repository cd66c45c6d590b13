/** The two sides of every question about drivers, each read once: the host's driver and the image's CUDA. */

import {cudaMinor, minorNumber, parseVersion, type Version} from '../../text/compare-versions.ts';
import type {FitFacts, ImageFacts, Injection} from '../image.ts';
import {cudaOfDriver, firstDriverOf, requirementOf} from './cuda.ts';

/** The driver's side, read once for a host. */
export type Driver = {
	version: Version | undefined;
	/** The version as the driver writes it, e.g. `550.54.15`. */
	text: string;
	/** CUDA as nvidia-smi prints it, e.g. `12.4`. */
	cuda: string | undefined;
	cudaNumber: number | undefined;
	injection: Injection;
};

/** The image's side, read once for an image. */
export type ImageCuda = {
	minor: string;
	number: number;
	major: number;
	setsRequirement: boolean;
	/** The check is NVIDIA's own, of its images with this CUDA: whatever else it accepts, it accepts a driver that has the CUDA. */
	usualCheck: boolean;
	/** Written and parsed only where the answer depends on it: NVIDIA's own have hundreds of conditions. */
	requirementText: () => string | undefined;
	/** The check may ask for the card's compute capability. */
	asksForCapability: boolean;
	hasCompatLibs: boolean;
};

export function readDriver(facts: Pick<FitFacts, 'driverVersion' | 'cudaVersion' | 'engine'>): Driver {
	const version = parseVersion(facts.driverVersion);
	const cuda = cudaMinor(facts.cudaVersion) ?? (version && cudaOfDriver(version));
	return {
		version,
		text: facts.driverVersion?.trim() ?? '',
		cuda,
		cudaNumber: minorNumber(cuda),
		injection: facts.engine.injection,
	};
}

/** Undefined when the image's CUDA is not known. */
export function readImageCuda(image: ImageFacts): ImageCuda | undefined {
	const minor = cudaMinor(image.cuda);
	const number = minorNumber(minor);
	if (minor === undefined || number === undefined) {
		return undefined;
	}

	return {
		minor,
		number,
		major: Math.trunc(number / 1000),
		setsRequirement: image.setsNvidiaRequireCuda,
		usualCheck: image.setsNvidiaRequireCuda && image.requireCuda === null,
		requirementText: () => (image.setsNvidiaRequireCuda ? (image.requireCuda ?? requirementOf(minor)) : undefined),
		asksForCapability: image.setsNvidiaRequireCuda && (image.requireCuda?.includes('arch') ?? false),
		hasCompatLibs: image.hasCompatLibs,
	};
}

/** What the host has, as the end of a sentence. */
export function here({version, text, cuda}: Driver): string {
	if (version === undefined) {
		return cuda === undefined ? 'the driver here is not known' : `the driver here has CUDA ${cuda}`;
	}

	return `this host has ${text}${cuda === undefined ? '' : ` (CUDA ${cuda})`}`;
}

/** `driver 580.65.06 or newer`, or in words where no table names the number. */
export function wantedDriver(wanted: string | undefined, minor: string): string {
	return wanted === undefined
		? `a driver whose nvidia-smi prints CUDA ${minor} or newer`
		: `NVIDIA driver ${wanted} or newer`;
}

/** The driver that has all of the image's CUDA, compiling PTX included. */
export function nativeDriver(image: ImageCuda): string {
	return wantedDriver(firstDriverOf(image.minor), image.minor);
}

/** Whether the host's driver runs the image's CUDA: the rules of docs/images.md about drivers. */

import {compareVersions, parseVersion, type Version} from '../../text/compare-versions.ts';
import type {GpuClass, Note, Reason, Verdict} from '../image.ts';
import {compatHosts, firstDriverOf, floorOfMajor, oldestCompatHost} from './cuda.ts';
import {type Driver, here, type ImageCuda, wantedDriver} from './driver-facts.ts';
import {compatReason, hookReason} from './fit-injection.ts';

/** What the driver makes of it. `jit`: whether it would compile the image's PTX for a card. */
export type DriverAnswer = {fits: Verdict; jit: Verdict; reasons: Reason[]; notes: Note[]};

function olderImage({version, cuda, cudaNumber}: Driver): string {
	if (cuda === undefined || cudaNumber === undefined) {
		return 'choose an image with an older CUDA';
	}

	const major = Math.trunc(cudaNumber / 1000);
	const floor = parseVersion(floorOfMajor(major));
	return version && floor && compareVersions(version, floor) >= 0
		? `choose an image with CUDA ${major}`
		: `choose an image with CUDA ${cuda} or older`;
}

function tooOld(driver: Driver, image: ImageCuda, wanted: string | undefined): Reason {
	return {
		code: 'driver-too-old',
		message: `Its CUDA ${image.minor} needs ${wantedDriver(wanted, image.minor)}; ${here(driver)}.`,
		fix: `Install ${wantedDriver(wanted, image.minor)}, or ${olderImage(driver)}.`,
	};
}

/**
Forward compatibility: libcuda of a newer driver inside the image, used on an older kernel driver. On data-centre cards
only, and only with the driver branches that NVIDIA lists (an ELF note in the library). The lists have gaps: R535 and
R550 may stand in them while R545 does not. A branch in a gap is `unknown` and not `false`: for most releases the list
was not seen, and a newer driver must never make an image unfit that fitted with an older one.
*/
function forward({version}: Driver, image: ImageCuda, gpuClass: GpuClass | null): Verdict {
	if (!image.hasCompatLibs || gpuClass === 'geforce' || gpuClass === 'titan') {
		return false;
	}

	if (version === undefined) {
		return 'unknown';
	}

	const hosts = compatHosts(image.minor);
	const listed = hosts?.some((host) => {
		const from = parseVersion(host);
		return from !== undefined && from[0] === version[0] && compareVersions(version, from) >= 0;
	});
	if (listed) {
		// NVIDIA names "select NGC Server Ready SKUs" of workstation cards and Jetson boards, not which.
		return gpuClass === 'datacentre' ? true : 'unknown';
	}

	const oldest = parseVersion(hosts?.[0] ?? oldestCompatHost(image.major));
	return oldest !== undefined && compareVersions(version, oldest) >= 0 ? 'unknown' : false;
}

function forwardUnknown(driver: Driver, image: ImageCuda, gpuClass: GpuClass | null): Reason {
	const floor = floorOfMajor(image.major);
	return {
		code: 'driver-not-listed',
		message:
			gpuClass === 'datacentre'
				? `Its CUDA ${image.minor} is newer than the driver's; it is unknown whether the image's compatibility libraries accept ${driver.version === undefined ? 'it' : `driver branch R${driver.version[0]}`}.`
				: `Its CUDA ${image.minor} is newer than the driver's; NVIDIA supports the image's compatibility libraries on data-centre cards and on some workstation cards only.`,
		fix: `Install ${wantedDriver(floor, image.minor)}, or ${olderImage(driver)}.`,
	};
}

/** Rules R1 to R4 and R9: native, backward, minor-version and forward compatibility. */
function runs(driver: Driver, image: ImageCuda, gpuClass: GpuClass | null): DriverAnswer {
	const floorText = floorOfMajor(image.major);
	const floor = parseVersion(floorText);
	if (driver.cudaNumber === undefined) {
		// A driver older than the table of branches: older than every driver that runs CUDA 11.
		if (driver.version !== undefined && floor !== undefined) {
			return {fits: false, jit: false, reasons: [tooOld(driver, image, floorText)], notes: []};
		}

		const reason: Reason = {
			code: 'unknown-driver',
			message: 'The version of the NVIDIA driver is unknown, so it is unclear whether it can run this image.',
			fix: 'Run `nvidia-smi`; `gpubox doctor` suggests a fix.',
		};
		return {fits: 'unknown', jit: 'unknown', reasons: [reason], notes: []};
	}

	if (image.number <= driver.cudaNumber) {
		return {fits: true, jit: true, reasons: [], notes: []};
	}

	const ahead = forward(driver, image, gpuClass);
	const aheadNote: Note = {
		code: 'forward-compatibility',
		message: `Its CUDA ${image.minor} is newer than the driver's ${driver.cuda}: it runs through the compatibility libraries in the image (forward compatibility).`,
	};
	if (Math.trunc(driver.cudaNumber / 1000) === image.major && floor !== undefined) {
		if (driver.version === undefined) {
			const reason: Reason = {
				code: 'unknown-driver',
				message: `It has CUDA ${image.minor}, the driver CUDA ${driver.cuda}: that works with driver ${floorText} or newer, but the driver's version is unknown.`,
				fix: `Choose an image with CUDA ${driver.cuda} or older, or make \`nvidia-smi\` print the driver's version.`,
			};
			return {fits: 'unknown', jit: 'unknown', reasons: [reason], notes: []};
		}

		if (compareVersions(driver.version, floor) >= 0) {
			const note: Note = {
				code: 'minor-version',
				message: `Its CUDA ${image.minor} is newer than the driver's ${driver.cuda}: it runs by minor-version compatibility (driver ${floorText} or newer).`,
			};
			return {fits: true, jit: ahead, reasons: [], notes: [ahead === true ? aheadNote : note]};
		}
	}

	if (ahead === true) {
		return {fits: true, jit: true, reasons: [], notes: [aheadNote]};
	}

	return ahead === 'unknown'
		? {fits: 'unknown', jit: 'unknown', reasons: [forwardUnknown(driver, image, gpuClass)], notes: []}
		: {fits: false, jit: false, reasons: [tooOld(driver, image, floorText ?? firstDriverOf(image.minor))], notes: []};
}

/** Rules R1 to R4, R6, R8 and R9 for one kind of card. */
export function judgeDriver(
	driver: Driver,
	image: ImageCuda,
	gpuClass: GpuClass | null,
	capability: Version | undefined,
): DriverAnswer {
	const answer = runs(driver, image, gpuClass);
	if (answer.fits === false) {
		return answer;
	}

	const hook = hookReason(driver, image, gpuClass, capability);
	const compat = answer.fits === true ? compatReason(driver, image, gpuClass) : undefined;
	const reasons = [...answer.reasons, ...(hook ? [hook.reason] : []), ...(compat ? [compat] : [])];
	return {
		fits: hook?.fits === false ? false : reasons.length > 0 ? 'unknown' : true,
		jit: answer.jit,
		reasons,
		notes: reasons.length > 0 ? [] : answer.notes,
	};
}

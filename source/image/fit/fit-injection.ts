/** What putting the GPUs into the container does with an image: rules R6 and R8 of docs/images.md. */

import {parseVersion, type Version} from '../../text/compare-versions.ts';
import {safeText} from '../../text/safe.ts';
import type {GpuClass, Reason} from '../image.ts';
import {firstDriverOf} from './cuda.ts';
import {type Driver, here, type ImageCuda, wantedDriver} from './driver-facts.ts';
import {checkRequirement, parseRequirement, type RequirementAnswer} from './require-cuda.ts';

// Every list seen from CUDA 12.6 on leaves GeForce and TITAN out (templates/catalogue/cuda.json).
const firstCudaWithoutGeforce = 12_006;

function askHook(
	driver: Driver,
	image: ImageCuda,
	gpuClass: GpuClass | null,
	capability: Version | undefined,
): RequirementAnswer {
	const requirement = image.requirementText === undefined ? undefined : parseRequirement(image.requirementText);
	if (requirement) {
		return checkRequirement(requirement, {
			cuda: parseVersion(driver.cuda),
			driver: driver.version,
			arch: capability,
			class: gpuClass,
		});
	}

	// The check's words are not known, or not understood.
	if (image.requirementText !== undefined || driver.cudaNumber === undefined) {
		return 'unknown';
	}

	if (image.number <= driver.cudaNumber) {
		return 'accepted';
	}

	const geforce = gpuClass === 'geforce' || gpuClass === 'titan';
	return geforce && image.number >= firstCudaWithoutGeforce ? 'refused' : 'unknown';
}

/** Rule R6: what the image makes NVIDIA's prestart hook check; not made on the CDI path. */
export function hookReason(
	driver: Driver,
	image: ImageCuda,
	gpuClass: GpuClass | null,
	capability: Version | undefined,
): {fits: false | 'unknown'; reason: Reason} | undefined {
	if (
		!image.setsRequirement ||
		driver.cudaNumber === undefined ||
		(driver.injection !== 'legacy-hook' && driver.injection !== 'unknown')
	) {
		return undefined;
	}

	const answer = askHook(driver, image, gpuClass, capability);
	if (answer === 'accepted') {
		return undefined;
	}

	const first = safeText((image.requirementText ?? `cuda>=${image.minor}`).slice(0, 200)).split(' ')[0] ?? '';
	const wanted = wantedDriver(firstDriverOf(image.minor), image.minor);
	const remedy = `Install ${wanted}, choose an image without the check (PyTorch's -runtime images), or start it with NVIDIA_DISABLE_REQUIRE=1.`;
	const sure = answer === 'refused' && driver.injection === 'legacy-hook';
	return {
		fits: sure ? false : 'unknown',
		reason: {
			code: answer === 'refused' ? 'driver-too-old' : 'driver-not-listed',
			message: sure
				? `The image's NVIDIA start-up check requires ${first}; ${here(driver)}.`
				: answer === 'refused'
					? `If the engine uses NVIDIA's prestart hook, the image's check for ${first} refuses this driver; ${here(driver)}.`
					: `The image's NVIDIA start-up check requires ${first} or certain driver branches; it may refuse this one: ${here(driver)}.`,
			fix: remedy,
		},
	};
}

/** Rule R8: on GeForce and TITAN the CDI hook may put the image's newer libcuda in front: CUDA error 804. */
export function compatReason(driver: Driver, image: ImageCuda, gpuClass: GpuClass | null): Reason | undefined {
	const geforce = gpuClass === 'geforce' || gpuClass === 'titan';
	const byCdi = driver.injection === 'cdi' || driver.injection === 'unknown';
	if (
		!geforce ||
		!byCdi ||
		!image.hasCompatLibs ||
		driver.cudaNumber === undefined ||
		image.number <= driver.cudaNumber
	) {
		return undefined;
	}

	return {
		code: 'compat-libraries',
		message: `The image has libraries of a newer driver, which NVIDIA does not support on this GPU; the container toolkit may enable them (error 804).`,
		fix: `Install ${wantedDriver(firstDriverOf(image.minor), image.minor)}, choose an image without them (PyTorch's -runtime images), or disable the hook: \`sudo nvidia-ctk config --in-place --set nvidia-container-runtime.modes.jit-cdi.nvcdi-disable-hooks=enable-cuda-compat\`.`,
	};
}

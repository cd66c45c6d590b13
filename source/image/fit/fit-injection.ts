/** What putting the GPUs into the container does with an image: rules R6 and R8 of docs/images.md. */

import {cudaMinor, parseVersion, type Version} from '../../text/compare-versions.ts';
import {safeText} from '../../text/safe.ts';
import type {GpuClass, ImageFacts, Reason} from '../image.ts';
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
	if (image.usualCheck && driver.cudaNumber !== undefined && image.number <= driver.cudaNumber) {
		return 'accepted';
	}

	const text = image.requirementText();
	const requirement = text === undefined ? undefined : parseRequirement(text);
	if (requirement) {
		return checkRequirement(requirement, {
			cuda: parseVersion(driver.cuda),
			driver: driver.version,
			arch: capability,
			class: gpuClass,
		});
	}

	// The check's words are not known, or not understood.
	if (text !== undefined || driver.cudaNumber === undefined) {
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

	const first = safeText((image.requirementText() ?? `cuda>=${image.minor}`).slice(0, 200)).split(' ')[0] ?? '';
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

/**
The rest of rule R6: every further NVIDIA_REQUIRE_* of the image, and a CUDA_VERSION that is no version.

@param image its NVIDIA_REQUIRE_CUDA counts here where its CUDA is not known
*/
export function otherHookReasons(
	driver: Driver,
	image: ImageFacts,
	gpuClass: GpuClass | null,
	capability: Version | undefined,
): Array<{fits: false | 'unknown'; reason: Reason}> {
	if (driver.injection !== 'legacy-hook' && driver.injection !== 'unknown') {
		return [];
	}

	const certain = driver.injection === 'legacy-hook';
	const onlyIf = certain ? '' : "If the engine uses NVIDIA's prestart hook: ";
	const found: ReturnType<typeof otherHookReasons> = [];
	if (image.badCudaVersion !== undefined) {
		found.push({
			fits: certain ? false : 'unknown',
			reason: {
				code: 'unknown-cuda',
				message: `${onlyIf}NVIDIA's start-up check refuses the image, whose variable CUDA_VERSION ("${safeText(image.badCudaVersion).slice(0, 40)}") is not a version.`,
				fix: 'Choose another image, or start it with NVIDIA_DISABLE_REQUIRE=1.',
			},
		});
	}

	const own = image.requireCuda !== null && cudaMinor(image.cuda) === undefined ? [image.requireCuda] : [];
	for (const text of [...own, ...(image.otherRequirements ?? [])]) {
		const requirement = parseRequirement(text);
		const answer = requirement
			? checkRequirement(requirement, {
					cuda: parseVersion(driver.cuda),
					driver: driver.version,
					arch: capability,
					class: gpuClass,
				})
			: 'unknown';
		if (answer === 'accepted') {
			continue;
		}

		const shown = safeText(text.slice(0, 200));
		const refused = answer === 'refused';
		found.push({
			fits: refused && certain ? false : 'unknown',
			reason: {
				code: refused ? 'driver-too-old' : 'driver-not-listed',
				message: `${onlyIf}The image's NVIDIA start-up check requires ${shown}${refused ? '' : ', which this driver may not meet'}; ${here(driver)}.`,
				fix: 'Install a driver that meets it, choose an image without the check, or start it with NVIDIA_DISABLE_REQUIRE=1.',
			},
		});
	}

	return found;
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

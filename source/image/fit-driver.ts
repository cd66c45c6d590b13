/** Whether the host's driver runs the image's CUDA: the rules of docs/images.md about drivers. */
import {safeText} from '../text/safe.ts';
import {compatHosts, cudaOfDriver, firstDriverOf, floorOfMajor, oldestCompatHost, requirementOf} from './cuda.ts';
import type {FitFacts, GpuClass, ImageFacts, Injection, Note, Reason, Verdict} from './image.ts';
import {checkRequirement, parseRequirement, type RequirementAnswer} from './require-cuda.ts';
import {compareVersions, cudaMinor, minorNumber, parseVersion, type Version} from './version.ts';

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
	/** Parsed only where the engine would make the check. */
	requirementText: string | undefined;
	/** The check may ask for the card's compute capability. */
	asksForCapability: boolean;
	hasCompatLibs: boolean;
};

/** What the driver makes of it. `jit`: whether it would compile the image's PTX for a card. */
export type DriverAnswer = {fits: Verdict; jit: Verdict; reasons: Reason[]; notes: Note[]};

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

	const requirementText = image.setsNvidiaRequireCuda ? (image.requireCuda ?? requirementOf(minor)) : undefined;
	return {
		minor,
		number,
		major: Math.trunc(number / 1000),
		setsRequirement: image.setsNvidiaRequireCuda,
		requirementText,
		asksForCapability: requirementText?.includes('arch') ?? false,
		hasCompatLibs: image.hasCompatLibs,
	};
}

function here({version, text, cuda}: Driver): string {
	if (version === undefined) {
		return cuda === undefined ? 'the driver here is not known' : `the driver here has CUDA ${cuda}`;
	}

	return `this host has ${text}${cuda === undefined ? '' : ` (CUDA ${cuda})`}`;
}

/** `driver 580.65.06 or newer`, or in words where no table names the number. */
function wantedDriver(wanted: string | undefined, minor: string): string {
	return wanted === undefined
		? `a driver whose nvidia-smi prints CUDA ${minor} or newer`
		: `NVIDIA driver ${wanted} or newer`;
}

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
				? `Its CUDA ${image.minor} is newer than the driver's; whether the image's compatibility libraries accept ${driver.version === undefined ? 'it' : `driver branch R${driver.version[0]}`} is not known.`
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
			message: 'The version of the NVIDIA driver is not known, so nothing tells whether it runs this image.',
			fix: 'See what `nvidia-smi` says; `gpubox doctor` names the remedy.',
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
				message: `It has CUDA ${image.minor}, the driver CUDA ${driver.cuda}: that works from driver ${floorText} on, but the driver's version is not known.`,
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
function hookReason(
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
	const remedy = `Install ${wanted}, take an image without the check (PyTorch's -runtime ones), or start it with NVIDIA_DISABLE_REQUIRE=1.`;
	const sure = answer === 'refused' && driver.injection === 'legacy-hook';
	return {
		fits: sure ? false : 'unknown',
		reason: {
			code: answer === 'refused' ? 'driver-too-old' : 'driver-not-listed',
			message: sure
				? `NVIDIA's start-up check in the image asks for ${first}; ${here(driver)}.`
				: answer === 'refused'
					? `If the engine uses NVIDIA's prestart hook, the image's check for ${first} refuses this driver; ${here(driver)}.`
					: `NVIDIA's start-up check in the image asks for ${first} or for single driver branches; it may refuse this one: ${here(driver)}.`,
			fix: remedy,
		},
	};
}

/** Rule R8: on GeForce and TITAN the CDI hook may put the image's newer libcuda in front: CUDA error 804. */
function compatReason(driver: Driver, image: ImageCuda, gpuClass: GpuClass | null): Reason | undefined {
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
		message: `The image brings libraries of a newer driver, which NVIDIA does not allow on this card; the container toolkit may switch them on (error 804).`,
		fix: `Install ${wantedDriver(firstDriverOf(image.minor), image.minor)}, take an image without them (PyTorch's -runtime ones), or switch the hook off: \`sudo nvidia-ctk config --in-place --set nvidia-container-runtime.modes.jit-cdi.nvcdi-disable-hooks=enable-cuda-compat\`.`,
	};
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

/** The driver that has all of the image's CUDA, compiling PTX included. */
export function nativeDriver(image: ImageCuda): string {
	return wantedDriver(firstDriverOf(image.minor), image.minor);
}

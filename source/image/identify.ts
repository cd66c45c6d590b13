/** What an image on the host is: from the catalogue by its name, and from its own metadata. */
import type {Image} from '../engine/engine.ts';
import {cudaMinor, leadingVersion, parseVersion} from '../text/compare-versions.ts';
import {safeText} from '../text/safe.ts';
import {type Catalogue, unknownImage} from './catalogue/catalogue.ts';
import {platformArchitecture} from './fit/architecture.ts';
import {hookRequirements} from './fit/hook-requirements.ts';
import type {ImageFacts, Provides} from './image.ts';
import {servicesOf} from './service-words.ts';

/** Labels by which a team describes its images in the images themselves. Part of the published interface. */
const imageLabel = {
	cuda: 'gpubox.image.cuda',
	framework: 'gpubox.image.framework',
	computeCapabilities: 'gpubox.image.compute-capabilities',
	provides: 'gpubox.image.provides',
} as const;

export type InspectedImage = Pick<
	Image,
	'tags' | 'architecture' | 'environment' | 'labels' | 'exposedPorts' | 'command' | 'entrypoint' | 'createdAt'
>;

const capability = /^\d{1,2}\.\d$/;

/** `7.5 8.0 9.0+PTX`, also with semicolons or commas; undefined when any of it is no compute capability. */
function capabilities(text: string | undefined): {codes: string[]; ptx: string[]} | undefined {
	const parts = (text ?? '')
		.slice(0, 500)
		.split(/[\s;,]+/)
		.filter((part) => part !== '');
	const codes = parts.map((part) => part.replace(/\+PTX$/i, ''));
	if (codes.length === 0 || !codes.every((code) => capability.test(code))) {
		return undefined;
	}

	return {codes, ptx: parts.filter((part) => /\+PTX$/i.test(part)).map((part) => part.replace(/\+PTX$/i, ''))};
}

/** A version out of foreign text: undefined unless it begins like one. */
function versionText(text: string | undefined): string | undefined {
	const short = safeText((text ?? '').slice(0, 60));
	return leadingVersion(short) ? short : undefined;
}

function readFramework(
	environment: Record<string, string>,
	labels: Record<string, string>,
): {framework: string; version: string | null} | undefined {
	const [name = '', version] = safeText((labels[imageLabel.framework] ?? '').slice(0, 80)).split(' ');
	if (/^[\w.+-]+$/.test(name)) {
		return {framework: name.toLowerCase(), version: versionText(version) ?? null};
	}

	const pytorch = versionText(environment.PYTORCH_VERSION);
	if (pytorch !== undefined) {
		return {framework: 'pytorch', version: pytorch};
	}

	const tensorflow = versionText(environment.TENSORFLOW_VERSION);
	return tensorflow === undefined ? undefined : {framework: 'tensorflow', version: tensorflow};
}

function toldProvides({labels}: Pick<InspectedImage, 'labels'>): Provides[] {
	const words = (labels[imageLabel.provides] ?? '').slice(0, 80).split(/[\s,]+/);
	return servicesOf(words);
}

/** What an image brings for certain: its entry says so, or its makers do. A command that looks like Jupyter is no promise. */
export function surelyProvides(
	reference: string,
	image: Pick<InspectedImage, 'tags' | 'labels'> | undefined,
	catalogue: Catalogue,
): Provides[] {
	const named = [reference, ...(image?.tags ?? [])].map((name) => catalogue.find(name));
	const entry = named.find((found) => found !== undefined);
	return [...new Set([...(entry?.provides ?? []), ...(image ? toldProvides(image) : [])])];
}

function readProvides(image: InspectedImage): Provides[] {
	const {environment, exposedPorts, command, entrypoint} = image;
	const told = toldProvides(image);
	const starts = [...entrypoint, ...command].join(' ').slice(0, 2000);
	const jupyter =
		told.includes('jupyter') ||
		/\bjupyter|start-notebook/.test(starts) ||
		(exposedPorts.includes(8888) && Object.keys(environment).some((key) => key.startsWith('JUPYTER')));
	const ssh = told.includes('ssh') || (exposedPorts.includes(22) && /\bsshd\b/.test(starts));
	return [...(jupyter ? (['jupyter'] as const) : []), ...(ssh ? (['ssh'] as const) : [])];
}

/**
What PyTorch's own build of a version for a CUDA was compiled for. PYTORCH_VERSION is set by the official images, so with
a plain release number and CUDA_VERSION beside it, it names an official build that the image was made from.
*/
function officialBuild(catalogue: Catalogue, version: string | null, cuda: string | undefined): ImageFacts | undefined {
	return version === null || cuda === undefined || parseVersion(version) === undefined
		? undefined
		: catalogue.entries.find(
				(entry) => entry.family === 'pytorch' && entry.version === version && cudaMinor(entry.cuda) === cuda,
			);
}

/**
What is known of a local image. By name from the catalogue first; the image's own metadata counts
where the catalogue is silent, and always for its processor and its NVIDIA_REQUIRE_CUDA. All of it is foreign text: what
is not well-formed counts as not said.
*/
export function identify(reference: string, image: InspectedImage, catalogue: Catalogue): ImageFacts {
	const named = [reference, ...image.tags].map((name) => catalogue.find(name)).find((entry) => entry !== undefined);
	const facts: ImageFacts = named ? {...named, reference} : {...unknownImage(reference), status: 'metadata'};
	const {environment, labels} = image;

	const cuda = [labels[imageLabel.cuda], environment.CUDA_VERSION, labels['com.nvidia.cuda.version']].find(
		(text) => cudaMinor(text) !== undefined,
	);
	facts.cuda ??= cuda?.trim() ?? null;

	const framework = readFramework(environment, labels);
	if (framework && facts.framework === null) {
		facts.framework = framework.framework;
		facts.version = framework.version;
	} else if (framework?.framework === facts.framework) {
		facts.version ??= framework?.version ?? null;
	}

	if (facts.computeCapabilities === null && facts.minComputeCapability === null) {
		const told = capabilities(labels[imageLabel.computeCapabilities]) ?? capabilities(environment.TORCH_CUDA_ARCH_LIST);
		const official =
			facts.framework === 'pytorch' ? officialBuild(catalogue, facts.version, cudaMinor(facts.cuda)) : undefined;
		facts.computeCapabilities = told?.codes ?? official?.computeCapabilities ?? null;
		facts.ptx = told?.ptx ?? official?.ptx ?? [];
	}

	const architecture = platformArchitecture(image.architecture);
	if (architecture !== undefined) {
		facts.platforms = [`linux/${architecture}`];
	}

	const asked = hookRequirements(environment);
	facts.setsNvidiaRequireCuda = asked.cuda !== undefined;
	facts.requireCuda = asked.cuda ?? null;
	facts.otherRequirements = asked.others;
	if (asked.badCudaVersion !== undefined) {
		facts.badCudaVersion = asked.badCudaVersion;
	}

	// Both are set by nvidia/cuda, which installs the compatibility package along with its runtime.
	facts.hasCompatLibs ||= 'NV_CUDA_COMPAT_PACKAGE' in environment || 'NV_CUDA_CUDART_VERSION' in environment;
	facts.provides = [...new Set([...facts.provides, ...readProvides(image)])];
	return facts;
}

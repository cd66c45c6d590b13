/** CUDA releases, drivers and compute capabilities: questions to templates/catalogue/cuda.json, which holds the sources. */
import data from '../../../templates/catalogue/cuda.json' with {type: 'json'};
import {compareVersions, minorNumber, parseVersion, type Version} from '../../text/compare-versions.ts';

function version(text: string): Version {
	return parseVersion(text) ?? [];
}

const branches = data.driverBranches.branches.toSorted((a, b) => b.branch - a.branch);
const floors = new Map(data.minorVersionFloors.floors.map(({major, minDriver}) => [major, minDriver]));
const integrated = new Set(data.computeCapabilities.integrated.values);

/** First driver that has each CUDA, `12.8` → `570.26`, in the order of the releases. */
const firstDriver = new Map<string, string>();
for (const {cuda, minDriver} of data.releases) {
	const [major = 0, minor = 0] = version(cuda);
	const key = `${major}.${minor}`;
	if (!firstDriver.has(key)) {
		const branch = branches.find((candidate) => candidate.cuda === key);
		const known = minDriver ?? (branch === undefined ? undefined : String(branch.branch));
		if (known !== undefined) {
			firstDriver.set(key, known);
		}
	}
}

/**
The CUDA version that a driver supports, as nvidia-smi would print it: that of the greatest known branch up to the
driver's own. Undefined for drivers older than the table. On WSL the driver's number is another; there nvidia-smi's own
word must be taken.
*/
export function cudaOfDriver(driver: Version): string | undefined {
	return branches.find(({branch}) => branch <= (driver[0] ?? 0))?.cuda;
}

/** The oldest driver that runs anything of a CUDA major version (minor-version compatibility), e.g. 12 → `525.60.13`. */
export function floorOfMajor(major: number): string | undefined {
	return floors.get(major);
}

/** The first driver that has all of a CUDA release, e.g. `12.8` → `570.26`; undefined when the release is not known. */
export function firstDriverOf(cudaMinor: string): string | undefined {
	return firstDriver.get(cudaMinor);
}

/** Whether such a CUDA was ever released: there was no 12.7, and nothing is known of one newer than the table. */
export function knownCuda(cudaMinor: string): boolean {
	return firstDriver.has(cudaMinor);
}

/** Branches of host drivers that the compatibility libraries of a CUDA accept; undefined where the list was not seen. */
export function compatHosts(cudaMinor: string): readonly string[] | undefined {
	return data.forwardCompatibility.releases.find(({cuda}) => cuda === cudaMinor)?.hosts;
}

/** The oldest host branch that any seen list of the same major version accepts. */
export function oldestCompatHost(major: number): string | undefined {
	return data.forwardCompatibility.releases
		.filter(({cuda}) => version(cuda)[0] === major)
		.flatMap(({hosts}) => hosts)
		.toSorted((a, b) => compareVersions(version(a), version(b)))[0];
}

const requirements = new Map<string, string>();

function writeRequirement(cudaMinor: string): string | undefined {
	const release = data.requireCuda.releases.find(({cuda}) => cuda === cudaMinor);
	if (release === undefined) {
		return undefined;
	}

	const brands = release.brands === 'all' ? data.requireCuda.brands.all : data.requireCuda.brands.professional;
	const alternatives = release.branches.flatMap((branch) =>
		brands.map((brand) => `brand=${brand},driver>=${branch},driver<${branch + 1}`),
	);
	return [`cuda>=${cudaMinor}`, ...alternatives].join(' ');
}

/** NVIDIA_REQUIRE_CUDA of the nvidia/cuda images of a CUDA; undefined where it was not seen. */
export function requirementOf(cudaMinor: string): string | undefined {
	const known = requirements.get(cudaMinor) ?? writeRequirement(cudaMinor);
	if (known !== undefined) {
		requirements.set(cudaMinor, known);
	}

	return known;
}

const firstCuda = new Map<string, string>();
for (const capability of data.computeCapabilities.oldest) {
	firstCuda.set(capability, '0.0');
}

for (const {cuda, added} of data.computeCapabilities.addedIn) {
	for (const capability of added) {
		firstCuda.set(capability, cuda);
	}
}

const lastCuda = new Map<string, string>();
for (const {cuda, dropped} of data.computeCapabilities.droppedIn) {
	for (const capability of dropped) {
		lastCuda.set(capability, cuda);
	}
}

export function knownCapability(capability: string): boolean {
	return firstCuda.has(capability);
}

/**
Whether machine code for one compute capability runs on a card of another: same major version, minor not above the
card's; integrated chips only their own. Source: torch/cuda/__init__.py (`_check_capability`).
*/
export function codeRunsOn(code: string, card: string): boolean {
	if (code === card) {
		return true;
	}

	if (integrated.has(code) || integrated.has(card)) {
		return false;
	}

	const made = minorNumber(code);
	const runs = minorNumber(card);
	return (
		made !== undefined &&
		runs !== undefined &&
		Math.trunc(made / 1000) === Math.trunc(runs / 1000) &&
		made % 1000 <= runs % 1000
	);
}

const firstCudaOfCard = new Map<string, string | undefined>();

/** The first CUDA whose compiler makes code that runs on the card; undefined for cards newer than the table. */
export function firstCudaFor(card: string): string | undefined {
	if (firstCudaOfCard.has(card)) {
		return firstCudaOfCard.get(card);
	}

	let best: string | undefined;
	for (const [capability, cuda] of firstCuda) {
		if (codeRunsOn(capability, card) && (best === undefined || (minorNumber(cuda) ?? 0) < (minorNumber(best) ?? 0))) {
			best = cuda;
		}
	}

	if (firstCudaOfCard.size < 100) {
		firstCudaOfCard.set(card, best);
	}

	return best;
}

/** The CUDA release that stopped making code for the card; undefined while it is still made. */
export function cudaThatDropped(card: string): string | undefined {
	return lastCuda.get(card);
}

/** Whether the compiler of a CUDA release makes code for exactly this compute capability. */
export function cudaMakes(cudaMinor: string, capability: string): boolean {
	const image = minorNumber(cudaMinor) ?? 0;
	const dropped = minorNumber(lastCuda.get(capability));
	return (
		image >= (minorNumber(firstCuda.get(capability)) ?? Number.POSITIVE_INFINITY) &&
		(dropped === undefined || image < dropped)
	);
}

/** Whether the compiler of a CUDA release can make code that runs on the card, as is known; undefined for newer cards than the table. */
export function cudaCanTarget(cudaMinor: string, card: string): boolean | undefined {
	const image = minorNumber(cudaMinor);
	const first = firstCudaFor(card);
	if (image === undefined || first === undefined) {
		return undefined;
	}

	const dropped = minorNumber(lastCuda.get(card));
	return image >= (minorNumber(first) ?? 0) && (dropped === undefined || image < dropped);
}

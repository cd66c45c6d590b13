/**
Checks the catalogue files: shape, sources, references, CUDA versions and compute capabilities. `npm run catalog:check`
prints one line for each mistake and exits 1 when there is any.
*/
import {readdirSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import * as v from 'valibot';
import {type CatalogueFile, catalogueFiles, entriesOf} from '../source/image/catalogue/catalogue.ts';
import {cudaMakes, knownCapability, knownCuda} from '../source/image/fit/cuda.ts';
import {parseRequirement} from '../source/image/fit/require-cuda.ts';
import type {ImageFacts} from '../source/image/image.ts';
import {normalReference, parseReference} from '../source/image/reference.ts';
import {compareVersions, cudaMinor, leadingVersion, parseVersion} from '../source/text/compare-versions.ts';
import cuda from '../templates/catalogue/cuda.json' with {type: 'json'};

const statuses = ['verified', 'seen', 'derived', 'secondary', 'unverified'] as const;
const fields = {
	framework: v.optional(v.string()),
	version: v.optional(v.string()),
	cuda: v.optional(v.string()),
	cpuOnly: v.optional(v.boolean()),
	computeCapabilities: v.optional(v.pipe(v.array(v.string()), v.minLength(1))),
	ptx: v.optional(v.array(v.string())),
	minComputeCapability: v.optional(v.string()),
	minDriver: v.optional(v.string()),
	platforms: v.optional(v.pipe(v.array(v.picklist(['linux/amd64', 'linux/arm64'])), v.minLength(1))),
	provides: v.optional(v.array(v.picklist(['jupyter', 'ssh']))),
	kind: v.optional(v.picklist(['runtime', 'devel', 'server'])),
	setsNvidiaRequireCuda: v.optional(v.boolean()),
	requireCuda: v.optional(v.string()),
	hasCompatLibs: v.optional(v.boolean()),
	downloadBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1_000_000))),
	released: v.optional(v.pipe(v.string(), v.regex(/^20\d\d-(?:0[1-9]|1[0-2])(?:-\d\d)?$/))),
	moving: v.optional(v.boolean()),
	status: v.optional(v.picklist(statuses)),
	sources: v.optional(v.array(v.string())),
	note: v.optional(v.string()),
};
const fileSchema = v.strictObject({
	family: v.pipe(v.string(), v.minLength(1)),
	about: v.pipe(v.string(), v.minLength(20)),
	sources: v.record(v.string(), v.pipe(v.string(), v.minLength(10))),
	defaults: v.strictObject(fields),
	profiles: v.record(v.string(), v.strictObject(fields)),
	entries: v.pipe(
		v.array(v.strictObject({...fields, reference: v.string(), is: v.optional(v.array(v.string()))})),
		v.minLength(1),
	),
});

/** What is wrong with one uniform entry. */
function entryMistakes(entry: ImageFacts): string[] {
	const mistakes: string[] = [];
	const minor = cudaMinor(entry.cuda);
	const reference = parseReference(entry.reference);
	if (reference === undefined || reference.tag === null) {
		mistakes.push('is no image reference with a tag');
	} else if (!/:[^/]+$/.test(entry.reference)) {
		mistakes.push('does not spell out its tag');
	}

	if (entry.sources.length === 0) {
		mistakes.push('names no source');
	}

	if (entry.framework === null) {
		mistakes.push('names no framework');
	}

	if (entry.platforms.length === 0) {
		mistakes.push('names no platform');
	}

	if (entry.version !== null && leadingVersion(entry.version) === undefined) {
		mistakes.push(`has no version number: ${entry.version}`);
	}

	if (entry.cpuOnly !== (entry.cuda === null)) {
		mistakes.push('needs either a CUDA version or cpuOnly');
	}

	if (entry.cuda !== null && (minor === undefined || !knownCuda(minor))) {
		mistakes.push(`has a CUDA that cuda.json does not know: ${entry.cuda}`);
	}

	for (const capability of [...(entry.computeCapabilities ?? []), ...entry.ptx]) {
		if (!knownCapability(capability)) {
			mistakes.push(`has an unknown compute capability: ${capability}`);
		} else if (minor !== undefined && !cudaMakes(minor, capability)) {
			mistakes.push(`cannot hold code for ${capability}: CUDA ${minor} does not make it`);
		}
	}

	if (entry.minComputeCapability !== null && !knownCapability(entry.minComputeCapability)) {
		mistakes.push(`has an unknown minComputeCapability: ${entry.minComputeCapability}`);
	}

	if (entry.minDriver !== null && parseVersion(entry.minDriver) === undefined) {
		mistakes.push(`has no driver version: ${entry.minDriver}`);
	}

	if (
		entry.requireCuda !== null &&
		(!entry.setsNvidiaRequireCuda || parseRequirement(entry.requireCuda) === undefined)
	) {
		mistakes.push(`has an NVIDIA_REQUIRE_CUDA that is not understood or not said to be set: ${entry.requireCuda}`);
	}

	return mistakes;
}

/** All mistakes of one file, each on a line. */
export function fileMistakes(name: string, file: unknown): string[] {
	const shape = v.safeParse(fileSchema, file);
	if (!shape.success) {
		return shape.issues.map((issue) => `${name}: ${v.getDotPath(issue) ?? ''} ${issue.message}`);
	}

	const {sources, profiles, entries, defaults} = shape.output;
	const mistakes: string[] = [];
	const used = new Set<string>();
	const usedProfiles = new Set<string>();
	for (const [place, named] of [
		['defaults', defaults] as const,
		...Object.entries(profiles),
		...entries.map((entry) => [entry.reference, entry] as const),
	]) {
		for (const source of named.sources ?? []) {
			used.add(source);
			if (!(source in sources)) {
				mistakes.push(`${name}: ${place} names a source that is not there: ${source}`);
			}
		}
	}

	for (const {reference, is = []} of entries) {
		for (const profile of is) {
			usedProfiles.add(profile);
			if (!(profile in profiles)) {
				mistakes.push(`${name}: ${reference} names a profile that is not there: ${profile}`);
			}
		}
	}

	for (const source of Object.keys(sources).filter((key) => !used.has(key))) {
		mistakes.push(`${name}: nothing names the source ${source}`);
	}

	for (const profile of Object.keys(profiles).filter((key) => !usedProfiles.has(key))) {
		mistakes.push(`${name}: nothing is ${profile}`);
	}

	for (const entry of entriesOf(file as CatalogueFile)) {
		mistakes.push(...entryMistakes(entry).map((mistake) => `${name}: ${entry.reference} ${mistake}`));
	}

	return mistakes;
}

/** References that stand twice, over all files. */
export function duplicates(files: readonly CatalogueFile[]): string[] {
	const seen = new Set<string>();
	return files.flatMap(({family, entries}) =>
		entries.flatMap(({reference}) => {
			const key = normalReference(reference) ?? reference;
			const twice = seen.has(key);
			seen.add(key);
			return twice ? [`${family}: ${reference} stands twice`] : [];
		}),
	);
}

/** Drivers of cuda.json: well-formed, never older with a newer CUDA, and no older than the floor of their major version. */
export function cudaMistakes(data: typeof cuda): string[] {
	const mistakes: string[] = [];
	let before: readonly number[] = [];
	for (const {cuda: release, minDriver, sources} of data.releases) {
		const driver = parseVersion(minDriver ?? undefined);
		if (parseVersion(release) === undefined || (minDriver !== null && driver === undefined)) {
			mistakes.push(`cuda.json: ${release} or its driver is no version`);
		} else if (driver && compareVersions(driver, before) < 0) {
			mistakes.push(`cuda.json: ${release} has an older driver than the release before it`);
		}

		before = driver ?? before;
		mistakes.push(
			...sources
				.filter((source) => !(source in data.sources))
				.map((source) => `cuda.json: ${release}: no source ${source}`),
		);
	}

	for (const {branch, cuda: minor} of data.driverBranches.branches) {
		if (cudaMinor(minor) === undefined) {
			mistakes.push(`cuda.json: branch ${branch} has no CUDA version: ${minor}`);
		}
	}

	return mistakes;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const folder = fileURLToPath(new URL('../templates/catalogue/', import.meta.url));
	const notImages = new Set(['cuda.json', 'gpu-cards.json']);
	const onDisk = readdirSync(folder).filter((name) => name.endsWith('.json') && !notImages.has(name));
	const mistakes = [
		...cudaMistakes(cuda),
		...catalogueFiles.flatMap((file) => fileMistakes(file.family, file)),
		...duplicates(catalogueFiles),
	];
	if (onDisk.length !== catalogueFiles.length) {
		mistakes.push(
			`templates/catalogue has ${onDisk.length} image files; source/image/catalogue/catalogue.ts reads ${catalogueFiles.length}`,
		);
	}

	for (const mistake of mistakes) {
		console.error(mistake);
	}

	const count = catalogueFiles.reduce((sum, {entries}) => sum + entries.length, 0);
	console.log(
		`${count} images in ${catalogueFiles.length} files: ${mistakes.length === 0 ? 'all sound' : `${mistakes.length} mistakes`}`,
	);
	process.exitCode = mistakes.length === 0 ? 0 : 1;
}

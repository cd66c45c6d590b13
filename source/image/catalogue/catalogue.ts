/**
The catalogue of images: data files in templates/catalogue, merged into uniform entries. It is bundled into the program. All
entries are merged once, when first asked for; for one image only its own is.
*/
import cudaBase from '../../../templates/catalogue/cuda-base.json' with {type: 'json'};
import jupyter from '../../../templates/catalogue/jupyter.json' with {type: 'json'};
import ngc from '../../../templates/catalogue/ngc.json' with {type: 'json'};
import pytorch from '../../../templates/catalogue/pytorch.json' with {type: 'json'};
import rapids from '../../../templates/catalogue/rapids.json' with {type: 'json'};
import runpod from '../../../templates/catalogue/runpod.json' with {type: 'json'};
import servers from '../../../templates/catalogue/servers.json' with {type: 'json'};
import tensorflow from '../../../templates/catalogue/tensorflow.json' with {type: 'json'};
import vllm from '../../../templates/catalogue/vllm.json' with {type: 'json'};
import type {ImageFacts} from '../image.ts';
import {normalReference} from '../reference.ts';

/** The fields of an entry as a file may write them: what is left out is not known, or false, or none. */
type EntryFields = Partial<Omit<ImageFacts, 'reference' | 'family'>> & {
	/** For the reader of the file. */
	note?: string;
};

/** A file of templates/catalogue. An entry is: the defaults, then the profiles it names in `is`, then its own fields. */
export type CatalogueFile = {
	family: string;
	about: string;
	/** Where the facts come from; entries and profiles name them by key. */
	sources: Record<string, string>;
	defaults: EntryFields;
	profiles: Record<string, EntryFields>;
	entries: Array<EntryFields & {reference: string; is?: string[]}>;
};

export const catalogueFiles = [
	pytorch,
	ngc,
	jupyter,
	runpod,
	tensorflow,
	rapids,
	cudaBase,
	vllm,
	servers,
] as unknown as readonly CatalogueFile[];

/** An entry of which nothing is known but its name. */
export function unknownImage(reference: string): ImageFacts {
	return {
		reference,
		family: null,
		framework: null,
		version: null,
		cuda: null,
		cpuOnly: false,
		computeCapabilities: null,
		ptx: [],
		minComputeCapability: null,
		minDriver: null,
		platforms: [],
		provides: [],
		kind: null,
		setsNvidiaRequireCuda: false,
		requireCuda: null,
		hasCompatLibs: false,
		downloadBytes: null,
		released: null,
		moving: false,
		status: 'unverified',
		sources: [],
	};
}

/** The uniform entries of one file. */
export function entriesOf(file: CatalogueFile): ImageFacts[] {
	return file.entries.map((written) => merge(file, written));
}

function merge(file: CatalogueFile, {is = [], ...own}: CatalogueFile['entries'][number]): ImageFacts {
	const parts: EntryFields[] = [file.defaults, ...is.map((name) => file.profiles[name] ?? {}), own];
	const {note: _, ...entry} = Object.assign(unknownImage(own.reference), ...parts) as ImageFacts & {note?: string};
	entry.family = file.family;
	entry.sources = [...new Set(parts.flatMap(({sources}) => sources ?? []))];
	return entry;
}

/** Entries by reference, in the catalogue's order, a team's own first. */
export type Catalogue = {
	entries: readonly ImageFacts[];
	/** The same by their references in the one spelling of `normalReference`. */
	byReference: ReadonlyMap<string, ImageFacts>;
	/** The entry of a reference in any spelling. */
	find(reference: string): ImageFacts | undefined;
};

/** The first of two entries for the same image counts. */
function makeCatalogue(entries: readonly ImageFacts[]): Catalogue {
	const byReference = new Map<string, ImageFacts>();
	for (const entry of entries) {
		const key = normalReference(entry.reference);
		if (key !== undefined && !byReference.has(key)) {
			byReference.set(key, entry);
		}
	}

	return {
		entries: [...byReference.values()],
		byReference,
		find(reference) {
			const key = normalReference(reference);
			// A digest beside the tag pins a build of what the tag names.
			return key === undefined ? undefined : (byReference.get(key) ?? byReference.get(key.replace(/@.*$/, '')));
		},
	};
}

/** Files whose references all end with a tag, as those of templates/catalogue do. */
export function catalogueOf(files: readonly CatalogueFile[]): Catalogue {
	let whole: Catalogue | undefined;
	let byEnd: Map<string, Array<() => ImageFacts>> | undefined;
	const all = () => (whole ??= makeCatalogue(files.flatMap(entriesOf)));
	return {
		get entries() {
			return all().entries;
		},
		get byReference() {
			return all().byReference;
		},
		find(reference) {
			if (whole === undefined) {
				byEnd ??= indexByEnd(files);
				// Of the few with this name and tag, in whatever registry, the one that is meant.
				const alike = byEnd.get(endOf(normalReference(reference)?.replace(/@.*$/, '') ?? '')) ?? [];
				return makeCatalogue(alike.map((make) => make())).find(reference);
			}

			return whole.find(reference);
		},
	};
}

/** What makes the entries that end with the same name and tag. */
function indexByEnd(files: readonly CatalogueFile[]): Map<string, Array<() => ImageFacts>> {
	const index = new Map<string, Array<() => ImageFacts>>();
	for (const file of files) {
		for (const written of file.entries) {
			const end = endOf(written.reference);
			index.set(end, [...(index.get(end) ?? []), () => merge(file, written)]);
		}
	}

	return index;
}

function endOf(reference: string): string {
	return reference.slice(reference.lastIndexOf('/') + 1);
}

const builtIn = catalogueOf(catalogueFiles);

/** The catalogue that comes with gpubox. */
export function catalogue(): Catalogue {
	return builtIn;
}

/** The same with a team's own entries, which count before the built-in ones of the same name. */
export function withTeamImages(team: readonly ImageFacts[]): Catalogue {
	return team.length === 0 ? catalogue() : makeCatalogue([...team, ...catalogue().entries]);
}

/** Which images to offer for a host, best first, and which one is the default. */
import {exitCode, Failure} from '../../base/failure.ts';
import {compareVersions, cudaMinor, leadingVersion, minorNumber} from '../../text/compare-versions.ts';
import {safeText} from '../../text/safe.ts';
import {makeJudge} from '../fit/fit.ts';
import type {FitFacts, ImageFacts, Judgement, Provides, Reason, Verdict} from '../image.ts';
import {normalReference} from '../reference.ts';
import {serviceWords} from '../service-words.ts';
import type {Catalogue} from './catalogue.ts';

/** An image that can be offered, and whether the engine has it already. */
export type Candidate = {image: ImageFacts; local: boolean};

export type Suggestion = Candidate & {
	judgement: Judgement;
	/** At most one of a list is. */
	recommended: boolean;
	/** The reason for or against it. */
	why: string;
	/** GPUs to give it: all, or on a mixed host those that can use it. */
	gpus: string[];
	/** Numbers of the GPUs that it leaves out. */
	leftOut: number[];
};

/** The catalogue and the engine's images. Facts read from a local image take precedence over its entry in the catalogue. */
export function candidates(catalogue: Catalogue, local: readonly ImageFacts[]): Candidate[] {
	const here = new Map<string, ImageFacts>();
	for (const image of local) {
		here.set(normalReference(image.reference) ?? image.reference, image);
	}

	const known = Array.from(catalogue.byReference, ([key, entry]) => {
		const found = here.get(key);
		here.delete(key);
		return {image: found ?? entry, local: found !== undefined};
	});
	return [...known, ...Array.from(here.values(), (image) => ({image, local: true}))];
}

/** `pytorch 2.8.0`, as in `gpubox images --json`; null for an image of which no framework is known. */
export function frameworkOf({framework, version}: ImageFacts): string | null {
	return framework === null ? null : safeText(version === null ? framework : `${framework} ${version}`);
}

const frameworkRank = new Map([
	['pytorch', 1],
	['tensorflow', 2],
	['jax', 3],
	['rapids', 4],
	['cuda', 5],
]);
const verdictRank = (fits: Verdict) => (fits === true ? 0 : fits === 'unknown' ? 1 : 2);

/** To work in with Jupyter or a shell: has a framework beyond CUDA, and is no server that runs something of its own. */
function forWork(image: ImageFacts): boolean {
	return image.kind !== 'server' && image.framework !== null && image.framework !== 'cuda';
}

const kindRank = (kind: ImageFacts['kind']) => (kind === 'runtime' ? 0 : kind === null ? 1 : kind === 'devel' ? 2 : 3);

/** Through libraries in the image, or compiled at the start: it works, but not as well as an image built for the host. */
function isRoundabout({notes}: Judgement): boolean {
	return notes.some(({code}) => code === 'forward-compatibility' || code === 'compiled-at-start');
}

/** Numbers by which images are ordered, the smaller first: by the first that differs. */
function ranksOf({image, local, judgement}: Suggestion, facts: FitFacts, services: readonly Provides[]): number[] {
	return [
		Number(judgement.fits !== true),
		-judgement.usable.length,
		verdictRank(judgement.fits),
		...(facts.gpus.length === 0 ? [Number(!image.cpuOnly)] : []),
		Number(!forWork(image)),
		Number(isRoundabout(judgement)),
		image.status === 'team' ? 0 : (frameworkRank.get(image.framework ?? '') ?? 9),
		Number(!local),
		Number(image.status === 'unverified'),
		...newestFirst(image.version),
		kindRank(image.kind),
		judgement.notes.length,
		Number(image.moving),
		missing(image, services).length,
		-(minorNumber(image.cuda) ?? 0),
	];
}

/** A version has six numbers at most; a longer one is newer than its beginning. */
function newestFirst(text: string | null): number[] {
	const [a = -1, b = -1, c = -1, d = -1, e = -1, f = -1] = leadingVersion(text) ?? [];
	return [-a, -b, -c, -d, -e, -f];
}

/** Best first. Each is ranked once: to work it out in each comparison took longer than all the rest of the judge. */
function inOrder(facts: FitFacts, suggestions: readonly Suggestion[], services: readonly Provides[]): Suggestion[] {
	return suggestions
		.map((suggestion) => ({suggestion, ranks: ranksOf(suggestion, facts, services)}))
		.sort((a, b) => {
			const order = compareVersions(a.ranks, b.ranks);
			return order !== 0 ? order : a.suggestion.image.reference < b.suggestion.image.reference ? -1 : 1;
		})
		.map(({suggestion}) => suggestion);
}

function missing({provides}: ImageFacts, services: readonly Provides[]): Provides[] {
	return services.filter((service) => !provides.includes(service));
}

function firstMessage(reasons: readonly Reason[]): string {
	return reasons[0]?.message ?? '';
}

function explain(
	{image, local, judgement, leftOut, recommended}: Suggestion,
	facts: FitFacts,
	services: readonly Provides[],
): string {
	if (judgement.fits === false && !recommended) {
		return firstMessage(judgement.reasons);
	}

	if (judgement.fits === 'unknown') {
		return `Compatibility unknown: ${firstMessage(judgement.reasons)}`;
	}

	const cards = facts.gpus.length;
	const fits =
		cards === 0
			? 'Runs on the CPU'
			: leftOut.length > 0
				? `No image fits every GPU here; this one skips GPU ${leftOut.join(', ')}`
				: cards === 1
					? 'Fits the driver and the GPU'
					: `Fits the driver and ${cards === 2 ? 'both' : `all ${cards}`} GPUs`;
	const added = missing(image, services);
	const parts = [
		fits,
		local ? 'already on this host' : '',
		recommended && added.length > 0
			? `${added.map((service) => (service === 'ssh' ? 'SSH' : 'Jupyter')).join(' and ')} is added at the first start`
			: '',
	].filter((text) => text !== '');
	// That it runs on the CPU is in the text already.
	const notes = judgement.notes.filter(({code}) => code !== 'no-gpu');
	return [`${parts.join('; ')}.`, ...notes.map(({message}) => message)].join(' ');
}

/**
Judges every candidate and orders them: what fits every card, then what fits the most; on the host before to be pulled;
confirmed, or derived from a documented rule, before unconfirmed; newest framework; runtime before devel. One is recommended, and stands first: the best that
can be worked in, which on a mixed host may be one for most of the cards; none where no card can use any.
*/
export function suggest(
	facts: FitFacts,
	offered: readonly Candidate[],
	{services = []}: {services?: readonly Provides[]} = {},
): Suggestion[] {
	const judge = makeJudge(facts);
	const all = facts.gpus.map(({uuid}) => uuid);
	const suggestions = offered.map(({image, local}): Suggestion => {
		const judgement = judge(image, {local});
		const {fits, usable} = judgement;
		return {
			image,
			local,
			judgement,
			recommended: false,
			why: '',
			gpus: fits === false ? usable : all,
			leftOut: fits === false ? facts.gpus.filter(({uuid}) => !usable.includes(uuid)).map(({index}) => index) : [],
		};
	});
	const sorted = inOrder(facts, suggestions, services);
	const toWorkIn = sorted.filter(({image}) => forWork(image));
	const best =
		toWorkIn.find(({judgement}) => judgement.fits === true) ??
		toWorkIn.find(({judgement}) => judgement.usable.length > 0) ??
		toWorkIn.find(({judgement}) => judgement.fits === 'unknown') ??
		sorted.find(({image, judgement}) => image.framework === 'cuda' && judgement.fits === true);
	if (best) {
		best.recommended = true;
		sorted.splice(sorted.indexOf(best), 1);
		sorted.unshift(best);
	}

	for (const suggestion of sorted) {
		suggestion.why = explain(suggestion, facts, services);
	}

	return sorted;
}

/** The default image; undefined when none can be used. Use it with the returned `gpus`. */
export function recommend(
	facts: FitFacts,
	offered: readonly Candidate[],
	options: {services?: readonly Provides[]} = {},
): Suggestion | undefined {
	return suggest(facts, offered, options).find(({recommended}) => recommended);
}

/** What `gpubox images` lists without `--all`: what fits, and images known to be made for GPUs of which it is not sure. */
export function worthListing({image, judgement, recommended}: Suggestion): boolean {
	return (
		recommended ||
		judgement.fits === true ||
		(judgement.fits === 'unknown' && (image.cuda !== null || image.framework !== null))
	);
}

/**
A row of `gpubox images --json`. Its first eight fields are the published ones. `perGpu` is there on mixed hosts, where
the cards get different answers.
*/
export function suggestionToJson({image, local, judgement, recommended, why, leftOut}: Suggestion) {
	const [first, ...others] = judgement.perGpu;
	const mixed = others.some(({fits}) => fits !== first?.fits);
	return {
		reference: safeText(image.reference),
		fits: judgement.fits,
		recommended,
		local,
		cuda: cudaMinor(image.cuda) ?? null,
		framework: frameworkOf(image),
		provides: image.provides.map((service) => serviceWords[service]),
		reasons: judgement.reasons,
		why,
		notes: judgement.notes.map(({message}) => message),
		leftOut,
		...(mixed ? {perGpu: judgement.perGpu.map(({index, uuid, fits}) => ({index, uuid, fits}))} : {}),
		kind: image.kind,
		status: image.status,
		downloadBytes: image.downloadBytes,
		released: image.released,
	};
}

/** What `up --image` says when it refuses: exit 5. Undefined when the image fits, or is not known not to. */
export function refusal(reference: string, judgement: Judgement): Failure | undefined {
	if (judgement.fits !== false) {
		return undefined;
	}

	const [first, ...others] = judgement.reasons;
	return new Failure(`${safeText(reference)} does not fit. ${first?.message ?? ''}`, {
		exitCode: exitCode.imageDoesNotFit,
		fix: `${first?.fix ?? ''} \`--force\` starts it anyway.`,
		details: others.map(({message, fix}) => `${message} ${fix}`),
	});
}

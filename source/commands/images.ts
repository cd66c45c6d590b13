import {type BoxFreshness, type Offer, offerHere} from '../app/images/suggest-images.ts';
import {Failure} from '../base/failure.ts';
import type {Engine} from '../engine/engine.ts';
import {openHost} from '../host/open-host.ts';
import type {Suggestion} from '../image/catalogue/suggest.ts';
import {serviceWords} from '../image/service-words.ts';
import {formatBytes} from '../text/bytes.ts';
import {formatDuration} from '../text/duration.ts';
import {safeText} from '../text/safe.ts';
import {shellQuote} from '../text/shell-quote.ts';
import {printJson} from './output/json.ts';
import {tableFor} from './output/table.ts';

type Options = {
	host?: string | undefined;
	/** Asked already for what nearly every verb needs. */
	engine?: Engine;
	json?: true | undefined;
	all?: true | undefined;
	wide?: true | undefined;
};

/**
Lists images in groups: those that are here, the best of each framework, and with `--all` the rest. With words, those whose name, framework or
services contain all of them.

@throws Failure when no known image has these words
*/
export async function images(words: string[], options: Options, signal: AbortSignal): Promise<void> {
	const offer = await offerHere(openHost(options), signal);
	const {suggestionToJson, worthListing} = await import('../image/index.ts');
	const found =
		words.length === 0 ? offer.suggestions : offer.suggestions.filter((suggestion) => matches(suggestion, words));
	const listed = options.all || words.length > 0 ? found : found.filter(worthListing);
	if (options.json) {
		printJson({
			images: listed.map((suggestion) => ({
				...suggestionToJson(suggestion),
				sizeBytes: offer.sizes.get(suggestion.image.reference) ?? null,
			})),
			boxes: offer.boxes,
			problems: offer.troubles,
		});
		return;
	}

	for (const {message, fix} of offer.troubles) {
		process.stderr.write(`${message}\n${fix === '' ? '' : `  → ${fix}\n`}`);
	}

	if (words.length > 0 && listed.length === 0) {
		throw await noneFound(words, offer);
	}

	const fitting = listed.filter(worthListing);
	const groups = words.length > 0 ? {'These images match': fitting} : groupsOf(fitting, options.all);
	const whole = ['gpubox images', ...words.map(shellQuote), ...(options.all ? ['--all'] : []), '--wide'].join(' ');
	const shown = Object.values(groups).flat().length;
	const parts = [
		...(await tablesOf(groups, offer, {wide: options.wide, whole})),
		tellRest(fitting.length - shown),
		tellUnfit(listed.filter((suggestion) => !worthListing(suggestion))),
		words.length > 0 ? '' : await tellBoxes(offer.boxes, options),
	];
	process.stdout.write(`${parts.filter((part) => part !== '').join('\n\n')}\n`);
}

function matches({image}: Suggestion, words: readonly string[]): boolean {
	const {reference, family, framework, version, provides} = image;
	const services = provides.map((service) => serviceWords[service]);
	const text = [reference, family, framework, version, ...services].join(' ').toLowerCase();
	return words.every((word) => hasWord(text, word.toLowerCase()));
}

/** Anywhere in the text, but a number only where one begins: `2.8` is not meant by `12.8`. */
function hasWord(text: string, word: string): boolean {
	for (let place = text.indexOf(word); place >= 0; place = text.indexOf(word, place + 1)) {
		if (!(/^\d/.test(word) && /[\d.]/.test(text.charAt(place - 1)))) {
			return true;
		}
	}

	return false;
}

async function noneFound(words: string[], {suggestions}: Offer): Promise<Failure> {
	const {similarReferences} = await import('../image/similar-reference.ts');
	const known = suggestions.map(({image}) => image.reference);
	const meant = words.length === 1 ? similarReferences(words[0] ?? '', known) : [];
	return new Failure(`No known image matches "${safeText(words.join(' '))}".`, {
		fix: meant.length > 0 ? `Did you mean ${meant.join(', or ')}?` : 'List all known images: gpubox images --all',
	});
}

/** The first of a framework is its best, since they are sorted. */
function groupsOf(fitting: readonly Suggestion[], all: true | undefined): Record<string, Suggestion[]> {
	const here = fitting.filter(({local}) => local);
	const others = fitting.filter(({local}) => !local);
	const frameworks = new Set<string | null>();
	const best = others.filter(({image: {framework}, recommended}) => {
		const isFirst = !frameworks.has(framework);
		frameworks.add(framework);
		return recommended || (isFirst && framework !== null);
	});
	return {
		'On this host': here,
		'Best of each framework': best,
		...(all ? {'All others that fit': others.filter((suggestion) => !best.includes(suggestion))} : {}),
	};
}

const heads = ['image', 'fits', 'cuda', 'framework', 'size', 'provides', 'here', 'why'];

async function tablesOf(
	groups: Record<string, Suggestion[]>,
	{sizes}: Offer,
	{wide, whole}: Pick<Options, 'wide'> & {whole: string},
): Promise<string[]> {
	const {suggestionToJson} = await import('../image/index.ts');
	const tables = [];
	for (const [title, suggestions] of Object.entries(groups)) {
		if (suggestions.length === 0) {
			continue;
		}

		const rows = suggestions.map((suggestion) => {
			const {reference, fits, recommended, local, cuda, framework, provides, why, downloadBytes} =
				suggestionToJson(suggestion);
			const size = sizes.get(suggestion.image.reference) ?? downloadBytes;
			return [
				reference,
				recommended ? 'best' : fits === true ? 'yes' : fits === 'unknown' ? 'maybe' : 'partly',
				cuda ?? '-',
				framework ?? '-',
				size === null ? '-' : formatBytes(size),
				provides.join(',') || '-',
				local ? 'yes' : 'no',
				why,
			];
		});
		const table = await tableFor(heads, rows, {
			wide,
			optional: ['here', 'framework', 'provides', 'cuda', 'why', 'size'],
			whole,
		});
		tables.push(`${title}:\n${table}`);
	}

	if (tables.length === 0) {
		return ['No known image fits this host. To see why: gpubox images --all'];
	}

	const best = Object.values(groups)
		.flat()
		.find(({recommended}) => recommended);
	return [...tables, ...(best ? [`Recommended: ${best.image.reference}\n  ${best.why}`] : [])];
}

function tellRest(more: number): string {
	return more > 0 ? `${more} more images fit. To list all: gpubox images --all. To search: gpubox images WORD` : '';
}

/** What does not fit, grouped by reason. */
function tellUnfit(suggestions: readonly Suggestion[]): string {
	const byReason = new Map<string, string[]>();
	for (const {image, judgement} of suggestions) {
		const [reason] = judgement.reasons;
		const heading = reason ? `${reason.message}\n  → ${reason.fix}` : 'Unknown image.';
		byReason.set(heading, [...(byReason.get(heading) ?? []), image.reference]);
	}

	const groups = Array.from(
		byReason,
		([heading, names]) => `${heading}\n${names.map((name) => `    ${name}`).join('\n')}`,
	);
	return groups.length === 0 ? '' : ['These do not fit this host:', ...groups].join('\n\n');
}

async function tellBoxes(boxes: readonly BoxFreshness[], {wide}: Pick<Options, 'wide'>): Promise<string> {
	if (boxes.length === 0) {
		return '';
	}

	const table = await tableFor(
		['box', 'image', 'base age', 'newer', 'action'],
		boxes.map(({name, image, ageDays, old, newer, fix}) => [
			name,
			image,
			ageDays === null ? '-' : `${formatDuration(ageDays * 86_400_000)}${old ? ' (old)' : ''}`,
			newer === null ? '-' : `${newer.reference}${newer.where === 'local' ? ' (here)' : ''}`,
			fix ?? '-',
		]),
		{wide, optional: ['base age', 'image', 'newer'], whole: 'gpubox images --wide'},
	);
	return `Base images of the boxes (update those older than a month for security fixes):\n${table}`;
}

import {type BoxFreshness, type Offer, offerHere} from '../app/suggest-images.ts';
import {openHost} from '../host/open-host.ts';
import type {Suggestion} from '../image/catalogue/suggest.ts';
import {formatBytes} from '../text/bytes.ts';
import {formatDuration} from '../text/duration.ts';
import {formatTable} from '../text/table.ts';
import {printJson} from './output/json.ts';

type Options = {host?: string | undefined; json?: true | undefined; all?: true | undefined};

/** Enough to choose from, in addition to local images: the rest are older builds of the same. `--all` lists every one. */
const rowsShown = 15;

export async function images(options: Options, signal: AbortSignal): Promise<void> {
	const offer = await offerHere(openHost(options), signal);
	const {suggestionToJson, worthListing} = await import('../image/index.ts');
	const listed = options.all ? offer.suggestions : offer.suggestions.filter(worthListing);
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

	const fitting = listed.filter(worthListing);
	const shown = options.all ? fitting : fitting.filter(({local}, place) => local || place < rowsShown);
	const parts = [
		await tableOf(shown, offer),
		tellRest(fitting.length - shown.length),
		options.all ? tellUnfit(listed.filter((suggestion) => !worthListing(suggestion))) : '',
		await tellBoxes(offer.boxes),
	];
	process.stdout.write(`${parts.filter((part) => part !== '').join('\n\n')}\n`);
}

const heads = ['fits', 'image', 'cuda', 'framework', 'size', 'provides', 'here', 'why'];

async function tableOf(suggestions: readonly Suggestion[], {sizes}: Offer): Promise<string> {
	if (suggestions.length === 0) {
		return 'No known image fits this host. To see why: gpubox images --all';
	}

	const {suggestionToJson} = await import('../image/index.ts');
	const rows = suggestions.map((suggestion) => {
		const {reference, fits, recommended, local, cuda, framework, provides, why, downloadBytes} =
			suggestionToJson(suggestion);
		const size = sizes.get(suggestion.image.reference) ?? downloadBytes;
		return [
			recommended ? 'best' : fits === true ? 'yes' : fits === 'unknown' ? 'maybe' : 'partly',
			reference,
			cuda ?? '-',
			framework ?? '-',
			size === null ? '-' : formatBytes(size),
			provides.join(',') || '-',
			local ? 'yes' : 'no',
			why,
		];
	});
	const table = await formatTable(heads, rows);
	const {isTTY, columns} = process.stdout;
	if (!isTTY) {
		return table;
	}

	// The reason is the last and longest column; a row that wraps would hide the order of the list.
	const {cut} = await import('../text/fit.ts');
	const lines = table.split('\n').map((line) => cut(line, Math.max(40, columns - 1)));
	const [best] = suggestions;
	return [...lines, ...(best?.recommended ? ['', `Recommended: ${best.image.reference}`, `  ${best.why}`] : [])].join(
		'\n',
	);
}

function tellRest(more: number): string {
	return more > 0 ? `${more} more images fit. To list all: gpubox images --all` : '';
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

async function tellBoxes(boxes: readonly BoxFreshness[]): Promise<string> {
	if (boxes.length === 0) {
		return '';
	}

	const table = await formatTable(
		['box', 'image', 'base age', 'newer', 'action'],
		boxes.map(({name, image, ageDays, old, newer, fix}) => [
			name,
			image,
			ageDays === null ? '-' : `${formatDuration(ageDays * 86_400_000)}${old ? ' (old)' : ''}`,
			newer === null ? '-' : `${newer.reference}${newer.where === 'local' ? ' (here)' : ''}`,
			fix ?? '-',
		]),
	);
	return `Base images of the boxes (update those older than a month for security fixes):\n${table}`;
}

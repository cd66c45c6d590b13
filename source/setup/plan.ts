/** The settings that follow from the answers about a project, and how they are shown, for `gpubox init` and the session. Nothing here asks or writes. */
import {basename} from 'node:path';
import {Failure} from '../base/failure.ts';
import type {ServiceName} from '../box/box.ts';
import {parseGpuSelection} from '../box/gpus/allocate.ts';
import {defaultName} from '../box/name.ts';
import type {GpuFacts} from '../gpu/gpu.ts';
import type {Settings} from '../settings/schema.ts';
import {formatBytes} from '../text/bytes.ts';
import {toLatin} from '../text/latin.ts';
import {safeText} from '../text/safe.ts';

export const uses = ['notebook', 'editor', 'training'] as const;
export type Use = (typeof uses)[number];

/** The text of each in a question, and the services that it needs. */
export const useFacts: Record<Use, {says: string; services: ServiceName[]}> = {
	notebook: {says: 'a notebook in the browser (Jupyter)', services: ['jupyter']},
	editor: {says: 'an editor or debugger (VS Code, PyCharm) over SSH', services: ['ssh']},
	training: {says: 'long runs from a shell, with a notebook as well', services: ['jupyter', 'ssh']},
};

export type Answers = {
	use: Use;
	/** As `--gpus` accepts it; undefined leaves it to each host. */
	gpus: string | undefined;
	/** A folder of the host, absolute. */
	data: string | undefined;
	image: string | undefined;
	name: string | undefined;
};

/** The answers so far. A missing one is still open; null is the answer "none", or "automatic". */
export type Draft = {
	use?: Use;
	gpus?: string | null;
	/** Absolute. */
	data?: string | null;
	/** Only where the user chose one. */
	image?: string;
	name?: string;
};

/** Whether something was answered. */
export function isBegun(draft: Draft): boolean {
	return Object.keys(draft).length > 0;
}

/** The answers, with defaults for missing ones. */
export function answersOf(draft: Draft, recommended: string | undefined): Answers {
	return {
		use: draft.use ?? 'notebook',
		gpus: draft.gpus ?? undefined,
		data: draft.data ?? undefined,
		image: draft.image ?? recommended,
		name: draft.name,
	};
}

export function settingsFor({use, gpus, data, image, name}: Answers): Settings {
	return {
		...(name === undefined ? {} : {name}),
		...(image === undefined ? {} : {image}),
		services: useFacts[use].services,
		...(gpus === undefined ? {} : {gpus}),
		...(data === undefined ? {} : {mounts: [`${data}:/data:ro`]}),
	};
}

/** Why this is not a valid number of GPUs; undefined when it is. */
export function faultOfGpus(text: string, cards: readonly GpuFacts[]): string | undefined {
	try {
		const request = parseGpuSelection(text);
		return request.kind === 'count' && cards.length > 0 && request.count > cards.length
			? `This host has ${cards.length}.`
			: undefined;
	} catch (error) {
		if (error instanceof Failure) {
			return `${error.message} ${error.fix}`.trim();
		}

		throw error;
	}
}

/** `2 × NVIDIA RTX A6000, 1 × NVIDIA L4` */
export function namesOfCards(cards: readonly GpuFacts[]): string {
	const counts = new Map<string, number>();
	for (const {name} of cards) {
		counts.set(name, (counts.get(name) ?? 0) + 1);
	}

	return Array.from(counts, ([name, count]) => `${count} × ${name}`).join(', ');
}

type Row = [label: string, value: string];

/** What an image costs before it can be used: bytes to download, nothing where it is here, or what no one told. */
export type Download = number | 'here' | 'unknown';

/** What is known of images, by their names. */
export type Downloads = ReadonlyMap<string, Download>;

type About = {file: string; why: string; downloads: Downloads};

function downloadInWords(download: Download): string {
	return download === 'here'
		? 'none: it is on this host'
		: download === 'unknown'
			? 'size unknown'
			: formatBytes(download);
}

/** The plan, shown before anything is written. An empty label continues the row above. */
export function planRows({use, gpus, data, image}: Answers, {file, why, downloads}: About): Row[] {
	const download = (image === undefined ? undefined : downloads.get(image)) ?? 'unknown';
	return [
		['For', useFacts[use].says],
		['GPUs', gpus ?? 'automatic: the least-used one'],
		['Image', image === undefined ? 'the best one for the host' : safeText(image)],
		...(why ? [['', why] satisfies Row] : []),
		['Download', downloadInWords(download)],
		['Data', data === undefined ? 'only the project folder' : `${safeText(data)}, as /data, read-only`],
		['File', safeText(file)],
	];
}

/** The same as lines. */
export function planLines(answers: Answers, about: About): string[] {
	return planRows(answers, about).map(([label, value]) => `  ${label.padEnd(8)} ${value}`);
}

/** The commands to remember, and what they do. */
export function cardRows(box: string, {use}: Pick<Answers, 'use'>): Row[] {
	return [
		['gpubox up', "find or create this project's box"],
		['gpubox', 'live view of GPUs, boxes and logs'],
		use === 'editor'
			? [`ssh ${box}`, 'from a shell, or as a host in the editor']
			: [`gpubox open ${box}`, 'open the notebook'],
		[`gpubox attach ${box}`, 'open a shell inside, in /workspace'],
		[`gpubox stop ${box}`, 'free the GPU; everything is kept'],
	];
}

const cardTitle = 'Five commands to remember:';

/** The same as lines. */
export function cardLines(box: string, answers: Pick<Answers, 'use'>): string[] {
	const rows = cardRows(box, answers);
	const width = Math.max(...rows.map(([command]) => command.length));
	return [cardTitle, '', ...rows.map(([command, does]) => `  ${command.padEnd(width)}   ${does}`)];
}

/** The name that the project's box gets, unless it is taken. */
export async function boxNameFor(person: string, folder: string, name: string | undefined): Promise<string> {
	const title = basename(folder);
	return defaultName(person, name ?? (await toLatin(title)) ?? title);
}

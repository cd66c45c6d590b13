/** What is asked of one card only while someone looks at it: its connections, its memory errors, its slices. */
import {safeText} from '../../text/safe.ts';
import {queryArguments, withoutField} from '../fields.ts';
import type {NvidiaSmi} from '../gpu.ts';
import {parseRow, type Row, rejectedField, textOf} from '../parse.ts';
import {type RunOptions, runSmi} from '../smi/child.ts';

export type Pcie = {
	generation: number | null;
	generationMax: number | null;
	width: number | null;
	widthMax: number | null;
};

/** Counts are null where the card does not report them. */
export type Ecc = {
	/** Null on a card without it. */
	mode: string | null;
	correctedNow: number | null;
	uncorrectedNow: number | null;
	correctedEver: number | null;
	uncorrectedEver: number | null;
	/** Rows of memory that were replaced by spare ones. */
	rowsReplaced: number | null;
	/** Further rows are replaced at the next reset. */
	rowsPending: boolean | null;
	/** No spare row was left. */
	rowsFailed: boolean | null;
};

/** `unsupported` in the driver's own words. */
export type NvLink =
	| {kind: 'links'; active: number; inactive: number; gigabytesPerSecond: number | null}
	| {kind: 'none'; words: string};

export type MigSlice = {
	/** The driver's number of it; slices are listed in the same order by `nvidia-smi -L`. */
	index: number;
	memoryTotalMiB: number | null;
	memoryUsedMiB: number | null;
	multiprocessors: number | null;
	/** Processes on it. */
	pids: number[];
};

export type CardDetail = {
	pcie: Pcie;
	ecc: Ecc;
	clockSmMax: number | null;
	/** Undefined when it was not answered. */
	nvLink: NvLink | undefined;
	/** Undefined where the card has no slices, or they could not be read. */
	slices: MigSlice[] | undefined;
};

const detailFields: readonly string[] = [
	'index',
	'pcie.link.gen.gpucurrent',
	'pcie.link.gen.current',
	'pcie.link.gen.max',
	'pcie.link.width.current',
	'pcie.link.width.max',
	'clocks.max.sm',
	'ecc.mode.current',
	'ecc.errors.corrected.volatile.total',
	'ecc.errors.uncorrected.volatile.total',
	'ecc.errors.corrected.aggregate.total',
	'ecc.errors.uncorrected.aggregate.total',
	'remapped_rows.correctable',
	'remapped_rows.uncorrectable',
	'remapped_rows.pending',
	'remapped_rows.failure',
];

/**
Asks for all of it: up to three calls, one after the other, because each keeps the driver busy. What is not answered is null.

@param gpu by UUID, which stays when the numbers change
@throws only the reason of the signal
*/
export async function readCardDetail(
	smi: NvidiaSmi,
	gpu: {uuid: string; migMode: boolean | null},
	options: RunOptions,
): Promise<CardDetail> {
	const row = await queryCard(smi, gpu.uuid, options);
	const links = await runSmi(smi, ['nvlink', '-s', '-i', gpu.uuid], options);
	const slices =
		gpu.migMode === true ? parseSlices((await runSmi(smi, ['-q', '-i', gpu.uuid], options)).lines) : undefined;
	return {...detailOf(row), nvLink: parseNvLink(links.lines), slices};
}

async function queryCard(smi: NvidiaSmi, uuid: string, options: RunOptions): Promise<Row> {
	let fields = detailFields;
	for (;;) {
		const {lines} = await runSmi(smi, [...queryArguments(fields), '-i', uuid], options);
		const rejected = rejectedField(lines.join('\n'));
		const fewer = rejected === undefined ? undefined : withoutField(fields, rejected);
		if (fewer === undefined) {
			return lines.map((line) => parseRow(line, fields)).find((row) => row !== undefined) ?? new Map();
		}

		fields = fewer;
	}
}

/** What the cells of one card say. */
export function detailOf(row: Row): Pick<CardDetail, 'pcie' | 'ecc' | 'clockSmMax'> {
	const count = (field: string) => countOf(row.get(field));
	const corrected = count('remapped_rows.correctable');
	const uncorrected = count('remapped_rows.uncorrectable');
	return {
		pcie: {
			generation: count('pcie.link.gen.gpucurrent') ?? count('pcie.link.gen.current'),
			generationMax: count('pcie.link.gen.max'),
			width: count('pcie.link.width.current'),
			widthMax: count('pcie.link.width.max'),
		},
		clockSmMax: count('clocks.max.sm'),
		ecc: {
			mode: textOf(row.get('ecc.mode.current')),
			correctedNow: count('ecc.errors.corrected.volatile.total'),
			uncorrectedNow: count('ecc.errors.uncorrected.volatile.total'),
			correctedEver: count('ecc.errors.corrected.aggregate.total'),
			uncorrectedEver: count('ecc.errors.uncorrected.aggregate.total'),
			rowsReplaced: corrected === null && uncorrected === null ? null : (corrected ?? 0) + (uncorrected ?? 0),
			rowsPending: answerOf(row.get('remapped_rows.pending')),
			rowsFailed: answerOf(row.get('remapped_rows.failure')),
		},
	};
}

function countOf(cell: string | undefined): number | null {
	return cell !== undefined && /^\d{1,15}$/.test(cell) ? Number(cell) : null;
}

function answerOf(cell: string | undefined): boolean | null {
	return cell === 'Yes' ? true : cell === 'No' ? false : null;
}

/**
The answer to `nvidia-smi nvlink -s -i GPU`: a line for each link, with its speed or `<inactive>`, or a sentence where there is none.
Undefined for an answer that says nothing about links.
*/
export function parseNvLink(lines: readonly string[]): NvLink | undefined {
	const texts = lines.map(safeText).map((line) => line.trim());
	const links = texts.flatMap((line) => /^Link \d+: (?<state>.+)$/.exec(line)?.groups?.state ?? []);
	if (links.length > 0) {
		const speeds = links.flatMap((state) => /^(?<speed>\d+(?:\.\d+)?) GB\/s$/.exec(state)?.groups?.speed ?? []);
		return {
			kind: 'links',
			active: speeds.length,
			inactive: links.length - speeds.length,
			gigabytesPerSecond: speeds[0] === undefined ? null : Number(speeds[0]),
		};
	}

	const sentence = texts.find((line) => /nv-?link/i.test(line) && !line.startsWith('GPU '));
	if (sentence !== undefined) {
		return {kind: 'none', words: nvLinkInWords(sentence)};
	}

	// A card without such a port has its own line alone.
	return texts.some((line) => /^GPU \d+: /.test(line)) ? {kind: 'none', words: 'no links'} : undefined;
}

function nvLinkInWords(sentence: string): string {
	if (/inactive/i.test(sentence)) {
		return 'all links inactive';
	}

	return /MIG/.test(sentence) ? 'not told in MIG mode' : sentence.slice(0, 60);
}

/** The slices in the answer to `nvidia-smi -q -i GPU`, with the memory and the processes of each. */
export function parseSlices(lines: readonly string[]): MigSlice[] | undefined {
	const slices: Array<MigSlice & {instance: number | undefined}> = [];
	let place: 'slice' | 'processes' | 'elsewhere' = 'elsewhere';
	let section = '';
	let instance: number | undefined;
	for (const raw of lines) {
		const line = safeText(raw).trim();
		const [, key = line, value] = /^(.*?)\s*:\s(.*)$/.exec(line) ?? [];
		const number = /^(\d{1,9})(?: MiB)?$/.exec(value ?? '')?.[1];
		const figure = number === undefined ? null : Number(number);
		if (value === undefined) {
			// The blocks of a slice are deeper; one that begins like the block of a card ends it.
			if (line === 'MIG Device') {
				place = 'slice';
				slices.push({
					index: slices.length,
					memoryTotalMiB: null,
					memoryUsedMiB: null,
					multiprocessors: null,
					pids: [],
					instance: undefined,
				});
			} else if (/^ {4}\S/.test(raw)) {
				place = line === 'Processes' ? 'processes' : 'elsewhere';
			}

			section = line;
			continue;
		}

		const slice = place === 'slice' ? slices.at(-1) : undefined;
		if (place === 'processes') {
			instance = /^GPU instance ID$/i.test(key) ? (figure ?? undefined) : instance;
			if (key === 'Process ID' && figure !== null) {
				slices.find((each) => each.instance === instance && instance !== undefined)?.pids.push(figure);
			}
		} else if (slice !== undefined) {
			readSlice(slice, {key, section, figure});
		}
	}

	return slices.length === 0 ? undefined : slices.map(({instance: _, ...slice}) => slice);
}

function readSlice(
	slice: MigSlice & {instance: number | undefined},
	{key, section, figure}: {key: string; section: string; figure: number | null},
): void {
	if (key === 'Index' && figure !== null) {
		slice.index = figure;
	} else if (/^GPU Instance ID$/i.test(key)) {
		slice.instance = figure ?? undefined;
	} else if (key === 'Multiprocessor count') {
		slice.multiprocessors = figure;
	} else if (/FB Memory Usage$/.test(section)) {
		slice.memoryTotalMiB = key === 'Total' ? figure : slice.memoryTotalMiB;
		slice.memoryUsedMiB = key === 'Used' ? figure : slice.memoryUsedMiB;
	}
}

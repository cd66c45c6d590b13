/** What was measured, as bench/results.json keeps it, and how bench/results.md shows it. */
import {execFile} from 'node:child_process';
import {readFile, writeFile} from 'node:fs/promises';
import {cpus, loadavg, release, totalmem} from 'node:os';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {type Figure, holds} from './figure.ts';

/** Where and when figures were measured. The machine has no name here. */
export type Circumstances = {
	/** e.g. 2026-01-31 */
	date: string;
	/** As the processor calls itself. */
	processor: string;
	processors: number;
	memoryGiB: number;
	/** Kernel and distribution. */
	system: string;
	node: string;
	gpubox: string;
	/** Processes that wanted a processor in the minute before, on average: more than there are processors means that it was busy. */
	load: number;
	/** Everything that was measured ran before all other processes of a busy machine: `chrt -f 1 npm run bench`. */
	realTime?: true;
	/** The version of the Docker Engine, where one was asked. */
	engine?: string;
};

/** The figures of one name that `npm run bench` takes, measured in one go. */
export type Results = Record<string, {circumstances: Circumstances; figures: Figure[]}>;

const files = {json: new URL('results.json', import.meta.url), markdown: new URL('results.md', import.meta.url)};

/** To be called before a measurement, which makes load itself. */
export async function circumstancesNow(): Promise<Circumstances> {
	const [{model = 'unknown'} = {}, ...others] = cpus();
	const distribution = /^PRETTY_NAME="?(.*?)"?$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
	return {
		date: new Date().toISOString().slice(0, 10),
		processor: model.trim(),
		processors: others.length + 1,
		memoryGiB: Math.round(totalmem() / 2 ** 30),
		system: `${distribution}, Linux ${release()}`,
		node: process.versions.node,
		gpubox: await builtVersion(),
		...((await hasRealTimePriority()) && {realTime: true as const}),
		load: Number((loadavg()[0] ?? 0).toFixed(1)),
	};
}

async function hasRealTimePriority(): Promise<boolean> {
	// Field 41 of proc(5), the policy, counted from what follows the name in parentheses: 1 is SCHED_FIFO, 2 is SCHED_RR.
	const fields = (await readFile('/proc/self/stat', 'utf8')).replace(/^.*\) /, '').split(' ');
	return ['1', '2'].includes(fields[38] ?? '');
}

/** Of the built gpubox: its version and the commit. */
async function builtVersion(): Promise<string> {
	const {stdout} = await promisify(execFile)(process.execPath, [
		fileURLToPath(new URL('../dist/cli.js', import.meta.url)),
		'--version',
	]);
	const [version = '', commit = ''] = stdout.split('\n');
	return `${version} (${commit})`;
}

/** Keeps what was measured now in the place of what was measured before under the same names, and writes both files. */
export async function writeResults(measured: Results): Promise<void> {
	const before = JSON.parse(await readFile(files.json, 'utf8')) as Results;
	const text = JSON.stringify({...before, ...measured}, withFewDigits, '\t');
	// As the project's formatter has it: two numbers in one line.
	const json = `${text.replace(/\[\s+([\d.]+),\s+([\d.]+)\s+\]/g, '[$1, $2]')}\n`;
	await writeFile(files.json, json);
	// From the very numbers of the file: rounding twice may give another digit.
	await writeFile(files.markdown, renderResults(JSON.parse(json) as Results));
}

/** Four digits are more than any of these figures can be trusted with. */
function withFewDigits(_key: string, value: unknown): unknown {
	return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}

/** @returns Markdown */
export function renderResults(results: Results): string {
	const groups = Object.values(results);
	const shared = groups.map(({circumstances}) => describe(circumstances));
	const same = new Set(shared).size === 1;
	const sections = groups.flatMap(({circumstances, figures}) => [
		...(same ? [] : ['', describe(circumstances)]),
		'',
		...renderTable(figures),
		...notes(figures),
	]);
	return `${[
		'# Measured',
		'',
		'Written by `npm run bench`, from results.json beside it. Each figure is measured in turns with its reference, so that both meet the same noise:',
		'the ratio is the median of the ratios of these pairs, the brackets are their first and third quartile. Without a reference the value itself is',
		'compared with the limit. Limits are what gpubox aims at; a figure that passes its limit is shown as such.',
		...(same && shared[0] !== undefined ? ['', shared[0]] : []),
		...sections,
	].join('\n')}\n`;
}

function describe(circumstances: Circumstances): string {
	const {date, processor, processors, memoryGiB, system, node, gpubox, load, engine, realTime} = circumstances;
	return `${date}: ${processor}, ${processors} CPUs, ${memoryGiB} GiB; ${system}; Node ${node}; ${engine === undefined ? '' : `Docker Engine ${engine}; `}gpubox ${gpubox}. Load before: ${load}${realTime ? ', measured with real-time priority' : ''}.`;
}

export function renderTable(figures: readonly Figure[]): string[] {
	const head = ['what', 'median', 'reference', 'its median', 'ratio [quartiles]', 'limit', 'holds'];
	return [
		`| ${head.join(' | ')} |`,
		`|${head.map(() => '---').join('|')}|`,
		...figures.map((figure) => `| ${cells(figure).join(' | ')} |`),
	];
}

function cells(figure: Figure): string[] {
	const {name, reference = '', unit, referenceMedian, ratio, count} = figure;
	if (count === 0) {
		return [name, 'not measured', reference, '', '', limits(figure), ''];
	}

	const [low, high] = figure.quartiles.map((value) => (ratio === undefined ? amount(value) : value.toFixed(2)));
	const spread = `[${low}–${high}]`;
	return [
		name,
		`${amount(figure.median)} ${unit}`,
		reference,
		referenceMedian === undefined ? '' : `${amount(referenceMedian)} ${unit}`,
		ratio === undefined ? spread : `${ratio.toFixed(2)} ${spread}`,
		limits(figure),
		{true: 'yes', false: '**no**', undefined: ''}[String(holds(figure))] ?? '',
	];
}

function limits({limit, atLeast}: Figure): string {
	return [...(limit === undefined ? [] : [`≤ ${limit}`]), ...(atLeast === undefined ? [] : [`≥ ${atLeast}`])].join(
		', ',
	);
}

function amount(value: number): string {
	return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

function notes(figures: readonly Figure[]): string[] {
	const noted = figures.flatMap(({name, note}) => (note === undefined ? [] : [`- ${name}: ${note}`]));
	return noted.length === 0 ? [] : ['', ...noted];
}

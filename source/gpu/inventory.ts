import {queryArguments, staticFields, withoutField} from './fields.ts';
import type {GpuFacts, GpuInventory, GpuProblem, NvidiaSmi} from './gpu.ts';
import {
	type Banner,
	factsOf,
	isFaulty,
	parseBanner,
	parseMig,
	parseRow,
	type Row,
	rejectedField,
	textOf,
} from './parse.ts';
import {findProblems, needsReset, noAnswer, unreadable} from './problems.ts';
import {defaultTimeoutMs, type RunOptions, runSmi, type SmiAnswer} from './smi/child.ts';

type Query = {rows: Row[]; problems: GpuProblem[]};

/** Asks for all fields, and again without each that the driver does not know. */
async function queryGpus(smi: NvidiaSmi, options: RunOptions): Promise<Query> {
	let fields: readonly string[] = staticFields;
	for (;;) {
		const answer = await runSmi(smi, queryArguments(fields), options);
		const rejected = rejectedField(answer.lines.join('\n'));
		const fewer = rejected === undefined ? undefined : withoutField(fields, rejected);
		if (fewer === undefined) {
			return readAnswer(answer, fields, options.timeoutMs ?? defaultTimeoutMs);
		}

		fields = fewer;
	}
}

function readAnswer(answer: SmiAnswer, fields: readonly string[], timeoutMs: number): Query {
	const rows: Row[] = [];
	const messages: string[] = [];
	for (const line of answer.lines) {
		const row = parseRow(line, fields);
		if (row) {
			rows.push(row);
		} else {
			messages.push(line);
		}
	}

	let problems = findProblems(messages, answer.end);
	// With an exit code of 0, or cut off in the middle of its flood, it is no fault that it tells.
	const noFault = answer.flooded || answer.end.exitCode === 0;
	if (noFault && (answer.flooded || rows.length === 0) && problems.every(({code}) => code === 'unknown')) {
		problems = messages.length > 0 || answer.flooded ? [unreadable({some: rows.length > 0})] : problems;
	}

	if (answer.timedOut) {
		problems.unshift(noAnswer(timeoutMs / 1000, answer));
	}

	for (const row of rows) {
		if (isFaulty(row)) {
			problems.push(needsReset(textOf(row.get('pci.bus_id'))));
		}
	}

	return {rows, problems};
}

/** Fills in the slices; tells when nvidia-smi gave no answer. */
async function addMig(smi: NvidiaSmi, gpus: readonly GpuFacts[], options: RunOptions): Promise<GpuProblem[]> {
	if (!gpus.some(({migMode}) => migMode === true)) {
		return [];
	}

	const answer = await runSmi(smi, ['-L'], options);
	const slices = parseMig(answer.lines.join('\n'));
	for (const gpu of gpus) {
		const listed = slices.get(gpu.uuid);
		gpu.mig = listed ?? [];
		if (gpu.migMode === true && listed === undefined) {
			gpu.migUnknown = true;
		}
	}

	return lateProblem(answer, options);
}

/**
Asks nvidia-smi once for what does not change: GPUs, driver version, the highest CUDA that the driver supports, MIG
slices. Trouble with the driver is never thrown: it is reported in `problems`, with the GPUs that were listed anyway.
Throws only the reason of the signal.
*/
export async function readInventory(smi: NvidiaSmi, options: RunOptions = {}): Promise<GpuInventory> {
	const [facts, banner] = await Promise.all([readGpuFacts(smi, options), readBanner(smi, options)]);
	return withBanner(facts, banner);
}

/** The same without the CUDA version, which takes a second question: for who wants to see the GPUs as soon as can be. */
export async function readGpuFacts(smi: NvidiaSmi, options: RunOptions = {}): Promise<GpuInventory> {
	const {rows, problems} = await queryGpus(smi, options);
	const gpus = await addComputeCapability(rows.map(factsOf));
	const late = await addMig(smi, gpus, options);
	if (gpus.length === 0 && problems.length === 0) {
		problems.push(...findProblems(['No devices were found'], {exitCode: 0}));
	}

	const driverVersion = rows.map((row) => textOf(row.get('driver_version'))).find((version) => version !== null);
	return {
		driverVersion: driverVersion ?? null,
		cudaVersion: null,
		gpus,
		problems: [...problems, ...late.filter(({code}) => !problems.some((known) => known.code === code))],
	};
}

/** Drivers before about R495 do not tell it. The list of cards is loaded for these alone. */
async function addComputeCapability(gpus: GpuFacts[]): Promise<GpuFacts[]> {
	if (gpus.every(({computeCapability}) => computeCapability !== null)) {
		return gpus;
	}

	const {computeCapabilityByName} = await import('./cards/known-cards.ts');
	return gpus.map((gpu) => ({...gpu, computeCapability: gpu.computeCapability ?? computeCapabilityByName(gpu.name)}));
}

/** Driver and CUDA version as the head of nvidia-smi's table tells them. */
export async function readBanner(smi: NvidiaSmi, options: RunOptions = {}): Promise<Banner & {problems: GpuProblem[]}> {
	const answer = await runSmi(smi, [], options);
	return {...parseBanner(answer.lines.join('\n')), problems: lateProblem(answer, options)};
}

export function withBanner(inventory: GpuInventory, banner: Awaited<ReturnType<typeof readBanner>>): GpuInventory {
	const news = banner.problems.filter(({code}) => !inventory.problems.some((known) => known.code === code));
	return {
		...inventory,
		driverVersion: inventory.driverVersion ?? banner.driverVersion,
		cudaVersion: banner.cudaVersion,
		problems: [...inventory.problems, ...news],
	};
}

function lateProblem(answer: SmiAnswer, {timeoutMs = defaultTimeoutMs}: RunOptions): GpuProblem[] {
	return answer.timedOut ? [noAnswer(timeoutMs / 1000, answer)] : [];
}

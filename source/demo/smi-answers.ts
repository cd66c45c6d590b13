import type {Scenario, ScenarioGpu} from './scenario.ts';
import {linksText, loadText, slicesText} from './smi-detail.ts';
import {cellOf, fields, type Moment} from './smi-fields.ts';
import {tableText, versionText} from './smi-table.ts';
import {cardStateOf, at as scenarioAt} from './state-at.ts';

type Output = {text: string; exitCode: number};

/** What the simulated nvidia-smi prints: one text, or rows that depend on the time. */
export type Answer =
	| ({kind: 'text'; stream: 'stdout' | 'stderr'} & Output)
	| {
			kind: 'rows';
			/** Missing: once. */
			intervalMs: number | undefined;
			/** What it prints at this time of the scenario. */
			at: (seconds: number) => Output;
	  };

function lostMessage({index, busId}: ScenarioGpu): string {
	// Messages write the PCI domain with four digits, rows with eight.
	return `Unable to determine the device handle for GPU${index}: ${busId.slice(-12)}: GPU is lost.  Reboot the system to recover this GPU`;
}

const text = (content: string, exitCode = 0): Answer => ({kind: 'text', stream: 'stdout', text: content, exitCode});

const badArguments = () => text("Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.\n\n", 2);

const processFields = new Set([
	'gpu_uuid',
	'gpu_bus_id',
	'gpu_name',
	'pid',
	'process_name',
	'used_gpu_memory',
	'used_memory',
]);

type Format = {header: boolean; units: boolean};

function readFormat(option: string | undefined): Format | undefined {
	const words = option?.split(',') ?? [];
	return words[0] === 'csv' ? {header: !words.includes('noheader'), units: !words.includes('nounits')} : undefined;
}

function headerLine(names: readonly string[], {header, units}: Format, unitOf: (name: string) => string | undefined) {
	const cells = names.map((name) => (units && unitOf(name) !== undefined ? `${name} [${unitOf(name)}]` : name));
	return header ? `${cells.join(', ')}\n` : '';
}

function gpuRows(whole: Scenario, names: readonly string[], format: Format, seconds: number): Output {
	const scenario = scenarioAt(whole, seconds);
	let exitCode = 0;
	const lines = scenario.gpus.map((gpu) => {
		const state = cardStateOf(scenario, gpu, seconds);
		if (state === 'lost') {
			exitCode = 15;
			return lostMessage(gpu);
		}

		const moment: Moment = {scenario, gpu, seconds};
		const options = {units: format.units, needsReset: state === 'reset'};
		return names.map((name) => cellOf(name, moment, options)).join(', ');
	});
	return {text: lines.map((line) => `${line}\n`).join(''), exitCode};
}

function processRows(whole: Scenario, names: readonly string[], format: Format, seconds: number): Output {
	const scenario = scenarioAt(whole, seconds);
	const rows = scenario.processes.flatMap((process) => {
		const gpu = scenario.gpus.find(({index}) => index === process.gpu);
		if (!gpu || cardStateOf(scenario, gpu, seconds) === 'lost') {
			return [];
		}

		const memory = process.usedMemoryMiB;
		const cells = names.map((name) => {
			switch (name) {
				case 'pid':
					return process.pid;
				case 'process_name':
					return process.name;
				case 'used_gpu_memory':
				case 'used_memory':
					return memory === null ? '[N/A]' : `${memory}${format.units ? ' MiB' : ''}`;
				default:
					return cellOf(name, {scenario, gpu, seconds}, {units: false, needsReset: false});
			}
		});
		return [`${cells.join(', ')}\n`];
	});
	return {text: rows.join(''), exitCode: 0};
}

function readInterval(arguments_: readonly string[]): number | undefined {
	for (const [position, argument] of arguments_.entries()) {
		const [option, attached] = argument.split('=');
		if (option === '-lms' || option === '--loop-ms') {
			return Number(attached ?? arguments_[position + 1]);
		}

		if (option === '-l' || option === '--loop') {
			return 1000 * Number(attached ?? arguments_[position + 1]);
		}
	}

	return undefined;
}

function query(scenario: Scenario, arguments_: readonly string[]): Answer {
	const option = (name: string) =>
		arguments_.find((argument) => argument.startsWith(`${name}=`))?.slice(name.length + 1);
	const gpuNames = option('--query-gpu')?.split(',');
	const processNames = option('--query-compute-apps')?.split(',');
	const format = readFormat(option('--format'));
	const names = gpuNames ?? processNames ?? [];
	const intervalMs = readInterval(arguments_);
	if (!format || (intervalMs !== undefined && !(intervalMs > 0))) {
		return badArguments();
	}

	const knows = (name: string) =>
		!scenario.unknownFields.includes(name) && (gpuNames ? fields.has(name) : processFields.has(name));
	const rejected = names.find((name) => !knows(name));
	if (rejected !== undefined) {
		return text(`Field "${rejected}" is not a valid field to query.\n\n`, 2);
	}

	const unitOf = (name: string) => (name.startsWith('used_') ? 'MiB' : fields.get(name)?.unit);
	let header = headerLine(names, format, unitOf);
	return {
		kind: 'rows',
		intervalMs,
		at(seconds) {
			const rows = (gpuNames ? gpuRows : processRows)(scenario, names, format, seconds);
			const output = {text: header + rows.text, exitCode: rows.exitCode};
			header = '';
			return output;
		},
	};
}

function table(whole: Scenario, seconds: number): Output {
	const scenario = scenarioAt(whole, seconds);
	const messages: string[] = [];
	const cards = [];
	for (const gpu of scenario.gpus) {
		const state = cardStateOf(scenario, gpu, seconds);
		if (state === 'lost') {
			messages.push(lostMessage(gpu));
		} else {
			cards.push({scenario, gpu, seconds, needsReset: state === 'reset'});
		}
	}

	return {text: tableText(scenario, cards, messages), exitCode: messages.length > 0 ? 15 : 0};
}

function list(scenario: Scenario): Answer {
	const lines = scenario.gpus.flatMap(({index, name, uuid, mig}) => [
		`GPU ${index}: ${name} (UUID: ${uuid})`,
		...mig.map(
			(slice, position) =>
				`  MIG ${slice.profile.padEnd(11)} Device ${String(position).padStart(2)}: (UUID: ${slice.uuid})`,
		),
	]);
	return text(lines.map((line) => `${line}\n`).join(''));
}

/** The matrix of connections: several H100s in one machine are joined by NVLink, other cards meet on the processor. */
function topology({gpus}: Scenario): Answer {
	const link = gpus.length > 1 && gpus.every(({name}) => /H100.*HBM/.test(name)) ? 'NV18' : 'PHB';
	const head = `\t\u001B[4m${gpus.map(({index}) => `GPU${index}`).join('\t')}\tCPU Affinity\tNUMA Affinity\tGPU NUMA ID\u001B[0m`;
	const rows = gpus.map(
		(gpu) => `GPU${gpu.index}\t${gpus.map((other) => (other === gpu ? ' X ' : link)).join('\t')}\t0-63\t0\t\tN/A`,
	);
	return text(`${[head, ...rows].join('\n')}\n\nLegend:\n\n  X    = Self\n`);
}

/** Only the cards that `-i` names, by number or UUID. */
function onlyCards(scenario: Scenario, arguments_: readonly string[]): Scenario {
	const place = arguments_.indexOf('-i');
	const named = place === -1 ? undefined : arguments_[place + 1]?.split(',');
	return named === undefined
		? scenario
		: {
				...scenario,
				gpus: scenario.gpus.filter(({index, uuid}) => named.includes(String(index)) || named.includes(uuid)),
			};
}

/** The output of the simulated nvidia-smi for these arguments. */
export function answer(whole: Scenario, arguments_: readonly string[]): Answer {
	const scenario = onlyCards(whole, arguments_);
	const {failure} = scenario;
	if (failure) {
		return {kind: 'text', stream: failure.stream, text: `${failure.text}\n`, exitCode: failure.exitCode};
	}

	if (arguments_.some((argument) => argument.startsWith('--query-'))) {
		return query(scenario, arguments_);
	}

	const [first] = arguments_;
	switch (first) {
		case undefined:
			return {kind: 'rows', intervalMs: undefined, at: (seconds) => table(scenario, seconds)};
		case '--version':
			return text(versionText(scenario));
		case 'topo':
			return arguments_[1] === '-m' ? topology(scenario) : badArguments();
		case 'nvlink':
			return arguments_[1] === '-s' ? text(linksText(scenario)) : badArguments();
		case 'pmon':
			return {
				kind: 'rows',
				intervalMs: undefined,
				at: (seconds) => ({text: loadText(scenario, seconds), exitCode: 0}),
			};
		case '-q':
			return {
				kind: 'rows',
				intervalMs: undefined,
				at: (seconds) => ({text: slicesText(scenario, seconds), exitCode: 0}),
			};
		case '-L':
		case '--list-gpus':
			return list(scenario);
		case '--help-query-gpu': {
			const known = [...fields.keys()].filter((name) => !scenario.unknownFields.includes(name));
			return text(
				`List of valid properties to query for the switch "--query-gpu":\n\n${known.map((name) => `"${name}"\n`).join('')}`,
			);
		}

		default:
			return badArguments();
	}
}

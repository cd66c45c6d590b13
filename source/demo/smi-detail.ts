/** What the simulated nvidia-smi says of one card alone: its links, and its slices with their memory. */
import type {Scenario, ScenarioGpu} from './scenario.ts';
import {cellOf} from './smi-fields.ts';
import {cardStateOf, at as scenarioAt} from './state-at.ts';

/** `nvidia-smi nvlink -s`: a line for each link of a card that has any. */
export function linksText({gpus}: Scenario): string {
	return gpus
		.map((gpu) => {
			const head = `GPU ${gpu.index}: ${gpu.name} (UUID: ${gpu.uuid})`;
			if (gpu.migMode === true) {
				return `${head}\nNvlink queries are not supported for Devices in MIG mode\n`;
			}

			const links = /H100.*HBM|H200|A100|B200/.test(gpu.name) ? linkCount(gpu) : 0;
			return `${head}\n${Array.from({length: links}, (_, link) => `\t Link ${link}: 26.562 GB/s\n`).join('')}`;
		})
		.join('');
}

function linkCount({name}: ScenarioGpu): number {
	return /A100/.test(name) ? 12 : 18;
}

/** The part of `nvidia-smi -q` that is about slices, and the processes on them. */
export function slicesText(whole: Scenario, seconds: number): string {
	const scenario = scenarioAt(whole, seconds);
	const blocks = scenario.gpus.flatMap((gpu) => [
		`GPU ${gpu.busId}`,
		`    Product Name                                       : ${gpu.name}`,
		...gpu.mig.flatMap(({profile}, place) => sliceLines(scenario, gpu, {profile, place})),
		'    Processes',
		...processLines(scenario, gpu),
	]);
	return `\n==============NVSMI LOG==============\n\n${blocks.join('\n')}\n`;
}

function sliceLines(
	scenario: Scenario,
	gpu: ScenarioGpu,
	{profile, place}: {profile: string; place: number},
): string[] {
	const [, parts = '1', gigabytes = '10'] = /^(\d)g\.(\d+)gb/.exec(profile) ?? [];
	const total = Number(gigabytes) * 1011;
	const used = processesOn(scenario, gpu, place).reduce((sum, {usedMemoryMiB}) => sum + (usedMemoryMiB ?? 0), 17);
	return [
		'    MIG Device',
		`        Index                                          : ${place}`,
		`        GPU Instance ID                                : ${place + 1}`,
		'        Compute Instance ID                            : 0',
		'        Device Attributes',
		'            Shared',
		`                Multiprocessor count                   : ${Number(parts) * 16}`,
		'        Shared FB Memory Usage',
		`            Total                                      : ${total} MiB`,
		'            Reserved                                   : 0 MiB',
		`            Used                                       : ${Math.min(total, used)} MiB`,
	];
}

/** The scenario has no place for the slice of a process: the first has the first, and so on. */
function processesOn({processes}: Scenario, gpu: ScenarioGpu, place: number) {
	return processes
		.filter((process) => process.gpu === gpu.index)
		.filter((_, count) => count % gpu.mig.length === place);
}

function processLines(scenario: Scenario, gpu: ScenarioGpu): string[] {
	return gpu.mig.flatMap((_, place) =>
		processesOn(scenario, gpu, place).flatMap(({pid, name, usedMemoryMiB}) => [
			`        GPU instance ID                   : ${place + 1}`,
			'        Compute instance ID               : 0',
			`        Process ID                        : ${pid}`,
			'            Type                          : C',
			`            Name                          : ${name}`,
			`            Used GPU Memory               : ${usedMemoryMiB ?? 'N/A'} MiB`,
		]),
	);
}

/** `nvidia-smi pmon -c 1 -s u`: the processes of a GPU have an equal part of its load each. Those on slices are not measured. */
export function loadText(whole: Scenario, seconds: number): string {
	const scenario = scenarioAt(whole, seconds);
	const rows = scenario.gpus
		.filter((gpu) => cardStateOf(scenario, gpu, seconds) !== 'lost')
		.flatMap((gpu) => {
			const processes = scenario.processes.filter((process) => process.gpu === gpu.index);
			const [load = Number.NaN, memory = Number.NaN] = ['utilization.gpu', 'utilization.memory'].map((name) =>
				Number(cellOf(name, {scenario, gpu, seconds}, {units: false, needsReset: false})),
			);
			const part = (percent: number) =>
				(Number.isNaN(percent) ? '-' : String(Math.round(percent / processes.length))).padStart(6);
			return processes.length === 0
				? [
						`${String(gpu.index).padStart(5)} ${'-'.padStart(10)} ${'-'.padStart(5)} ${unmeasured(6)}    -              `,
					]
				: processes.map(
						({pid, name}) =>
							`${String(gpu.index).padStart(5)} ${String(pid).padStart(10)} ${'C'.padStart(5)} ${part(load)} ${part(memory)} ${unmeasured(4)}    ${name.slice(0, 14)}`,
					);
		});
	return `${[...loadHeads, ...rows].join('\n')}\n`;
}

const loadHeads = [
	'# gpu         pid   type     sm    mem    enc    dec    jpg    ofa    command ',
	'# Idx           #    C/G      %      %      %      %      %      %    name ',
];

function unmeasured(columns: number): string {
	return Array.from({length: columns}, () => '-'.padStart(6)).join(' ');
}

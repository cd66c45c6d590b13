import type {Scenario} from './scenario.ts';
import {cellOf, type Moment} from './smi-fields.ts';

/** From R610 on the driver is called KMD, and CUDA is called CUDA UMD. */
function isRenamed(driverVersion: string): boolean {
	return Number.parseInt(driverVersion, 10) >= 610;
}

/** The answer to `--version`. */
export function versionText({driverVersion, cudaVersion}: Scenario): string {
	const [major = '', minor = ''] = driverVersion.split('.');
	const head = [`NVIDIA-SMI version  : ${driverVersion}`, `NVML version        : ${major}.${minor}`];
	const versions = isRenamed(driverVersion)
		? [
				'DRIVER version      : Deprecated, see "KMD version" instead',
				'CUDA version        : Deprecated, see "CUDA UMD version" instead',
				`KMD version         : ${driverVersion}`,
				`CUDA UMD version    : ${cudaVersion}`,
			]
		: [`DRIVER version      : ${driverVersion}`, `CUDA Version        : ${cudaVersion}`];
	return `${[...head, ...versions].join('\n')}\n`;
}

const cells = {plain: {units: false, needsReset: false}, broken: {units: false, needsReset: true}};

function cardLines(moment: Moment, needsReset: boolean): string[] {
	const {gpu} = moment;
	const cell = (field: string) => cellOf(field, moment, needsReset ? cells.broken : cells.plain);
	const number = (field: string, unit: string, missing = 'N/A') => {
		const text = cell(field);
		return needsReset ? 'ERR!' : /^-?[\d.]+$/.test(text) ? `${Math.round(Number(text))}${unit}` : missing;
	};

	const name = gpu.name.length > 27 ? `${gpu.name.slice(0, 23)} ...` : gpu.name;
	const memory =
		gpu.memoryTotalMiB === null
			? 'Not Supported'.padStart(19).padEnd(24)
			: `${number('memory.used', 'MiB').padStart(11)} / ${`${gpu.memoryTotalMiB}MiB`.padStart(9)} `;
	const fan = number('fan.speed', '%').padStart(4);
	const temperature = number('temperature.gpu', 'C').padStart(6);
	const state = (needsReset ? 'ERR!' : cell('pstate')).padStart(6);
	const power = `${number('power.draw', 'W').padStart(16)} / ${number('power.limit', 'W').padStart(5)}`;
	const mig = gpu.migMode === null ? 'N/A' : gpu.migMode ? 'Enabled' : 'Disabled';
	const persistence = gpu.persistenceMode ? 'On ' : 'Off';
	return [
		`|${String(gpu.index).padStart(4)}  ${name.padEnd(31)}${persistence} |   ${gpu.busId} Off |${'N/A'.padStart(21)} |`,
		`|${fan}${temperature}${state}${power} |${memory}|${number('utilization.gpu', '%').padStart(8)}      Default |`,
		`|${' '.repeat(41)}|${' '.repeat(24)}|${mig.padStart(21)} |`,
		`+${'-'.repeat(41)}+${'-'.repeat(24)}+${'-'.repeat(22)}+`,
	];
}

/** The default table. */
export function tableText(
	scenario: Scenario,
	cards: readonly (Moment & {needsReset: boolean})[],
	messages: string[],
): string {
	const {driverVersion, cudaVersion} = scenario;
	const line = `+${'-'.repeat(89)}+`;
	const head = isRenamed(driverVersion)
		? `KMD Version: ${driverVersion.padEnd(14)}CUDA UMD Version: ${cudaVersion.padEnd(9)}`
		: `Driver Version: ${driverVersion.padEnd(15)}CUDA Version: ${cudaVersion.padEnd(9)}`;
	const processes = scenario.processes.map(({gpu, pid, name, usedMemoryMiB}) => {
		const memory = usedMemoryMiB === null ? 'N/A' : `${usedMemoryMiB}MiB`;
		return `|${String(gpu).padStart(5)}   N/A  N/A ${String(pid).padStart(15)}      C   ${name.slice(0, 36).padEnd(36)}${memory.padStart(10)} |`;
	});
	return `${[
		...messages,
		line,
		`| NVIDIA-SMI ${driverVersion.padEnd(23)}${head}|`,
		`+${'-'.repeat(41)}+${'-'.repeat(24)}+${'-'.repeat(22)}+`,
		'| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |',
		'| Fan  Temp   Perf          Pwr:Usage/Cap |           Memory-Usage | GPU-Util  Compute M. |',
		'|                                         |                        |               MIG M. |',
		`|${'='.repeat(41)}+${'='.repeat(24)}+${'='.repeat(22)}|`,
		...cards.flatMap((card) => cardLines(card, card.needsReset)),
		'',
		line,
		'| Processes:                                                                              |',
		'|  GPU   GI   CI              PID   Type   Process name                        GPU Memory |',
		'|        ID   ID                                                               Usage      |',
		`|${'='.repeat(89)}|`,
		...(processes.length > 0 ? processes : [`|  ${'No running processes found'.padEnd(87)}|`]),
		line,
	].join('\n')}\n`;
}

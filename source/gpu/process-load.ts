import type {NvidiaSmi} from './gpu.ts';
import {type RunOptions, runSmi} from './smi/child.ts';

/** Percent of a GPU's multiprocessors that a process kept busy lately, by {@link loadKey}. A process that the driver did not measure is missing. */
export type ProcessLoad = ReadonlyMap<string, number>;

/** @param gpu its number, as nvidia-smi counts */
export function loadKey(gpu: number, pid: number): string {
	return `${gpu} ${pid}`;
}

/** What each process makes of its GPUs; undefined where this driver does not tell. Throws only the reason of the signal. */
export async function readProcessLoad(smi: NvidiaSmi, options: RunOptions = {}): Promise<ProcessLoad | undefined> {
	const {lines, flooded} = await runSmi(smi, ['pmon', '-c', '1', '-s', 'u'], options);
	return flooded ? undefined : parseProcessLoad(lines);
}

/**
The table of `nvidia-smi pmon -s u`. Its columns differ between drivers (`jpg` and `ofa` came later), so they are found by their heads; a
process that was not measured has `-`, as has every process on a GPU with MIG.
*/
export function parseProcessLoad(lines: readonly string[]): ProcessLoad | undefined {
	const cellsOf = (line: string) => line.trim().split(/\s+/);
	const heads = lines.find((line) => /^#\s*gpu\s+pid\b/.test(line.trim()));
	// The mark of the line of heads is no column.
	const names = heads === undefined ? [] : cellsOf(heads.trim().replace(/^#\s*/, ''));
	const [gpuAt, pidAt, smAt] = ['gpu', 'pid', 'sm'].map((name) => names.indexOf(name));
	if (gpuAt === undefined || pidAt === undefined || smAt === undefined || smAt < 0) {
		return undefined;
	}

	const load = new Map<string, number>();
	for (const line of lines.filter((each) => !each.trim().startsWith('#'))) {
		const cells = cellsOf(line);
		const [gpu, pid, sm] = [cells[gpuAt], cells[pidAt], cells[smAt]].map((cell) =>
			/^\d{1,10}$/.test(cell ?? '') ? Number(cell) : undefined,
		);
		if (gpu !== undefined && pid !== undefined && sm !== undefined && sm <= 100) {
			load.set(loadKey(gpu, pid), sm);
		}
	}

	return load;
}

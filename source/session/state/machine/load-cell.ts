import {loadKey} from '../../../gpu/process-load.ts';
import type {Cell} from '../lists/list.ts';
import type {Facts} from '../model.ts';

/**
How much of their GPUs' multiprocessors these processes keep busy together: 100 % is one GPU. Where the driver did not
measure all of them it is at least so much, and where it measured none, it is unknown.
*/
export function loadCell(processes: Facts['gpu']['processes'], {gpu, machine}: Pick<Facts, 'gpu' | 'machine'>): Cell {
	if (processes.length === 0) {
		return {text: '', value: null};
	}

	const indices = new Map(gpu.readings.map(({uuid, index}) => [uuid, index]));
	const known = processes.flatMap(
		({gpuUuid, pid}) => machine.loads.get(loadKey(indices.get(gpuUuid) ?? -1, pid)) ?? [],
	);
	if (known.length === 0) {
		return {text: '–', value: null};
	}

	const percent = known.reduce((sum, each) => sum + each, 0);
	return {text: `${known.length < processes.length ? '≥' : ''}${percent}%`, value: percent};
}

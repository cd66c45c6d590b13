import type {GpuProcess} from '../../gpu/gpu.ts';
import {ownerOf} from '../../gpu/process-owner.ts';
import type {Host} from '../../host/host.ts';
import type {Box} from '../box.ts';

/** A process on a GPU, with its owner as far as that is known. */
export type NamedProcess = GpuProcess & {user: string | null; box: string | null};

/** Finds the box and the owner of each process. Never throws: what cannot be determined is null. */
export async function nameProcesses(
	host: Host,
	processes: GpuProcess[],
	boxes: readonly Box[],
): Promise<NamedProcess[]> {
	if (processes.length === 0) {
		return [];
	}

	// Process ids of the demo host or another machine mean nothing in this one's /proc: there the engine is asked.
	if (host.demo || !host.engine.local) {
		const byPid = await processesOfBoxes(host, boxes);
		return processes.map((process) => {
			const box = byPid.get(process.pid);
			return {...process, user: box?.owner ?? null, box: box?.name ?? null};
		});
	}

	return Promise.all(
		processes.map(async (process) => {
			// A process is still worth showing when its owner cannot be read.
			const owner = await ownerOf(process.pid).catch(() => undefined);
			const box = boxes.find(({id}) => id === owner?.containerId);
			// The kernel knows the owner of a process; a label of another user's container could say anything.
			const user = box?.mine ? box.owner : (owner?.user ?? box?.owner ?? null);
			return {...process, user, box: box?.name ?? null};
		}),
	);
}

async function processesOfBoxes(host: Host, boxes: readonly Box[]): Promise<Map<number, Box>> {
	const found = new Map<number, Box>();
	const candidates = boxes.filter((box) => box.state === 'running' && box.gpus.length > 0);
	await Promise.all(
		candidates.map(async (box) => {
			// A box that has just stopped has no processes.
			const pids = await host.engine.top(box.id).catch(() => []);
			for (const pid of pids) {
				found.set(pid, box);
			}
		}),
	);
	return found;
}

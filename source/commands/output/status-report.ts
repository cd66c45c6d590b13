import {jupyterUrl} from '../../box/jupyter/server.ts';
import {listBoxes, ownerText} from '../../box/list.ts';
import {readInventory} from '../../gpu/inventory.ts';
import type {Host} from '../../host/host.ts';
import {explain} from '../../host/remedies.ts';
import {formatTable} from '../../text/layout/table.ts';
import {shorten} from '../../text/safe.ts';

const longestName = 100;

/** The session's first screen as plain text, for pipes and CI. Anything missing is part of the report, never a failure. */
export async function report(host: Host, signal: AbortSignal, about = 'this host is simulated'): Promise<void> {
	const [inventory, boxes] = await Promise.all([
		readInventory(host.nvidiaSmi, {signal}),
		listBoxes(host, signal).catch((error: unknown) => explain(error, host.engine.address)),
	]);
	const out = [
		...(host.demo ? [`DEMO: ${about}.`, ''] : []),
		inventory.gpus.length === 0
			? 'GPUs: none usable'
			: `GPUs: driver ${inventory.driverVersion ?? 'unknown'}, CUDA up to ${inventory.cudaVersion ?? 'unknown'}`,
		...inventory.gpus.map(
			(gpu) =>
				`  ${gpu.index}  ${shorten(gpu.name, longestName)}${gpu.memoryTotalMiB === null ? '' : `, ${gpu.memoryTotalMiB} MiB`}`,
		),
		...inventory.problems.flatMap(({message, fix}) => [`  ${message}`, `  → ${fix}`]),
		'',
	];
	if (Array.isArray(boxes)) {
		out.push(
			boxes.length === 0
				? 'Boxes: none yet. Create one: gpubox up --jupyter'
				: await formatTable(
						['box', 'owner', 'state', 'gpus', 'image', 'address'],
						boxes.map((box) => [
							box.name,
							ownerText(box),
							box.state,
							String(box.gpus.length),
							box.image,
							jupyterUrl(box) ?? '-',
						]),
					),
		);
	} else {
		out.push(`Boxes: ${boxes.message}`, `  → ${boxes.fix}`);
	}

	process.stdout.write(`${out.join('\n')}\n`);
}

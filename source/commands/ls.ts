import type {Box} from '../box/box.ts';
import {jupyterUrl} from '../box/jupyter.ts';
import {listBoxes} from '../box/list.ts';
import {openHost} from '../host/open-host.ts';
import {formatDuration} from '../text/duration.ts';
import {formatTable} from '../text/table.ts';
import {boxJson, printJson} from './box-json.ts';

export async function ls(
	options: {host?: string | undefined; json?: true | undefined},
	signal: AbortSignal,
): Promise<void> {
	const {engine} = openHost(options);
	const boxes = await listBoxes(engine, signal);
	if (options.json) {
		printJson({boxes: boxes.map((box) => boxJson(box))});
		return;
	}

	process.stdout.write(
		boxes.length === 0
			? 'No boxes yet. Make one for this folder: gpubox up\n'
			: `${await formatTable(
					heads,
					boxes.map((box) => row(box, new Date())),
				)}\n`,
	);
}

const heads = ['name', 'owner', 'state', 'services', 'gpus', 'image', 'address', 'age'];

function row(box: Box, now: Date): string[] {
	return [
		box.name,
		box.owner,
		box.until && box.until <= now ? `${box.state} (time over)` : box.state,
		`${box.services.join(',') || '-'}${box.sudo ? ' +sudo' : ''}`,
		// An index can change at each boot; the start of the UUID is the same in `gpubox gpus`.
		box.gpus.map(shortUuid).join(',') || '-',
		box.image,
		[jupyterUrl(box), sshUrl(box)].filter((url) => url !== undefined).join(' ') || '-',
		formatDuration(now.getTime() - box.createdAt.getTime()),
	];
}

function sshUrl({addresses: {ssh}, user}: Box): string | undefined {
	return ssh && `ssh://${user}@${ssh.host.includes(':') ? `[${ssh.host}]` : ssh.host}:${ssh.port}`;
}

/** `GPU-5a6b12cd-…` → `5a6b12cd` */
export function shortUuid(uuid: string): string {
	return uuid.replace(/^GPU-([\da-f]{8}).*$/i, '$1');
}

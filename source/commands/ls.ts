import {basename} from 'node:path';
import {homeFolder} from '../base/home.ts';
import {hasActiveRuns} from '../box/active-runs.ts';
import type {Box} from '../box/box.ts';
import type {QueueEntry} from '../box/gpus/queue-entry.ts';
import {readQueue} from '../box/gpus/queue-records.ts';
import type {Idleness} from '../box/idle/idle.ts';
import {jupyterUrl} from '../box/jupyter/server.ts';
import {listClaims, onlyBoxes, ownerText} from '../box/list.ts';
import {removeLeftovers} from '../box/up/leftovers.ts';
import {noticeText, takeNotices} from '../box/up/tell-owner.ts';
import type {Engine} from '../engine/engine.ts';
import type {Host} from '../host/host.ts';
import {openHost} from '../host/open-host.ts';
import {formatDuration} from '../text/duration.ts';
import {shortenHome} from '../text/home-path.ts';
import {gpuNames} from './output/format.ts';
import {boxJson, printJson, queueJson} from './output/json.ts';
import {tableFor} from './output/table.ts';
import {tellTrouble} from './output/tell-trouble.ts';

/** @param options.engine asked for the boxes already */
export async function ls(
	options: {host?: string | undefined; engine?: Engine; json?: true | undefined; wide?: true | undefined},
	signal: AbortSignal,
): Promise<void> {
	const host = openHost(options);
	const claims = await listClaims(host, signal);
	const boxes = onlyBoxes(claims);
	const [idleness, indexes] = await Promise.all([
		readIdlenessThatMatters(host, boxes, signal),
		options.json ? noIndexes : readIndexesThatMatter(host, boxes, signal),
	]);
	const queue = readQueue(host);
	if (options.json) {
		printJson({boxes: boxes.map((box) => boxJson(box, idleness.get(box.id))), queue: queueJson(queue)});
	} else {
		await printTable(boxes, idleness, {wide: options.wide, indexes});
		await printQueue(queue, {wide: options.wide, local: host.engine.local});
	}

	for (const notice of takeNotices(host)) {
		process.stderr.write(`gpubox: ${noticeText(notice)}\n`);
	}

	try {
		await removeLeftovers(host, claims);
		await completeRuns(host, boxes, signal);
	} catch (error) {
		signal.throwIfAborted();
		// The list is printed anyway; the next verb also finds what could not be removed.
		const {explain} = await import('../host/remedies.ts');
		process.stderr.write(
			`Cannot remove the leftovers of a killed run: ${explain(error, host.engine.address).message}\n`,
		);
	}
}

/** Without any entry its code is not loaded. */
async function printQueue(
	queue: QueueEntry[] | undefined,
	options: {wide: true | undefined; local: boolean},
): Promise<void> {
	if (queue === undefined || queue.length > 0) {
		const {queueTable} = await import('./output/queue-table.ts');
		process.stdout.write(await queueTable(queue, {...options, whole: 'gpubox ls --wide'}));
	}
}

/** Runs that no process followed to their end. Without any, their code is not loaded. */
async function completeRuns(host: Host, boxes: Box[], signal: AbortSignal): Promise<void> {
	if (boxes.some(({mine, job}) => mine && job !== undefined) || hasActiveRuns(host.paths)) {
		const {lookAfterRuns} = await import('../app/runs/follow.ts');
		await lookAfterRuns(host, boxes, signal);
	}
}

async function printTable(
	boxes: Box[],
	idleness: Map<string, Idleness>,
	{wide, indexes}: {wide: true | undefined; indexes: ReadonlyMap<string, number>},
): Promise<void> {
	if (boxes.length === 0) {
		process.stdout.write('No boxes yet. Create one for this folder: gpubox up\n');
		return;
	}

	const now = new Date();
	const idle = await idleCells(boxes, idleness, now);
	const home = homeFolder(process.env);
	const withFolder = wide === true || !boxes.every(tellsItsFolder);
	const table = await tableFor(
		heads(withFolder),
		boxes.map((box, index) => [
			...row(box, now, indexes, withFolder ? [shortenHome(box.project, home)] : []),
			idle[index] ?? '-',
		]),
		{wide, optional: ['age', 'services', 'image', 'address', 'folder', 'owner', 'idle'], whole: 'gpubox ls --wide'},
	);
	process.stdout.write(`${table}\n`);
}

function heads(withFolder: boolean): string[] {
	const folder = withFolder ? ['folder'] : [];
	return ['name', ...folder, 'owner', 'state', 'services', 'gpus', 'image', 'address', 'age', 'idle'];
}

/** Whether the name of a box says which folder it is for. A title of gpubox.yaml, or `--name`, may be anything. */
function tellsItsFolder({name, project}: Pick<Box, 'name' | 'project'>): boolean {
	const folder = basename(project).toLowerCase();
	return /^[\w.-]+$/.test(folder) && name.includes(folder);
}

/**
Inspects only boxes that matter: the caller's, and those that hold a GPU. It takes several requests for each, and code
that a list without such boxes need not load.
*/
async function readIdlenessThatMatters(host: Host, boxes: Box[], signal: AbortSignal): Promise<Map<string, Idleness>> {
	const worthIt = boxes.filter(({state, mine, gpus}) => state === 'running' && (mine || gpus.length > 0));
	if (worthIt.length === 0) {
		return new Map();
	}

	const {readIdleness} = await import('../box/idle/observe.ts');
	return readIdleness(host, worthIt, {signal});
}

const noIndexes: ReadonlyMap<string, number> = new Map();

/** The driver is asked only where a box has a GPU. */
async function readIndexesThatMatter(
	host: Host,
	boxes: Box[],
	signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
	if (boxes.every(({gpus}) => gpus.length === 0)) {
		return noIndexes;
	}

	const {readIndexes} = await import('../gpu/cards/indexes.ts');
	return readIndexes(host.nvidiaSmi, {signal});
}

async function idleCells(boxes: Box[], idleness: Map<string, Idleness>, now: Date): Promise<string[]> {
	if (idleness.size === 0) {
		return [];
	}

	const {idleCell, readableIdleLimits} = await import('../app/idle-limits.ts');
	const idleLimits = readableIdleLimits(tellTrouble);
	return Promise.all(
		boxes.map(async (box) => {
			const found = idleness.get(box.id);
			const mayBeMarked = found?.kind === 'idle' && box.gpus.length > 0;
			const warnAfterMs = mayBeMarked ? (await idleLimits(box)).warnAfterMs : undefined;
			return idleCell(box, found, {warnAfterMs}, now);
		}),
	);
}

function row(box: Box, now: Date, indexes: ReadonlyMap<string, number>, folder: string[]): string[] {
	return [
		box.name,
		...folder,
		ownerText(box),
		box.until && box.until <= now ? `${box.state} (expired)` : box.state,
		`${box.job ? 'job' : box.services.join(',') || '-'}${box.sudo ? ' +sudo' : ''}${box.rootPassword ? ' +root-password' : ''}${box.open ? ' +open' : ''}`,
		gpuNames(box.gpus, indexes) || '-',
		box.image,
		[jupyterUrl(box), sshUrl(box)].filter((url) => url !== undefined).join(' ') || '-',
		formatDuration(now.getTime() - box.createdAt.getTime()),
	];
}

function sshUrl({addresses: {ssh}, user}: Box): string | undefined {
	return ssh && `ssh://${user}@${ssh.host.includes(':') ? `[${ssh.host}]` : ssh.host}:${ssh.port}`;
}

import {type Disk, measureDisk, prune} from '../app/images/measure-disk.ts';
import {Failure} from '../base/failure.ts';
import {openHost} from '../host/open-host.ts';
import {formatBytes} from '../text/bytes.ts';
import {formatDuration} from '../text/duration.ts';
import {safeText} from '../text/safe.ts';
import {confirmOnTerminal} from './output/ask-end.ts';
import {printJson} from './output/json.ts';
import {makeLiveLines} from './output/live-lines.ts';
import {tableFor} from './output/table.ts';

type Options = {
	host?: string | undefined;
	prune?: true | undefined;
	yes?: true | undefined;
	wide?: true | undefined;
	json?: true | undefined;
};

/** Shows who uses the disk; with `--prune` what may go, and removes it once that is agreed to. */
export async function disk(options: Options, signal: AbortSignal): Promise<void> {
	const host = openHost(options);
	const live = makeLiveLines(process.stderr);
	if (process.stderr.isTTY) {
		live.draw(['Measuring; with many images this takes a minute …']);
	}

	let found: Disk;
	try {
		found = await measureDisk(host, signal);
	} finally {
		live.clear();
	}

	const agreed = options.prune ? await agree(found, options, signal) : false;
	const {removed, kept} = agreed ? await prune(host, found.prunable, signal) : {removed: [], kept: []};
	if (options.json) {
		printJson(json(found, removed));
	} else if (options.prune) {
		process.stdout.write(tellPruned(found, removed));
	} else {
		process.stdout.write(await format(found, options));
	}

	for (const line of [...found.gaps, ...kept]) {
		process.stderr.write(`${line}\n`);
	}
}

/** @throws Failure without a terminal to ask on, unless that is answered with --yes */
async function agree({prunable}: Disk, {yes}: Options, signal: AbortSignal): Promise<boolean> {
	if (prunable.length === 0) {
		return false;
	}

	const lines = prunable.map(({name, sizeBytes, ownBytes}) => `  ${name}  ${tellOwn(ownBytes, sizeBytes)}`);
	process.stderr.write(
		[
			'Layers that gpubox built, that no container uses, and that it builds again when they are needed:',
			...lines,
			'',
		].join('\n'),
	);
	if (yes) {
		return true;
	}

	const confirm = confirmOnTerminal(signal);
	if (confirm === undefined) {
		throw new Failure('Nothing was removed: there is no terminal to ask on.', {
			fix: 'To remove them: gpubox disk --prune --yes',
		});
	}

	return confirm('Remove them?');
}

function tellPruned({prunable}: Disk, removed: readonly string[]): string {
	if (prunable.length === 0) {
		return 'Nothing to remove: each layer of gpubox is in use, or of the last hour.\n';
	}

	const freed = prunable
		.filter(({name}) => removed.includes(name))
		.reduce((sum, {ownBytes}) => sum + (ownBytes ?? 0), 0);
	return removed.length === 0
		? 'Nothing was removed.\n'
		: `Removed ${removed.length} image${removed.length === 1 ? '' : 's'}${freed > 0 ? `, at least ${formatBytes(freed)}` : ''}.\n`;
}

const unknown = '?';

function tellOwn(ownBytes: number | null, sizeBytes: number): string {
	return ownBytes === null ? `${formatBytes(sizeBytes)}, shared in part` : formatBytes(ownBytes);
}

function tellAge(at: Date | null): string {
	return at === null ? unknown : `${formatDuration(Math.max(0, Date.now() - at.getTime()))} ago`;
}

const atLeast = (bytes: number, complete: boolean) => `${complete ? '' : 'at least '}${formatBytes(bytes)}`;

async function format(found: Disk, {wide}: Options): Promise<string> {
	const table = (heads: string[], rows: string[][]) => tableFor(heads, rows, {wide, whole: 'gpubox disk --wide'});
	const {images, caches, stoppedBoxes, runs, buildCacheBytes, prunable} = found;
	const parts = [
		images.length > 0 &&
			(await table(
				['image', 'size', 'its own', 'made by', 'last used', 'used by'],
				images.map((image) => [
					image.name,
					formatBytes(image.sizeBytes),
					image.ownBytes === null ? unknown : formatBytes(image.ownBytes),
					image.madeByGpubox ? 'gpubox' : '-',
					tellAge(image.lastUsedAt),
					image.usedBy.join(', ') || '-',
				]),
			)),
		caches.length > 0 &&
			(await table(
				['your cache', 'size', 'last written', 'folder'],
				caches.map(({name, bytes, complete, lastWrittenAt, path}) => [
					name,
					atLeast(bytes, complete),
					tellAge(lastWrittenAt),
					safeText(path),
				]),
			)),
		stoppedBoxes.length > 0 &&
			(await table(
				['stopped box', 'written', 'stopped', 'owner'],
				stoppedBoxes.map(({name, writtenBytes, stoppedAt, owner}) => [
					name,
					writtenBytes === null ? unknown : formatBytes(writtenBytes),
					tellAge(stoppedAt),
					owner,
				]),
			)),
		runs.length > 0 &&
			(await table(
				['your runs in', 'size', 'runs', 'last'],
				runs.map(({project, bytes, complete, count, lastAt}) => [
					safeText(project),
					atLeast(bytes, complete),
					String(count),
					tellAge(lastAt),
				]),
			)),
		[
			`Build cache of the engine: ${buildCacheBytes === null ? 'unknown' : formatBytes(buildCacheBytes)}`,
			prunable.length > 0
				? `${prunable.length} layers of gpubox are not in use. To see and remove them: gpubox disk --prune`
				: 'Every layer of gpubox is in use, or of the last hour.',
		].join('\n'),
	];
	return `${parts.filter((part) => part !== false).join('\n\n')}\n`;
}

function json({images, caches, stoppedBoxes, runs, buildCacheBytes, prunable, gaps}: Disk, removed: readonly string[]) {
	return {
		images,
		caches: caches.map(({bytes, ...rest}) => ({...rest, sizeBytes: bytes})),
		stoppedBoxes,
		runs: runs.map(({bytes, ...rest}) => ({...rest, sizeBytes: bytes})),
		buildCacheBytes,
		prunable: prunable.map(({name, ownBytes}) => ({name, ownBytes})),
		removed,
		gaps,
	};
}

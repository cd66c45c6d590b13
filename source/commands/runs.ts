import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {type KnownRun, listRuns, needRun} from '../app/runs/find.ts';
import {lookAfterRuns} from '../app/runs/follow.ts';
import {lookAfterPlaces} from '../app/runs/places.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {readSmallFile} from '../base/small-file.ts';
import {listBoxes} from '../box/list.ts';
import {isNoEngine} from '../engine/engine.ts';
import type {Host} from '../host/host.ts';
import {openHost} from '../host/open-host.ts';
import {explain} from '../host/remedies.ts';
import {tellWhere} from '../job/place/follow.ts';
import {adviceOf} from '../job/runs/gpu-use.ts';
import {gpuHoursOf, makeManifest, runJson, stateOf} from '../job/runs/manifest.ts';
import type {RunRecord} from '../job/runs/record.ts';
import {formatDuration} from '../text/duration.ts';
import {safeText, shorten} from '../text/safe.ts';
import {shellQuote} from '../text/shell-quote.ts';
import {printJson} from './output/json.ts';
import {tableFor} from './output/table.ts';

type Options = {host?: string | undefined; json?: true | undefined; wide?: true | undefined};

/** Lists the runs, or shows one. @throws Failure */
export async function runs(
	show: string | undefined,
	name: string | undefined,
	options: Options,
	signal: AbortSignal,
): Promise<void> {
	const host = openHost(options);
	if (show !== undefined && (show !== 'show' || name === undefined)) {
		throw new Failure(show === 'show' ? 'No run specified.' : `Unknown word after runs: "${show}".`, {
			fix: 'List them: gpubox runs. Show one: gpubox runs show NAME-N',
			exitCode: exitCode.usage,
		});
	}

	await complete(host, signal);
	if (name !== undefined) {
		showRun(needRun(host, name), options);
		return;
	}

	const known = listRuns(host);
	if (options.json) {
		printJson({runs: known.map(({run, state}) => runJson(run, state))});
		return;
	}

	process.stdout.write(
		known.length === 0
			? 'No runs yet. Start one: gpubox run -- python train.py\n'
			: `${await tableFor(heads, known.map(rowOf), {
					wide: options.wide,
					optional: ['took', 'started', 'gpus', 'command'],
					whole: 'gpubox runs --wide',
				})}\n`,
	);
}

/** The list is also worth something while the engine is away. */
async function complete(host: Host, signal: AbortSignal): Promise<void> {
	const places = lookAfterPlaces(host, signal);
	places.catch(() => {});
	try {
		await lookAfterRuns(host, await listBoxes(host, signal), signal);
	} catch (error) {
		if (!isNoEngine(error)) {
			throw error;
		}

		if (listRuns(host).some(({run}) => run.on === undefined && run.ended === null)) {
			process.stderr.write(`Runs that ended meanwhile are missing: ${explain(error, host.engine.address).message}\n`);
		}
	}

	await places;
}

const heads = ['name', 'state', 'exit', 'gpus', 'started', 'took', 'command'];

function rowOf({run, state}: KnownRun): string[] {
	const {ended} = run;
	return [
		run.name,
		state,
		ended?.exitCode == null ? '-' : `${ended.exitCode}${ended.signal ? ` ${ended.signal}` : ''}`,
		String(run.on?.gpus ?? run.gpus.length),
		run.startedAt === null ? '-' : `${formatDuration(Date.now() - Date.parse(run.startedAt))} ago`,
		run.startedAt === null || ended?.at == null ? '-' : tookOf(run.startedAt, ended.at),
		shorten(safeText(run.command.map(shellQuote).join(' ')), 60),
	];
}

function tookOf(from: string, to: string): string {
	return formatDuration(Date.parse(to) - Date.parse(from));
}

function showRun(run: RunRecord, {json}: Options): void {
	const path = join(run.folder, 'manifest.json');
	if (json) {
		printJson(run.ended !== null && existsSync(path) ? manifestAt(path, run) : makeManifest(run, undefined));
		return;
	}

	const {ended, git} = run;
	const hours = gpuHoursOf(run);
	const lines: Array<[string, string | undefined]> = [
		['Command', run.command.map(shellQuote).join(' ')],
		['State', stateOf(run)],
		['Exit code', ended?.exitCode == null ? undefined : `${ended.exitCode}${ended.signal ? ` (${ended.signal})` : ''}`],
		['Reason', ended?.reason ?? undefined],
		['Started', run.startedAt ?? undefined],
		['Ended', ended?.at ?? undefined],
		[
			'Took',
			run.startedAt === null || ended?.at == null
				? undefined
				: `${tookOf(run.startedAt, ended.at)}${hours ? `, ${hours} GPU-hours` : ''}`,
		],
		[
			'GPUs',
			run.on === undefined
				? run.gpus.map(({index, name, uuid}) => `${index} ${name} (${uuid})`).join(', ') || 'none'
				: String(run.on.gpus || 'none'),
		],
		...run.use.map(({uuid, peakMemoryMiB, utilizationSum, samples}): [string, string | undefined] => [
			'GPU use',
			samples === 0
				? undefined
				: `${uuid.slice(0, 12)}: at most ${peakMemoryMiB ?? '?'} MiB, ${utilizationSum === null ? 'unknown' : `${Math.round(utilizationSum / samples)} %`} on average`,
		]),
		['Runs on', run.on === undefined ? undefined : `${run.on.place}, job ${run.on.id ?? '?'}${tellWhere(run.on)}`],
		['Advice', adviceOf(run)],
		['Driver', run.driverVersion ?? undefined],
		['Image', [run.image, run.imageDigest].filter(Boolean).join('  ')],
		['Commit', git?.commit ? `${git.commit}${git.patch ? ', with changes in the file patch' : ''}` : undefined],
		['Project', run.project],
		['Folder', run.folder],
	];
	const shown = lines.filter(([, value]) => value !== undefined && value !== '');
	process.stdout.write(
		`${run.name}\n\n${shown.map(([name, value]) => `  ${name.padEnd(10)}${safeText(value ?? '')}`).join('\n')}\n`,
	);
}

/** The manifest in the folder has the files too; the record is what counts for the rest. */
function manifestAt(path: string, run: RunRecord): unknown {
	try {
		const kept = JSON.parse(readSmallFile(path, {maxBytes: 64 * 1024 * 1024}).toString('utf8')) as Record<
			string,
			unknown
		>;
		return {...kept, ...runJson(run, stateOf(run))};
	} catch {
		// It was changed or removed.
		return makeManifest(run, undefined);
	}
}

import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {askElsewhere, type RunElsewhere} from '../app/runs/elsewhere.ts';
import {type KnownRun, listRuns, needLastRun, needRun} from '../app/runs/find.ts';
import {lookAfterRuns} from '../app/runs/follow.ts';
import {nameElsewhere} from '../app/runs/name-elsewhere.ts';
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
import {givenTo, gpuHoursOf, makeManifest, runJson, stateOf} from '../job/runs/manifest.ts';
import type {RunRecord} from '../job/runs/record.ts';
import {formatDuration} from '../text/duration.ts';
import {safeText, shorten} from '../text/safe.ts';
import {shellQuote} from '../text/shell-quote.ts';
import {formatTime} from '../text/time.ts';
import {printJson} from './output/json.ts';
import {tableFor} from './output/table.ts';

type Options = {
	host?: string | undefined;
	json?: true | undefined;
	wide?: true | undefined;
	/** How many of those that have ended are listed. */
	last?: number | undefined;
	all?: true | undefined;
};

/** More would push the newest out of sight. */
const mostOnTerminal = 20;

/**
Lists the runs, or shows one.

@param words of the verb with its options, for gpubox on the host that has the run
@returns the exit code there
@throws Failure
*/
export async function runs(
	show: string | undefined,
	given: string | undefined,
	options: Options,
	words: readonly string[],
	signal: AbortSignal,
): Promise<number | undefined> {
	const host = openHost(options);
	if (show !== undefined && show !== 'show') {
		throw new Failure(`Unknown word after runs: "${show}".`, {
			fix: 'List them: gpubox runs. Show one: gpubox runs show NAME-N',
			exitCode: exitCode.usage,
		});
	}

	const name = show === undefined ? undefined : (given ?? needLastRun(host));
	if (name !== undefined) {
		const {verbThere} = await import('./follow-there.ts');
		const there = await verbThere(host, name, [...words, 'show'], signal);
		if (there !== undefined) {
			return there;
		}
	}

	const [elsewhere] = await Promise.all([
		name === undefined ? askElsewhere(host, signal) : {runs: [], silent: []},
		complete(host, signal),
	]);
	if (name !== undefined) {
		showRun(needRun(host, name), options);
		return undefined;
	}

	for (const {host: silent, why, fix} of elsewhere.silent) {
		process.stderr.write(`Runs on ${safeText(silent)} are not known: ${why}\n  → ${fix}\n`);
	}

	const known = listRuns(host);
	const all = [
		...known.map(({run, state}) => ({at: run.createdAt, json: runJson(run, state), row: () => rowOf({run, state})})),
		...elsewhere.runs.map((run) => ({
			at: run.record.createdAt,
			json: jsonElsewhere(run, host.person.name),
			row: () => rowElsewhere(run),
		})),
	].sort((a, b) => (a.at < b.at ? 1 : -1));
	const most = options.all
		? undefined
		: (options.last ?? (process.stdout.isTTY && !options.json ? mostOnTerminal : undefined));
	const shown = newest(all, most);
	if (options.json) {
		printJson({runs: shown.map(({json}) => json)});
		return undefined;
	}

	process.stdout.write(
		all.length === 0
			? 'No runs yet. Start one: gpubox run -- python train.py\n'
			: `${await tableFor(
					heads,
					shown.map(({row}) => row()),
					{
						wide: options.wide,
						optional: ['took', 'started', 'gpus', 'command'],
						whole: 'gpubox runs --wide',
					},
				)}\n`,
	);
	if (shown.length < all.length && process.stdout.isTTY) {
		process.stdout.write(`\n${all.length - shown.length} older ones: gpubox runs --all\n`);
	}

	return undefined;
}

/** The newest that have ended, and all that have not: one of these may have begun long ago. */
function newest<Each extends {json: {state: string}}>(runs: readonly Each[], most = runs.length): Each[] {
	let left = most;
	return runs.filter(({json: {state}}) => (state !== 'done' && state !== 'lost') || left-- > 0);
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

type Shown = {
	name: string;
	state: string;
	exitCode: number | null;
	signal: string | null;
	gpus: number | null;
	startedAt: string | null;
	endedAt: string | null;
	command: readonly string[];
};

function rowOf({run, state}: KnownRun): string[] {
	const {name, startedAt, command, ended} = run;
	return cellsOf({
		name,
		state,
		exitCode: ended?.exitCode ?? null,
		signal: ended?.signal ?? null,
		gpus: run.on?.gpus ?? givenTo(run, state)?.gpus.length ?? null,
		startedAt,
		endedAt: ended?.at ?? null,
		command,
	});
}

function rowElsewhere({record, state}: RunElsewhere): string[] {
	const {there} = record;
	return cellsOf({
		name: safeText(nameElsewhere(record)),
		state,
		exitCode: there?.exitCode ?? null,
		signal: there?.signal ?? null,
		gpus: there?.gpus.length ?? null,
		startedAt: there?.startedAt ?? null,
		endedAt: there?.endedAt ?? null,
		command: record.command,
	});
}

function cellsOf({name, state, exitCode: code, signal, gpus, startedAt, endedAt, command}: Shown): string[] {
	return [
		name,
		state,
		code === null ? '-' : `${code}${signal ? ` ${safeText(signal)}` : ''}`,
		String(gpus ?? '?'),
		startedAt === null ? '-' : `${formatDuration(Date.now() - Date.parse(startedAt))} ago`,
		startedAt === null || endedAt === null ? '-' : tookOf(startedAt, endedAt),
		shorten(safeText(command.map(shellQuote).join(' ')), 60),
	];
}

/** As its host last told it. What was never told is null; `state` is unknown where the host does not answer now. */
function jsonElsewhere({record, state}: RunElsewhere, owner: string) {
	const {there, host, project, command} = record;
	const {from: _, ...told} = there ?? {
		name: null,
		id: null,
		owner,
		project,
		command,
		gpus: null,
		startedAt: null,
		endedAt: null,
		exitCode: null,
		signal: null,
		reason: null,
		folder: null,
	};
	return {...told, state, on: host};
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
		['Started', run.startedAt === null ? undefined : formatTime(new Date(run.startedAt))],
		['Ended', ended?.at == null ? undefined : formatTime(new Date(ended.at))],
		[
			'Took',
			run.startedAt === null || ended?.at == null
				? undefined
				: `${tookOf(run.startedAt, ended.at)}${hours ? `, ${hours} GPU-hours` : ''}`,
		],
		['GPUs', tellGpus(run)],
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

/** Undefined while they are not known. */
function tellGpus(run: RunRecord): string | undefined {
	if (run.on !== undefined) {
		return String(run.on.gpus || 'none');
	}

	const given = givenTo(run);
	return given && (given.gpus.map(({index, name, uuid}) => `${index} ${name} (${uuid})`).join(', ') || 'none');
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

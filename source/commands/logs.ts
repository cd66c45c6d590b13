import {stripVTControlCharacters} from 'node:util';
import {pickBox} from '../app/boxes/pick-box.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {ownerText} from '../box/list.ts';
import {type LogLines, lineGroupsOf} from '../box/logs.ts';
import {isNoEngine, type LogOptions} from '../engine/engine.ts';
import type {Host} from '../host/host.ts';
import {openHost} from '../host/open-host.ts';
import {findRemedies, type Remedy} from '../host/remedies.ts';
import {parseDuration} from '../text/duration.ts';
import {print} from '../text/print.ts';
import {safeJson} from '../text/safe.ts';

/**
Prints the log unchanged; known errors in it are explained on stderr.

@param words of the verb with its options, for gpubox on the host that has the run
@returns the exit code there
*/
export async function logs(
	name: string | undefined,
	options: {
		host?: string | undefined;
		follow?: true | undefined;
		tail?: number | undefined;
		since?: string | undefined;
		json?: true | undefined;
	},
	words: readonly string[],
	signal: AbortSignal,
): Promise<number | undefined> {
	const since = options.since === undefined ? undefined : parseSince(options.since, new Date());
	const host = openHost(options);
	if (name !== undefined) {
		const {verbThere} = await import('./follow-there.ts');
		const there = await verbThere(host, name, words, signal);
		if (there !== undefined) {
			return there;
		}
	}

	const colours = process.stdout.isTTY && !process.env.NO_COLOR;
	const groups = await findLog(host, name, {
		follow: options.follow ?? false,
		...(options.tail === undefined ? {} : {tail: options.tail}),
		...(since ? {since} : {}),
		signal,
	});
	const known = new Set<Remedy>();
	for await (const {stream, texts} of groups) {
		const plain = texts.map(stripVTControlCharacters);
		const out = stream === 'stderr' && !options.json ? process.stderr : process.stdout;
		const lines = options.json ? plain.map((text) => safeJson({stream, text})) : colours ? texts : plain;
		// A write for each line would take longer than all the rest.
		await print(out, `${lines.join('\n')}\n`, signal);
		for (const remedy of findRemedies(plain)) {
			if (!known.has(remedy)) {
				known.add(remedy);
				if (options.follow) {
					explain(remedy);
				}
			}
		}
	}

	signal.throwIfAborted();
	if (!options.follow) {
		// Below the log, where it is seen however long the log is.
		known.forEach(explain);
	}

	return undefined;
}

/** The log of a box, or of a run, in groups of lines: from the engine while its container is there, then from the run's folder. */
async function findLog(
	host: Host,
	given: string | undefined,
	options: LogOptions & {signal: AbortSignal},
): Promise<AsyncIterable<LogLines>> {
	if (given !== undefined) {
		const [{findRun}, {placed}] = await Promise.all([import('../app/runs/find.ts'), import('../app/runs/places.ts')]);
		const elsewhere = placed(findRun(host, given));
		if (elsewhere !== undefined) {
			const {readPlacedLog} = await import('../app/runs/place-log.ts');
			return readPlacedLog(host, elsewhere, options);
		}
	}

	try {
		const box = await pickBox(host, given, 'logs', options.signal);
		if (!box.mine) {
			process.stderr.write(`gpubox: ${box.name} belongs to ${ownerText(box)}.\n`);
		}

		return lineGroupsOf(host.engine.logs(box.id, options));
	} catch (error) {
		const known = error instanceof Failure && error.exitCode === exitCode.noSuchBox;
		if (!(known || isNoEngine(error))) {
			throw error;
		}

		const [{findRun, runsHere}, {readKeptLog}] = await Promise.all([
			import('../app/runs/find.ts'),
			import('../job/runs/kept-log.ts'),
		]);
		if (given === undefined) {
			const [last] = known && host.engine.local ? runsHere(host) : [];
			if (last === undefined) {
				throw error;
			}

			process.stderr.write(`You have no box for this folder. This is the log of the last run here, ${last.name}:\n`);
			return findLog(host, last.name, options);
		}

		const run = findRun(host, given);
		if (run === undefined) {
			throw error;
		}

		if (run.ended === null && run.name !== given) {
			return findLog(host, run.name, options);
		}

		if (options.since) {
			process.stderr.write('The log of a run that has ended has no times, so all of it is printed.\n');
		}

		return readKeptLog(run.folder, options);
	}
}

function explain({meaning, fix}: Remedy): void {
	process.stderr.write(`gpubox: ${meaning}\n  → ${fix}\n`);
}

/** As docker accepts it: a time, or how long ago. */
function parseSince(text: string, now: Date): Date {
	const ago = parseDuration(text);
	const date = ago === undefined ? new Date(text) : new Date(now.getTime() - ago);
	if (Number.isNaN(date.getTime())) {
		throw new Failure(`"${text}" is neither a time nor a duration.`, {
			fix: 'For example: --since 10m, or --since 2026-01-31T09:00:00',
			exitCode: exitCode.usage,
		});
	}

	return date;
}

import {Failure} from '../../base/failure.ts';
import {foreignReason} from '../../engine/errors.ts';
import {execOwn} from '../../engine/run-once.ts';
import type {Host} from '../../host/host.ts';
import type {Box} from '../box.ts';
import {readLogLines} from '../logs.ts';
import {type Idleness, idleFor, isOverdue} from './idle.ts';

/** What is held against a box. */
export type Charge = {
	/** As the box's log says it. */
	reason: string;
	/** Since when; a notice from before counts no more. */
	since: Date;
};

/** What a box may be stopped for: its time is over, or it holds a GPU and nothing was done for too long. */
export function findCharge(
	box: Pick<Box, 'gpus' | 'state' | 'until'>,
	idleness: Idleness | undefined,
	stopAfterMs: number | undefined,
	now: Date,
): Charge | undefined {
	if (box.state !== 'running') {
		return undefined;
	}

	if (box.until && isOverdue(box, now)) {
		return {reason: 'the time it was asked for is over', since: box.until};
	}

	const idle = idleFor(idleness, now);
	return idleness?.kind === 'idle' && box.gpus.length > 0 && stopAfterMs !== undefined && idle >= stopAfterMs
		? {reason: `nothing was done in it since ${idleness.since.toISOString()}`, since: idleness.since}
		: undefined;
}

/** A notice stands in the box's own log, so every later run finds it, whoever starts it. */
const notice = /gpubox reap: .* is stopped after (\d{4}-[\d:.T-]+Z)/;

/** More than gpubox ever writes into one log. */
const noticesRead = 100;

export function noticeText(box: Pick<Box, 'name'>, {reason}: Charge, end: Date): string {
	return `gpubox reap: ${box.name} is stopped after ${end.toISOString()}, because ${reason}. To keep it: use it, or ask for it anew.`;
}

/** What to do about a box with a charge, from the lines that its log has since then. */
export function decideReap(
	linesSince: string[],
	now: Date,
): {kind: 'warn'} | {kind: 'wait'; until: Date} | {kind: 'stop'} {
	const ends = linesSince.flatMap((line) => notice.exec(line)?.[1] ?? []).map((time) => new Date(time));
	const [end] = ends.filter((time) => !Number.isNaN(time.getTime()));
	if (!end) {
		return {kind: 'warn'};
	}

	return now >= end ? {kind: 'stop'} : {kind: 'wait', until: end};
}

/** Lines of a box's log since a moment, as far as they can be notices. */
export async function readLinesSince(host: Host, box: Box, since: Date, signal: AbortSignal): Promise<string[]> {
	const lines: string[] = [];
	for await (const {text} of readLogLines(host.engine, box.id, {since, signal})) {
		// A log can be of any length, and the first notice counts.
		if (lines.length < noticesRead && notice.test(text)) {
			lines.push(text);
		}
	}

	return lines;
}

/** Writes a line where the box's own programs write theirs. */
export async function writeToLog({engine}: Host, box: Box, text: string): Promise<void> {
	const command = ['sh', '-c', 'printf "%s\\n" "$1" > /proc/1/fd/1', 'gpubox', text];
	const {exitCode, stdout, stderr} = await execOwn(engine, box.id, command);
	if (exitCode !== 0) {
		throw new Failure(`No notice can be written into the log of ${box.name}: ${foreignReason(`${stdout} ${stderr}`)}`, {
			fix: `It is not stopped without one. By hand: gpubox stop ${box.name}`,
		});
	}
}

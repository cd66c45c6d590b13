import {Failure} from '../../base/failure.ts';
import {foreignReason} from '../../engine/errors.ts';
import {execOwn} from '../../engine/run-once.ts';
import type {Host} from '../../host/host.ts';
import {formatDuration} from '../../text/duration.ts';
import {formatTime} from '../../text/time.ts';
import type {Box} from '../box.ts';
import {readLogLines} from '../logs.ts';
import {type Idleness, idleFor, isOverdue} from './idle.ts';

/** Why a box may be stopped. */
export type ReapReason = {
	/** As it is written in the box's log. */
	reason: string;
	/** Since when; earlier notices do not count. */
	since: Date;
	/** Its reservation has; use does not renew that. */
	expired: boolean;
};

/** The reason to stop a box: its reservation has expired, or it holds a GPU and has been idle for too long. */
export function findReapReason(
	box: Pick<Box, 'gpus' | 'state' | 'until'>,
	idleness: Idleness | undefined,
	stopAfterMs: number | undefined,
	now: Date,
): ReapReason | undefined {
	if (box.state !== 'running') {
		return undefined;
	}

	if (box.until && isOverdue(box, now)) {
		return {reason: 'its reservation has expired', since: box.until, expired: true};
	}

	const idle = idleFor(idleness, now);
	return idleness?.kind === 'idle' && box.gpus.length > 0 && stopAfterMs !== undefined && idle >= stopAfterMs
		? {reason: `it has been idle since ${formatTime(idleness.since)}`, since: idleness.since, expired: false}
		: undefined;
}

/** Why a box is not stopped now, for a user who wonders; the counterpart of `findReapReason`. Pure. */
export function whyNotDue(
	box: Pick<Box, 'gpus' | 'state' | 'until'>,
	idleness: Idleness | undefined,
	stopAfterMs: number | undefined,
	now: Date,
): string {
	if (box.state !== 'running') {
		return `it is not running (${box.state})`;
	}

	const reserved = box.until ? `; reserved until ${formatTime(box.until)}` : '';
	if (box.gpus.length === 0) {
		return `it holds no GPU${reserved}`;
	}

	if (stopAfterMs === undefined) {
		return `idle.stopAfter is not set for it${reserved}`;
	}

	switch (idleness?.kind) {
		case 'busy':
			return `it is in use${reserved}`;
		case 'idle':
			return `idle for ${formatDuration(idleFor(idleness, now))} of ${formatDuration(stopAfterMs)}${reserved}`;
		default:
			return `it cannot be seen whether it is in use${reserved}`;
	}
}

/** A notice is in the box's own log, so every later run finds it, whoever starts it. Earlier versions wrote "is stopped". */
const notice = /gpubox reap: .* (?:will be|is) stopped after (\d{4}-[\d:.T-]+Z)/;

/** More than gpubox ever writes into one log. */
const noticesRead = 100;

export function noticeText({name}: Pick<Box, 'name'>, {reason, expired}: ReapReason, end: Date): string {
	const keep = expired ? `: gpubox extend ${name} 4h` : ', use it';
	return `gpubox reap: ${name} will be stopped after ${end.toISOString()}, because ${reason}. To keep it${keep}`;
}

/** What to do about a box that may be stopped, from the lines of its log since then. */
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

/** The lines of a box's log since a moment that can be notices. */
export async function readLinesSince(host: Host, box: Box, since: Date, signal: AbortSignal): Promise<string[]> {
	const lines: string[] = [];
	for await (const {text} of readLogLines(host.engine, box.id, {since, signal})) {
		// A log can have any length, and the first notice counts.
		if (lines.length < noticesRead && notice.test(text)) {
			lines.push(text);
		}
	}

	return lines;
}

/** Writes a line to the output of the box's first process, so that it is in the container's log. */
export async function writeToLog({engine}: Host, box: Box, text: string): Promise<void> {
	const command = ['sh', '-c', 'printf "%s\\n" "$1" > /proc/1/fd/1', 'gpubox', text];
	const {exitCode, stdout, stderr} = await execOwn(engine, box.id, command);
	if (exitCode !== 0) {
		throw new Failure(`Cannot write a notice to the log of ${box.name}: ${foreignReason(`${stdout} ${stderr}`)}`, {
			fix: `Without a notice it is not stopped. To stop it yourself: gpubox stop ${box.name}`,
		});
	}
}

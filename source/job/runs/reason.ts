import {stripVTControlCharacters} from 'node:util';
import type {ContainerDetail} from '../../engine/engine.ts';
import {findRemedy} from '../../host/remedies.ts';
import {formatBytes} from '../../text/bytes.ts';
import {safeText} from '../../text/safe.ts';
import {findNotebookFailure} from '../notebook/notebook.ts';
import {findFailedRank, signalName, tellFailedRank} from '../torchrun.ts';
import {type OnHost, tellMissing} from './missing.ts';
import type {Ended} from './record.ts';

/** Why a run ended as it did: one line, and one that says what to do about it. Both may be empty. */
export type Reason = {text: string; fix: string};

/**
The likely reason, from the container's end and the last lines of the log. Pure.

@param stopped why gpubox stopped it, where it did
@param memoryBytes its limit
@param onHost for a job of this host
*/
export function reasonOf(
	{exitCode, oomKilled}: Pick<ContainerDetail, 'exitCode' | 'oomKilled'>,
	{
		stopped,
		memoryBytes,
		log,
		onHost,
	}: {
		stopped: string | null;
		memoryBytes: number | undefined;
		log: string;
		onHost?: OnHost;
	},
): Reason | undefined {
	const rank = findFailedRank(log);
	const told = rank === undefined ? findNotebookFailure(log) : tellFailedRank(rank);
	const first = told === undefined || exitCode === 0 ? '' : `${told}. `;
	if (oomKilled && exitCode !== 0) {
		const limit = memoryBytes === undefined ? 'its memory limit' : `its memory limit of ${formatBytes(memoryBytes)}`;
		return {
			text: `${first}It reached ${limit} and was killed.`,
			fix: 'Raise limits.memory in gpubox.yaml (or --memory), or use less: smaller batches, fewer data loader workers.',
		};
	}

	if (stopped === 'timeout') {
		return {text: 'It was stopped because the time of --timeout was up.', fix: ''};
	}

	if (exitCode === 0) {
		return undefined;
	}

	const known = lastKnown(log, onHost);
	if (known) {
		return {text: `${first}${known.text}`, fix: known.fix};
	}

	return first === '' ? undefined : {text: first.trim(), fix: ''};
}

/** How many lines before the last one what is missing ends a program: torchrun's summary follows. Further up the program went on without it. */
const nearEnd = 60;

/** The last error in a log that is known. */
function lastKnown(log: string, onHost: OnHost | undefined): Reason | undefined {
	for (const [place, line] of log.split('\n').reverse().entries()) {
		const remedy = findRemedy(line);
		const known = remedy
			? {text: remedy.meaning, fix: remedy.fix}
			: place > nearEnd
				? undefined
				: tellMissing(stripVTControlCharacters(line), onHost);
		if (known) {
			return known;
		}
	}

	return undefined;
}

/** How a container ended, as a record keeps it. */
export function endOf(detail: Pick<ContainerDetail, 'exitCode' | 'finishedAt'>, reason: Reason | undefined): Ended {
	return {
		known: true,
		at: detail.finishedAt?.toISOString() ?? null,
		exitCode: detail.exitCode,
		// The container's first process reports a signal this way.
		signal: detail.exitCode > 128 && detail.exitCode < 128 + 65 ? (signalName(detail.exitCode - 128) ?? null) : null,
		reason: reason === undefined ? null : safeText(reason.text),
	};
}

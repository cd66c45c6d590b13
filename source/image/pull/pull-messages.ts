/** A pull in words, for a line of a terminal. */
import {formatBytes} from '../../text/bytes.ts';
import {formatDuration} from '../../text/duration.ts';
import {type Layer, type PullState, type PullSummary, summarizePull} from './pull-progress.ts';

/** `1.2 GiB of 3.4 GiB, 45.0 MiB/s, 1m left`; unknown parts are left out, and with none known it is the engine's status. */
export function tellPull(state: PullState, now: number): string {
	const summary = summarizePull(state, now);
	switch (summary.phase) {
		case 'preparing':
			return state.status;
		case 'done':
		case 'extracting':
			return `${tellBytes(summary)} here, unpacking: ${summary.layersDone} of ${summary.layers} layers`;
		case 'downloading':
			return [tellBytes(summary), tellSpeed(summary), tellTimeLeft(summary)].filter((part) => part !== '').join(', ');
	}
}

function tellBytes({receivedBytes, totalBytes, totalIsFinal, layers}: PullSummary): string {
	if (totalBytes === null) {
		return `${layers} layers`;
	}

	// While the size of some layer is not known yet, the sum is only what is known so far.
	return `${formatBytes(receivedBytes)} of ${totalIsFinal ? '' : 'at least '}${formatBytes(totalBytes)}`;
}

function tellSpeed({bytesPerSecond}: PullSummary): string {
	return bytesPerSecond === null ? '' : `${formatBytes(bytesPerSecond)}/s`;
}

function tellTimeLeft({secondsLeft}: PullSummary): string {
	return secondsLeft === null ? '' : `${formatDuration(secondsLeft * 1000)} left`;
}

/** The part of the pull that is on this machine, 0 to 1; undefined while its size is not known. */
export function shareOf(state: PullState, now: number): number | undefined {
	const {receivedBytes, totalBytes, phase} = summarizePull(state, now);
	return phase === 'downloading' && totalBytes !== null ? Math.min(1, receivedBytes / totalBytes) : undefined;
}

const words: Record<Layer['state'], string> = {
	waiting: 'waiting',
	downloading: 'downloading',
	retrying: 'retrying',
	downloaded: 'here',
	extracting: 'unpacking',
	done: 'done',
	exists: 'already exists',
};

const barWidth = 20;

/** A layer in progress, with a bar while it is downloaded. */
export function tellLayer({id, state, shownBytes, totalBytes}: Layer): string {
	const size = totalBytes === null ? '' : formatBytes(totalBytes);
	if ((state === 'downloading' || state === 'retrying') && totalBytes) {
		const filled = Math.floor((Math.min(shownBytes, totalBytes) / totalBytes) * barWidth);
		const bar = `${'━'.repeat(filled)}${' '.repeat(barWidth - filled)}`;
		return `${id}  ${words[state].padEnd(12)} ${bar} ${formatBytes(shownBytes)} of ${size}`;
	}

	return `${id}  ${words[state].padEnd(size === '' ? 0 : 12)} ${size}`.trimEnd();
}

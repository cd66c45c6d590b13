import {gpusText, type QueueEntry} from '../../box/gpus/queue-entry.ts';
import {formatDuration} from '../../text/duration.ts';
import {tableFor} from './table.ts';

/**
Who is queued for GPUs, with a line above it; empty for no one.

@param queue undefined where it is not known
@param options.local for an engine elsewhere that goes without saying
*/
export async function queueTable(
	queue: readonly QueueEntry[] | undefined,
	{wide, whole, local, now = new Date()}: {wide?: true | undefined; whole: string; local: boolean; now?: Date},
): Promise<string> {
	if (queue === undefined) {
		return local
			? '\nWho is queued for GPUs is not known: /tmp cannot be read, or has too many files named gpubox-queue-….\n'
			: '';
	}

	if (queue.length === 0) {
		return '';
	}

	const rows = queue.map(({user, name, count, since, behind}) => [
		user,
		name,
		gpusText(count),
		formatDuration(now.getTime() - since.getTime()),
		behind.join(', ') || '-',
	]);
	const table = await tableFor(['queued', 'for', 'gpus', 'since', 'behind'], rows, {
		wide,
		optional: ['for', 'behind'],
		whole,
	});
	return `\n${table}\n`;
}

/** What a Swarm says of a task, as gpubox understands it. Pure. */
import type {SwarmNode, SwarmTask} from '../../../engine/swarm/swarm.ts';
import {signalName} from '../../torchrun.ts';
import type {JobState} from '../place.ts';

/** How long a node that is down may take to come back, in milliseconds: then its job is given up. */
const graceMs = 12_000;

/** `node1 (10.0.0.1)`: machines may share a name. */
export function nameOf({hostname, address}: Pick<SwarmNode, 'hostname' | 'address'>): string {
	return address === undefined ? hostname : `${hostname} (${address})`;
}

/**
The state of a job's task.

@param node that it is on, when that is known
@param downMs since when the node has been down, in milliseconds; undefined while it is not
*/
export function stateOfTask(
	task: SwarmTask,
	{node, downMs}: {node: SwarmNode | undefined; downMs: number | undefined},
): JobState {
	const where = node === undefined ? null : nameOf(node);
	switch (task.state) {
		case 'new':
		case 'allocated':
		case 'pending':
			return {kind: 'waiting', reason: tellPending(task.error)};
		case 'assigned':
		case 'accepted':
		case 'preparing':
		case 'ready':
		case 'starting':
			return downMs !== undefined && downMs > graceMs
				? lostWith(node, task)
				: {kind: 'waiting', reason: `${where ?? 'its node'} is preparing it: it may pull the image`};
		case 'running':
			if (downMs !== undefined && downMs > graceMs) {
				return lostWith(node, task);
			}

			return {
				kind: 'running',
				where,
				cards: task.gpus,
				trouble:
					downMs === undefined
						? null
						: `Its node ${where ?? ''} is ${node?.state}: ${node?.message}. Given up unless it is back in ${graceMs / 1000} s.`,
			};
		case 'complete':
			return endedWith(task, task.exitCode ?? 0, '');
		case 'failed':
			// A container that did not start has an exit code as well.
			return !/non-zero exit/.test(task.error) || task.exitCode === undefined || task.exitCode <= 0
				? {...endedWith(task, 125, `The node could not start it: ${task.error || task.message}.`), signal: null}
				: endedWith(task, task.exitCode, '');
		case 'rejected':
			// A swarm also rejects what ran on a node with generic resources that went away.
			return downMs !== undefined ? lostWith(node, task) : rejected(task);
		case 'shutdown':
		case 'remove':
			// The swarm itself has ended it.
			return endedWith(task, task.exitCode === undefined || task.exitCode < 0 ? 143 : task.exitCode, 'It was stopped.');
		default:
			return lostWith(node, task);
	}
}

/** `no suitable node (insufficient resources on 2 nodes)` in gpubox's order of words. */
function tellPending(error: string): string | null {
	const reasons = /^no suitable node \((.+)\)$/.exec(error)?.[1];
	return error === '' ? null : reasons === undefined ? error : `no node has room for it: ${reasons}`;
}

function endedWith(task: SwarmTask, exitCode: number, reason: string): Extract<JobState, {kind: 'ended'}> {
	const signal = exitCode > 128 && exitCode < 128 + 65 ? (signalName(exitCode - 128) ?? null) : null;
	const date = new Date(task.at ?? '');
	return {
		kind: 'ended',
		exitCode,
		signal,
		at: Number.isNaN(date.getTime()) ? null : date.toISOString(),
		reason: exitCode === 0 ? '' : reason,
		fix: '',
	};
}

function rejected(task: SwarmTask): JobState {
	if (/no longer meets constraints/.test(task.error)) {
		return {kind: 'lost', reason: `The swarm took it from its node: ${task.error}.`, fix: 'Start it again.'};
	}

	const noImage = /no such image|pull access denied|manifest|not found/i.test(task.error);
	return {
		...endedWith(task, 125, `The node refused it: ${task.error || task.message}.`),
		signal: null,
		...(noImage ? {fix: 'To bring the image to a registry that the nodes reach: gpubox push'} : {}),
	};
}

function lostWith(node: SwarmNode | undefined, task: SwarmTask): JobState {
	return {
		kind: 'lost',
		reason:
			node === undefined
				? `The swarm has lost it: ${task.error || task.message || task.state}.`
				: `Its node ${nameOf(node)} is ${node.state}: ${node.message}.`,
		fix: 'Start it again.',
	};
}

/** What Kubernetes says of the pods of a job, as gpubox understands it. Pure. */
import * as v from 'valibot';
import {safeText} from '../../text/safe.ts';
import {signalName} from '../torchrun.ts';
import type {JobState} from './place.ts';

const text = v.nullish(v.string());
const condition = v.object({type: v.string(), status: v.string(), reason: text, message: text});
const conditions = v.nullish(v.array(condition));
const container = v.object({
	state: v.nullish(
		v.object({
			waiting: v.nullish(v.object({reason: text, message: text})),
			terminated: v.nullish(v.object({exitCode: v.number(), reason: text, message: text, finishedAt: text})),
		}),
	),
});
const pod = v.object({
	metadata: v.object({name: v.string(), creationTimestamp: text, deletionTimestamp: text}),
	spec: v.nullish(v.object({nodeName: text})),
	status: v.nullish(
		v.object({phase: text, reason: text, message: text, conditions, containerStatuses: v.nullish(v.array(container))}),
	),
});
export type Pod = v.InferOutput<typeof pod>;
export const podList = v.object({items: v.array(pod)});

export const jobObject = v.object({
	spec: v.nullish(v.object({suspend: v.nullish(v.boolean())})),
	status: v.nullish(v.object({conditions})),
});

/** Only the owner's allocatable amount of GPUs counts. */
export const nodeList = v.object({
	items: v.array(
		v.object({
			metadata: v.object({name: v.string()}),
			status: v.nullish(v.object({allocatable: v.nullish(v.record(v.string(), v.unknown())), conditions})),
		}),
	),
});
export const nodeObject = v.object({status: v.nullish(v.object({conditions}))});

/** Reasons of a container that does not start, which do not go away without someone changing something. */
const hopeless =
	/^(?:ImagePullBackOff|InvalidImageName|ErrImageNeverPull|CreateContainerConfigError|CreateContainerError|RunContainerError)$/;

/** `GPUs: node1 4, node2 8` */
export function tellNodes({items}: v.InferOutput<typeof nodeList>): string {
	const cards = items.flatMap(({metadata, status}) => {
		const gpus = Number(status?.allocatable?.['nvidia.com/gpu'] ?? 0);
		return gpus > 0 ? [`${metadata.name} ${gpus}`] : [];
	});
	return cards.length === 0 ? 'No node offers nvidia.com/gpu.' : `GPUs: ${cards.join(', ')}`;
}

/** What keeps a node from being ready, as a sentence; null when it is. */
export function troubleOfNode(name: string, {status}: v.InferOutput<typeof nodeObject>): string | null {
	const ready = status?.conditions?.find(({type}) => type === 'Ready');
	return ready === undefined || ready.status === 'True'
		? null
		: `Its node ${name} is not ready: ${ready.message || ready.reason || ready.status}. Kubernetes gives it some minutes, then starts the job elsewhere.`;
}

/**
The state of a job with pods.

@param pods of which there is one for each node, or one that was replaced by a newer one
@param gpus on each node
*/
export function stateOfPods(pods: readonly Pod[], {nodes, gpus}: {nodes: number; gpus: number}): JobState {
	const newest = [...pods]
		.sort((a, b) => ((a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? 1 : -1))
		.slice(0, nodes);
	const ends = newest.flatMap((each) => endOfPod(each) ?? []);
	const bad = ends.find((end) => end.kind === 'lost' || end.exitCode !== 0);
	if (bad !== undefined || (ends.length === nodes && ends[0] !== undefined)) {
		return bad ?? ends[0] ?? never();
	}

	for (const {status} of newest) {
		const reason = whyNotRunning(status);
		if (reason !== undefined) {
			return reason;
		}
	}

	const places = newest.flatMap(({spec}) => spec?.nodeName ?? []);
	return newest.some(({status}) => status?.phase === 'Running')
		? {
				kind: 'running',
				where: places.join(', ') || null,
				cards: gpus > 0 ? [`${gpus} GPU${gpus === 1 ? '' : 's'}${nodes > 1 ? ' each' : ''}`] : [],
				trouble: null,
			}
		: {kind: 'waiting', reason: null};
}

function never(): never {
	throw new Error('one of the ends is there');
}

function whyNotRunning(status: Pod['status']): JobState | undefined {
	const scheduled = status?.conditions?.find(({type}) => type === 'PodScheduled');
	if (scheduled?.status === 'False') {
		return {kind: 'waiting', reason: scheduled.message || scheduled.reason || null};
	}

	const stuck = status?.containerStatuses?.flatMap(({state}) => state?.waiting ?? [])[0];
	if (stuck === undefined) {
		return undefined;
	}

	const {reason, message} = stuck;
	if (!hopeless.test(reason ?? '')) {
		return {
			kind: 'waiting',
			reason:
				reason === 'ContainerCreating' ? 'its node prepares it: it may pull the image' : `${reason}: ${message ?? ''}`,
		};
	}

	return {
		kind: 'ended',
		exitCode: 125,
		signal: null,
		at: null,
		reason: `Its container cannot start: ${reason}: ${safeText(message ?? '')}`,
		fix: /Image/.test(reason ?? '')
			? 'To bring the image to a registry that the cluster reaches: gpubox push'
			: 'What it needs is at the top of: gpubox run --on kubernetes --dry-run -- COMMAND',
	};
}

function endOfPod({metadata, status}: Pod): Extract<JobState, {kind: 'ended' | 'lost'}> | undefined {
	const end = status?.containerStatuses?.flatMap(({state}) => state?.terminated ?? [])[0];
	if (end !== undefined) {
		const {exitCode, reason} = end;
		const signal = exitCode > 128 && exitCode < 128 + 65 ? (signalName(exitCode - 128) ?? null) : null;
		const at = new Date(end.finishedAt ?? '');
		return {
			kind: 'ended',
			exitCode,
			signal,
			at: Number.isNaN(at.getTime()) ? null : at.toISOString(),
			...(reason === 'OOMKilled'
				? {
						reason: 'It used more memory than it may and was killed.',
						fix: 'Raise limits.memory in gpubox.yaml (or --memory). /dev/shm counts, too.',
					}
				: /^StartError|ContainerCannotRun$/.test(reason ?? '')
					? {reason: `Its container did not start: ${end.message ?? reason}`, fix: ''}
					: {reason: '', fix: ''}),
		};
	}

	return status?.phase === 'Failed'
		? {
				kind: 'lost',
				reason: `Its pod ${metadata.name} failed: ${status.reason ?? ''} ${status.message ?? ''}`.trim(),
				fix: 'Start it again.',
			}
		: undefined;
}

/** The state of a job without pods. */
export function stateOfJob({spec, status}: v.InferOutput<typeof jobObject>, lastEvent: string | undefined): JobState {
	const failed = status?.conditions?.find(({type, status: is}) => type === 'Failed' && is === 'True');
	if (failed !== undefined) {
		return {
			kind: 'ended',
			exitCode: failed.reason === 'DeadlineExceeded' ? 143 : 1,
			signal: failed.reason === 'DeadlineExceeded' ? 'SIGTERM' : null,
			at: null,
			reason:
				failed.reason === 'DeadlineExceeded'
					? 'It was stopped because the time of --timeout was up.'
					: `Kubernetes: ${failed.reason ?? ''}: ${failed.message ?? ''}`,
			fix: '',
		};
	}

	const suspended = status?.conditions?.find(({type, status: is}) => type === 'Suspended' && is === 'True');
	return {
		kind: 'waiting',
		reason: spec?.suspend ? `it is suspended: ${suspended?.message || 'its queue has no room'}` : (lastEvent ?? null),
	};
}

/** What Slurm says of a job, as gpubox understands it. Pure. */
import {signalName} from '../torchrun.ts';
import type {JobState} from './place.ts';

/** `Key=value` pairs of one line of scontrol; of several with the same name the first, which is Slurm's own. */
function readPairs(line: string): Map<string, string> {
	const pairs = new Map<string, string>();
	for (const [, key = '', value = ''] of line.matchAll(/(?:^|\s)([A-Za-z][\w/:.&-]*)=(\S*)/g)) {
		if (!pairs.has(key)) {
			pairs.set(key, value === '(null)' || value === 'Unknown' || value === 'N/A' ? '' : value);
		}
	}

	return pairs;
}

/** Reasons of Slurm in words (S job_reason_str in slurm_protocol_defs.c); those of one family by their beginning. */
const reasons: ReadonlyArray<readonly [start: string, meaning: string]> = [
	['None', 'Slurm has not looked at it yet'],
	['Resources', 'others use what it needs'],
	['Priority', 'jobs with a higher priority go first'],
	['Dependency', 'it waits for another job'],
	['BeginTime', 'its time has not come yet'],
	['JobHeldAdmin', 'an administrator holds it'],
	['JobHeldUser', 'it is held: scontrol release'],
	['JobHoldMaxRequeue', 'it was put back too often and is held'],
	['Licenses', 'it waits for a license'],
	['PartitionTimeLimit', 'its --timeout is longer than the partition allows'],
	['PartitionNodeLimit', 'it needs more nodes than the partition allows'],
	['PartitionDown', 'the partition takes no jobs at the moment'],
	['PartitionInactive', 'the partition starts no jobs at the moment'],
	['ReqNodeNotAvail', 'nodes that it needs are down, drained or reserved'],
	['Nodes_required_for_job_are_DOWN', 'nodes that it needs are down, drained or reserved'],
	['NodeDown', 'nodes that it needs are down'],
	['Reservation', 'its reservation has not begun'],
	['InvalidAccount', 'the account is not valid'],
	['InvalidQOS', 'the quality of service is not valid'],
	['QOS', 'a limit of its quality of service is reached'],
	['Assoc', 'a limit of your account is reached'],
	['MaxGRESPer', 'a limit of GPUs for each account is reached'],
	['MaxJobsPer', 'a limit of jobs for each account is reached'],
	['BadConstraints', 'no node is as it asks for'],
	['Cleaning', 'its last start is being cleaned up'],
	['Prolog', 'the node is being prepared'],
];

/** Why a job waits, as a phrase, with Slurm's own word. */
export function tellReason(reason: string): string {
	const meaning = reasons.find(([start]) => reason.startsWith(start))?.[1];
	const word = reason.replaceAll('_', ' ');
	return meaning === undefined ? word || 'Slurm gives no reason' : reason === 'None' ? meaning : `${meaning} (${word})`;
}

const waiting = new Set(['PENDING', 'REQUEUED', 'REQUEUE_HOLD', 'REQUEUE_FED', 'RESV_DEL_HOLD', 'SPECIAL_EXIT']);
const running = new Set([
	...['RUNNING', 'COMPLETING', 'SUSPENDED', 'STOPPED', 'CONFIGURING', 'RESIZING', 'SIGNALING', 'STAGE_OUT'],
]);

/**
The state of a job.

@param line of `scontrol show job -d -o`, with times in UTC
*/
export function stateFromScontrol(line: string): JobState {
	const pairs = readPairs(line);
	const get = (key: string) => pairs.get(key) ?? '';
	const word = get('JobState');
	if (waiting.has(word)) {
		const start = timeOf(get('StartTime'));
		const soon = start === null || Date.parse(start) < Date.now() ? '' : `; Slurm expects it to start at ${start}`;
		return {kind: 'waiting', reason: `${tellReason(get('Reason'))}${soon}`};
	}

	if (running.has(word)) {
		return {kind: 'running', where: get('NodeList') || null, cards: cardsOf(line), trouble: null};
	}

	return endOf(word, {
		exit: get('ExitCode'),
		reason: get('Reason'),
		at: timeOf(get('EndTime')),
		nodes: get('NodeList'),
		limit: get('TimeLimit'),
		everRan: get('NodeList') !== '',
	});
}

/**
The state of a job that the controller has forgotten.

@param line of `sacct -X -P -n -o State,ExitCode,End,NodeList,Timelimit`
@returns undefined when that does not know it either
*/
export function stateFromSacct(line: string): JobState | undefined {
	const [state = '', exit = '', end = '', nodes = '', limit = ''] = line.trim().split('|');
	const [word = ''] = state.split(' ');
	if (word === '') {
		return undefined;
	}

	return waiting.has(word)
		? {kind: 'waiting', reason: null}
		: running.has(word)
			? {kind: 'running', where: nodes || null, cards: [], trouble: null}
			: endOf(word, {
					exit,
					reason: '',
					at: timeOf(end),
					nodes,
					limit,
					everRan: nodes !== '' && nodes !== 'None assigned',
				});
}

type End = {exit: string; reason: string; at: string | null; nodes: string; limit: string; everRan: boolean};

function endOf(word: string, {exit, reason, at, nodes, limit, everRan}: End): JobState {
	const [code = 0, number = 0] = exit.split(':').map(Number);
	const ended = (fallback: number, told: string, fix = ''): Extract<JobState, {kind: 'ended'}> => {
		const signal = number > 0 && number < 65 ? number : code === 0 && fallback > 128 ? fallback - 128 : 0;
		return {
			kind: 'ended',
			exitCode: code || (signal > 0 ? 128 + signal : fallback),
			signal: code === 0 && signal > 0 ? (signalName(signal) ?? null) : null,
			at,
			reason: told,
			fix,
		};
	};
	switch (word) {
		case 'COMPLETED':
			return ended(0, '');
		case 'FAILED':
			return code === 0 && number === 53
				? {
						...ended(125, 'Slurm could not open the file of its output.', 'The nodes must see the project folder.'),
						exitCode: 125,
						signal: null,
					}
				: ended(1, /^(?:None|NonZeroExitCode)?$/.test(reason) ? '' : `Slurm: ${tellReason(reason)}.`);
		case 'CANCELLED':
			return everRan
				? ended(143, 'It was cancelled.')
				: {kind: 'ended', exitCode: 130, signal: null, at, reason: 'It was cancelled before it started.', fix: ''};
		case 'TIMEOUT':
			return ended(
				143,
				`It reached its time limit${limit === '' ? '' : ` of ${limit}`}.`,
				'Allow it more time: --timeout 2d',
			);
		case 'DEADLINE':
			return ended(143, 'Slurm ended it at its deadline.');
		case 'OUT_OF_MEMORY':
			return {
				...ended(
					137,
					'It used more memory than it may and was killed.',
					'Raise limits.memory in gpubox.yaml (or --memory).',
				),
				exitCode: code || 137,
				signal: code ? null : 'SIGKILL',
			};
		case 'PREEMPTED':
			return ended(143, 'Slurm preempted it for a job with a higher priority.', 'Start it again.');
		case 'BOOT_FAIL':
		case 'LAUNCH_FAILED':
		case 'RECONFIG_FAIL':
			return {
				...ended(125, `Slurm could not start it on ${nodes || 'its node'} (${word}).`, 'Start it again.'),
				exitCode: 125,
				signal: null,
			};
		case 'NODE_FAIL':
			return {
				kind: 'lost',
				reason: `Its node ${nodes || 'there'} failed.`.replace(' there', ''),
				fix: 'Start it again.',
			};
		default:
			return {kind: 'lost', reason: `Slurm says ${word || 'nothing'} of it.`, fix: ''};
	}
}

/** `gpu 0-1 of node1`, from the lines of each node that `-d` adds. */
function cardsOf(line: string): string[] {
	return [...line.matchAll(/\sNodes=(\S+) [^=]*=\S* [^=]*=\S* GRES=(\S+)/g)].flatMap(([, node = '', gres = '']) =>
		[...gres.matchAll(/gpu[^,(]*\(IDX:([\d,-]+)\)/g)].map(([, indexes = '']) => `GPU ${indexes} of ${node}`),
	);
}

/** Slurm writes no zone; it was asked for UTC. Null for anything else. */
function timeOf(text: string): string | null {
	const date = new Date(`${text}Z`);
	return /^\d{4}-/.test(text) && !Number.isNaN(date.getTime()) ? date.toISOString() : null;
}

/**
Nodes that Slurm itself doubts, as a sentence; null when there are none.

@param lines of `scontrol show node -o`
*/
export function troubleOfNodes(lines: string): string | null {
	const bad = lines.split('\n').flatMap((line) => {
		const pairs = readPairs(line);
		const state = pairs.get('State') ?? '';
		return /\*|DOWN|NOT_RESPONDING|FAIL|POWERED_DOWN/.test(state) ? [`${pairs.get('NodeName') ?? ''} (${state})`] : [];
	});
	return bad.length === 0 ? null : `Slurm does not hear from its node ${bad.join(', ')}.`;
}

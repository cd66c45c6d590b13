import {constants} from 'node:os';
import {exitCode, Failure} from '../base/failure.ts';
import {safeText} from '../text/safe.ts';

/** `python`, `python3`, `python3.11`, with or without a path. */
const pythonName = /^(?:.*\/)?python(?:\d+(?:\.\d+)?)?$/;

/** Options of python that torchrun's own call of python makes needless or that mean nothing for it. */
const droppedOptions = new Set(['-u', '-B', '-s', '-E']);

/** How the processes of several nodes find each other; the words as a scheduler replaces or expands them. */
export type Rendezvous = {nodes: number; rank: string; address: string};

/**
What torchrun gets for a command: `python train.py --lr 1` becomes a script, `python -m package` a module, any other program runs as
it is. The options are written with underscores, which every version knows.

@param processes on each node
@throws Failure (usage) for code on the command line, which torchrun cannot start
*/
export function torchrunArguments(command: readonly string[], processes: number, rendezvous?: Rendezvous): string[] {
	const fixed =
		rendezvous === undefined
			? ['--standalone', '--nnodes=1', `--nproc_per_node=${processes}`]
			: [
					`--nnodes=${rendezvous.nodes}`,
					`--nproc_per_node=${processes}`,
					`--node_rank=${rendezvous.rank}`,
					`--master_addr=${rendezvous.address}`,
					'--master_port=29500',
				];
	const [program = '', ...rest] = command;
	if (!pythonName.test(program)) {
		return [...fixed, ...(program.endsWith('.py') ? [] : ['--no_python']), ...command];
	}

	const first = rest.findIndex((word) => !droppedOptions.has(word));
	const words = first < 0 ? [] : rest.slice(first);
	if (words[0] === '-m' && words.length > 1) {
		return [...fixed, '-m', ...words.slice(1)];
	}

	if (words.length === 0 || words[0]?.startsWith('-')) {
		throw new Failure(`--nproc cannot start "${safeText(command.join(' '))}".`, {
			fix: 'It starts a script or a module: --nproc auto -- python train.py',
			exitCode: exitCode.usage,
		});
	}

	return [...fixed, ...words];
}

/** The process that failed first, as torchrun's summary says. */
export type FailedRank = {
	rank: number;
	/** Negative: the number of the signal that ended it. */
	exitCode: number;
	/** Others that failed in the same second: torchrun itself does not know which was the first. */
	others: number[];
};

type RankFailure = {rank: number; exitCode: number; time: string};

/**
Finds torchrun's summary in the end of a log; undefined when there is none. Times in it are whole seconds, and a process whose peer is gone
fails as well, with 1. So of those of the same second the one with a signal or a code of its own counts.
*/
export function findFailedRank(log: string): FailedRank | undefined {
	const start = log.lastIndexOf('Root Cause (first observed failure)');
	if (start < 0) {
		return undefined;
	}

	const [root] = readFailures(log.slice(start));
	if (root === undefined) {
		return undefined;
	}

	const failures = log.slice(Math.max(0, log.lastIndexOf('Failures:', start)), start);
	const together = [root, ...readFailures(failures).filter(({time}) => time === root.time)];
	const first = together.find(({exitCode: code}) => code < 0 && code !== -constants.signals.SIGTERM);
	const {rank, exitCode: code} = first ?? together.find((each) => each.exitCode > 1) ?? root;
	return {rank, exitCode: code, others: together.map((each) => each.rank).filter((each) => each !== rank)};
}

function readFailures(text: string): RankFailure[] {
	const blocks = text.split(/^\s*\[\d+\]:\s*$/m).slice(1);
	return blocks.flatMap((block) => {
		const rank = /^\s*rank\s*:\s*(\d+)/m.exec(block)?.[1];
		const code = /^\s*exitcode\s*:\s*(-?\d+)/m.exec(block)?.[1];
		const time = /^\s*time\s*:\s*(\S+)/m.exec(block)?.[1] ?? '';
		return rank === undefined || code === undefined ? [] : [{rank: Number(rank), exitCode: Number(code), time}];
	});
}

/** `Rank 1 failed first: killed by SIGKILL`, without a period. */
export function tellFailedRank({rank, exitCode: code, others}: FailedRank): string {
	const name = code < 0 ? signalName(-code) : undefined;
	const how = code < 0 ? `killed by ${name ?? `signal ${-code}`}${hintOf(name)}` : `exit code ${code}`;
	return others.length === 0
		? `Rank ${rank} failed first: ${how}`
		: `Rank ${rank} failed: ${how} (rank ${others.join(', ')} in the same second)`;
}

/** What usually sends it. */
function hintOf(name: string | undefined): string {
	switch (name) {
		case 'SIGBUS':
			return ', usually because /dev/shm is full: raise limits.shmSize (--shm-size)';
		case 'SIGSEGV':
			return ', a crash in native code';
		default:
			return '';
	}
}

/** `SIGTERM` for 15. */
export function signalName(number: number): string | undefined {
	return Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
}

import {constants} from 'node:os';
import {exitCode, Failure} from '../base/failure.ts';
import {safeText} from '../text/safe.ts';

/** `python`, `python3`, `python3.11`, with or without a path. */
const pythonName = /^(?:.*\/)?python(?:\d+(?:\.\d+)?)?$/;

/** Options of python that torchrun's own call of python makes needless or that mean nothing for it. */
const droppedOptions = new Set(['-u', '-B', '-s', '-E']);

/**
What torchrun gets for a command: `python train.py --lr 1` becomes a script, `python -m package` a module, any other program runs as
it is. The options are written with underscores, which every version knows.

@throws Failure (usage) for code on the command line, which torchrun cannot start
*/
export function torchrunArguments(command: readonly string[], processes: number): string[] {
	const fixed = ['--standalone', '--nnodes=1', `--nproc_per_node=${processes}`];
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
			fix: 'It starts a script or a module: gpubox run --nproc auto -- python train.py',
			exitCode: exitCode.usage,
		});
	}

	return [...fixed, ...words];
}

/** The first process that failed, as torchrun's summary says. */
export type FailedRank = {
	rank: number;
	/** Negative: the number of the signal that ended it. */
	exitCode: number;
};

/** Finds torchrun's summary in the end of a log; undefined when there is none. */
export function findFailedRank(log: string): FailedRank | undefined {
	const summary = log.slice(Math.max(0, log.lastIndexOf('Root Cause (first observed failure)')));
	if (!summary.startsWith('Root Cause')) {
		return undefined;
	}

	const rank = /^\s*rank\s*:\s*(\d+)/m.exec(summary)?.[1];
	const code = /^\s*exitcode\s*:\s*(-?\d+)/m.exec(summary)?.[1];
	return rank === undefined || code === undefined ? undefined : {rank: Number(rank), exitCode: Number(code)};
}

/** `Rank 1 failed first: killed by SIGKILL`, without a period. */
export function tellFailedRank({rank, exitCode: code}: FailedRank): string {
	const name = code < 0 ? signalName(-code) : undefined;
	return `Rank ${rank} failed first: ${
		code < 0 ? `killed by ${name ?? `signal ${-code}`}${hintOf(name)}` : `exit code ${code}`
	}`;
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

import type {ChildProcess} from 'node:child_process';

/** What was asked to end and does not within this time is killed. */
const graceMs = 300;
/** What sits inside the kernel cannot be ended, not even by SIGKILL: it is waited for no longer than this. */
const stuckMs = 1000;

const running = new Set<ChildProcess>();

/**
Sees to it that a child goes with gpubox and all that it started goes with the child. The child must have been started with
`detached: true`, which makes it the leader of a process group; where gpubox ends without having ended it, whatever the reason
that Node hears of, the group is killed.
*/
export function ownGroup(child: ChildProcess): void {
	if (child.pid === undefined) {
		return;
	}

	if (running.size === 0) {
		process.on('exit', killGroups);
	}

	running.add(child);
	child.once('exit', () => {
		running.delete(child);
		if (running.size === 0) {
			process.off('exit', killGroups);
		}
	});
}

/** Kills all that is left, for an end of which Node does not hear. */
export function killGroups(): void {
	for (const child of running) {
		signalGroup(child, 'SIGKILL');
	}
}

/** To the child and all that it started. */
export function signalGroup({pid}: Pick<ChildProcess, 'pid'>, signal: NodeJS.Signals): void {
	if (pid === undefined) {
		return;
	}

	try {
		process.kill(-pid, signal);
	} catch {
		// The group is empty, or its processes belong to another user: nothing can be done here.
	}
}

/**
Ends a child and all that it started: SIGTERM, and SIGKILL for what is still there after a moment. Settles when the child is
gone, or when it turns out that it cannot be ended.
*/
export async function endGroup(child: ChildProcess): Promise<void> {
	if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
		return;
	}

	const over = Promise.withResolvers<void>();
	child.once('exit', () => {
		// What it started may be deaf to the first signal.
		signalGroup(child, 'SIGKILL');
		over.resolve();
	});
	signalGroup(child, 'SIGTERM');
	// A stopped process would handle the signal only when it continues.
	signalGroup(child, 'SIGCONT');
	const kill = setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs);
	const giveUp = setTimeout(() => {
		child.unref();
		over.resolve();
	}, graceMs + stuckMs);
	await over.promise;
	clearTimeout(kill);
	clearTimeout(giveUp);
}

import {toDuration} from '../app/duration-option.ts';
import {idleLimits} from '../app/idle-limits.ts';
import type {Box} from '../box/box.ts';
import {isAbandoned} from '../box/gpus/claims.ts';
import {readIdleness} from '../box/idle/observe.ts';
import {decideReap, findReapReason, noticeText, readLinesSince, writeToLog} from '../box/idle/reap.ts';
import {isToken} from '../box/jupyter/token.ts';
import {listClaims, onlyBoxes} from '../box/list.ts';
import {inside} from '../box/paths.ts';
import {removeUnlessRunning} from '../box/remove-container.ts';
import {removeLeftovers} from '../box/up/leftovers.ts';
import {stopBox} from '../box/up/lifecycle.ts';
import {EngineError} from '../engine/engine.ts';
import type {Host} from '../host/host.ts';
import {openHost} from '../host/open-host.ts';
import {explain} from '../host/remedies.ts';
import {installTimer, uninstallTimer} from './reap-schedule.ts';

export type ReapOptions = {
	host?: string | undefined;
	all?: true | undefined;
	grace: string;
	dryRun?: true | undefined;
	install?: true | undefined;
	uninstall?: true | undefined;
};

/**
Stops boxes with an expired reservation, and those that hold a GPU and were idle for `idle.stopAfter`: the first time that it finds
one it only writes a notice into the box's log, and stops it when it finds it again after the grace period. A failure with one box
does not affect the others.

@returns the exit code
*/
export async function reap(options: ReapOptions, signal: AbortSignal): Promise<number> {
	const graceMs = toDuration(options.grace);
	if (options.install || options.uninstall) {
		await (options.install ? installTimer(options, signal) : uninstallTimer(signal));
		return 0;
	}

	const host = openHost(options);
	const all = options.all ?? host.person.uid === 0;
	const claims = await listClaims(host, signal);
	const boxes = onlyBoxes(claims).filter(({mine}) => all || mine);
	let failed = 0;
	if (!options.dryRun) {
		await removeAbandoned(host, all ? boxes : []);
		await removeLeftovers(host, claims);
	}

	const idleness = await readIdleness(host, boxes, {
		signal,
		looks: 5,
		...(all ? {tokenOf: (box: Box) => readTokenInside(host, box, signal)} : {}),
	});
	const now = new Date();
	for (const box of boxes) {
		try {
			const {stopAfterMs} = await idleLimits(box);
			const reapReason = findReapReason(box, idleness.get(box.id), stopAfterMs, now);
			if (!reapReason) {
				continue;
			}

			const decision = decideReap(await readLinesSince(host, box, reapReason.since, signal), now);
			if (decision.kind === 'wait') {
				say(`${box.name}: will be stopped after ${decision.until.toISOString()}, because ${reapReason.reason}`);
			} else if (decision.kind === 'stop') {
				if (!options.dryRun) {
					await stopBox(host, box, signal);
				}

				say(`${box.name}: ${options.dryRun ? 'would be stopped' : 'stopped'}, because ${reapReason.reason}`);
			} else {
				const end = new Date(now.getTime() + graceMs);
				if (!options.dryRun) {
					await writeToLog(host, box, noticeText(box, reapReason, end));
				}

				say(
					`${box.name}: ${options.dryRun ? 'would be notified' : 'notified'} that it will be stopped after ${end.toISOString()}`,
				);
			}
		} catch (error) {
			signal.throwIfAborted();
			failed += 1;
			process.stderr.write(`gpubox: ${box.name}: ${explain(error).message}\n`);
		}
	}

	return failed > 0 ? 1 : 0;
}

function say(line: string): void {
	process.stdout.write(`${line}\n`);
}

/** Removes what killed runs left behind: containers that were created and never started. */
async function removeAbandoned(host: Host, boxes: Box[]): Promise<void> {
	for (const box of boxes.filter((candidate) => isAbandoned(candidate, new Date()))) {
		if (await removeUnlessRunning(host, box)) {
			say(`${box.name}: removed, because it was never started`);
		}
	}
}

/** With `--all`, which stops the boxes of all users, their Jupyter may be asked whether it is used. */
async function readTokenInside({engine}: Host, box: Box, signal: AbortSignal): Promise<string | undefined> {
	try {
		const token = (await engine.readFile(box.id, inside.token, {signal}))?.toString('latin1') ?? '';
		return isToken(token) ? token : undefined;
	} catch (error) {
		if (error instanceof EngineError) {
			return undefined;
		}

		throw error;
	}
}

import {toDuration} from '../app/duration-option.ts';
import {loadHostWide} from '../app/load-settings.ts';
import type {Box} from '../box/box.ts';
import {isAbandoned} from '../box/gpus/claims.ts';
import type {Idleness} from '../box/idle/idle.ts';
import {readIdleness} from '../box/idle/observe.ts';
import {isToken} from '../box/jupyter/token.ts';
import {listClaims, onlyBoxes} from '../box/list.ts';
import {inside} from '../box/paths.ts';
import {removeUnlessRunning} from '../box/remove-container.ts';
import {removeLeftovers} from '../box/up/leftovers.ts';
import {EngineError} from '../engine/engine.ts';
import type {Host} from '../host/host.ts';
import {openHost} from '../host/open-host.ts';
import {explain} from '../host/remedies.ts';
import {formatTime} from '../text/time.ts';
import {printJson} from './output/json.ts';
import {tellTrouble} from './output/tell-trouble.ts';
import {type Outcome, reapBox} from './reap-box.ts';
import {installTimer, uninstallTimer} from './reap-schedule.ts';

export type ReapOptions = {
	host?: string | undefined;
	all?: true | undefined;
	grace: string;
	dryRun?: true | undefined;
	install?: true | undefined;
	uninstall?: true | undefined;
	json?: true | undefined;
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

	const {ignored} = await loadHostWide();
	if (ignored) {
		tellTrouble(ignored);
	}

	const host = openHost(options);
	const all = options.all ?? host.person.uid === 0;
	const claims = await listClaims(host, signal);
	const boxes = onlyBoxes(claims).filter(({mine}) => all || mine);
	const dryRun = options.dryRun ?? false;
	const outcomes: Outcome[] = [];
	const report = (outcome: Outcome) => {
		outcomes.push(outcome);
		if (!options.json && outcome.action !== 'none' && outcome.action !== 'failed') {
			say(lineFor(outcome, dryRun));
		}
	};
	if (!dryRun) {
		(await removeAbandoned(host, all ? boxes : [])).forEach(report);
		await removeLeftovers(host, claims);
		const {lookAfterRuns} = await import('../app/runs/follow.ts');
		await lookAfterRuns(host, boxes, signal);
	}

	const look = (some: Box[]) => readUseOfBoxes(host, some, all, signal);
	const idleness = await look(boxes);
	const gone = new Set(outcomes.map(({box}) => box.id));
	for (const box of boxes.filter(({id}) => !gone.has(id))) {
		try {
			report(await reapBox(host, box, idleness.get(box.id), {graceMs, dryRun, look}, signal));
		} catch (error) {
			signal.throwIfAborted();
			const {message} = explain(error);
			process.stderr.write(`gpubox: ${box.name}: ${message}\n`);
			report({box, action: 'failed', reason: message});
		}
	}

	if (options.json) {
		printJson({dryRun, boxes: outcomes.map(outcomeJson)});
	} else if (dryRun || process.stdout.isTTY) {
		// A timer or cron would write the same lines every few minutes, and cron would mail them.
		tellRest(outcomes, all ? 'of all users' : 'of yours');
	}

	if (!dryRun) {
		await addToHistory(host, onlyBoxes(claims), signal);
	}

	return outcomes.some(({action}) => action === 'failed') ? 1 : 0;
}

/** Boxes are reaped whether or not this works. */
async function addToHistory(host: Host, boxes: readonly Box[], signal: AbortSignal): Promise<void> {
	const {addReading} = await import('../app/history/add-reading.ts');
	try {
		await addReading(host, boxes, signal);
	} catch (error) {
		signal.throwIfAborted();
		if (process.stderr.isTTY) {
			// See above. The session, which writes the same file, tells it too.
			tellTrouble(explain(error));
		}
	}
}

/** Which boxes were looked at and are not due, and why. */
function tellRest(outcomes: readonly Outcome[], whose: string): void {
	const rest = outcomes.filter(({action}) => action === 'none');
	if (outcomes.length === 0) {
		say(`There are no boxes ${whose}, so nothing is due.`);
	} else if (rest.length > 0) {
		say(`${rest.length} of ${outcomes.length} boxes ${whose} ${rest.length === 1 ? 'is' : 'are'} not due:`);
		for (const {box, reason} of rest) {
			say(`  ${box.name}: ${reason}`);
		}
	}
}

function lineFor({box: {name}, action, reason, until}: Outcome, dryRun: boolean): string {
	const time = until === undefined ? '' : formatTime(until);
	switch (action) {
		case 'waiting':
			return `${name}: will be stopped after ${time}, because ${reason}`;
		case 'stopped':
			return `${name}: ${dryRun ? 'would be stopped' : 'stopped'}, because ${reason}`;
		case 'notified':
			return `${name}: ${dryRun ? 'would be notified' : 'notified'} that it will be stopped after ${time}`;
		default:
			return `${name}: ${action}, because ${reason}`;
	}
}

function outcomeJson({box: {name, id}, action, reason, until}: Outcome) {
	return {name, id, action, reason, until: until?.toISOString() ?? null};
}

function say(line: string): void {
	process.stdout.write(`${line}\n`);
}

function readUseOfBoxes(host: Host, boxes: Box[], all: boolean, signal: AbortSignal): Promise<Map<string, Idleness>> {
	return readIdleness(host, boxes, {
		signal,
		looks: 5,
		...(all ? {tokenOf: (box: Box) => readTokenInside(host, box, signal)} : {}),
	});
}

/** Removes what killed runs left behind: containers that were created and never started. */
async function removeAbandoned(host: Host, boxes: Box[]): Promise<Outcome[]> {
	const removed: Outcome[] = [];
	for (const box of boxes.filter((candidate) => isAbandoned(candidate, new Date()))) {
		if (await removeUnlessRunning(host, box)) {
			removed.push({box, action: 'removed', reason: 'it was never started'});
		}
	}

	return removed;
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

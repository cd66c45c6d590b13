import {createInterface} from 'node:readline/promises';
import {removeBox, startBox, stopBox} from '../box/lifecycle.ts';
import {findBox, listBoxes} from '../box/list.ts';
import {exitCode, Failure} from '../failure.ts';
import type {Host} from '../host/host.ts';
import {openHost} from '../host/open-host.ts';

type Options = {host?: string | undefined};

export async function stop(
	names: string[],
	options: Options & {idle?: string | undefined},
	signal: AbortSignal,
): Promise<void> {
	const host = openHost(options);
	if (options.idle === undefined && names.length === 0) {
		throw new Failure('Which box is to be stopped?', {
			fix: 'Name it as in: gpubox ls. All of yours that nobody uses: gpubox stop --idle 6h',
			exitCode: exitCode.usage,
		});
	}

	const chosen = options.idle === undefined ? names : await idleOnes(host, names, options.idle, signal);
	await forEach(host, chosen, signal, (box) => stopBox(host, box));
}

/** One's own running boxes in which nothing was done for so long; of those named, if any are. */
async function idleOnes(host: Host, names: string[], time: string, signal: AbortSignal): Promise<string[]> {
	const [{readIdleness}, {idleFor}, {toDuration}] = await Promise.all([
		import('../box/activity.ts'),
		import('../box/idle.ts'),
		import('./duration.ts'),
	]);
	const leastMs = toDuration(time);
	const named = await Promise.all(names.map((name) => findBox(host.engine, name, signal)));
	const boxes = named.length > 0 ? named : await listBoxes(host.engine, signal);
	const own = boxes.filter(({owner}) => owner === host.person.name);
	const idleness = await readIdleness(host, own, {signal, looks: 5});
	const now = new Date();
	return own
		.filter(({id}) => idleness.get(id)?.kind === 'idle' && idleFor(idleness.get(id), now) >= leastMs)
		.map(({name}) => name);
}

export async function start(names: string[], options: Options, signal: AbortSignal): Promise<void> {
	const host = openHost(options);
	await forEach(host, names, signal, (box) => startBox(host, box, signal));
}

export async function rm(
	names: string[],
	options: Options & {yes?: true | undefined},
	signal: AbortSignal,
): Promise<void> {
	const host = openHost(options);
	if (!options.yes && process.stdin.isTTY) {
		await confirm(
			`Remove ${names.join(', ')}? What was installed inside is lost, the project folder stays. [y/N] `,
			signal,
		);
	}

	await forEach(host, names, signal, (box) => removeBox(host, box));
}

/** All names are looked up before anything is done, so that a mistyped one leaves the others as they are. */
async function forEach(
	host: Host,
	names: string[],
	signal: AbortSignal,
	act: (box: Awaited<ReturnType<typeof findBox>>) => Promise<void>,
): Promise<void> {
	const boxes = await Promise.all(names.map((name) => findBox(host.engine, name, signal)));
	for (const box of boxes) {
		await act(box);
		process.stdout.write(`${box.name}\n`);
	}
}

async function confirm(question: string, signal: AbortSignal): Promise<void> {
	const terminal = createInterface({input: process.stdin, output: process.stderr});
	try {
		const answer = await terminal.question(question, {signal});
		if (!/^y(es)?$/i.test(answer.trim())) {
			throw new Failure('Nothing was removed.', {exitCode: exitCode.failed});
		}
	} finally {
		terminal.close();
	}
}

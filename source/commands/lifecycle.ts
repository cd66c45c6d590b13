import {createInterface} from 'node:readline/promises';
import {removeBox, startBox, stopBox} from '../box/lifecycle.ts';
import {findBox} from '../box/list.ts';
import {exitCode, Failure} from '../failure.ts';
import type {Host} from '../host/host.ts';
import {openHost} from '../host/open-host.ts';

type Options = {host?: string | undefined};

export async function stop(names: string[], options: Options, signal: AbortSignal): Promise<void> {
	const host = openHost(options);
	await forEach(host, names, signal, (box) => stopBox(host, box));
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

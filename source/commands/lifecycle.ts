import {exitCode, Failure} from '../base/failure.ts';
import type {Box} from '../box/box.ts';
import {findBox, listBoxes, listClaims, ownerText} from '../box/list.ts';
import {startBox, stopBox} from '../box/up/lifecycle.ts';
import {removeBox} from '../box/up/remove-box.ts';
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
		throw new Failure('No box specified.', {
			fix: 'Specify one: gpubox stop BOX. To stop your idle boxes: gpubox stop --idle 6h',
			exitCode: exitCode.usage,
		});
	}

	const chosen = options.idle === undefined ? names : await idleOnes(host, names, options.idle, signal);
	await forEach(host, chosen, signal, (box) => stopBox(host, box, signal));
}

/** The caller's running boxes that have been idle for so long; only those named, if any are. */
async function idleOnes(host: Host, names: string[], time: string, signal: AbortSignal): Promise<string[]> {
	const [{readIdleness}, {idleFor}, {toDuration}] = await Promise.all([
		import('../box/idle/observe.ts'),
		import('../box/idle/idle.ts'),
		import('../app/duration-option.ts'),
	]);
	const leastMs = toDuration(time);
	const named = await Promise.all(names.map((name) => findBox(host, name, signal)));
	const boxes = named.length > 0 ? named : await listBoxes(host, signal);
	const own = boxes.filter(({mine}) => mine);
	const idleness = await readIdleness(host, own, {signal, looks: 5});
	const now = new Date();
	return own
		.filter(({id}) => idleness.get(id)?.kind === 'idle' && idleFor(idleness.get(id), now) >= leastMs)
		.map(({name}) => name);
}

export async function start(names: string[], options: Options, signal: AbortSignal): Promise<void> {
	const host = openHost(options);
	await forEach(host, names, signal, (box) =>
		startBox(host, box, signal, (text) => process.stderr.write(`gpubox: ${text}\n`)),
	);
}

export async function rm(
	names: string[],
	options: Options & {yes?: true | undefined},
	signal: AbortSignal,
): Promise<void> {
	const host = openHost(options);
	await forEach(
		host,
		names,
		signal,
		(box) => removeBox(host, box),
		async (boxes) => {
			if (!options.yes && process.stdin.isTTY) {
				const told = boxes.map((box) =>
					box.mine ? box.name : `${box.name} (owner: ${ownerText(box, host.person.name)})`,
				);
				const {confirm} = await import('../app/prompt.ts');
				const question = `Remove ${told.join('; ')}? Software installed inside is lost; the project folder is kept.`;
				if (!(await confirm(question, signal))) {
					throw new Failure('Nothing was removed.', {exitCode: exitCode.failed});
				}
			}
		},
	);
}

/** All names are looked up before anything is done, so that a mistyped one changes nothing. */
async function forEach(
	host: Host,
	names: string[],
	signal: AbortSignal,
	act: (box: Box) => Promise<void>,
	agree: (boxes: Box[]) => Promise<void> = async () => {},
): Promise<void> {
	const boxes = await Promise.all(names.map((name) => findBox(host, name, signal)));
	await agree(boxes);
	for (const box of boxes) {
		await act(box);
		process.stdout.write(`${box.name}\n`);
	}

	const {removeLeftovers} = await import('../box/up/leftovers.ts');
	await removeLeftovers(host, await listClaims(host, signal));
}

import {pickBox, splitCommand} from '../app/boxes/pick-box.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {attachToBox} from '../box/attach.ts';
import {mayEnter, refuseToEnter} from '../box/enter.ts';
import {openShell} from '../box/open-shell.ts';
import {refuseNotRunning} from '../box/up/not-running.ts';
import {EngineError} from '../engine/engine.ts';
import {openHost} from '../host/open-host.ts';
import {explain} from '../host/remedies.ts';

/** @returns the command's own exit code */
export async function attach(
	firstWord: string | undefined,
	others: string[],
	options: {host?: string | undefined; new?: true | undefined; shell?: number | undefined},
	signal: AbortSignal,
): Promise<number> {
	const {name, command} = splitCommand(firstWord, others);
	const host = openHost(options);
	const {engine} = host;
	const box = await pickBox(host, name, 'attach', signal);
	if (!mayEnter(host, box)) {
		throw refuseToEnter(box, exitCode.couldNotStartCommand);
	}

	refuseNotRunning(box, exitCode.couldNotStartCommand);

	try {
		const result =
			command.length > 0
				? await attachToBox(engine, box.id, command, process, signal)
				: await openShell(host, box, process, {
						wish: options.shell ?? (options.new ? 'new' : 'return'),
						onOpen: (open) => tellOpen(box.name, open, options),
						signal,
					});
		if (result.detached) {
			process.stderr.write(
				`\nDetached. Programs in ${box.name} keep running.${command.length > 0 ? '' : ` To return: gpubox attach ${box.name}`}\n`,
			);
		}

		return result.exitCode;
	} catch (error) {
		// 1 would look like the command's own code.
		const failure = error instanceof EngineError ? explain(error, engine.address) : undefined;
		throw failure
			? new Failure(failure.message, {fix: failure.fix, exitCode: exitCode.couldNotStartCommand, cause: error})
			: error;
	}
}

/** A terminal may be lost without this host having noticed: its shell can be taken over. */
function tellOpen(name: string, open: number[], options: {new?: true | undefined; shell?: number | undefined}): void {
	const [first] = open;
	if (first !== undefined && options.new === undefined && options.shell === undefined) {
		process.stderr.write(
			`This is another shell: ${open.length === 1 ? 'one is' : `${open.length} are`} open in other terminals. To move ${open.length === 1 ? 'it' : 'the first'} here: gpubox attach --shell ${first} ${name}\n`,
		);
	}
}

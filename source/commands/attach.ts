import {pickBox, splitCommand} from '../app/pick-box.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {attachToBox} from '../box/attach.ts';
import {mayEnter, refuseToEnter} from '../box/enter.ts';
import {EngineError} from '../engine/engine.ts';
import {openHost} from '../host/open-host.ts';
import {explain} from '../host/remedies.ts';

/** @returns the command's own exit code */
export async function attach(
	firstWord: string | undefined,
	others: string[],
	options: {host?: string | undefined},
	signal: AbortSignal,
): Promise<number> {
	const {name, command} = splitCommand(firstWord, others);
	const host = openHost(options);
	const {engine} = host;
	const box = await pickBox(host, name, 'attach', signal);
	if (!mayEnter(host, box)) {
		throw refuseToEnter(box, exitCode.couldNotStartCommand);
	}

	if (box.state !== 'running') {
		throw new Failure(`${box.name} is not running.`, {
			fix: `Start it: gpubox start ${box.name}`,
			exitCode: exitCode.couldNotStartCommand,
		});
	}

	try {
		const result = await attachToBox(engine, box.id, command, process, signal);
		if (result.detached) {
			process.stderr.write(`\nDetached. Programs in ${box.name} keep running.\n`);
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

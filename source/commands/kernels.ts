import {pickBox} from '../app/boxes/pick-box.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {kernelToken, readJupyterStatus, shutDownKernel} from '../box/jupyter/kernels.ts';
import {refuseNotRunning} from '../box/up/not-running.ts';
import {openHost} from '../host/open-host.ts';
import {formatDuration} from '../text/duration.ts';
import {shellQuote} from '../text/shell-quote.ts';
import {confirmOnTerminal} from './output/ask-end.ts';
import {printJson} from './output/json.ts';
import {tableFor} from './output/table.ts';

export type KernelsOptions = {
	host?: string | undefined;
	/** The start of an id, or `idle` for all idle kernels. */
	stop?: string | undefined;
	/** Shut down a kernel that computes, too. */
	yes?: true | undefined;
	json?: true | undefined;
	wide?: true | undefined;
};

/** Lists the notebook kernels of the caller's box, or shuts some down to free their GPU memory. */
export async function kernels(
	boxName: string | undefined,
	options: KernelsOptions,
	signal: AbortSignal,
): Promise<void> {
	const host = openHost(options);
	const timeoutSignal = AbortSignal.any([signal, AbortSignal.timeout(10_000)]);
	const box = await pickBox(host, boxName, 'kernels', timeoutSignal);
	const token = kernelToken(host, box, 'List your boxes: gpubox ls');
	refuseNotRunning(box, exitCode.failed);
	const {kernels: found} = await readJupyterStatus(host, box, token, timeoutSignal);
	if (options.stop !== undefined) {
		const {stop} = options;
		const chosen = found.filter(({id, busy}) => (stop === 'idle' ? !busy : id.startsWith(stop)));
		if (stop !== 'idle' && chosen.length !== 1) {
			throw new Failure(
				`${chosen.length === 0 ? 'No kernel' : 'More than one kernel'} of ${box.name} starts with "${stop}".`,
				{
					fix: `List them: gpubox kernels ${box.name}`,
					exitCode: exitCode.usage,
				},
			);
		}

		if (chosen.some(({busy}) => busy) && !options.yes) {
			await agreeToStop(box.name, stop, signal);
		}

		for (const {id} of chosen) {
			await shutDownKernel(host, box, {id, token}, timeoutSignal);
			process.stdout.write(`${id}\n`);
		}

		return;
	}

	if (options.json) {
		printJson({
			kernels: found.map(({lastActivity, ...kernel}) => ({...kernel, lastActivity: lastActivity.toISOString()})),
		});
		return;
	}

	const now = Date.now();
	process.stdout.write(
		found.length === 0
			? `No kernels are running in ${box.name}.\n`
			: `${await tableFor(
					['kernel', 'name', 'idle', 'connections'],
					found.map((kernel) => [
						kernel.id,
						kernel.name,
						kernel.busy ? 'in use' : formatDuration(now - kernel.lastActivity.getTime()),
						String(kernel.connections),
					]),
					{wide: options.wide, optional: ['connections', 'name'], whole: `gpubox kernels ${box.name} --wide`},
				)}\n`,
	);
}

/** @throws Failure for a no, and where there is no terminal */
async function agreeToStop(box: string, id: string, signal: AbortSignal): Promise<void> {
	const confirm = confirmOnTerminal(signal);
	if (confirm === undefined) {
		throw new Failure('This kernel is computing, and this is not a terminal.', {
			fix: `To shut it down anyway: gpubox kernels ${box} --stop ${shellQuote(id)} --yes`,
			exitCode: exitCode.failed,
		});
	}

	if (!(await confirm(`Shut down a kernel of ${box} that is computing? Its variables are lost.`))) {
		throw new Failure('Nothing was shut down.', {exitCode: exitCode.failed});
	}
}

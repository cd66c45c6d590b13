import {resolve} from 'node:path';
import {toDuration} from '../app/duration-option.ts';
import {type Recorded, recordGpus} from '../app/history/record.ts';
import {refuseExisting} from '../app/history/recording-file.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {readInventory} from '../gpu/inventory.ts';
import {openHost} from '../host/open-host.ts';
import {formatBytes} from '../text/bytes.ts';
import {formatDuration} from '../text/duration.ts';
import {safeText} from '../text/safe.ts';
import {printJson} from './output/json.ts';

type Options = {host?: string | undefined; for?: string | undefined; force?: true | undefined; json?: true | undefined};

/**
Records until its time is over or it is interrupted. Without `--for` an interruption is how it ends.

@returns the exit code: 130 where it was interrupted before the end of its time
@throws Failure (no usable GPU) when there is no GPU to record
*/
export async function record(file: string, options: Options, signal: AbortSignal): Promise<number> {
	const lengthMs = options.for === undefined ? undefined : toDuration(options.for);
	const path = resolve(file);
	if (!options.force) {
		refuseExisting(path);
	}

	const host = openHost(options);
	const inventory = await readInventory(host.nvidiaSmi, {signal});
	const [problem] = inventory.problems;
	if (inventory.gpus.length === 0) {
		throw new Failure(problem?.message ?? 'This host has no NVIDIA GPU.', {
			fix: problem?.fix ?? '',
			exitCode: exitCode.noGpu,
		});
	}

	if (process.stderr.isTTY) {
		process.stderr.write(`Recording ${count(inventory.gpus.length, 'GPU')} to ${safeText(file)}. Ctrl-C ends it.\n`);
	}

	const recorded = await recordGpus(host, inventory, path, {
		lengthMs,
		force: options.force ?? false,
		onProblem: ({message, fix}) => process.stderr.write(`${message}\n  → ${fix}\n`),
		signal,
	});
	if (options.json) {
		printJson(recordedJson(path, recorded));
	} else {
		process.stdout.write(`${lineFor(file, recorded)}\n`);
	}

	return recorded.end === 'interrupted' && lengthMs !== undefined ? exitCode.interrupted : exitCode.done;
}

function lineFor(file: string, {fromMs, toMs, gpus, processes, bytes, end}: Recorded): string {
	const time = formatDuration(toMs - fromMs);
	const most = end === 'full' ? ', the most that a recording may have' : '';
	return `Recorded ${time} of ${count(gpus, 'GPU')} and ${count(processes, 'process', 'processes')} to ${safeText(file)} (${formatBytes(bytes)}${most}).`;
}

function recordedJson(file: string, {fromMs, toMs, ...rest}: Recorded) {
	return {file, from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), ...rest};
}

function count(number: number, one: string, several = `${one}s`): string {
	return `${number} ${number === 1 ? one : several}`;
}

import {type ExitCode, exitCode, Failure} from './failure.ts';

/**
Runs a verb and turns its outcome into what the shell sees: the exit code, and for a failure one line that says what is wrong
and one that says what to do. The first Ctrl-C or SIGTERM aborts the verb's signal so that it can clean up; the second ends it.
*/
export async function runVerb(
	verb: (signal: AbortSignal) => Promise<number | undefined>,
	address?: () => string,
): Promise<void> {
	const controller = new AbortController();
	const interrupt = () => {
		if (controller.signal.aborted) {
			process.exit(exitCode.interrupted);
		}

		controller.abort(new Failure('Interrupted.', {exitCode: exitCode.interrupted}));
	};
	process.on('SIGINT', interrupt);
	process.on('SIGTERM', interrupt);
	process.stdout.on('error', (error: NodeJS.ErrnoException) => {
		// `gpubox logs … | head`: the reader went away, which is no failure.
		process.exit(
			error.code === 'EPIPE'
				? exitCode.done
				: printFailure(
						new Failure(`The output cannot be written: ${error.message}`, {
							fix: 'Make room, or print elsewhere.',
							cause: error,
						}),
					),
		);
	});

	try {
		process.exitCode = (await verb(controller.signal)) ?? exitCode.done;
	} catch (error) {
		const {explain} = await import('./host/remedies.ts');
		const known = controller.signal.aborted ? controller.signal.reason : error;
		process.exitCode = printFailure(explain(known, address?.()));
	} finally {
		process.off('SIGINT', interrupt);
		process.off('SIGTERM', interrupt);
	}
}

export function printFailure(failure: Failure): ExitCode {
	const lines = [...failure.details.map((line) => `  ${line}`), `gpubox: ${failure.message}`];
	if (failure.details.length > 0) {
		// What is wrong, then the evidence, then what to do.
		lines.unshift(lines.pop() ?? '');
	}

	if (failure.fix) {
		lines.push(`  → ${failure.fix}`);
	}

	process.stderr.write(`${lines.join('\n')}\n`);
	if (process.env.GPUBOX_DEBUG === '1') {
		for (let cause: unknown = failure; cause instanceof Error; cause = cause.cause) {
			process.stderr.write(`${cause.stack ?? cause.message}\n`);
		}
	}

	return failure.exitCode;
}

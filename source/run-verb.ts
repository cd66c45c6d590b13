import {type ExitCode, exitCode, Failure} from './base/failure.ts';
import {interrupts, loseTerminal, type TakenSignal} from './base/process/interrupts.ts';
import {caller} from './engine/caller.ts';
import {safeJson, safeLogLine} from './text/safe.ts';

/**
Runs a verb and turns its outcome into what the shell sees: the exit code, and for a failure one line that says what is wrong
and one that says what to do. The first Ctrl-C, SIGTERM or SIGHUP aborts the verb's signal so that it can clean up; the second ends it. A verb may take the signals over (base/process/interrupts.ts).
*/
export async function runVerb(
	verb: (signal: AbortSignal) => Promise<number | undefined>,
	address?: () => string,
): Promise<void> {
	const controller = new AbortController();
	const interrupt = (signal: TakenSignal) => {
		if (interrupts.take !== undefined) {
			interrupts.take(signal);
			return;
		}

		if (controller.signal.aborted) {
			// A terminal that is lost may tell it twice: by the signal, and by an error of the output.
			if (signal !== 'SIGHUP') {
				process.exit(exitCode.interrupted);
			}

			return;
		}

		controller.abort(new Failure('Interrupted.', {exitCode: exitCode.interrupted}));
	};
	process.on('SIGINT', interrupt);
	process.on('SIGTERM', interrupt);
	process.on('SIGHUP', interrupt);
	caller.interrupted = controller.signal;
	caller.tellSilence = (seconds) => {
		// Once: what it is waited for may change, that it is waited for does not.
		caller.tellSilence = undefined;
		process.stderr.write(`The Docker Engine has not answered for ${seconds} s; still waiting.\n`);
	};
	try {
		process.exitCode = (await verb(controller.signal)) ?? exitCode.done;
	} catch (error) {
		const {explain} = await import('./host/remedies.ts');
		const known = controller.signal.aborted ? controller.signal.reason : error;
		process.exitCode = printFailure(explain(known, address?.()));
	} finally {
		process.off('SIGINT', interrupt);
		process.off('SIGTERM', interrupt);
		process.off('SIGHUP', interrupt);
		caller.interrupted = undefined;
		caller.tellSilence = undefined;
	}
}

/**
Sees to output that no one takes any more. Where messages go to nowhere, as in `2>&1 | head`, a verb does what it would do anyway.
*/
export function watchOutput(): void {
	process.stderr.on('error', () => {});
	process.stdout.on('error', (error: NodeJS.ErrnoException) => {
		if (error.code === 'EIO' && process.stdout.isTTY) {
			loseTerminal();
			return;
		}

		// An interrupted verb cleans up, whether or not its output can be read.
		if (caller.interrupted?.aborted || process.exitCode === exitCode.interrupted) {
			return;
		}

		if (interrupts.take !== undefined) {
			interrupts.take('SIGHUP');
			return;
		}

		// `gpubox logs … | head`: the reader went away, which is no failure, and does not hide one.
		process.exit(
			error.code === 'EPIPE'
				? (process.exitCode ?? exitCode.done)
				: printFailure(
						new Failure(`The output cannot be written: ${error.message}`, {
							fix: 'Make room, or print elsewhere.',
							cause: error,
						}),
					),
		);
	});
}

/**
Ends the process in words when it waits for something that can no longer come: Node itself would end it with code 13 and print the line
of the program where it waits.

@returns to be called when there is nothing to wait for any more
*/
export function failWhenStuck(): () => void {
	const fail = () => {
		process.exit(
			printFailure(
				new Failure('gpubox waited for something that ended without an answer.', {
					fix: 'Run it again. If it happens again, it is a bug in gpubox; please report it.',
				}),
			),
		);
	};
	process.once('beforeExit', fail);
	return () => process.off('beforeExit', fail);
}

/** Whether the caller asked for JSON: also where the command line cannot be read otherwise, because of what is wrong with it. */
export function wantsJson(argv: readonly string[]): boolean {
	const end = argv.indexOf('--');
	return argv.slice(2, end === -1 ? undefined : end).includes('--json');
}

/**
A failure as one line of JSON. As with docker and gh it goes to stderr: stdout has a result or nothing, so that a reader at the end of a
pipe never takes an error for one.
*/
export function failureJson({message, fix, exitCode: code, details}: Failure): string {
	const [name = 'failed'] = Object.entries(exitCode).find(([, value]) => value === code) ?? [];
	return safeJson({
		error: message,
		code: name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
		exitCode: code,
		fix: fix === '' ? null : fix,
		...(details.length > 0 ? {details: details.map(safeLogLine)} : {}),
	});
}

function printFailure(failure: Failure): ExitCode {
	if (wantsJson(process.argv)) {
		process.stderr.write(`${failureJson(failure)}\n`);
		return failure.exitCode;
	}

	const lines = [...failure.details.map((line) => `  ${safeLogLine(line)}`), `gpubox: ${failure.message}`];
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
			process.stderr.write(`${(cause.stack ?? cause.message).split('\n').map(safeLogLine).join('\n')}\n`);
		}
	}

	return failure.exitCode;
}

import {safeText} from '../text/safe.ts';

/** What the caller of the program finds in `$?`. Part of the published interface: add, never change. */
export const exitCode = {
	done: 0,
	failed: 1,
	usage: 2,
	noEngine: 3,
	noGpu: 4,
	imageDoesNotFit: 5,
	noSuchBox: 6,
	taken: 7,
	checkFailed: 8,
	couldNotStartCommand: 125,
	interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** What is wrong and what to do about it: one line each, safe to print. `fix` is empty when there is nothing to advise. */
export type Diagnostic = {message: string; fix: string};

/**
A failure that the user can do something about: one line what is wrong, one line what to do. Everything that gpubox
says to its user when it gives up is one of these; any other error is a bug in gpubox. Names and other foreign text in it are made
safe to print here, once for all.
*/
export class Failure extends Error implements Diagnostic {
	override name = 'Failure';
	readonly fix: string;
	readonly exitCode: ExitCode;
	/** More lines for the curious, such as the end of a log. Already safe to print. */
	readonly details: string[];

	constructor(message: string, options: {fix?: string; exitCode?: ExitCode; details?: string[]; cause?: unknown} = {}) {
		super(safeText(message), options.cause === undefined ? undefined : {cause: options.cause});
		this.fix = safeText(options.fix ?? '');
		this.exitCode = options.exitCode ?? exitCode.failed;
		this.details = options.details ?? [];
	}
}

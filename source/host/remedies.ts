import {realpathSync} from 'node:fs';
import {dirname} from 'node:path';
import {exitCode, Failure} from '../base/failure.ts';
import {adviceForWrite, adviceOnHome, isFull} from '../base/write-advice.ts';
import {EngineError} from '../engine/engine.ts';
import {isContainerGone, isContainerStopped} from '../engine/errors.ts';
import {safeText} from '../text/safe.ts';
import {shellQuoteVisibly} from '../text/shell-quote.ts';
import {buildErrors} from './known-errors/build-errors.ts';
import {engineErrors, hookErrors} from './known-errors/gpu-errors.ts';
import {programErrors} from './known-errors/program-errors.ts';
import {registryErrors} from './known-errors/registry-errors.ts';
import type {Remedy} from './known-errors/remedy.ts';
import {smiErrors} from './known-errors/smi-errors.ts';
import {forRootlessEngine, isOwnEngine} from './rootless-words.ts';

export type {Remedy} from './known-errors/remedy.ts';

/**
Known error texts of the engine, the NVIDIA runtime, CUDA and PyTorch, with the meaning and the fix of each. The first that matches
counts, so the more specific ones come first.
*/
export const remedies: readonly Remedy[] = [
	...engineErrors,
	...hookErrors,
	...smiErrors,
	...programErrors,
	...registryErrors,
];

/** Those of a build or a post-create command. A box's log is not searched for them: there pip is the user's own. */
export const buildRemedies: readonly Remedy[] = [...buildErrors, ...remedies];

/** The remedy for a known text. Fast for unknown ones, such as most lines of a log. */
export const findRemedy = finder(remedies);
const mayMatch = sieve(remedies);

/** The same for the output of a build or of a command that prepares a box. */
export const findBuildRemedy = finder(buildRemedies);

/** Those for the lines of a log, in their order. As fast for lines that none fits as searching all of them once. */
export function findRemedies(lines: readonly string[]): Remedy[] {
	return mayMatch(lines.join('\n')) ? lines.flatMap((line) => findRemedy(line) ?? []) : [];
}

function finder(known: readonly Remedy[]): (text: string) => Remedy | undefined {
	const mayMatch = sieve(known);
	return (text) => (mayMatch(text) ? known.find((remedy) => remedy.text.test(text)) : undefined);
}

/** Some look at the case of letters; this only sorts out what none can match, in any line of a text. */
function sieve(known: readonly Remedy[]): (text: string) => boolean {
	let any: RegExp | undefined;
	return (text) => {
		// Compiling all of them takes as long as half a frame, and the first frame of a session has no log yet.
		if (text === '') {
			return false;
		}

		any ??= new RegExp(known.map((remedy) => remedy.text.source).join('|'), 'im');
		return any.test(text);
	};
}

/** Turns any error into a Failure with a fix. */
export function explain(error: unknown, address = 'the engine'): Failure {
	if (error instanceof Failure) {
		return error;
	}

	if (error instanceof EngineError) {
		const failure = explainEngine(error, address);
		const {message, exitCode: code, details, cause} = failure;
		return isOwnEngine(address)
			? new Failure(message, {fix: forRootlessEngine(failure.fix), exitCode: code, details, cause})
			: failure;
	}

	if (error instanceof Error && error.name === 'AbortError') {
		return new Failure('Interrupted.', {exitCode: exitCode.interrupted, cause: error});
	}

	if (isFull(error)) {
		return new Failure(`Cannot write: ${safeText(error.message)}`, {
			fix: adviceForWrite(error, error.path ?? 'your home'),
			cause: error,
		});
	}

	if (isDenied(error)) {
		const {message, path} = error;
		return new Failure(`The system does not allow it: ${safeText(message)}`, {
			fix: adviceOnHome(path) ?? `Look at whose it is, and what you may do there: ls -ld ${shellQuoteVisibly(path)}`,
			cause: error,
		});
	}

	if (error instanceof Error && (error as NodeJS.ErrnoException).syscall === 'uv_cwd') {
		return new Failure('The folder that you are in was removed.', {
			fix: 'Go to one that is there: cd',
			exitCode: exitCode.usage,
			cause: error,
		});
	}

	if (isOwnFileMissing(error)) {
		return new Failure('A file of gpubox itself is missing: it was updated or removed while this ran.', {
			fix: 'Leave, and start gpubox again. If that does not help: install it again',
			details: [safeText(error.message)],
			cause: error,
		});
	}

	return new Failure(`gpubox failed: ${safeText(error instanceof Error ? error.message : String(error))}`, {
		fix: 'This is a bug in gpubox. Please report it; for details: GPUBOX_DEBUG=1',
		cause: error,
	});
}

/** Of a program that may not be started, the path is a name. */
function isDenied(error: unknown): error is NodeJS.ErrnoException & {path: string} {
	const {code = '', path} = (error ?? {}) as NodeJS.ErrnoException;
	return error instanceof Error && ['EACCES', 'EPERM'].includes(code) && path?.startsWith('/') === true;
}

/** Most of gpubox is read when it is needed first. */
function isOwnFileMissing(error: unknown): error is NodeJS.ErrnoException {
	const {code, path = ''} = (error ?? {}) as NodeJS.ErrnoException;
	const [, program = ''] = process.argv;
	return (
		error instanceof Error &&
		code === 'ENOENT' &&
		[program, realPath(program)].some((file) => file !== '' && path.startsWith(`${dirname(file)}/chunks/`))
	);
}

function realPath(file: string): string {
	try {
		return realpathSync(file);
	} catch {
		return '';
	}
}

function explainEngine(error: EngineError, address: string): Failure {
	const remedy = findRemedy(error.message);
	const message = remedy ? `${remedy.meaning.replace(/\.$/, '')} (${error.words}).` : error.words;
	// A text that no one recognised is shown whole, and nothing is guessed from where it came up.
	const details = remedy === undefined && error.words !== error.message ? [error.message] : [];
	switch (error.code) {
		case 'unreachable':
			return new Failure(`No Docker Engine answers at ${address}.`, {
				fix: /^(?:tcp|https?|ssh):/.test(address)
					? 'Check the address (DOCKER_HOST, docker context ls) and that the machine is up.'
					: 'Start it: sudo systemctl start docker. To find out more: gpubox doctor',
				exitCode: exitCode.noEngine,
				cause: error,
			});
		case 'no-answer':
			return new Failure(`The Docker Engine at ${address} does not answer: ${error.message}.`, {
				fix: 'It may be overloaded or stopped. To find out more: gpubox doctor',
				exitCode: exitCode.noEngine,
				cause: error,
			});
		case 'not-an-engine':
			return new Failure(`The server at ${address} does not answer as a Docker Engine: ${error.message}.`, {
				fix: 'Check the address (DOCKER_HOST, docker context ls). To find out more: gpubox doctor',
				exitCode: exitCode.noEngine,
				cause: error,
			});
		case 'no-address':
			return new Failure(error.message, {fix: error.fix ?? '', exitCode: exitCode.noEngine, cause: error});
		case 'no-permission':
			return new Failure(`Permission denied: you cannot use the Docker Engine at ${address}.`, {
				fix: 'Join its group and log in again: sudo usermod -aG docker "$USER". Or run an engine of your own: dockerd-rootless-setuptool.sh install',
				exitCode: exitCode.noEngine,
				cause: error,
			});
		case 'no-gpu':
			return new Failure(message, {
				fix: remedy?.fix ?? 'To check each layer of the host: gpubox doctor',
				exitCode: remedy?.exitCode ?? exitCode.noGpu,
				details,
				cause: error,
			});
		case 'disk-full':
			return new Failure(`The engine's disk is full: ${error.message}`, {
				fix: 'To see what uses the space: docker system df. To remove unused images: docker image prune',
				cause: error,
			});
		case 'name-taken':
		case 'port-taken':
			return new Failure(message, {fix: 'To see which box uses it: gpubox ls', exitCode: exitCode.taken, cause: error});
		case 'aborted':
			return new Failure('Interrupted.', {exitCode: exitCode.interrupted, cause: error});
		case 'not-found':
		case 'conflict':
		case 'failed':
			if (isContainerStopped(error)) {
				return new Failure('The box stopped in the meantime.', {fix: 'To see what runs: gpubox ls', cause: error});
			}

			if (isContainerGone(error)) {
				return new Failure('The box was removed in the meantime.', {
					fix: 'To see what is there: gpubox ls',
					exitCode: exitCode.noSuchBox,
					cause: error,
				});
			}

			return new Failure(message, {
				fix: remedy?.fix ?? '',
				exitCode: remedy?.exitCode ?? exitCode.failed,
				details,
				cause: error,
			});
	}
}

import {type ExitCode, Failure} from '../../base/failure.ts';
import {type Box, containerPrefix} from '../box.ts';
import {isAbandoned} from '../gpus/claims.ts';

/**
Why nothing can be done in a box now.

@returns `fix` is undefined where it is to be started; undefined for a box that runs
*/
export function whyNotRunning(
	box: Pick<Box, 'name' | 'state' | 'createdAt' | 'restart' | 'job'>,
	now: Date = new Date(),
): {message: string; fix: string | undefined} | undefined {
	const {name, state} = box;
	switch (state) {
		case 'running':
			return undefined;
		case 'paused':
			return {message: `${name} is paused.`, fix: `To continue it: docker unpause ${containerPrefix}${name}`};
		case 'restarting':
			return {
				message: `${name} is restarting.`,
				fix: `Try again in a moment. If it stays so, see its log: gpubox logs ${name}`,
			};
		case 'removing':
			return {message: `${name} is being removed.`, fix: 'List boxes: gpubox ls'};
		case 'created':
			return isAbandoned(box, now)
				? {message: `${name} is not running.`, fix: undefined}
				: {message: `${name} is being started.`, fix: 'Try again in a moment.'};
		default:
			return box.job === undefined
				? {message: `${name} is not running.`, fix: undefined}
				: {message: `${name} has ended.`, fix: `Its output: gpubox logs ${name}`};
	}
}

/** @throws Failure for a box in which nothing can be done now */
export function refuseNotRunning(box: Box, exitCode: ExitCode): void {
	const why = whyNotRunning(box);
	if (why !== undefined) {
		throw new Failure(why.message, {fix: why.fix ?? `Start it: gpubox start ${box.name}`, exitCode});
	}
}

import type {JobState} from './place.ts';

/**
The state of a job that its place does not have any more. Pure.

@param known whether it was being stopped, and whether it was seen running
@param place for sentences: `the swarm`
*/
export function stateOfGone({stopping, ran}: {stopping: boolean; ran: boolean}, place: string): JobState {
	if (!stopping) {
		return {kind: 'lost', reason: 'It was removed by another program.', fix: ''};
	}

	return endOfGone({ran}, place);
}

/** The end of a job that was stopped and is gone. Pure. */
export function endOfGone({ran}: {ran: boolean}, place: string): Extract<JobState, {kind: 'ended'}> {
	return ran
		? {
				kind: 'ended',
				exitCode: 143,
				signal: 'SIGTERM',
				at: null,
				reason: `It was stopped; ${place} has not kept its exit code.`,
				fix: '',
			}
		: {kind: 'ended', exitCode: 130, signal: null, at: null, reason: 'It was cancelled before it started.', fix: ''};
}

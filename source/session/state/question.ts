import {wrap} from '../../text/layout/fit.ts';
import {safeText} from '../../text/safe.ts';
import {fixScreen} from './checks/doctor.ts';
import type {SignalQuestion} from './inspect/inspect.ts';
import {containerQuestion} from './machine/ask-container.ts';
import {bulkScreen} from './marks/marks.ts';
import {type OwnQuestion, ownQuestion} from './own/reduce-own.ts';
import type {BoxQuestion, ContainerQuestion, Question, TaskQuestion, TrustQuestion} from './reduce.ts';

/** Columns that are kept free for the keys of a question, and its mark. */
const besideQuestion = 14;

/** What a question with a screen of its own shows; undefined for one that has a few lines above the footer. */
export function questionScreen(asked: Question | undefined): Omit<TrustQuestion, 'what'> | undefined {
	switch (asked?.what) {
		case 'trust': {
			return asked;
		}

		case 'bulk': {
			return bulkScreen(asked);
		}

		case 'fix': {
			return fixScreen(asked);
		}

		default: {
			return undefined;
		}
	}
}

/** What is asked, in words. Safe to print: names and owners are. */
export function questionText(
	asked: BoxQuestion | TaskQuestion | SignalQuestion | ContainerQuestion | OwnQuestion,
): string {
	if (asked.what === 'own') {
		return safeText(ownQuestion(asked));
	}

	if (asked.what === 'container') {
		return containerQuestion(asked);
	}

	if ('tasks' in asked) {
		const tasks = asked.tasks.join(', ');
		return asked.what === 'cancel' ? `Cancel "${tasks}"?` : `Leave, and cancel "${tasks}"?`;
	}

	if (asked.what === 'signal') {
		const {name, pid, user, box} = asked.target;
		const whose = `of ${user}${box === null ? ', outside of all boxes' : ` in ${box}`}`;
		return asked.send === 'SIGTERM'
			? `Ask ${name} ${pid} ${whose} to end (SIGTERM)?`
			: `${name} ${pid} ${whose} was asked to end. Kill it (SIGKILL)? What it did not save is lost.`;
	}

	const {what, name, owner, mine} = asked;
	if (asked.what === 'free') {
		const {kernels} = asked;
		const idle = kernels.map((kernel) => kernel.idle).join(', ');
		const many = kernels.length === 1 ? '1 kernel' : `${kernels.length} kernels`;
		return `Shut down ${many} of ${name}, idle for ${idle}? Variables are lost.`;
	}

	if (asked.use === undefined) {
		return `Checking whether ${name} is in use …`;
	}

	const notes = [...(mine ? [] : [`owner: ${owner}`]), ...(asked.use === '' ? [] : [asked.use])];
	const shown = notes.length > 0 ? ` (${notes.join('; ')})` : '';
	if (what === 'restart') {
		return `Restart ${name}${shown}?`;
	}

	return what === 'stop' ? `Stop ${name}${shown}?` : `Remove ${name}${shown}? The project folder is kept.`;
}

/** The same in lines, whole: what is agreed to is never cut. */
export function questionLines(text: string, width: number): string[] {
	return wrap(text, Math.max(20, width - besideQuestion));
}

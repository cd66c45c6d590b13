import {widthOf, wrap} from '../../text/layout/fit.ts';
import {safeText} from '../../text/safe.ts';
import {fixScreen} from './checks/doctor.ts';
import type {Hint} from './keys/binding.ts';
import {shownKey} from './keys/key-names.ts';
import {containerQuestion} from './machine/ask-container.ts';
import {bulkScreen} from './marks/marks.ts';
import {ownQuestion} from './own/reduce-own.ts';
import {isComplete, type Question, type TrustQuestion} from './reduce.ts';

/** Columns before a line of a question, and a free one behind it. */
const besideText = 4;

type ShortQuestion = Exclude<Question, {top: number}>;

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
export function questionText(asked: ShortQuestion): string {
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

/** The keys that answer it as it stands: yes takes two, so that no single one ends anything. Shown beside the question and in the footer. */
export function answerHints(asked: Question): Hint[] {
	const enter = shownKey('enter');
	const yes = asked.armed ? [enter] : isComplete(asked) ? [`y ${enter}`] : [];
	return [...yes.map((key) => ({key, label: 'yes'})), {key: 'n', label: 'no'}];
}

/** Columns of the keys beside a question, with the space before each. */
export function answerWidth(hints: readonly Hint[]): number {
	return hints.reduce((sum, {key, label}) => sum + widthOf(key) + widthOf(label) + 3, 0);
}

/** The question in lines, whole: what is agreed to is never cut. Without room beside the last one, its keys have a line of their own. */
export function questionLines(asked: ShortQuestion, width: number): string[] {
	const room = width - besideText;
	const lines = wrap(questionText(asked), Math.max(20, room));
	const last = lines.at(-1) ?? '';
	return widthOf(last) + answerWidth(answerHints(asked)) <= room ? lines : [...lines, ''];
}

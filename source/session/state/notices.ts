import type {Facts} from './model.ts';
import type {View} from './reduce.ts';

/** Lines that a question, work under way and the last message need together, at least one. */
export function messageLines(facts: Facts, view: View): number {
	const {message, tasks} = facts;
	const said = message === undefined ? 0 : message.fix === '' ? 1 : 2;
	return Math.max(1, view.asking === undefined ? said + Math.min(1, tasks.length) : 1);
}

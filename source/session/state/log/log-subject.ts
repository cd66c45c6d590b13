import {isRunning} from '../../../box/box.ts';
import {boxOf} from '../boxes/shown-boxes.ts';
import type {Facts} from '../model.ts';
import type {SessionState} from '../store.ts';
import type {LogSubject} from './log-model.ts';

/** More logs side by side no one reads. */
const mostSubjects = 8;

/** Whose log is shown: the container that one went to from a list, else the chosen box. */
export function logContainer({facts, view}: SessionState): {id: string; name: string} | undefined {
	return view.logOf ?? boxOf({facts, view});
}

/** All logs that are shown: with it those of the user's other running boxes where that is wished. */
export function subjectsOf(state: SessionState): LogSubject[] {
	const {facts, view} = state;
	const shown = logContainer(state);
	const others = view.log.merged
		? facts.box.boxes.filter((box) => box.id !== shown?.id && box.mine && isRunning(box))
		: [];
	return (shown === undefined ? [] : [shown, ...others])
		.slice(0, mostSubjects)
		.map(({id, name}) => ({id, name, running: runs(id, facts)}));
}

/** Whether the engine listed it as running, as a box or as any container. */
export function runs(id: string, {box, machine}: Pick<Facts, 'box' | 'machine'>): boolean {
	const has = (each: {id: string}) => each.id === id;
	const found = box.boxes.find(has) ?? machine.containers.find(has);
	return found !== undefined && isRunning(found);
}

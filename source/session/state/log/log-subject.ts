import {isRunning} from '../../../box/box.ts';
import {ownerText} from '../../../box/list.ts';
import {boxOf} from '../boxes/shown-boxes.ts';
import {shownKey} from '../keys/key-names.ts';
import {askToRead, type UnreadLog} from '../machine/ask-container.ts';
import type {Facts} from '../model.ts';
import type {SessionState} from '../store.ts';
import type {LogSubject} from './log-model.ts';

/** More logs side by side no one reads. */
const mostSubjects = 8;

/** Whose log is shown: the container that one went to from a list, else the chosen box. */
export function logContainer({facts, view}: SessionState): {id: string; name: string} | undefined {
	return view.logOf ?? boxOf({facts, view});
}

/** Undefined where the log of the chosen box, or of a container that was asked about, is shown. */
export function unreadLog({facts, view}: SessionState): UnreadLog | undefined {
	const box = view.logOf === undefined ? boxOf({facts, view}) : undefined;
	if (box === undefined) {
		return undefined;
	}

	const {id, name, mine, pending = false} = box;
	const owner = ownerText(box);
	// One that is being created for the user has no record yet.
	return askToRead({id, name, owner, mine: mine || pending}, view.readable) && {id, name, owner};
}

/** In place of the log: whose it is, and the key that shows it. Safe to print. */
export function unreadText({owner}: UnreadLog, {facts, view}: SessionState): string {
	const key = facts.keys.bindings.find(({action}) => action.type === 'show')?.keys[0];
	const keys = key === undefined ? 'the palette' : shownKey(key);
	return `${view.screen === 'log' ? `Esc, then ${keys}` : keys} shows the log of ${owner}'s box (asks)`;
}

/** All logs that are shown: with it those of the user's other running boxes where that is wished. */
export function subjectsOf(state: SessionState): LogSubject[] {
	const {facts, view} = state;
	if (unreadLog(state) !== undefined) {
		return [];
	}

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

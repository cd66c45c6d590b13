import type {Box} from '../../../box/box.ts';
import type {Context} from '../context.ts';
import {problemOf} from '../model.ts';
import {type Done, isBusy} from '../tasks.ts';
import type {BulkEffect} from './marks.ts';

type Bulk = Extract<BulkEffect, {type: 'bulk'}>;

const words: Record<Bulk['deed'], {doing: string; done: string}> = {
	start: {doing: 'Starting', done: 'running again'},
	stop: {doing: 'Stopping', done: 'stopped'},
	restart: {doing: 'Restarting', done: 'restarted'},
	remove: {doing: 'Removing', done: 'removed'},
};

/** Does the same to several boxes, one after the other; what fails does not keep it from the others. */
export function doBulk(context: Context, {deed, boxIds}: Bulk): void {
	const {store, tasks, host, signal} = context;
	const {facts} = store.get();
	const boxes = facts.box.boxes.filter(({id}) => boxIds.includes(id) && !isBusy(facts.tasks, id));
	const {doing, done} = words[deed];
	store.changeNow((state) => ({...state, view: {...state.view, marks: []}}));
	tasks.start(`${doing} ${boxes.length === 1 ? boxes[0]?.name : `${boxes.length} boxes`}`, {}, async (task) => {
		const {actOn} = await import('./act-on.ts');
		const faults: string[] = [];
		const notes: string[] = [];
		for (const [place, box] of boxes.entries()) {
			task.update({step: box.name, share: place / boxes.length});
			try {
				notes.push(...(await actOn(host, box, deed, signal)));
			} catch (error) {
				signal.throwIfAborted();
				faults.push(`${box.name}: ${problemOf(error, host.engine.address).message}`);
			}
		}

		return outcome(boxes, boxIds, {done, faults, notes});
	});
}

function outcome(
	boxes: readonly Box[],
	boxIds: readonly string[],
	{done, faults, notes}: {done: string; faults: string[]; notes: string[]},
): Done {
	const skipped = boxIds.length - boxes.length;
	const text = [
		`${boxes.length - faults.length} of ${boxIds.length} ${done}`,
		...(skipped === 0 ? [] : [`${skipped} left alone: gone, or another task is running on it`]),
		...faults,
		...notes,
	];
	return {text: text.join('. ')};
}

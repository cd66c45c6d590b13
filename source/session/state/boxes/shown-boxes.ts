import {type Box, isRunning} from '../../../box/box.ts';
import type {Idleness} from '../../../box/idle/idle.ts';
import {ownerText} from '../../../box/list.ts';
import {arrange, type Column, type Row} from '../lists/list.ts';
import type {Facts} from '../model.ts';
import {chosenBox, type View} from '../reduce.ts';
import {textOf} from '../setup/field.ts';

/** What the boxes of the main screen are filtered and sorted by. */
export const boxColumns: readonly Column[] = [
	{key: 'name', title: 'name', most: 28, priority: 0, filtered: true},
	{key: 'owner', title: 'owner', most: 10, priority: 1, filtered: true},
	{key: 'gpus', title: 'GPUs', most: 9, priority: 2, largestFirst: true},
	{key: 'state', title: 'state', most: 11, priority: 3, filtered: true},
	{key: 'idle', title: 'idle time', most: 6, priority: 4, largestFirst: true},
	{key: 'age', title: 'age', most: 6, priority: 5},
	{key: 'image', title: 'image', most: 60, priority: 6, filtered: true},
];

type Shown = Pick<Facts, 'box' | 'tells'>;

/** With 500 boxes this is done once for each list of them, not for each key that asks what it is about. */
let last: {boxes: Box[]; list: unknown; idle: unknown; shown: Box[]} | undefined;

/** The boxes of the main screen: those that its filter finds, in its order. */
export function shownBoxes({box: {boxes}, tells: {idle}}: Shown, {lists: {boxes: list}}: Pick<View, 'lists'>): Box[] {
	if (!isArranged(list)) {
		return boxes;
	}

	if (last?.boxes !== boxes || last.list !== list || last.idle !== idle) {
		const byId = new Map(boxes.map((box) => [box.id, box]));
		const rows = arrange(
			boxes.map((box) => boxRow(box, idle)),
			boxColumns,
			list,
		);
		last = {boxes, list, idle, shown: rows.flatMap(({id}) => byId.get(id) ?? [])};
	}

	return last.shown;
}

/** Whether they are not simply all of them. */
export function isArranged({filter, sort}: View['lists']['boxes']): boolean {
	return textOf(filter) !== '' || sort !== undefined;
}

/** The box that a key is about. */
export function boxOf({facts, view}: {facts: Shown; view: View}): Box | undefined {
	return chosenBox(view, facts.box.boxes, shownBoxes(facts, view));
}

/** The longest idle has the largest, what is in use the smallest; null where it is not known. */
function idleOrder(idleness: Idleness | undefined): number | null {
	const kind = idleness?.kind ?? 'unknown';
	return idleness?.kind === 'idle' ? -idleness.since.getTime() : kind === 'busy' ? Number.MIN_SAFE_INTEGER : null;
}

function boxRow(box: Box, idle: Facts['tells']['idle']): Row {
	const {id, name, gpus, state, image, createdAt} = box;
	const idleness = idle.get(id)?.idleness;
	return {
		id,
		mark: '',
		markStyle: {},
		dim: false,
		cells: {
			name: {text: name},
			owner: {text: ownerText(box)},
			gpus: {text: '', value: gpus.length},
			state: {text: state === 'exited' ? 'stopped' : state},
			idle: {text: '', value: isRunning(box) ? idleOrder(idleness) : null},
			age: {text: '', value: -createdAt.getTime()},
			image: {text: image},
		},
	};
}

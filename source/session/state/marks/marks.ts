/** Marked boxes, and the one question before something is done to all of them. */

/** A box as a question names it. */
export type Marked = {id: string; name: string; owner: string; mine: boolean; running: boolean};

export type BulkDeed = 'stop' | 'restart' | 'remove';

/**
Asked once for all marked boxes; takes a screen of its own, because nothing of it may be cut. `uses`: by id, what uses the box, empty when
nothing does; undefined until that is known. `top` is the first line shown.
*/
export type BulkQuestion = {
	what: 'bulk';
	deed: BulkDeed;
	boxes: Marked[];
	uses?: Readonly<Record<string, string>>;
	top: number;
	/** Whether `y` was pressed. */
	armed?: true;
};

export type BulkEffect =
	| {type: 'bulk'; deed: BulkDeed | 'start'; boxIds: string[]}
	| {type: 'find-uses'; boxIds: string[]};

/** Those of the marked boxes that are still there, in the order of the list. */
export function markedOf<B extends {id: string}>(marks: readonly string[], boxes: readonly B[]): B[] {
	return boxes.filter(({id}) => marks.includes(id));
}

/** With the mark of one box set, or taken off. */
export function withMark(marks: readonly string[], id: string): string[] {
	return marks.includes(id) ? marks.filter((each) => each !== id) : [...marks, id];
}

/** What a key does to the marked boxes: it asks, or starts what is stopped when nothing of it runs. */
export function bulk(
	deed: BulkDeed | 'stop-or-start',
	boxes: readonly Marked[],
): {asking?: BulkQuestion; effects: BulkEffect[]} {
	const running = boxes.filter((box) => box.running);
	if (deed === 'stop-or-start' && running.length === 0) {
		return {effects: [{type: 'bulk', deed: 'start', boxIds: boxes.map(({id}) => id)}]};
	}

	const about = deed === 'stop-or-start' ? running : [...boxes];
	const asking: BulkQuestion = {what: 'bulk', deed: deed === 'stop-or-start' ? 'stop' : deed, boxes: about, top: 0};
	return {asking, effects: [{type: 'find-uses', boxIds: about.map(({id}) => id)}]};
}

const verbs: Record<BulkDeed, string> = {stop: 'Stop', restart: 'Restart', remove: 'Remove'};

/** The question as its screen shows it: a line for each box with its owner and what uses it. Safe to print: names and owners are. */
export function bulkScreen({deed, boxes, uses, top, armed}: BulkQuestion): {
	title: string;
	lines: string[];
	question: string;
	top: number;
	armed?: true;
} {
	const foreign = boxes.filter(({mine}) => !mine).length;
	const others = foreign === 0 ? '' : foreign === 1 ? ', 1 of them not yours' : `, ${foreign} of them not yours`;
	const count = boxes.length === 1 ? '1 box' : `${boxes.length} boxes`;
	return {
		title: `${verbs[deed]} ${count}${others}:`,
		lines: boxes.map(({id, name, owner, mine, running}) => {
			const use = uses === undefined ? 'checking whether it is in use …' : (uses[id] ?? '');
			return [`  ${name}`, mine ? '' : `owner: ${owner}`, running ? '' : 'stopped', use]
				.filter((part) => part !== '')
				.join('; ');
		}),
		question: `${verbs[deed]} ${count}?${deed === 'remove' ? ' Project folders are kept.' : ''}`,
		top,
		...(armed ? {armed} : {}),
	};
}

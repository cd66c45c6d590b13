/** A line of a log. `time` in microseconds since 1970, 0 where it is not known; `source` is the place of its box among those shown. */
export type Line = {text: string; time: number; source: number};

/** About what a line takes beyond its text. */
const overheadBytes = 96;

/** Two bytes a character: one that is not Latin makes the whole text as wide. */
function costOf({text}: Pick<Line, 'text'>): number {
	return 2 * text.length + overheadBytes;
}

/**
The lines of a log that are in memory: those between two moments, without a gap, within a budget of bytes. Lines keep their numbers while others
come before or after them; the first one has any number, below 0 too.
*/
export type LogWindow = {
	/** Number of the oldest line. */
	readonly first: number;
	/** Number after the newest line. */
	readonly end: number;
	readonly bytes: number;
	at(number: number): Line | undefined;
	/** At its place in time among the lines of other sources; lines of one source keep their order. */
	add(line: Line): void;
	/** Lines older than all that are there, in their order. */
	prepend(lines: readonly Line[]): void;
	/** Forgets all lines; the next one has the number `from`. */
	clear(from?: number): void;
	/** Removes lines from one end until the rest takes at most `bytes`. Returns how many of each source these were. */
	trim(end: 'oldest' | 'newest', bytes: number): Map<number, number>;
	/** How many lines of a source are there. */
	count(source: number): number;
	/** Number of the first line at or after a time; `end` when there is none. */
	numberAt(time: number): number;
};

export function createLogWindow(): LogWindow {
	// Oldest lines are removed one by one, so the array begins at `head`, and is moved only once in a while.
	let lines: Array<Line | undefined> = [];
	let head = 0;
	let first = 0;
	let bytes = 0;
	let counts = new Map<number, number>();
	const length = () => lines.length - head;
	const get = (place: number) => lines[head + place] as Line;
	const count = ({source}: Line, by: number) => counts.set(source, (counts.get(source) ?? 0) + by);

	const remove = (end: 'oldest' | 'newest'): Line => {
		const line = (end === 'oldest' ? lines[head] : lines.pop()) as Line;
		if (end === 'oldest') {
			lines[head] = undefined;
			head += 1;
			first += 1;
		}

		bytes -= costOf(line);
		count(line, -1);
		if (head > 1024 && head > lines.length / 2) {
			lines = lines.slice(head);
			head = 0;
		}

		return line;
	};

	return {
		get first() {
			return first;
		},
		get end() {
			return first + length();
		},
		get bytes() {
			return bytes;
		},
		at(number) {
			return number < first ? undefined : lines[head + number - first];
		},
		add(line) {
			let place = lines.length;
			while (place > head) {
				const before = lines[place - 1] as Line;
				if (before.time <= line.time || before.source === line.source) {
					break;
				}

				place -= 1;
			}

			if (place === lines.length) {
				lines.push(line);
			} else {
				lines.splice(place, 0, line);
			}

			bytes += costOf(line);
			count(line, 1);
		},
		prepend(older) {
			lines = [...older, ...lines.slice(head)];
			head = 0;
			first -= older.length;
			for (const line of older) {
				bytes += costOf(line);
				count(line, 1);
			}
		},
		clear(from = 0) {
			lines = [];
			head = 0;
			first = from;
			bytes = 0;
			counts = new Map();
		},
		trim(end, most) {
			const removed = new Map<number, number>();
			while (bytes > most && length() > 1) {
				const {source} = remove(end);
				removed.set(source, (removed.get(source) ?? 0) + 1);
			}

			return removed;
		},
		count: (source) => counts.get(source) ?? 0,
		numberAt(time) {
			let low = 0;
			let high = length();
			while (low < high) {
				const middle = (low + high) >> 1;
				if (get(middle).time < time) {
					low = middle + 1;
				} else {
					high = middle;
				}
			}

			return first + low;
		},
	};
}

/**
Where in a log the matches are: a time for each, in ascending order, in a fixed amount of memory. When that is full, only every second one is
kept, then every fourth and so on; the last one always is.
*/
export type LogHits = {
	readonly count: number;
	/** @param time microseconds since 1970 @param line how many lines were read before it */
	add(time: number, line: number): void;
	/** A match by its number from 0; the nearest one before it that is kept. */
	at(number: number): {number: number; time: number; line: number} | undefined;
	/** How many matches lie before a time. */
	before(time: number): number;
};

const first = 1024;

export function createLogHits(capacity = 500_000): LogHits {
	let times = new Float64Array(Math.min(first, capacity));
	let lines = new Float64Array(times.length);
	let kept = 0;
	let stride = 1;
	let count = 0;
	let last = {number: -1, time: 0, line: 0};

	const make = () => {
		if (kept < times.length) {
			return;
		}

		if (times.length < capacity) {
			const length = Math.min(capacity, times.length * 2);
			const grow = (array: Float64Array) => {
				const grown = new Float64Array(length);
				grown.set(array);
				return grown;
			};
			times = grow(times);
			lines = grow(lines);
			return;
		}

		kept = Math.ceil(kept / 2);
		for (let place = 0; place < kept; place += 1) {
			times[place] = times[2 * place] as number;
			lines[place] = lines[2 * place] as number;
		}

		stride *= 2;
	};

	return {
		get count() {
			return count;
		},
		add(time, line) {
			// Two streams of one box can be a little out of order.
			last = {number: count, time: Math.max(time, last.time), line};
			if (count % stride === 0) {
				make();
				// What made room may have made this one no longer due.
				if (count % stride === 0) {
					times[kept] = last.time;
					lines[kept] = line;
					kept += 1;
				}
			}

			count += 1;
		},
		at(number) {
			if (number < 0 || number >= count) {
				return undefined;
			}

			if (number === last.number) {
				return last;
			}

			const place = Math.floor(number / stride);
			return {number: place * stride, time: times[place] as number, line: lines[place] as number};
		},
		before(time) {
			let low = 0;
			let high = kept;
			while (low < high) {
				const middle = (low + high) >> 1;
				if ((times[middle] as number) < time) {
					low = middle + 1;
				} else {
					high = middle;
				}
			}

			return last.time < time ? count : Math.min(count, low * stride);
		},
	};
}

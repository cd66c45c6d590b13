/** A text is no longer than a page. */
const pageBytes = 256 * 1024;

/** What pages may take beyond their texts, as a share of these and as so many pages. */
const spareShare = 0.25;
const sparePages = 4;

type Page = {bytes: Buffer; used: number; texts: number};

/**
Short texts, many of them, as bytes of UTF-8 in a few large pages, which are used again once all of their texts are removed. As a string of its
own each would be an object that V8 moves about and collects; in a flood it would do little else, in several times the memory.
*/
export type LogTexts = {
	/** @returns its place */
	add(data: Buffer, from: number, to: number): number;
	/** @param length in bytes */
	get(place: number, length: number): string;
	/** To be called once for each text. */
	remove(place: number, length: number): void;
	/** Pages of which only a part is still used take too much: all texts are to be moved to others. */
	readonly isSparse: boolean;
	/** @returns its place among the others */
	copyTo(others: LogTexts, place: number, length: number): number;
};

export function createLogTexts(): LogTexts {
	const pages: Page[] = [];
	const free: number[] = [];
	let current = -1;
	let bytes = 0;

	const pageFor = (length: number): Page => {
		const page = pages[current];
		if (page !== undefined && page.used + length <= pageBytes) {
			return page;
		}

		current = free.pop() ?? pages.push({bytes: Buffer.allocUnsafeSlow(pageBytes), used: 0, texts: 0}) - 1;
		return pages[current] as Page;
	};
	const pageOf = (place: number) => pages[Math.floor(place / pageBytes)] as Page;

	return {
		add(data, from, to) {
			const page = pageFor(to - from);
			const place = current * pageBytes + page.used;
			data.copy(page.bytes, page.used, from, to);
			page.used += to - from;
			page.texts += 1;
			bytes += to - from;
			return place;
		},
		get(place, length) {
			const offset = place % pageBytes;
			return pageOf(place).bytes.toString('utf8', offset, offset + length);
		},
		remove(place, length) {
			const page = pageOf(place);
			bytes -= length;
			page.texts -= 1;
			if (page.texts > 0) {
				return;
			}

			page.used = 0;
			const number = Math.floor(place / pageBytes);
			if (number !== current) {
				free.push(number);
			}
		},
		get isSparse() {
			return (pages.length - free.length - sparePages) * pageBytes > bytes * (1 + spareShare);
		},
		copyTo(others, place, length) {
			const offset = place % pageBytes;
			return others.add(pageOf(place).bytes, offset, offset + length);
		},
	};
}

import fc from 'fast-check';

/**
Loaded before the tests of a run. Properties are tried on the same values every time, so that a change is blamed for what it
broke and for nothing else; GPUBOX_SEED=random looks for new ones, and a number repeats what that found.
*/
const wish = process.env.GPUBOX_SEED ?? '20261123';
export const seed = wish === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(wish);
fc.configureGlobal({seed});

/** mulberry32: the same seed gives the same numbers again. @returns a whole number below `most` */
export function randomFrom(seedOfThese: number): (most: number) => number {
	let state = seedOfThese;
	return (most) => {
		state = (state + 0x6d_2b_79_f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * most);
	};
}

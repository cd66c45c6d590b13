/**
Why a GPU runs its clocks lower than it could. The bits are those of NVML (`nvmlClocksEventReason…` in nvml.h), which nvidia-smi prints
as one hexadecimal number.
*/
const reasons: ReadonlyArray<{bit: number; words: string; slows: boolean}> = [
	{bit: 0x1, words: 'idle', slows: false},
	{bit: 0x2, words: 'clocks set by the administrator', slows: true},
	{bit: 0x4, words: 'power limit', slows: true},
	{bit: 0x8, words: 'hardware slowdown', slows: true},
	{bit: 0x10, words: 'synchronised with other GPUs', slows: true},
	{bit: 0x20, words: 'temperature (driver)', slows: true},
	{bit: 0x40, words: 'temperature (hardware)', slows: true},
	{bit: 0x80, words: 'power brake of the power supply', slows: true},
	{bit: 0x100, words: 'display clocks', slows: true},
];

const hardwareSlowdown = 0x8;
/** What says more exactly why the hardware slows down. */
const hardwareCauses = 0x40 | 0x80;
const known = reasons.reduce((bits, {bit}) => bits | bit, 0);
/** What a floating-point number of 32 bits can hold exactly. */
const mostBits = 0xff_ffff;

/** @returns the bits; null where the driver does not say */
export function throttleReasonsOf(cell = ''): number | null {
	return /^0x[0-9a-f]{1,16}$/i.test(cell) ? Number(BigInt(cell) & BigInt(mostBits)) : null;
}

/** Whether anything but idleness keeps the clocks down. */
export function isThrottled(bits: number): boolean {
	return reasonsInWords(bits).length > 0;
}

/** What keeps the clocks down, in words; empty when nothing does. Idleness is no such reason. */
export function reasonsInWords(bits: number): string[] {
	const explained = (bits & hardwareCauses) !== 0;
	const words = reasons
		.filter(({bit, slows}) => slows && (bits & bit) !== 0 && !(bit === hardwareSlowdown && explained))
		.map(({words: text}) => text);
	return (bits & ~known) === 0 ? words : [...words, `unknown reason 0x${(bits & ~known).toString(16)}`];
}

/** Whether the driver says that the card has nothing to do. */
export function isIdle(bits: number): boolean {
	return (bits & 0x1) !== 0;
}

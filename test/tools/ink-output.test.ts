import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';

type Clip = {x1: number | undefined; x2: number | undefined; y1: number | undefined; y2: number | undefined};
type Transform = (line: string, index: number) => string;
type Output = {
	write(x: number, y: number, text: string, options: {transformers: Transform[]}): void;
	clip(clip: Clip): void;
	unclip(): void;
	get(): {output: string; height: number};
};
type OutputClass = new (size: {width: number; height: number}) => Output;

const {default: Ours} = (await import('../../tools/shims/ink-output.mjs' as string)) as {default: OutputClass};
const {default: Inks} = (await import('../../node_modules/ink/build/output.js' as string)) as {default: OutputClass};

const pieces = ['a', 'loss 0.4', '█', '╭─', '宽', 'é', 'e\u0301', '👩‍💻', '\u00AD', '\u200D', ' ', '\n', '\t'];
const codes = [
	'\u001B[31m',
	'\u001B[39m',
	'\u001B[1m',
	'\u001B[2m',
	'\u001B[22m',
	'\u001B[38;2;1;2;3m',
	'\u001B[7m',
	'\u001B[0m',
];
const text = fc.array(fc.constantFrom(...pieces, ...codes), {maxLength: 12}).map((parts) => parts.join(''));
/** The same ones in every frame, as those of what did not change. */
const transforms: Transform[] = [
	(line) => `\u001B[32m${line}\u001B[39m`,
	(line, index) => (index % 2 === 0 ? line : line.toUpperCase()),
	() => '',
];
const edge = fc.option(fc.integer({min: -2, max: 14}), {nil: undefined});
const operation = fc.oneof(
	{
		weight: 4,
		arbitrary: fc.record({
			kind: fc.constant('write' as const),
			x: fc.integer({min: -3, max: 12}),
			y: fc.integer({min: -2, max: 5}),
			text,
			transformers: fc.subarray(transforms, {maxLength: 2}),
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({
			kind: fc.constant('clip' as const),
			clip: fc.record({x1: edge, x2: edge, y1: edge, y2: edge}),
		}),
	},
	{weight: 1, arbitrary: fc.constant({kind: 'unclip' as const})},
);
type Operation = typeof operation extends fc.Arbitrary<infer Value> ? Value : never;

function draw(Class: OutputClass, operations: readonly Operation[]) {
	const output = new Class({width: 12, height: 5});
	for (const each of operations) {
		if (each.kind === 'write') {
			output.write(each.x, each.y, each.text, {transformers: each.transformers});
		} else if (each.kind === 'clip') {
			output.clip(each.clip);
		} else {
			output.unclip();
		}
	}

	return output.get();
}

test('frame after frame is what Ink itself makes of it, also where only some texts changed', () => {
	fc.assert(
		fc.property(
			fc.array(operation, {minLength: 1, maxLength: 10}),
			fc.array(fc.record({place: fc.nat(), changed: operation}), {maxLength: 4}),
			(first, changes) => {
				assert.deepEqual(draw(Ours, first), draw(Inks, first));
				let frame = first;
				for (const {place, changed} of changes) {
					frame = frame.with(place % frame.length, changed);
					assert.deepEqual(draw(Ours, frame), draw(Inks, frame));
				}
			},
		),
		{numRuns: 400},
	);
});

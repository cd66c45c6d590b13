import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {FrameBuilder} from '../../source/gpu/frames.ts';

const fields = ['index', 'uuid', 'utilization.gpu'];
const row = (index: number, utilization = 5) => `${index}, GPU-${index}, ${utilization}`;
const indexes = (tick: {samples: {index: number}[]} | undefined) => tick?.samples.map(({index}) => index);

describe('frames', () => {
	test('a lower index begins the next frame', () => {
		const builder = new FrameBuilder(fields);
		assert.equal(builder.add(row(0)), undefined);
		assert.equal(builder.add(row(1)), undefined);
		assert.equal(builder.ready, false);
		assert.deepEqual(indexes(builder.add(row(0))), [0, 1]);
	});

	test('the same index begins the next frame: one card', () => {
		const builder = new FrameBuilder(fields);
		builder.add(row(0, 1));
		assert.equal(builder.add(row(0, 2))?.samples[0]?.utilization, 1);
	});

	test('with as many rows as cards are known it is ready, once', () => {
		const builder = new FrameBuilder(fields, 2);
		builder.add(row(0));
		assert.equal(builder.ready, false);
		builder.add(row(1));
		assert.equal(builder.ready, true);
		assert.deepEqual(indexes(builder.publish()), [0, 1]);
		assert.equal(builder.ready, false);
		assert.equal(builder.add(row(0)), undefined, 'published already');
	});

	test('a lost card: that frame waits for the next tick, the following do not', () => {
		const builder = new FrameBuilder(fields, 3);
		builder.add(row(0));
		builder.add('Unable to determine the device handle for GPU1: 0000:02:00.0: GPU is lost.');
		builder.add(row(2));
		assert.equal(builder.ready, false);
		const frame = builder.add(row(0));
		assert.deepEqual(indexes(frame), [0, 2]);
		assert.equal(frame?.messages.length, 1);
		builder.add(row(2));
		assert.equal(builder.ready, true);
	});

	test('a card that came back late is added to the frame', () => {
		const builder = new FrameBuilder(fields, 1);
		builder.add(row(0));
		builder.publish();
		assert.equal(builder.add(row(1)), undefined);
		assert.equal(builder.ready, true);
		assert.deepEqual(indexes(builder.publish()), [0, 1]);
	});

	test('a message after a published frame goes with the next', () => {
		const builder = new FrameBuilder(fields, 1);
		builder.add(row(0));
		builder.publish();
		builder.add('WARNING: infoROM is corrupted at gpu 0000:3B:00.0');
		builder.add(row(0));
		assert.equal(builder.publish().messages.length, 1);
	});

	test('the only card is lost: the second such message ends a tick without rows', () => {
		const builder = new FrameBuilder(fields, 1);
		assert.equal(builder.add('GPU is lost'), undefined);
		assert.deepEqual(builder.add('GPU is lost'), {samples: [], messages: ['GPU is lost']});
		assert.deepEqual(builder.add('GPU is lost'), {samples: [], messages: ['GPU is lost']});
	});

	test('messages are made safe', () => {
		const builder = new FrameBuilder(fields, 1);
		builder.add('\u001B[2Joh\u0007');
		builder.add(row(0));
		assert.deepEqual(builder.publish().messages, ['oh']);
	});

	test('whatever comes between, no row is lost, doubled or out of order', () => {
		const garbage = fc.string({unit: 'binary', maxLength: 30}).map((text) => `x${text}`);
		fc.assert(
			fc.property(
				fc.array(fc.oneof(garbage, fc.record({index: fc.nat(3), utilization: fc.nat(100)}, {noNullPrototype: true})), {
					maxLength: 60,
				}),
				(items) => {
					const builder = new FrameBuilder(fields);
					const ticks = items.flatMap(
						(item) => builder.add(typeof item === 'string' ? item : row(item.index, item.utilization)) ?? [],
					);
					ticks.push(builder.publish());
					for (const {samples} of ticks) {
						assert.ok(
							samples.every(({index}, position) => position === 0 || index > (samples[position - 1]?.index ?? 0)),
						);
					}

					assert.deepEqual(
						ticks.flatMap(({samples}) => samples.map(({index, utilization}) => ({index, utilization}))),
						items.filter((item) => typeof item !== 'string'),
					);
				},
			),
		);
	});
});

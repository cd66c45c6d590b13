import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type Box, extensionPrefix, label, startClaimPrefix} from '../../../source/box/box.ts';
import {extendedUntil} from '../../../source/box/gpus/reservation.ts';
import {toBox} from '../../../source/box/labels.ts';
import {onlyBoxes, withExtensions} from '../../../source/box/list.ts';
import type {Container} from '../../../source/engine/engine.ts';

const at = (hour: number) => new Date(Date.UTC(2026, 0, 1, hour));
const hour = 3_600_000;

test('a reservation is extended from its end, an expired one from now', () => {
	assert.deepEqual(extendedUntil(at(12), 4 * hour, at(10)), at(16));
	assert.deepEqual(extendedUntil(at(8), 4 * hour, at(10)), at(14));
});

const container = (name: string, labels: Record<string, string>): Container => ({
	id: name,
	name,
	image: 'i',
	imageId: 'sha256:1',
	labels: {[label.name]: 'alice-train', ...labels},
	state: 'created',
	createdAt: at(0),
	ports: [],
});
const listed = (containers: Container[]) => withExtensions(containers.flatMap((each) => toBox(each) ?? []));
const box = (until?: Date) =>
	container('gpubox-alice-train', {[label.uid]: '7', ...(until ? {[label.until]: until.toISOString()} : {})});
const extension = (until: Date, name = `${extensionPrefix}1`, of = 'gpubox-alice-train') =>
	container(name, {[label.kind]: 'extension', [label.startOf]: of, [label.until]: until.toISOString()});
const endOf = (boxes: Box[]) => onlyBoxes(boxes).map(({until}) => until);

test('the last of its extensions counts, and none makes it shorter', () => {
	assert.deepEqual(endOf(listed([box(at(4)), extension(at(6)), extension(at(9), `${extensionPrefix}2`)])), [at(9)]);
	assert.deepEqual(endOf(listed([box(at(4)), extension(at(2))])), [at(4)]);
});

test('it counts for its box only, for one with a reservation, and under its own name', () => {
	assert.deepEqual(endOf(listed([box(at(4)), extension(at(6), `${extensionPrefix}1`, 'another')])), [at(4)]);
	assert.deepEqual(endOf(listed([box(), extension(at(6))])), [undefined]);
	assert.deepEqual(endOf(listed([box(at(4)), extension(at(6), `${startClaimPrefix}1`)])), [at(4)]);
});

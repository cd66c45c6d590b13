import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type Box, extensionPrefix, label, startClaimPrefix} from '../../../source/box/box.ts';
import {extendedUntil, extendReservation} from '../../../source/box/gpus/reservation.ts';
import {toBox} from '../../../source/box/labels.ts';
import {onlyBoxes, withExtensions} from '../../../source/box/list.ts';
import type {Container, ContainerSpec} from '../../../source/engine/engine.ts';
import type {Host} from '../../../source/host/host.ts';
import {makeBox} from '../../_helpers/make-box.ts';

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

/** An engine on which all of so many extensions are made before any of them is listed. */
function engineFor(several: number) {
	const containers: Container[] = [box(at(4))];
	const all = Promise.withResolvers<void>();
	const engine = {
		local: false,
		async createContainer({name, labels}: ContainerSpec) {
			containers.push({...container(name, labels), id: name});
			if (containers.length > several) {
				all.resolve();
			}

			return name;
		},
		async listContainers() {
			await all.promise;
			return [...containers];
		},
		async removeContainer(id: string) {
			containers.splice(
				containers.findIndex((each) => each.id === id),
				1,
			);
		},
	};
	return {containers, host: {engine, person: {name: 'alice', uid: 7, gid: 7}} as unknown as Host};
}

for (const [first, second] of [
	[2, 2],
	[2, 3],
] as const) {
	test(`of extensions by ${first} and ${second} hours at the same moment the later end remains`, async () => {
		const {containers, host} = engineFor(2);
		const alices = makeBox({id: 'gpubox-alice-train', until: at(4)});
		await Promise.all([first, second].map((hours) => extendReservation(host, alices, hours * hour, at(1))));
		assert.deepEqual(endOf(listed(containers)), [at(4 + second)]);
		assert.equal(containers.length, 2);
	});
}

test('an extension takes the place of the one before', async () => {
	const {containers, host} = engineFor(1);
	containers.push(extension(at(6)));
	const until = await extendReservation(host, makeBox({id: 'gpubox-alice-train', until: at(6)}), hour, at(1));
	assert.deepEqual(until, at(7));
	assert.deepEqual(endOf(listed(containers)), [at(7)]);
	assert.equal(containers.length, 2);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import timers from 'node:timers/promises';
import {boxToMatch, imageChooser} from '../../../source/app/images/choose-image.ts';
import type {Host} from '../../../source/host/host.ts';
import {makeBox} from '../../_helpers/make-box.ts';

test("a project's image is that of the caller's own box for it, of several the one that runs, then the newest", () => {
	const project = '/home/alice/train';
	const match = (...boxes: Parameters<typeof makeBox>[0][]) => boxToMatch(boxes.map(makeBox), project)?.name;
	const [old, recent] = [new Date('2026-01-01'), new Date('2026-02-01')];
	assert.equal(
		match({name: 'a', state: 'exited', createdAt: recent}, {name: 'b', createdAt: old}, {name: 'c', state: 'exited'}),
		'b',
	);
	assert.equal(
		match({name: 'a', state: 'exited', createdAt: old}, {name: 'b', state: 'exited', createdAt: recent}),
		'b',
	);
	assert.equal(
		match(
			{name: 'of-another', mine: false},
			{name: 'a-job', job: {stopSeconds: 10}},
			{name: 'elsewhere', project: '/home/alice/other'},
			{name: 'a-claim', startOf: 'id'},
		),
		undefined,
	);
});

test('facts that fail while the boxes are listed fail with the choice, and not on their own', async () => {
	const paths = {state: '/nonexistent/gpubox-state'};
	const engine = {local: true, address: 'unix:///run/docker.sock'};
	const listed = Promise.withResolvers<never[]>();
	const host = {paths, person: {name: 'alice'}, engine: {...engine, listContainers: () => listed.promise}};
	const {signal} = new AbortController();
	const wish = {image: undefined, project: '/home/alice/train', force: true, winners: [], signal};
	const choose = imageChooser(host as unknown as Host, wish);
	// Node ends the test for a rejection that nobody has taken by the next turn of its loop.
	const chosen = choose(Promise.reject(new Error('no driver')));
	await timers.setImmediate();
	await timers.setImmediate();
	listed.reject(new Error('no engine'));
	await assert.rejects(chosen, /no engine/);
});

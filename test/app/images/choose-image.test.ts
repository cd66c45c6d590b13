import assert from 'node:assert/strict';
import {test} from 'node:test';
import {boxToMatch} from '../../../source/app/images/choose-image.ts';
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

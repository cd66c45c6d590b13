import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Failure} from '../../../source/base/failure.ts';
import {refuseNotRunning, whyNotRunning} from '../../../source/box/up/not-running.ts';
import type {ContainerState} from '../../../source/engine/engine.ts';
import {makeBox} from '../../_helpers/make-box.ts';

const now = new Date('2026-05-01T12:00:00Z');
const boxOf = (state: ContainerState, seconds = 60) =>
	makeBox({name: 'alice-train', state, createdAt: new Date(now.getTime() - seconds * 1000)});

test('what does not run is told with what to do about it', () => {
	assert.equal(whyNotRunning(boxOf('running'), now), undefined);
	const told = (['paused', 'restarting', 'removing', 'created', 'exited', 'dead'] as const).map((state) => {
		const {message, fix} = whyNotRunning(boxOf(state), now) ?? {};
		return `${message} ${fix ?? '-'}`;
	});
	assert.deepEqual(told, [
		'alice-train is paused. To continue it: docker unpause gpubox-alice-train',
		'alice-train is restarting. Try again in a moment. If it stays so, see its log: gpubox logs alice-train',
		'alice-train is being removed. List boxes: gpubox ls',
		'alice-train is not running. -',
		'alice-train is not running. -',
		'alice-train is not running. -',
	]);
	assert.deepEqual(whyNotRunning(boxOf('created', 2), now), {
		message: 'alice-train is being started.',
		fix: 'Try again in a moment.',
	});
	assert.deepEqual(whyNotRunning({...boxOf('exited'), job: {stopSeconds: 10}}, now), {
		message: 'alice-train has ended.',
		fix: 'Its output: gpubox logs alice-train',
	});
});

test('one that is stopped is to be started', () => {
	refuseNotRunning(boxOf('running'), 8);
	assert.throws(
		() => refuseNotRunning(boxOf('exited'), 8),
		(error) => error instanceof Failure && error.exitCode === 8 && error.fix === 'Start it: gpubox start alice-train',
	);
});

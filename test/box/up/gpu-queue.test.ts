import assert from 'node:assert/strict';
import {test} from 'node:test';
import {pauseUntil} from '../../../source/box/up/gpu-queue.ts';

test('who cancels waiting for GPUs gets their own reason back, and an end is noticed at once', async () => {
	const controller = new AbortController();
	const never = new Promise<void>(() => {});
	const pausing = pauseUntil(never, 600_000, controller.signal);
	const reason = new Error('cancelled by the user');
	controller.abort(reason);
	await assert.rejects(pausing, reason);
	await pauseUntil(Promise.resolve(), 600_000, new AbortController().signal);
});

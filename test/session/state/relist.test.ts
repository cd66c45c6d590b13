import assert from 'node:assert/strict';
import {mock, test} from 'node:test';
import {throttleRuns} from '../../../source/session/state/relist.ts';

const settle = async () => new Promise<void>((resolve) => setImmediate(resolve));

function setUp(t: {after: (fn: () => void) => void}) {
	mock.timers.enable({apis: ['setTimeout']});
	let now = 0;
	const clock = mock.method(performance, 'now', () => now);
	t.after(() => {
		mock.timers.reset();
		clock.mock.restore();
	});
	const pending: Array<PromiseWithResolvers<void>> = [];
	const controller = new AbortController();
	const errors: unknown[] = [];
	const request = throttleRuns(
		() => {
			const run = Promise.withResolvers<void>();
			pending.push(run);
			return run.promise;
		},
		{intervalMs: 400, signal: controller.signal, onError: (error) => errors.push(error)},
	);
	return {
		request,
		pending,
		controller,
		errors,
		pass(milliseconds: number) {
			now += milliseconds;
			mock.timers.tick(milliseconds);
		},
	};
}

test('the first request runs at once, a burst becomes one more run', async (t) => {
	const {request, pending, pass} = setUp(t);
	for (let count = 0; count < 50; count += 1) {
		request();
	}

	assert.equal(pending.length, 1);
	pending[0]?.resolve();
	await settle();
	request();
	request();
	assert.equal(pending.length, 1);
	pass(400);
	assert.equal(pending.length, 2);
});

test('two runs are never in flight, and what was asked for meanwhile is not lost', async (t) => {
	const {request, pending, pass} = setUp(t);
	request();
	pass(5000);
	request();
	assert.equal(pending.length, 1);
	pending[0]?.resolve();
	await settle();
	assert.equal(pending.length, 2);
});

test('a run that fails is told and does not stop the next', async (t) => {
	const {request, pending, pass, errors} = setUp(t);
	request();
	pending[0]?.reject(new Error('no answer'));
	await settle();
	assert.equal(errors.length, 1);
	pass(400);
	request();
	assert.equal(pending.length, 2);
});

test('nothing runs after it was stopped', async (t) => {
	const {request, pending, pass, controller} = setUp(t);
	request();
	request();
	controller.abort();
	pending[0]?.resolve();
	await settle();
	pass(5000);
	assert.equal(pending.length, 1);
});

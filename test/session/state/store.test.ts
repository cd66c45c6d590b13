import assert from 'node:assert/strict';
import {mock, test} from 'node:test';
import {createStore, onChange} from '../../../source/session/state/store.ts';

function setUp(t: {after: (fn: () => void) => void}) {
	mock.timers.enable({apis: ['setTimeout', 'Date'], now: 1_000_000});
	t.after(() => mock.timers.reset());
	const store = createStore(0, {intervalMs: 250});
	const seen: number[] = [];
	store.subscribe(() => seen.push(store.getSnapshot()));
	return {store, seen};
}

test('changes that come by themselves are published four times a second at most', (t) => {
	const {store, seen} = setUp(t);
	for (let tick = 1; tick <= 100; tick += 1) {
		store.change(() => tick);
		mock.timers.tick(10);
	}

	// The first at once, then one every quarter of a second.
	assert.equal(seen.length, 5);
	mock.timers.tick(250);
	assert.equal(seen.at(-1), 100);
});

test('a key is answered at once', (t) => {
	const {store, seen} = setUp(t);
	store.change(() => 1);
	store.changeNow(() => 2);
	store.changeNow(() => 3);
	assert.deepEqual(seen, [1, 2, 3]);
});

test('the newest state is there before it is published', (t) => {
	const {store} = setUp(t);
	store.change(() => 1);
	store.change(() => 2);
	assert.equal(store.getSnapshot(), 1);
	assert.equal(store.get(), 2);
});

test('what nobody waits for comes along with the next change, or by itself after a while', (t) => {
	const {store, seen} = setUp(t);
	store.changeNow(() => 1);
	store.changeLazily(() => 2);
	mock.timers.tick(1000);
	assert.deepEqual(seen, [1]);
	store.change((value) => value + 10);
	assert.deepEqual(seen, [1, 12]);
	store.changeLazily(() => 3);
	mock.timers.tick(1500);
	assert.deepEqual(seen, [1, 12, 3]);
});

test('a change does not wait for a lazy one', (t) => {
	const {store, seen} = setUp(t);
	store.changeNow(() => 1);
	store.changeLazily(() => 2);
	store.change(() => 3);
	mock.timers.tick(250);
	assert.deepEqual(seen, [1, 3]);
	mock.timers.tick(2000);
	assert.deepEqual(seen, [1, 3]);
});

test('a change that changes nothing draws nothing', (t) => {
	const {store, seen} = setUp(t);
	store.change((value) => value);
	store.changeNow((value) => value);
	mock.timers.tick(1000);
	assert.deepEqual(seen, []);
});

test('while the terminal is lent nothing is published, and everything afterwards', (t) => {
	const {store, seen} = setUp(t);
	store.hold();
	store.change(() => 1);
	store.changeNow(() => 2);
	mock.timers.tick(1000);
	assert.deepEqual(seen, []);
	store.release();
	assert.deepEqual(seen, [2]);
});

test('a closed store is silent', (t) => {
	const {store, seen} = setUp(t);
	store.changeNow(() => 1);
	store.change(() => 2);
	store.close();
	mock.timers.tick(1000);
	assert.deepEqual(seen, [1]);
});

test('a subscriber hears of what it selects, once for each change, also of one that it makes itself', (t) => {
	const {store} = setUp(t);
	const tens: number[] = [];
	onChange(
		store,
		(value) => Math.floor(value / 10),
		(ten) => {
			tens.push(ten);
			store.changeNow((value) => value + 1);
		},
	);
	store.changeNow(() => 5);
	store.changeNow(() => 19);
	store.changeNow(() => 21);
	// 19 was made 20 while it was published.
	assert.deepEqual(tens, [1, 2]);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {DemoHost} from '../../source/demo/host.ts';
import {showSession} from '../_helpers/session.tsx';

// What another user's program writes is read after a yes only, here as in the list of containers.

const size = {columns: 120, rows: 40};
const ready = /▸● dora-eda[\s\S]*ServerApp/;

/** Ids of the containers whose logs the engine was asked for. */
function spying() {
	const read: string[] = [];
	return {
		read,
		useCases: {
			// Whether a box is idle is found out in another way, and is not shown as a log.
			async idleLimits(): Promise<never> {
				throw new Error('not asked in this test');
			},
		},
		prepare({engine}: DemoHost) {
			const logs = engine.logs.bind(engine);
			engine.logs = (id, options) => {
				read.push(id);
				return logs(id, options);
			};
		},
	};
}

test('the log of another user’s box is neither shown nor read before a yes, which counts for that box', async (t) => {
	const spy = spying();
	const {type, waitFor, frame, session} = await showSession(t, size, spy);
	const idOf = (wanted: string) => session.store.get().facts.box.boxes.find(({name}) => name === wanted)?.id ?? '';
	await waitFor(ready);
	const [alice, bob] = [idOf('alice-llm-train'), idOf('bob-segmentation')];
	type('jj');
	await waitFor(/─ alice-llm-train ─+╮[\s\S]*l shows the log of alice's box \(asks\)/);
	type('\t');
	await waitFor(/▸ alice-llm-train/);
	assert.doesNotMatch(frame(), /following|\/ search|S save/);
	for (const key of ['/', 'e', 'S', 'G', 'g', 'k', ' ', 'm', 'y']) {
		type(key);
		await waitFor(/This does nothing here: the log of alice is not shown yet/);
		assert.equal(session.store.get().view.log.prompt, undefined, key);
		assert.deepEqual(session.log.sources, [], key);
	}

	for (const key of ['l', 'z']) {
		type(key);
		await waitFor(/Read the log of alice-llm-train \(owner: alice\)\? {2}y ⏎ yes {2}n no/);
		type('n');
		await waitFor(/^(?![\s\S]*y ⏎)[\s\S]*l shows the log of alice's box/);
	}

	assert.deepEqual(
		spy.read.filter((id) => id !== idOf('dora-eda') && id !== idOf('dora-sweep-4')),
		[],
	);
	type('l');
	await waitFor(/y ⏎ yes {2}n no/);
	type('y');
	await waitFor(/(?<!y) ⏎ yes {2}n no/);
	type('\r');
	await waitFor(/8 GPUs[\s\S]*▸ alice-llm-train[^\n]*following[\s\S]*epoch/);
	assert.ok(spy.read.includes(alice));

	type('\u001B[Z');
	await waitFor(/▸ Boxes/);
	type('j');
	await waitFor(/l shows the log of bob's box[\s\S]*▸● bob-segmentation/);
	type('k');
	await waitFor(/epoch[\s\S]*▸● alice-llm-train/);
	type('l');
	await waitFor(/▸ alice-llm-train[\s\S]*Esc back/);
	assert.equal(session.store.get().view.screen, 'log');
	assert.ok(!spy.read.includes(bob));
});

test('where another user’s box comes into the place of one’s own, its log is not read either', async (t) => {
	const spy = spying();
	const {type, waitFor, host, session} = await showSession(t, {columns: 60, rows: 20}, spy);
	await waitFor(/▸● dora-eda/);
	type('l');
	await waitFor(/▸ dora-eda/);
	type('l');
	await waitFor(/^(?![\s\S]*H100)/);
	const others = session.store.get().facts.box.boxes.filter(({mine}) => !mine);
	for (const name of ['dora-eda', 'dora-sweep-4']) {
		const box = session.store.get().facts.box.boxes.find((each) => each.name === name);
		await host.engine.removeContainer(box?.id ?? '', {force: true});
	}

	await waitFor(/▸ alice-llm-train[\s\S]*Esc, then l shows the log of alice's box/);
	type('g');
	await waitFor(/the log of alice is not shown\s+yet/);
	type('\u001B');
	await waitFor(/▸● alice-llm-train/);
	type('l');
	await waitFor(/Read the log of alice-llm-train/);
	type('y');
	await waitFor(/(?<!y) ⏎ yes {2}n no/);
	assert.deepEqual(
		spy.read.filter((id) => others.some((box) => box.id === id)),
		[],
	);
	type('\r');
	// Without room beside the boxes it takes their place.
	await waitFor(/▸ alice-llm-train[^\n]*following[\s\S]*epoch/);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {label} from '../../source/box/box.ts';
import type {Container} from '../../source/engine/engine.ts';
import {shownBoxes} from '../../source/session/state/boxes/shown-boxes.ts';
import {showSession} from '../_helpers/session.tsx';

const eventually = {interval: 10, timeout: 20_000};
const small = {columns: 80, rows: 24};
const ready = /hopper[\s\S]*dora-eda/;

test('the boxes are filtered and sorted, and the keys are about those that are shown', async (t) => {
	const {type, waitFor, frame, session} = await showSession(t, small);
	await waitFor(ready);
	type('/');
	await waitFor(/ \/ +.*6 found/);
	// Keys are letters of the filter now.
	type('x');
	await waitFor(/ 0 found[\s\S]*Nothing matches the filter/);
	type('\r');
	type('s');
	await waitFor(/The filter finds no box[\s\S]*Esc shows all of them/);
	type('\u001B');
	await waitFor(/▸● dora-eda/);
	type('/');
	await waitFor(/ \/ +.*6 found/);
	type('dosw');
	await waitFor(/─ dora-sweep-4 ─[\s\S]*\/ dosw +1 found[\s\S]*▸● dora-sweep-4/);
	assert.doesNotMatch(frame(), /● bob-segm/);
	type('\r');
	await waitFor(/stop/);
	type('s');
	await waitFor(/Stop dora-sweep-4/);
	type('n');
	await waitFor(/^(?![\s\S]*y ⏎)/);
	// Another screen is about the same box, though the filter found it and no key chose it.
	type('\r');
	await waitFor(/▸ dora-sweep-4[\s\S]*Esc back/);
	type('\u001B');
	await waitFor(/\/ dosw +1 found/);
	type('\u001B');
	await waitFor(/▸● dora-sweep-4/);
	type('S');
	type('S');
	await waitFor(/Boxes by owner/);
	type('S');
	await waitFor(/Boxes by GPUs[\s\S]*│[ ▸]● alice-llm-train/);
	const names = () => shownBoxes(session.store.get().facts, session.store.get().view).map(({name}) => name);
	assert.equal(names()[0], 'alice-llm-train');
	type('S');
	await waitFor(/Boxes by state/);
	assert.equal(names().at(-1), 'chen-ablation');
	assert.match(frame(), /▸● dora-sweep-4/);
});

test('text that is pasted without brackets, or typed into the filter, ends nothing', async (t) => {
	const {type, waitFor, session} = await showSession(t, small);
	await waitFor(ready);
	type('/');
	await waitFor(/ \/ +.*6 found/);
	type('ls -s x\r');
	await waitFor(/ \/ ls -s x/);
	type('\u001B');
	await waitFor(/▸● dora-eda/);
	type('ls -la s\r');
	type('j');
	await waitFor(/▸● dora-sweep-4/);
	assert.equal(session.store.get().view.asking, undefined);
	assert.equal(session.store.get().view.screen, 'main');
	assert.deepEqual(session.store.get().facts.tasks, []);
});

test('a filter typed while 500 boxes come and go stays right, and so does the box chosen', async (t) => {
	const kept = 'box-042';
	let round = 0;
	const nameOf = (number: number) => `box-${String(number).padStart(3, '0')}`;
	/** Of 1000 each round has another half, in another order, and always the one. */
	const namesNow = () => {
		const numbers = Array.from({length: 1000}, (_, place) => (place * 7 + round * 331) % 1000);
		return numbers.filter((number) => number === 42 || (number + round) % 2 === 0).map(nameOf);
	};
	const {type, waitFor, host, session} = await showSession(t, small, {
		prepare({engine}) {
			const list = engine.listContainers.bind(engine);
			engine.listContainers = async (options) => {
				const sample = (await list(options)).find(({labels}) => labels[label.name] !== undefined) as Container;
				return namesNow().map((name) => ({
					...sample,
					id: name.padEnd(64, '0'),
					name: `gpubox-${name}`,
					labels: {...sample.labels, [label.name]: name},
				}));
			};
		},
	});
	const {store} = session;
	const change = async (next: number) => {
		round = next;
		// Whatever happens to a box has all listed again.
		const does = next % 2 === 0 ? 'stopContainer' : 'startContainer';
		await host.engine[does]('gpubox-chen-ablation');
		await t.waitFor(() => {
			const names = new Set(store.get().facts.box.boxes.map(({name}) => name));
			assert.deepEqual(names, new Set(namesNow()));
		}, eventually);
	};

	await waitFor(/ of 50[01] ─/);
	store.changeNow(({facts, view}) => ({facts, view: {...view, boxId: kept.padEnd(64, '0')}}));
	type('/');
	await waitFor(/50[01] found/);
	const typed: Array<[key: string, filter: string]> = [
		['-', '-'],
		['0', '-0'],
		['\u007F', '-'],
		['\u007F', ''],
		['4', '4'],
	];
	for (const [place, [key, text]] of typed.entries()) {
		type(key);
		await change(place + 1);
		const {facts, view} = store.get();
		assert.deepEqual(
			shownBoxes(facts, view).map(({name}) => name),
			facts.box.boxes.map(({name}) => name).filter((name) => name.includes(text)),
		);
		await waitFor(new RegExp(`/ ${text} [\\s\\S]*▸● ${kept}`));
	}

	type('\r');
	type('j');
	await waitFor(/▸● box-(?!042)/);
	type('k');
	await waitFor(/▸● box-042/);
	type('\u001B');
	await change(6);
	await waitFor(/ of 50[01] ─[\s\S]*▸● box-042/);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {helpLines} from '../../../source/session/screens/help.tsx';
import {reasonWidth, selectHelp} from '../../../source/session/state/help/select-help.ts';
import {bindings} from '../../../source/session/state/keymap.ts';
import {type Facts, noFacts} from '../../../source/session/state/model.ts';
import {firstView, type View} from '../../../source/session/state/reduce.ts';
import {widthOf} from '../../../source/text/layout/fit.ts';
import {makeBox} from '../../_helpers/make-box.ts';

const start = noFacts({demo: false, engineAddress: 'unix:///x', person: 'dora', folder: '~/thesis'});

function withBoxes(...boxes: Facts['box']['boxes']): Facts {
	return {...start, box: {...start.box, phase: 'live', boxes}};
}

function helpOf(facts: Facts, from: Partial<View> = {}): Array<{label: string; state: string; reason: string}> {
	const lines = selectHelp(facts, {...firstView, ...from, screen: 'help'});
	return lines.flatMap((line, place) => {
		const below = lines[place + 1];
		return line.kind === 'key'
			? [{label: line.label, state: line.state, reason: below?.kind === 'reason' ? below.text : ''}]
			: [];
	});
}

test('the help names the box that a key is about, and what it does to it now', () => {
	const running = makeBox({name: 'dora-train', mine: true, state: 'running'});
	const labels = helpOf(withBoxes(running)).map(({label}) => label);
	assert.ok(labels.includes('Stop dora-train (asks)'));
	assert.ok(labels.includes('Shell in dora-train'));
	const stopped = helpOf(withBoxes({...running, state: 'exited'}));
	assert.ok(stopped.some(({label, state}) => label === 'Start dora-train' && state === 'on'));
	assert.deepEqual(
		stopped.find(({label}) => label === 'Shell in the box'),
		{label: 'Shell in the box', state: 'off', reason: 'it is stopped'},
	);
});

test('a long name is folded in its middle, so that what a key does with it stays in sight', () => {
	const name = 'dora-a-very-long-name-of-an-experiment-7';
	const labels = helpOf(withBoxes(makeBox({name, mine: true, state: 'running'}))).map(({label}) => label);
	assert.ok(labels.includes('Stop dora-a…ment-7 (asks)'));
	assert.ok(labels.includes('Restart dora-…nt-7 (asks)'));
	for (const label of labels.filter((each) => /^(Stop|Remove|Restart|Shell in)/.test(each))) {
		assert.ok(widthOf(label) <= 25, label);
	}
});

test('a key that does nothing now says why, and that of another place does not', () => {
	const none = helpOf(withBoxes());
	assert.equal(none.find(({label}) => label === 'Stop (asks) or start')?.reason, 'there is no box');
	assert.equal(none.find(({label}) => label === 'Cancel task (asks)')?.reason, 'nothing to cancel');
	assert.deepEqual(
		none.find(({label}) => label === 'Pull it'),
		{label: 'Pull it', state: 'elsewhere', reason: ''},
	);
	const bobs = makeBox({name: 'bob-eda', owner: 'bob', mine: false, state: 'running', services: ['jupyter']});
	assert.match(helpOf(withBoxes(bobs)).find(({label}) => label === 'Open Jupyter')?.reason ?? '', /bob/);
	const asRoot = {...withBoxes(bobs), root: true};
	assert.ok(helpOf(asRoot).some(({label, state}) => label === 'Shell in bob-eda' && state === 'on'));
});

test('where one came from comes first, and every key with a label is there', () => {
	const titles = (from: Partial<View>) =>
		selectHelp(withBoxes(), {...firstView, ...from, screen: 'help'}).flatMap((line) =>
			line.kind === 'title' ? [line.text] : [],
		);
	assert.equal(titles({})[0], '▸ In the list of boxes');
	assert.equal(titles({behindHelp: 'images'})[0], '▸ On the images screen');
	const labels = (behindHelp: View['behindHelp']) =>
		selectHelp(withBoxes(), {...firstView, screen: 'help', behindHelp}).flatMap((line) =>
			line.kind === 'key' && line.state !== 'elsewhere' ? [line.label] : [],
		);
	// Enter starts a box there.
	assert.ok(labels('people').includes('Go to what it belongs to'));
	assert.ok(!labels('images').includes('Go to what it belongs to'));
	const told = helpOf(withBoxes()).map(({label}) => label);
	for (const {label} of bindings.filter(({scope}) => ['main', 'boxes', 'gpus', 'anywhere'].includes(scope))) {
		assert.ok(label === '' || told.includes(label), label);
	}
});

test('every reason is whole at 80 columns, in as many lines as it needs', () => {
	const box = makeBox({name: 'x', mine: false, owner: 'bob', state: 'running'});
	const noEngine = {...start, box: {...start.box, phase: 'no-engine' as const}};
	const situations: Facts[] = [start, withBoxes(), withBoxes(box), noEngine, {...withBoxes(box), readOnly: true}];
	const reasons = new Set<string>();
	for (const facts of situations) {
		for (const behindHelp of ['main', 'containers', 'processes', 'images', 'hosts', 'gpu', 'log'] as const) {
			const view: View = {...firstView, screen: 'help', behindHelp};
			for (const row of helpLines(facts, view, {columns: 80, room: 20}).flat()) {
				if (row.kind === 'reason') {
					assert.ok(widthOf(row.text) <= reasonWidth, row.text);
					reasons.add(row.text);
				}
			}
		}
	}

	assert.ok(reasons.has('no engine answers'));
	assert.ok(reasons.has('read-only session'));
});

import assert from 'node:assert/strict';
import {describe, type TestContext, test} from 'node:test';
import fc from 'fast-check';
import type {Box} from '../../../../source/box/box.ts';
import {viewGpus} from '../../../../source/gpu/live.ts';
import type {Host} from '../../../../source/host/host.ts';
import {whyNot} from '../../../../source/session/state/keys/here.ts';
import {listSituation} from '../../../../source/session/state/machine/select-lists.ts';
import {type HostReading, noFacts} from '../../../../source/session/state/model.ts';
import {type Action, firstView, reduce, type View} from '../../../../source/session/state/reduce.ts';
import {createStore, type SessionState, withFacts} from '../../../../source/session/state/store.ts';
import {alertSequence, createAlert, eventVariables} from '../../../../source/session/state/tells/alert.ts';
import {conditionsOf} from '../../../../source/session/state/tells/conditions.ts';
import {
	type Condition,
	type EventsState,
	type Happening,
	mostHappenings,
	noEvents,
	patienceOf,
	withConditions,
	withHappening,
} from '../../../../source/session/state/tells/events.ts';
import {followEvents} from '../../../../source/session/state/tells/watch-events.ts';
import {frameOf, inventoryOf} from '../../../_helpers/demo.ts';
import {makeBox} from '../../../_helpers/make-box.ts';
import {situation} from '../_situation.ts';

const kinds = ['gpu-lost', 'gpu-throttled', 'gpu-free', 'disk-full'] as const;

function condition(kind: Condition['kind'], holds: boolean | undefined, subject = 'GPU-0'): Condition {
	return {kind, subject, holds, severity: 'bad', text: `${kind} ${subject}`, fix: ''};
}

/** One second after the other. */
function play(kind: Condition['kind'], seconds: ReadonlyArray<boolean | undefined>): EventsState {
	return seconds.reduce<EventsState>(
		(state, holds, second) =>
			withConditions(state, [condition(kind, holds)], {clockMs: second * 1000, wallMs: second * 1000}),
		noEvents,
	);
}

const many = (count: number, holds: boolean | undefined) => Array.from({length: count}, () => holds);

describe('events', () => {
	test('tell what became so, once, after it was so for a while', () => {
		const {happened} = play('gpu-lost', [false, ...many(60, true)]);
		assert.deepEqual(
			happened.map(({at, kind, about}) => [at, kind, about]),
			[[6000, 'gpu-lost', {gpu: 'GPU-0'}]],
		);
	});

	test('do not tell what was so at the start, until it went and came again', () => {
		assert.equal(play('gpu-free', many(600, true)).happened.length, 0);
		assert.equal(play('gpu-free', [...many(100, true), ...many(40, false), ...many(40, true)]).happened.length, 1);
	});

	test('do not come again for what went for a moment, or while it is not known', () => {
		assert.equal(
			play('gpu-lost', [false, ...many(20, true), ...many(20, false), ...many(60, true)]).happened.length,
			1,
		);
		assert.equal(
			play('gpu-lost', [false, ...many(20, true), ...many(600, undefined), ...many(60, true)]).happened.length,
			1,
		);
	});

	test('of one thing are as far apart as it takes to go and to come, whatever happens, and are bounded', () => {
		fc.assert(
			fc.property(
				fc.constantFrom(...kinds),
				fc.array(fc.tuple(fc.option(fc.boolean(), {nil: undefined}), fc.nat(90)), {maxLength: 60}),
				(kind, runs) => {
					const seconds = runs.flatMap(([holds, length]) => many(length, holds));
					const {happened, conditions, lastId} = play(kind, seconds);
					const {raiseMs, clearMs} = patienceOf[kind];
					for (const [place, {at}] of happened.entries()) {
						const before = happened[place - 1]?.at;
						assert.ok(before === undefined || at - before >= raiseMs + clearMs);
						assert.equal(seconds[at / 1000], true);
					}

					assert.equal(lastId, happened.length);
					assert.ok(conditions.size <= 1);
				},
			),
		);
		const flood = Array.from({length: 1000}).reduce<EventsState>(
			(state) => withHappening(state, {at: 0, kind: 'run-ended', severity: 'good', text: 'x', fix: ''}),
			noEvents,
		);
		assert.equal(flood.happened.length, mostHappenings);
		assert.equal(flood.happened.at(-1)?.id, 1000);
	});

	test('forget what is not there any more', () => {
		const times = {clockMs: 0, wallMs: 0};
		const before = withConditions(noEvents, [condition('gpu-free', false)], times);
		assert.equal(withConditions(before, [], times).conditions.size, 0);
		assert.equal(withConditions(before, [condition('gpu-free', false)], times), before);
	});
});

const inventory = inventoryOf(2);
const [busyCard, otherCard] = inventory.gpus.map(({uuid}) => uuid);

function makeState(change: Partial<SessionState['facts']> = {}, without: number[] = []): SessionState {
	const facts = noFacts({demo: false, engineAddress: '', person: 'alice', folder: '~'});
	const readings = viewGpus(inventory.gpus, frameOf(inventory, 0, without)).map((view) => ({...view, history: []}));
	return {
		facts: {
			...facts,
			box: {...facts.box, phase: 'live'},
			gpu: {...facts.gpu, phase: 'live', inventory, readings, processesUnknown: false},
			...change,
		},
		view: firstView,
	};
}

describe('conditions', () => {
	const holding = (state: SessionState) =>
		conditionsOf(state.facts)
			.filter(({holds}) => holds === true)
			.map(({text}) => text);

	test('are read from the facts', () => {
		assert.deepEqual(holding(makeState()), ['GPU 1 is free']);
		assert.deepEqual(holding(makeState({}, [0])), ['GPU 0 lost', 'GPU 1 is free']);
		const disk = {diskFreeBytes: 30e9, diskTotalBytes: 1e12} as HostReading;
		assert.deepEqual(holding(makeState({host: disk})), [
			'GPU 1 is free',
			'The disk of the engine is nearly full: 27.9 GiB free',
		]);
	});

	test('hold for the power brake and heat, not for the power limit', () => {
		const state = makeState();
		const throttled = (bits: number | null) => {
			const readings = state.facts.gpu.readings.map((reading) => ({...reading, throttleReasons: bits}));
			return conditionsOf({...state.facts, gpu: {...state.facts.gpu, readings}}).find(
				({kind}) => kind === 'gpu-throttled',
			);
		};
		assert.equal(throttled(0x4)?.holds, false);
		assert.equal(throttled(null)?.holds, undefined);
		assert.equal(throttled(0x20)?.text, 'GPU 0 is slowed by heat at 60 °C');
		assert.equal(throttled(0x80)?.text, 'GPU 0 is slowed by its power supply');
	});

	test('do not call a card free while the boxes are not known', () => {
		const state = makeState();
		const late = {...state.facts, box: {...state.facts.box, phase: 'late' as const}};
		assert.equal(
			conditionsOf(late).find(({subject, kind}) => subject === otherCard && kind === 'gpu-free')?.holds,
			undefined,
		);
	});

	test('of a nearly full disk end only with more room', () => {
		const at = (free: number, shown: boolean) => {
			const state = makeState({host: {diskFreeBytes: free, diskTotalBytes: 100} as HostReading});
			const conditions = new Map(shown ? [['disk-full ', {shown: true as const, next: undefined}]] : []);
			const facts = {...state.facts, tells: {...state.facts.tells, events: {...noEvents, conditions}}};
			return conditionsOf(facts).find(({kind}) => kind === 'disk-full')?.holds;
		};
		assert.deepEqual([at(4, false), at(6, false), at(6, true), at(8, true)], [true, false, true, false]);
	});
});

function watch(t: TestContext, detail: {exitCode: number; oomKilled: boolean; state: string}) {
	const aborting = new AbortController();
	t.after(() => aborting.abort());
	const box = makeBox({gpus: [busyCard ?? '']});
	const store = createStore(makeState());
	const alerts: Happening[] = [];
	const host = {engine: {inspectContainer: async () => detail}} as unknown as Host;
	followEvents({host, store, signal: aborting.signal, alert: (news) => void alerts.push(...news)});
	const show = (state: typeof box.state) =>
		store.changeNow(withFacts(({box: before}) => ({box: {...before, boxes: [{...box, state}]}})));
	return {store, box, show, alerts, settle: () => new Promise((resolve) => setImmediate(resolve))};
}

describe('a box that stops', () => {
	test('is an event with its exit code, or because of its memory', async (t) => {
		for (const [oomKilled, kind, text] of [
			[false, 'box-stopped', 'alice-train has stopped (exit code 3)'],
			[true, 'out-of-memory', 'alice-train was killed at its memory limit'],
		] as const) {
			const {show, alerts, settle} = watch(t, {exitCode: 3, oomKilled, state: 'exited'});
			show('running');
			show('exited');
			await settle();
			show('exited');
			await settle();
			assert.deepEqual(
				alerts.map((each) => [each.kind, each.text, each.about]),
				[[kind, text, {box: 'alice-train'}]],
			);
		}
	});

	test('is none when this session stops it', async (t) => {
		const {store, box, show, alerts, settle} = watch(t, {exitCode: 0, oomKilled: false, state: 'exited'});
		show('running');
		store.changeNow(withFacts(() => ({tasks: [{id: 1, title: '', step: '', share: undefined, boxId: box.id}]})));
		store.changeNow(withFacts(() => ({tasks: []})));
		show('exited');
		await settle();
		assert.deepEqual(alerts, []);
	});
});

describe('Enter on an event', () => {
	const press = (about: Happening['about'], {boxes, filter = ''}: {boxes: Box[]; filter?: string}) => {
		const state = makeState();
		const events = withHappening(noEvents, {
			at: 0,
			kind: 'box-stopped',
			severity: 'bad',
			text: 'x',
			fix: '',
			...(about && {about}),
		});
		const facts = {
			...state.facts,
			box: {...state.facts.box, boxes},
			tells: {...state.facts.tells, events},
		};
		const lists = {...firstView.lists, boxes: {...firstView.lists.boxes, filter: {before: filter, after: ''}}};
		const view: View = {...firstView, screen: 'events', focus: 'side', zoom: 'gpus', lists};
		const enter: Action = {type: 'list', does: {type: 'enter-row'}};
		const list = () => listSituation({facts, view}, new Date(0));
		return {why: whyNot(enter, facts, view), after: reduce(view, enter, {...situation, list}).view};
	};
	const box = makeBox();

	test('leads to the box or the GPU that it is about, whatever is filtered or zoomed there', () => {
		const toBox = press({box: box.name}, {boxes: [box], filter: 'other'});
		assert.equal(toBox.why, undefined);
		const {screen, focus, boxId, zoom, lists} = toBox.after;
		assert.deepEqual([screen, focus, boxId, zoom], ['main', 'boxes', box.id, undefined]);
		assert.equal(lists.boxes.filter.before, '');
		const toGpu = press({gpu: otherCard ?? ''}, {boxes: []});
		assert.equal(toGpu.why, undefined);
		assert.deepEqual([toGpu.after.screen, toGpu.after.focus, toGpu.after.gpuUuid], ['main', 'gpus', otherCard]);
	});

	test('leads nowhere, and says why, where there is no such thing, or it is gone', () => {
		for (const [about, why] of [
			[undefined, 'it leads nowhere'],
			[{box: 'removed'}, 'the box is gone'],
			[{gpu: 'GPU-removed'}, 'the GPU is gone'],
		] as const) {
			const pressed = press(about, {boxes: [box]});
			assert.equal(pressed.why, why);
			assert.equal(pressed.after.screen, 'events');
		}
	});
});

describe('an alert', () => {
	const news: Happening[] = [
		{id: 1, at: 0, kind: 'gpu-free', severity: 'good', text: 'GPU 1 is free\u0007\u001B]0;x', fix: ''},
		{id: 2, at: 0, kind: 'gpu-free', severity: 'good', text: 'GPU 2 is free', fix: ''},
	];

	test('is the bell, or one notification without anything that could end it', () => {
		assert.equal(alertSequence(news, 'bell'), '\u0007');
		assert.equal(alertSequence(news, 'notification'), '\u001B]9;gpubox: GPU 1 is free]0;x (and 1 more)\u0007');
		assert.equal(alertSequence(news, 'none'), '');
		assert.equal(alertSequence([], 'bell'), '');
		assert.ok(alertSequence([{...news[0], text: 'x'.repeat(9999)} as Happening], 'notification').length < 250);
	});

	test('is not written while another program has the terminal', () => {
		const written: string[] = [];
		const make = (lent: boolean) =>
			createAlert({
				wishes: () => ({how: 'bell', command: undefined}),
				isLent: () => lent,
				write: (text) => void written.push(text),
				onTrouble: assert.fail,
				signal: new AbortController().signal,
			});
		make(true)(news);
		assert.deepEqual(written, []);
		make(false)(news);
		assert.deepEqual(written, ['\u0007']);
	});

	test('runs the command of the user with what happened in its environment', async () => {
		assert.deepEqual(eventVariables(news[1] as Happening), {
			GPUBOX_EVENT: 'gpu-free',
			GPUBOX_EVENT_TEXT: 'GPU 2 is free',
			GPUBOX_EVENT_TIME: '1970-01-01T00:00:00.000Z',
		});
		const {promise, resolve} = Promise.withResolvers<string>();
		createAlert({
			wishes: () => ({how: 'none', command: '[ "$GPUBOX_EVENT_TEXT" = "GPU 2 is free" ] && exit 3; exit 4'}),
			isLent: () => false,
			write: assert.fail,
			onTrouble: resolve,
			signal: new AbortController().signal,
		})(news.slice(1));
		assert.equal(await promise, 'it ended with exit code 3');
	});
});

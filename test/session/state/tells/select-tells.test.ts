import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import type {Idleness} from '../../../../source/box/idle/idle.ts';
import {noteOf, tellPairs} from '../../../../source/session/state/tells/select-tells.ts';
import {noTells, type TellsState} from '../../../../source/session/state/tells/tells.ts';
import type {Verdict} from '../../../../source/session/state/tells/verdict.ts';
import {theme} from '../../../../source/session/theme.ts';
import {makeBox} from '../../../_helpers/make-box.ts';

const now = new Date('2026-11-20T12:00:00Z');
const hourMs = 3_600_000;
const holder = makeBox({gpus: ['GPU-1']});

function after(hours: number): Date {
	return new Date(now.getTime() + hours * hourMs);
}

function idle(hours: number, warnAfterHours?: number): TellsState {
	return seen({kind: 'idle', since: after(-hours)}, warnAfterHours);
}

function seen(idleness: Idleness, warnAfterHours?: number): TellsState {
	const warnAfterMs = warnAfterHours === undefined ? undefined : warnAfterHours * hourMs;
	return {...noTells, idle: new Map([[holder.id, {idleness, warnAfterMs}]])};
}

const verdict: Verdict = {
	code: 'some-idle',
	severity: 'warning',
	text: '1 of 4 GPUs works',
	evidence: 'GPU 0 97 %, GPUs 1-3 0 % for a minute',
	fix: 'Use them',
};
const judged: TellsState = {...idle(5, 2), verdicts: new Map([[holder.id, verdict]])};

describe('the note of a row', () => {
	const cases: Array<[name: string, box: typeof holder, tells: TellsState, text: string | undefined]> = [
		['nothing', holder, noTells, undefined],
		['in use', holder, seen({kind: 'busy'}, 1), undefined],
		['not known', holder, seen({kind: 'unknown'}, 1), undefined],
		['idle for a moment', holder, idle(0.1), undefined],
		['idle', holder, idle(3.5), 'idle 3h'],
		['idle, and within its limit', holder, idle(1.5, 2), 'idle 1h'],
		['idle for longer than its limit', holder, idle(3, 2), '! idle 3h'],
		['idle for longer, without a GPU', makeBox(), idle(3, 2), 'idle 3h'],
		['reserved', {...holder, until: after(5)}, noTells, 'expires 5h'],
		['reserved and idle', {...holder, until: after(5)}, idle(3), 'idle 3h'],
		['reserved for a short time, and idle', {...holder, until: after(0.5)}, idle(3), 'expires 30m'],
		['expired', {...holder, until: after(-2)}, idle(3, 1), '! expired 2h'],
		['a verdict before all', {...holder, until: after(-2)}, judged, '! 1 of 4 GPUs works'],
		['stopped', {...holder, state: 'exited'}, judged, undefined],
	];
	for (const [name, box, tells, text] of cases) {
		test(name, () => {
			assert.equal(noteOf(box, tells, now)?.text, text);
		});
	}

	test('has a mark wherever it has the colour of a warning for long', () => {
		assert.deepEqual(noteOf(holder, idle(3, 2), now)?.style, theme.warning);
		assert.deepEqual(noteOf(holder, idle(3), now)?.style, theme.quiet);
	});
});

test('the details have the verdict with its evidence, idleness and reservation', () => {
	assert.deepEqual(tellPairs({...holder, until: after(-2)}, judged, now), [
		['verdict', '1 of 4 GPUs works'],
		['because', 'GPU 0 97 %, GPUs 1-3 0 % for a minute'],
		['try', 'Use them'],
		['idle', 'for 5h (holds a GPU)'],
		['reserved', 'expired 2h ago'],
	]);
	assert.deepEqual(tellPairs({...holder, until: after(2.5)}, seen({kind: 'busy'}), now), [
		['idle', 'in use'],
		['reserved', 'expires in 2h 30m'],
	]);
	assert.deepEqual(tellPairs(holder, noTells, now), []);
});

import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {type CardFacts, stateOfCard, whyUnusable} from '../../source/gpu/state.ts';

const idle: CardFacts = {
	index: 0,
	lost: false,
	faulty: false,
	unread: false,
	migMode: false,
	mig: [],
	utilization: 0,
	memoryUsedMiB: 200,
	memoryTotalMiB: 81559,
	processes: 0,
	held: false,
};
const slice = {uuid: 'MIG-1', profile: '1g.12gb'};

describe('the state of a card', () => {
	const cases: Array<[string, Partial<CardFacts>, string, RegExp | null]> = [
		['idle', {}, 'free', null],
		['a desktop on it', {memoryUsedMiB: 797, memoryTotalMiB: 8192}, 'free', null],
		['a process', {processes: 1}, 'busy', null],
		['busy, and no process listed', {utilization: 94, memoryUsedMiB: 68_812}, 'busy', /^94 %, 67\.2 GiB, no process/],
		['memory in use, load not reported', {utilization: null, memoryUsedMiB: 12_000}, 'busy', /^11\.7 GiB, no process/],
		['busy, and the processes unknown', {utilization: 94, processes: null}, 'busy', /^94 %, 0\.2 GiB$/],
		['held and idle', {held: true}, 'held', null],
		['held and idle, with memory kept', {held: true, memoryUsedMiB: 40_000, processes: 1}, 'held', null],
		['held and busy', {held: true, utilization: 80, processes: 1}, 'busy', null],
		[
			'held, nothing reported',
			{held: true, utilization: null, memoryUsedMiB: null, processes: null},
			'unknown',
			/processes/,
		],
		['lost', {lost: true, utilization: null}, 'unusable', /lost/],
		['needs a reset', {faulty: true}, 'unusable', /reset/],
		['its row could not be read', {unread: true}, 'unknown', /parsed/],
		['MIG on, no slice', {migMode: true, utilization: null}, 'unusable', /^MIG on, no slice$/],
		['MIG on, cut', {migMode: true, mig: [slice], utilization: null}, 'free', null],
		['MIG on, slices not listed', {migMode: true, migUnknown: true, utilization: null}, 'unknown', /not listed/],
		['MIG from the next reset on', {migPending: true}, 'unusable', /MIG on only after a reset/],
		['MIG until the next reset', {migMode: true, mig: [slice], migPending: false}, 'unusable', /MIG off only/],
		['MIG as it is', {migPending: false, computeMode: 'Default'}, 'free', null],
		['Prohibited', {computeMode: 'Prohibited'}, 'unusable', /compute mode Prohibited/],
		['Exclusive_Process', {computeMode: 'Exclusive_Process'}, 'free', null],
		['no recovery due', {recoveryAction: 'None'}, 'free', null],
		['a driver that knows no recovery action', {recoveryAction: null}, 'free', null],
		['Reset', {recoveryAction: 'Reset'}, 'unusable', /^needs a reset$/],
		['Reboot', {recoveryAction: 'Reboot'}, 'unusable', /^needs a reboot$/],
		[
			'Drain and Reset, with work on it',
			{recoveryAction: 'Drain and Reset', processes: 1},
			'unusable',
			/once what runs/,
		],
		['Drain P2P', {recoveryAction: 'Drain P2P'}, 'unusable', /peer-to-peer/],
		['an action of a later driver', {recoveryAction: 'Replace'}, 'unusable', /^recovery action Replace$/],
		['processes unknown, evidently idle', {processes: null}, 'free', null],
		['processes unknown, load not reported', {processes: null, utilization: null}, 'unknown', /processes/],
		['a GB10: memory not reported', {memoryUsedMiB: null, memoryTotalMiB: null}, 'free', null],
		[
			'a Jetson: nothing reported',
			{utilization: null, memoryUsedMiB: null, memoryTotalMiB: null},
			'unknown',
			/neither/,
		],
	];
	for (const [what, members, state, reason] of cases) {
		test(what, () => {
			const found = stateOfCard({...idle, ...members});
			assert.equal(found.state, state);
			if (reason === null) {
				assert.equal(found.reason, null);
			} else {
				assert.match(found.reason ?? '', reason);
			}
		});
	}

	test('the two ways out of MIG without a slice', () => {
		const {fix} = whyUnusable({...idle, index: 3, migMode: true}) ?? {fix: ''};
		assert.match(fix, /sudo nvidia-smi mig -cgi PROFILE -C -i 3\b/);
		assert.match(fix, /sudo nvidia-smi -i 3 -mig 0$/);
	});
});

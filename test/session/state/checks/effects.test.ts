import assert from 'node:assert/strict';
import {test} from 'node:test';
import {checkHost} from '../../../../source/session/state/checks/effects.ts';
import type {Context} from '../../../../source/session/state/context.ts';
import {noFacts} from '../../../../source/session/state/model.ts';
import {firstView} from '../../../../source/session/state/reduce.ts';
import {createStore, type SessionState} from '../../../../source/session/state/store.ts';
import type {UseCases} from '../../../../source/session/state/use-cases.ts';

type Found = Awaited<ReturnType<UseCases['checkHost']>>;

test('a check that interrupts another takes nothing from before it', async () => {
	const facts = noFacts({demo: false, engineAddress: 'unix:///x', person: 'dora', folder: '/x'});
	const before = {old: true} as unknown as Found['facts'];
	const doctor = {...facts.doctor, phase: 'known' as const, facts: before};
	const initial: SessionState = {facts: {...facts, doctor}, view: {...firstView, screen: 'doctor'}};
	const store = createStore(initial);
	const asked: Array<string | undefined> = [];
	const answers: Array<(found: Found) => void> = [];
	const works: Array<Promise<void>> = [];
	const context = {
		host: {engine: {local: true, address: 'unix:///x'}},
		store,
		folder: '/x',
		signal: new AbortController().signal,
		tasks: {track: (work: Promise<void>) => works.push(work)},
		useCases: {
			checkHost: (_host: unknown, _folder: unknown, {again}: Parameters<UseCases['checkHost']>[2]) => {
				asked.push(again?.id);
				return new Promise<Found>((resolve) => answers.push(resolve));
			},
		},
	} as unknown as Context;
	const end = async () => {
		for (const answer of answers) {
			answer({checks: [], facts: before});
		}

		await Promise.all(works);
	};

	checkHost(context, {type: 'check-host', again: 'driver'});
	checkHost(context, {type: 'check-host', again: 'disk'});
	assert.deepEqual(asked, ['driver', undefined]);
	await end();
	checkHost(context, {type: 'check-host', again: 'disk'});
	assert.deepEqual(asked.slice(2), ['disk']);
	await end();
	store.close();
});

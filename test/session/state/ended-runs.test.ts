import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setImmediate as turn} from 'node:timers/promises';
import {createRunWatcher} from '../../../source/session/state/boxes/ended-runs.ts';
import type {Context} from '../../../source/session/state/context.ts';
import {makeBox} from '../../_helpers/make-box.ts';

test('the end of a job is told once, that of a box or of a job of others is not', async () => {
	const said: string[] = [];
	const watch = createRunWatcher({
		host: {},
		store: {get: () => ({facts: {readOnly: false}})},
		signal: new AbortController().signal,
		useCases: {
			endOfRun: async (_host: unknown, name: string) => ({ok: name === 'good-1', text: `${name} ended`, fix: ''}),
		},
		say: (kind: string, text: string) => said.push(`${kind}: ${text}`),
		fail: assert.ifError,
	} as unknown as Context);
	const job = {stopSeconds: 120};
	const jobs = [
		makeBox({name: 'good-1', job}),
		makeBox({name: 'bad-1', job}),
		makeBox({name: 'bob-1', job, mine: false}),
	];
	watch([...jobs, makeBox({name: 'box'})]);
	watch([...jobs, makeBox({name: 'box'})]);
	assert.deepEqual(said, []);
	watch([makeBox({name: 'bad-1', job, state: 'exited'})]);
	watch([]);
	await turn();
	assert.deepEqual(said, ['success: good-1 ended', 'failure: bad-1 ended']);
});

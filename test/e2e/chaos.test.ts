import {test} from 'node:test';
import {needsOwnEngine, testHost} from '../_helpers/test-host/index.ts';
import {runChaos} from '../chaos/rounds.ts';

test('a few rounds of kills, bent answers and hostile labels leave nothing behind', {
	skip: needsOwnEngine,
}, async (t) => {
	await runChaos({host: testHost(), seed: 20_261_125, rounds: 8, say: (line) => t.diagnostic(line)});
});

import {test} from 'node:test';
import {needsOwnEngine, testHost} from '../_helpers/test-host/index.ts';
import {runChaos} from '../chaos/rounds.ts';

test('a few rounds of each kind leave nothing behind', {
	skip: needsOwnEngine,
}, async (t) => {
	await runChaos({
		host: testHost(),
		seed: 20_261_126,
		rounds: 7,
		say: (line) => t.diagnostic(line),
	});
});

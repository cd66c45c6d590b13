/**
What `npm run chaos` does: sets up a test host and plays rounds on it.

	npm run chaos                            300 rounds, a seed that is printed
	npm run chaos -- --rounds 50 --seed 7    the same decisions as in an earlier run
	npm run chaos -- --rounds 50 --seed 7 --from 31    those of the rounds 31 to 50
*/

import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import type {TestHost} from '../_helpers/test-host/index.ts';
import {prepareHost} from '../_helpers/test-host/prepare.ts';
import {holdUsualPorts} from '../_helpers/test-host/usual-ports.ts';
import {runChaos} from './rounds.ts';

const {values} = parseArgs({
	options: {
		rounds: {type: 'string', default: '300'},
		from: {type: 'string', default: '1'},
		seed: {type: 'string'},
	},
});
const rounds = Number(values.rounds);
const from = Number(values.from);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
	process.on(signal, () => interrupted.abort(new Error(`stopped by ${signal}`)));
}

const say = (line: string) => process.stdout.write(`${line}\n`);
say(`seed ${seed}, rounds ${from} to ${rounds}`);
const usualPorts = await holdUsualPorts();
const prepared = await prepareHost({root, keep: false, say, signal: interrupted.signal});
try {
	const host = JSON.parse(readFileSync(prepared.file, 'utf8')) as TestHost;
	await runChaos({host, seed, from, rounds, say, signal: interrupted.signal});
	say(`✔ rounds ${from} to ${rounds}, nothing is left`);
} catch (error) {
	process.exitCode = 1;
	say(`✖ ${(error as Error).message}`);
	say(`Again: npm run chaos -- --rounds ${rounds} --seed ${seed} --from ${from}`);
} finally {
	for (const server of usualPorts) {
		server.close();
	}

	await prepared.stop();
}

/**
What `npm run bench` does: what gpubox promises to be quick and lean at, as ratios to named references measured in the same run. It writes
bench/results.json and bench/results.md.

	npm run bench             all figures
	npm run bench -- lists up these alone; the others stay as they were measured before
	npm run bench -- --check  exit code 1 when a limit is passed

On a machine that is busy with other things, `chrt -f 1 npm run bench` measures as if it were at rest, as far as an engine is not asked.
*/
import {measureLists, measureLogs, measureRun, measureUp} from './command-line.ts';
import {type Figure, holds} from './figure.ts';
import {measureGate} from './gate.ts';
import {circumstancesNow, type Results, renderTable, writeResults} from './results.ts';
import {measureFirstFrame, measureRest} from './session.ts';
import {Workstations} from './surroundings.ts';

const benches: Record<string, (workstations: Workstations) => Promise<Figure[]>> = {
	lists: measureLists,
	up: measureUp,
	run: measureRun,
	logs: measureLogs,
	frame: measureFirstFrame,
	rest: measureRest,
	gate: measureGate,
};
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const unknown = wanted.filter((name) => !(name in benches));
if (unknown.length > 0) {
	throw new Error(`There is no ${unknown.join(', ')} among: ${Object.keys(benches).join(', ')}`);
}

const interrupted = new AbortController();
process.on('SIGINT', () => interrupted.abort());
const workstations = new Workstations(interrupted.signal);
const results: Results = {};
try {
	for (const [name, measure] of Object.entries(benches)) {
		interrupted.signal.throwIfAborted();
		if (wanted.length === 0 || wanted.includes(name)) {
			const circumstances = await circumstancesNow();
			const figures = await measure(workstations);
			const engine = await workstations.engineVersion();
			results[name] = {circumstances: {...circumstances, ...(engine !== undefined && {engine})}, figures};
			process.stdout.write(`${renderTable(figures).join('\n')}\n\n`);
			await writeResults(results);
		}
	}

	const passed = Object.values(results).flatMap(({figures}) => figures.filter((figure) => holds(figure) === false));
	if (process.argv.includes('--check') && passed.length > 0) {
		process.exitCode = 1;
	}
} finally {
	await workstations.stop();
}

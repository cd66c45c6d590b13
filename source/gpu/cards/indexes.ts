import {queryArguments} from '../fields.ts';
import type {NvidiaSmi} from '../gpu.ts';
import {factsOf, parseRow} from '../parse.ts';
import {type RunOptions, runSmi} from '../smi/child.ts';

const fields = ['index', 'uuid'];
/** A table is not held up by a driver that sleeps. */
const patienceMs = 3000;

/** The index of each GPU by its UUID, for people: it can change at each boot. Empty when the driver does not answer at once. */
export async function readIndexes(smi: NvidiaSmi, options: RunOptions = {}): Promise<Map<string, number>> {
	const {lines} = await runSmi(smi, queryArguments(fields), {timeoutMs: patienceMs, ...options});
	const rows = lines.map((line) => parseRow(line, fields)).filter((row) => row !== undefined);
	return new Map(rows.map(factsOf).map(({uuid, index}) => [uuid, index]));
}

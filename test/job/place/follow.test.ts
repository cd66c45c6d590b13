import assert from 'node:assert/strict';
import {appendFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, test} from 'node:test';
import {followPlace, type PlacedRun} from '../../../source/job/place/follow.ts';
import {readGrowing} from '../../../source/job/place/growing-file.ts';
import {type JobState, NoAnswer, type Place} from '../../../source/job/place/place.ts';

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'gpubox-place-'));
});
afterEach(() => rmSync(folder, {recursive: true}));

const ended: JobState = {kind: 'ended', exitCode: 7, signal: null, at: null, reason: '', fix: ''};
const running: JobState = {kind: 'running', where: 'node1', cards: ['GPU 0 of node1'], trouble: null};

/** A place that says one thing after the other; `undefined` for no answer. */
function placeOf(states: Array<JobState | undefined>, log: () => string): Place {
	const left = [...states];
	return {
		name: 'slurm',
		pollMs: 1,
		address: null,
		writesLog: false,
		sendsSignals: true,
		keepsTime: true,
		look: async () => '',
		plan: () => assert.fail(),
		submit: () => assert.fail(),
		end: async () => {},
		cleanUp: async () => {},
		explain: () => undefined,
		async state() {
			const state = left.shift();
			if (state === undefined) {
				throw new NoAnswer('the controller is away');
			}

			return state;
		},
		async *log(_id, {from}) {
			yield {stream: 'stdout', data: Buffer.from(log()).subarray(from)};
		},
	};
}

function run(logBytes: number): PlacedRun {
	return {name: 'alice-1', folder, logBytes, deadline: null, stopped: null, on: {id: '5'}} as unknown as PlacedRun;
}

async function follow(states: Array<JobState | undefined>, {logBytes = 0, log = 'hello\n'} = {}) {
	const notes: string[] = [];
	let output = '';
	const outcome = await followPlace(
		placeOf(states, () => log),
		run(logBytes),
		{
			signal: AbortSignal.timeout(20_000),
			onNote: (text) => notes.push(text),
			async onOutput({data}) {
				output += Buffer.from(data).toString();
			},
		},
	);
	return {notes, output, outcome};
}

describe('following a job of another place', () => {
	test('says why it waits once for each reason, and where it runs', async () => {
		const waits = (reason: string): JobState => ({kind: 'waiting', reason});
		const {notes, output, outcome} = await follow([
			...[waits('a'), waits('a'), waits('a'), waits('b'), running, running, ended],
		]);
		assert.deepEqual(notes, ['alice-1 waits: a', 'alice-1 waits: b', 'alice-1 runs on node1 (GPU 0 of node1).']);
		assert.equal(output, 'hello\n');
		assert.deepEqual(outcome, {end: ended, logBytes: 6, missingBytes: 0, stopped: null});
	});

	test('names a node that is in trouble, and goes on', async () => {
		const {notes, outcome} = await follow([running, {...running, trouble: 'node1 is silent.'}, ended]);
		assert.deepEqual(notes.slice(1), ['node1 is silent.']);
		assert.equal(outcome.end, ended);
	});

	test('goes on while the place does not answer', async () => {
		const {notes, outcome} = await follow([running, undefined, ended]);
		assert.match(notes[1] ?? '', /^No answer about the job: the controller is away/);
		assert.equal(notes[2], 'It answers again.');
		assert.equal(outcome.end, ended);
	});

	test('reads on from where an earlier process stopped', async () => {
		const {output, outcome} = await follow([running, ended], {logBytes: 4});
		assert.equal(output, 'o\n');
		assert.equal(outcome.logBytes, 6);
	});
});

describe('a file that grows', () => {
	const read = async (path: string, from: number, act: (text: string, over: AbortController) => void) => {
		const over = new AbortController();
		let text = '';
		for await (const data of readGrowing(path, {from, over: over.signal, signal: AbortSignal.timeout(20_000)})) {
			text += data.toString();
			act(text, over);
		}

		return text;
	};

	test('is read until it is over, all of it', async () => {
		const path = join(folder, 'log');
		setTimeout(() => writeFileSync(path, 'one\n'), 50);
		const text = await read(path, 0, (so_far, over) => {
			if (so_far === 'one\n') {
				appendFileSync(path, 'two\n');
				over.abort();
			}
		});
		assert.equal(text, 'one\ntwo\n');
	});

	test('is no link', async () => {
		writeFileSync(join(folder, 'secret'), 'secret');
		symlinkSync(join(folder, 'secret'), join(folder, 'log'));
		const over = AbortSignal.abort();
		for await (const _ of readGrowing(join(folder, 'log'), {from: 0, over, signal: AbortSignal.timeout(20_000)})) {
			assert.fail();
		}
	});
});

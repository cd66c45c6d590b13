import assert from 'node:assert/strict';
import {test} from 'node:test';
import {diagnose, diagnoseSoFar, factsOf} from '../../source/doctor/diagnose.ts';
import type {HostFacts} from '../../source/doctor/facts.ts';
import {gatherFacts} from '../../source/doctor/gather.ts';
import {checkOf, type Machine, probeOf} from './_hosts.ts';

const {signal} = new AbortController();

async function gather(machine: Machine, onFacts?: (facts: Partial<HostFacts>) => void): Promise<HostFacts> {
	return gatherFacts(await probeOf(machine), {deep: false, mirror: undefined, signal, ...(onFacts && {onFacts})});
}

test('each check is made once what it looks at is known, and the last ones are those of a whole check', async () => {
	let known: Partial<HostFacts> = {};
	const counts: number[] = [];
	const facts = await gather({}, (news) => {
		known = {...known, ...news};
		counts.push(diagnoseSoFar(known).filter(({status}) => status !== 'checking').length);
	});
	const checks = diagnose(facts);
	assert.equal(counts[0], 0);
	assert.ok(counts.length > 4, `${counts}`);
	assert.deepEqual(
		counts,
		counts.toSorted((a, b) => a - b),
	);
	assert.equal(counts.at(-1), checks.length);
	assert.deepEqual(diagnoseSoFar(known), checks);
});

test('any part of the facts gives the verdict of all of them, or none', async () => {
	for (const machine of [{}, {smi: null}, {lookup: 'no such name'}, {freeBytes: {'/dev/shm': 0}}] satisfies Machine[]) {
		const facts = await gather(machine);
		const checks = diagnose(facts);
		for (const left of Object.keys(facts)) {
			const part = Object.fromEntries(Object.entries(facts).filter(([key]) => key !== left));
			for (const check of diagnoseSoFar(part)) {
				if (check.status !== 'checking') {
					assert.deepEqual(check, checkOf(checks, check.id), `${check.id} without ${left}`);
				}
			}
		}
	}
});

test('the driver does not wait for the test in a container', async () => {
	const {container: _, ...facts} = await gather({});
	const checks = diagnoseSoFar(facts);
	const status = (id: string) => checks.find((check) => check.id === id)?.status;
	assert.equal(status('driver'), 'ok');
	assert.equal(status('nvidia-smi'), 'ok');
	assert.equal(status('container-gpu'), 'checking');
});

test('one check again gathers what it and those above it look at, and keeps the rest', async () => {
	const before = await gather({freeBytes: {'/dev/shm': 0}});
	assert.equal(checkOf(diagnose(before), 'shared-memory').status, 'fail');
	const facts = factsOf('shared-memory', before);
	assert.ok(facts.has('sharedMemory'));
	assert.ok(!facts.has('registry'));
	const probe = await probeOf({});
	const asked: string[] = [];
	const again = await gatherFacts(
		{
			...probe,
			async head(url, headSignal) {
				asked.push(url);
				return probe.head(url, headSignal);
			},
		},
		{deep: false, mirror: undefined, signal, again: {before, facts}},
	);
	assert.equal(checkOf(diagnose(again), 'shared-memory').status, 'ok');
	assert.deepEqual(asked, []);
	assert.equal(again.registry, before.registry);
});

test('a layer again makes those again that were skipped because of it', async () => {
	const facts = factsOf('engine', await gather({}));
	for (const key of ['engine', 'toolkit', 'container', 'freeDiskBytes'] as const) {
		assert.ok(facts.has(key), key);
	}
});

test('what fixes another machine is not run on this one', async () => {
	const facts = await gather({});
	const off = {
		...facts,
		inventory: {...facts.inventory, gpus: facts.inventory.gpus.map((gpu) => ({...gpu, persistenceMode: false}))},
	};
	const fix = (local: boolean) => checkOf(diagnose({...off, local}), 'persistence').fix;
	assert.equal(fix(true)?.automatic, true);
	assert.deepEqual(fix(false), {...fix(true), automatic: false, elsewhere: true});
	const noKeys = {...off, local: false, sshKeys: {usable: [], client: false}};
	const {fix: ofKeys} = checkOf(diagnose(noKeys), 'ssh-keys');
	assert.ok(ofKeys);
	assert.equal(ofKeys.elsewhere, undefined, 'ssh is needed on this machine');
});

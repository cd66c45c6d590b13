import assert from 'node:assert/strict';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {startFaultProxy} from '../_helpers/test-host/fault-proxy.ts';
import {
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	readLogOfOther,
	type Terminal,
	testHost,
	waitUntil,
} from '../_helpers/test-host/index.ts';
import {type SecondEngine, startSecondEngine} from '../_helpers/test-host/second-engine.ts';

// An engine that stops, hangs, breaks off or comes back, seen by a person who has the session open all the time.

const host = testHost();
const parent = host.own?.runFolder ?? '';
let person: Person;
before(async () => {
	person = await makePerson(host);
});
after(async () => {
	await person.remove();
});

const labels = (name: string) => ({
	'gpubox.name': name,
	'gpubox.owner': 'tester',
	'gpubox.project': '/nowhere',
	'gpubox.services': '',
});

/** Numbers of the lines in the log pane, as they stand below each other. */
const seen = (screen: string) => [...screen.matchAll(/line (\d+)\b/g)].map(([, number]) => Number(number));

function assertNoGaps(screen: string): void {
	const numbers = seen(screen);
	assert.deepEqual(
		numbers,
		numbers.map((_, place) => (numbers[0] ?? 0) + place),
		screen,
	);
}

describe('the engine is started again', {skip: needsOwnEngine}, () => {
	for (const liveRestore of [true, false]) {
		test(`${liveRestore ? 'with' : 'without'} live-restore: list and log go on by themselves, three times`, async () => {
			const engine: SecondEngine = await startSecondEngine({parent, liveRestore, groupId: person.gid});
			let terminal: Terminal | undefined;
			try {
				const id = await engine.startWriter('gpubox-writer', labels('writer'), liveRestore ? '' : 'always');
				terminal = openTerminal(host, person, [], {env: {DOCKER_HOST: engine.address}, columns: 160, rows: 50});
				await terminal.waitFor(/1 of 1 running/);
				await readLogOfOther(terminal);
				await terminal.waitFor((screen) => seen(screen).length > 5);
				for (let time = 1; time <= 3; time += 1) {
					const last = seen(terminal.screen()).at(-1) ?? 0;
					await engine.restart();
					await waitUntil('the box to run', async () => (await engine.docker.getContainer(id).inspect()).State.Running);
					// Without live-restore the box begins anew.
					const goesOn = (screen: string) =>
						/log · following/.test(screen) &&
						/1 of 1 running/.test(screen) &&
						!/No Docker Engine answers|as of/.test(screen) &&
						(liveRestore ? (seen(screen).at(-1) ?? 0) > last + 3 : seen(screen).length > 5);
					const screen = await terminal.waitFor(goesOn, {seconds: 20});
					const before = seen(screen).at(-1) ?? 0;
					const later = await terminal.waitFor((now) => (seen(now).at(-1) ?? 0) > before, {seconds: 10});
					if (liveRestore) {
						assertNoGaps(later);
					}
				}

				terminal.write('q');
				assert.equal((await terminal.exited).exitCode, 0);
			} finally {
				terminal?.kill('SIGKILL');
				await engine.stop();
			}
		});
	}
});

describe('the engine hangs', {skip: needsOwnEngine}, () => {
	let engine: SecondEngine;
	before(async () => {
		engine = await startSecondEngine({parent, liveRestore: false, groupId: person.gid});
		await engine.startWriter('gpubox-writer', labels('writer'));
	});
	after(async () => {
		await engine.stop();
	});
	const open = (size: {columns: number; rows: number}) =>
		openTerminal(host, person, [], {env: {DOCKER_HOST: engine.address}, ...size});

	test('it is said with its age, the boxes stay with theirs, and the list is live again by itself', async () => {
		const terminal = open({columns: 160, rows: 50});
		await terminal.waitFor(/1 of 1 running/);
		await engine.freeze();
		try {
			await terminal.waitFor(/No answer from the engine for \d+ s/);
			await terminal.waitFor(/as of 1\d s ago · 1 of 1 running/);
			await terminal.waitFor(/No answer from the engine for 1\d s/);
			assert.match(terminal.screen(), /● writer/);
			terminal.write('?');
			await terminal.waitFor(/Leave/);
			terminal.write('?');
		} finally {
			await engine.thaw();
		}

		await terminal.waitFor((screen) => /1 of 1 running/.test(screen) && !/No answer|as of/.test(screen));
		terminal.write('q');
		assert.equal((await terminal.exited).exitCode, 0);
	});

	test('from the start, at 80x24: it is said, and q leaves at once', async () => {
		await engine.freeze();
		try {
			const terminal = open({columns: 80, rows: 24});
			await terminal.waitFor(/Asking the engine/);
			await terminal.waitFor(/No answer from the engine for[^\n]*\n│ +\d+ s/);
			assert.doesNotMatch(terminal.screen(), /Asking the engine/);
			const before = performance.now();
			terminal.write('q');
			assert.equal((await terminal.exited).exitCode, 0);
			assert.ok(performance.now() - before < 3000, `${performance.now() - before} ms`);
		} finally {
			await engine.thaw();
		}
	});
});

describe('the engine breaks off in the middle of a list', {skip: needsOwnEngine}, () => {
	test('it is asked again, and q leaves with 0', async () => {
		const socketPath = host.address.replace(/^unix:\/\//, '');
		const proxy = await startFaultProxy({socketPath}, join(host.folder, 'torn.sock'));
		try {
			let torn = 0;
			proxy.judge(({path}, answered) =>
				answered && path.includes('/containers/json') && ++torn <= 2 ? {kind: 'tear', after: 1} : undefined,
			);
			const terminal = openTerminal(host, person, [], {env: {DOCKER_HOST: `unix://${proxy.address}`}});
			await terminal.waitFor(/No boxes yet|running/);
			assert.ok(torn > 2);
			assert.doesNotMatch(terminal.screen(), /Asking the engine/);
			terminal.write('q');
			assert.equal((await terminal.exited).exitCode, 0);
		} finally {
			await proxy.stop();
		}
	});
});

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {test} from 'node:test';
import {findProcess, signalProcess} from '../../source/app/signal-process.ts';
import {processStart} from '../../source/base/process/process-start.ts';

const host = (uid: number, local = true) =>
	({engine: {local}, person: {name: 'alice', uid, gid: uid}, demo: false}) as Parameters<typeof findProcess>[0];
const ownUid = process.getuid?.() ?? 0;

/** A process that waits. */
async function startSleeper() {
	const child = spawn('sleep', ['300'], {stdio: 'ignore'});
	await once(child, 'spawn');
	const pid = child.pid ?? 0;
	// Until the program has taken the place of the one that forked it, it has another name.
	while ((await findProcess(host(ownUid), {pid, name: 'sleep'})).kind !== 'own') {
		await new Promise((resolve) => setImmediate(resolve));
	}

	return {pid, ended: once(child, 'exit'), [Symbol.dispose]: () => child.kill('SIGKILL')};
}

test("one's own process is found with its start, and ends by the signal", async () => {
	using sleeper = await startSleeper();
	const found = await findProcess(host(ownUid), {pid: sleeper.pid, name: 'sleep'});
	assert.equal(found.kind, 'own');
	const start = found.kind === 'own' ? found.start : '';
	assert.equal(await signalProcess({pid: sleeper.pid, start}, 'SIGTERM'), 'sent');
	assert.deepEqual(await sleeper.ended, [null, 'SIGTERM']);
	assert.equal(await signalProcess({pid: sleeper.pid, start}, 'SIGTERM'), 'gone');
});

test('another process with the same number gets no signal', async () => {
	using sleeper = await startSleeper();
	assert.equal(await signalProcess({pid: sleeper.pid, start: '1'}, 'SIGKILL'), 'gone');
	assert.ok(processStart(sleeper.pid), 'it still runs');
});

test('the process of another user is not offered, nor one of another name, machine or time', async () => {
	using sleeper = await startSleeper();
	const {pid} = sleeper;
	assert.equal((await findProcess(host(ownUid + 4321), {pid, name: 'sleep'})).kind, 'foreign');
	assert.equal((await findProcess(host(ownUid), {pid, name: '/usr/bin/python3'})).kind, 'elsewhere');
	assert.equal((await findProcess(host(ownUid, false), {pid, name: 'sleep'})).kind, 'elsewhere');
	// Above the largest number that the kernel gives out.
	assert.equal((await findProcess(host(ownUid), {pid: 4_194_305, name: 'sleep'})).kind, 'gone');
});

test('the kernel refuses: told from a process that is gone', async (t) => {
	const {pid} = process;
	const start = processStart(pid) ?? '';
	t.mock.method(process, 'kill', () => {
		throw Object.assign(new Error('kill EPERM'), {code: 'EPERM'});
	});
	assert.equal(await signalProcess({pid, start}, 'SIGTERM'), 'not-permitted');
	t.mock.method(process, 'kill', () => {
		throw Object.assign(new Error('kill ESRCH'), {code: 'ESRCH'});
	});
	assert.equal(await signalProcess({pid, start}, 'SIGTERM'), 'gone');
});

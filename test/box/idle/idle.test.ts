import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {type Activity, describeUse, idleFor, judgeIdleness, textOfUse} from '../../../source/box/idle/idle.ts';
import {countSessions, isComputing, isLogin, loginTime} from '../../../source/box/idle/observe.ts';
import {decideReap, findReapReason, noticeText, whyNotDue} from '../../../source/box/idle/reap.ts';
import {formatTime} from '../../../source/text/time.ts';

const now = new Date('2026-01-01T12:00:00Z');
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000);
const activity = (values: Partial<Activity> = {}): Activity => ({
	startedAt: ago(600),
	sessions: 0,
	computing: false,
	...values,
});

describe('whether a box is used', () => {
	test('not since the last of all that happened in it', () => {
		assert.deepEqual(judgeIdleness(activity()), {kind: 'idle', since: ago(600)});
		assert.deepEqual(judgeIdleness(activity({jupyter: {lastActivity: ago(90), busyKernels: 0}, lastLogin: ago(120)})), {
			kind: 'idle',
			since: ago(90),
		});
		assert.deepEqual(
			judgeIdleness(activity({jupyter: {lastActivity: ago(700), busyKernels: 0}})),
			{kind: 'idle', since: ago(600)},
			'it was started again since',
		);
	});

	test('it is while a kernel computes, somebody is in it or its card works', () => {
		for (const values of [
			{jupyter: {lastActivity: ago(90), busyKernels: 1}},
			{sessions: 1},
			{computing: true},
			{computing: true, sessions: null, jupyter: 'unknown' as const},
		]) {
			assert.deepEqual(judgeIdleness(activity(values)), {kind: 'busy'});
		}
	});

	test('nobody knows while something cannot be seen', () => {
		assert.deepEqual(judgeIdleness(activity({jupyter: 'unknown'})), {kind: 'unknown'});
		assert.deepEqual(judgeIdleness(activity({sessions: null})), {kind: 'unknown'});
		assert.deepEqual(judgeIdleness(activity({computing: null})), {kind: 'unknown'});
		assert.deepEqual(judgeIdleness(activity({lastLogin: 'unknown'})), {kind: 'unknown'});
		assert.deepEqual(judgeIdleness(activity({computing: null, sessions: 1})), {kind: 'busy'});
		assert.equal(idleFor({kind: 'unknown'}, now), 0);
	});

	test('a card at work counts for who holds it alone, a shared one for whose process is on it', () => {
		const use = (percent: number | null, pids: number[]) => ({
			utilization: new Map([['GPU-1', percent]]),
			processes: pids.map((pid) => ({gpuUuid: 'GPU-1', pid, name: 'python', usedMemoryMiB: 1})),
		});
		const alone = {gpus: ['GPU-1'], shareGpus: false};
		const shared = {gpus: ['GPU-1'], shareGpus: true};
		assert.equal(isComputing(alone, [7], use(50, [])), true);
		assert.equal(isComputing(alone, [7], use(0, [7])), false, 'memory that is only held is no use');
		assert.equal(isComputing(shared, [7], use(50, [8])), false);
		assert.equal(isComputing(shared, [7], use(50, [7])), true);
		assert.equal(isComputing({gpus: ['MIG-1'], shareGpus: false}, [7], use(null, [7])), true);
		assert.equal(isComputing({gpus: ['MIG-1'], shareGpus: false}, [7], use(null, [8])), false);
		assert.equal(isComputing({gpus: ['GPU-2'], shareGpus: false}, [7], use(90, [8])), false);
		assert.equal(isComputing(alone, [7], use(null, [4_194_000])), true, 'numbers of another pid namespace');
		assert.equal(isComputing(shared, [7], use(null, [4_194_000])), false);
		const blind = {...use(null, []), processesUnknown: true as const};
		assert.equal(isComputing(alone, [7], blind), null, 'neither load nor processes are known');
		assert.equal(isComputing(alone, [7], {...use(0, []), processesUnknown: true}), false);
		const silent = {utilization: new Map(), processes: []};
		assert.equal(isComputing(alone, [7], silent), null, 'the driver says nothing');
		assert.equal(isComputing({gpus: [], shareGpus: false}, [7], silent), false);
	});

	test("sshd's processes and lines tell of logins, old and new", () => {
		assert.ok(isLogin('sshd: alice@pts/0'));
		assert.ok(isLogin('sshd-session: alice@notty'));
		assert.ok(!isLogin('sshd: /usr/sbin/sshd -D -e -f /run/gpubox/ssh/sshd_config [listener] 0 of 10-100 startups'));
		assert.ok(!isLogin('sshd: alice [priv]'));
		assert.ok(!isLogin('vim notes-about-sshd: alice@pts'));
		assert.deepEqual(
			loginTime('2026-01-01T11:00:00.5Z Disconnected from user alice 172.17.0.1 port 50000'),
			new Date('2026-01-01T11:00:00.5Z'),
		);
		assert.equal(loginTime('2026-01-01T11:00:00Z Server listening on 0.0.0.0 port 2222.'), undefined);
		assert.equal(loginTime('Accepted publickey for nobody knows when'), undefined);
		// What else sshd writes at LogLevel VERBOSE, also for gpubox's own look whether it answers.
		for (const line of [
			'Connection from 172.17.0.1 port 50000 on 172.17.0.2 port 2222',
			'Connection closed by 172.17.0.1 port 50000 [preauth]',
			'Accepted key ED25519 SHA256:abc found at /run/gpubox/ssh/authorized_keys:1',
			'Postponed publickey for alice from 172.17.0.1 port 50000 ssh2 [preauth]',
			'Failed publickey for alice from 172.17.0.1 port 50000 ssh2: ED25519 SHA256:abc',
		]) {
			assert.equal(loginTime(`2026-01-01T11:00:00Z ${line}`), undefined, line);
		}

		assert.deepEqual(
			loginTime(
				'2026-01-01T11:00:00Z Accepted publickey for alice from 172.17.0.1 port 50000 ssh2: ED25519 SHA256:abc',
			),
			new Date('2026-01-01T11:00:00Z'),
		);
	});
});

describe('what is reaped', () => {
	const running = {gpus: ['GPU-1'], state: 'running' as const};
	const idle = {kind: 'idle' as const, since: ago(60)};
	const hour = 3_600_000;

	test('a box that holds a GPU and is idle for too long, and one whose time is over', () => {
		assert.equal(findReapReason(running, idle, hour, now)?.since.getTime(), ago(60).getTime());
		assert.equal(findReapReason(running, idle, hour + 1, now), undefined);
		assert.equal(findReapReason(running, idle, undefined, now), undefined, 'no policy');
		assert.equal(findReapReason({...running, gpus: []}, idle, hour, now), undefined, 'it is in nobody’s way');
		assert.equal(findReapReason({...running, state: 'exited'}, idle, hour, now), undefined);
		assert.equal(findReapReason(running, {kind: 'busy'}, 1, now), undefined);
		assert.equal(findReapReason(running, {kind: 'unknown'}, 1, now), undefined);
		assert.equal(
			findReapReason({...running, until: ago(5)}, {kind: 'busy'}, undefined, now)?.since.getTime(),
			ago(5).getTime(),
		);
		assert.equal(findReapReason({...running, until: ago(-5)}, {kind: 'busy'}, undefined, now), undefined);
	});

	test('first it is told, then nothing happens until the grace is over, then it is stopped', () => {
		const reapReason = findReapReason(running, idle, hour, now);
		assert.ok(reapReason);
		assert.deepEqual(decideReap([], now), {kind: 'warn'});
		assert.deepEqual(decideReap(['some line of its own'], now), {kind: 'warn'});
		const line = noticeText({name: 'alice-train'}, reapReason, ago(-10));
		assert.deepEqual(decideReap(['a', line, 'b'], now), {kind: 'wait', until: ago(-10)});
		assert.deepEqual(decideReap([line], ago(-10)), {kind: 'stop'});
	});
});

describe('why a box is not reaped', () => {
	const now = new Date('2026-01-31T12:00:00Z');
	const box = {gpus: ['GPU-1'], state: 'running' as const};
	const idle = {kind: 'idle' as const, since: new Date('2026-01-31T11:00:00Z')};
	const sixHours = 6 * 3_600_000;

	test('is said for each case in which it is not', () => {
		const why = (more: object, idleness: Parameters<typeof whyNotDue>[1], stopAfterMs: number | undefined = sixHours) =>
			whyNotDue({...box, ...more}, idleness, stopAfterMs, now);
		assert.equal(why({state: 'exited'}, undefined), 'it is not running (exited)');
		assert.equal(why({gpus: []}, idle), 'it holds no GPU');
		assert.equal(whyNotDue(box, idle, undefined, now), 'idle.stopAfter is not set for it');
		assert.equal(why({}, {kind: 'busy'}), 'it is in use');
		assert.equal(why({}, idle), 'idle for 1h of 6h');
		assert.equal(why({}, {kind: 'unknown'}), 'it cannot be seen whether it is in use');
		assert.equal(
			why({until: new Date('2026-01-31T14:00:00Z')}, idle),
			`idle for 1h of 6h; reserved until ${formatTime(new Date('2026-01-31T14:00:00.000Z'))}`,
		);
	});
});

describe('what is ended with a box', () => {
	const text = (values: Partial<Activity>) => textOfUse(describeUse(activity(values)));

	test('is said, each thing by itself', () => {
		assert.equal(text({jupyter: {lastActivity: now, busyKernels: 0}}), '');
		assert.equal(text({jupyter: {lastActivity: now, busyKernels: 2}}), 'in use: 2 kernels are computing');
		assert.equal(
			text({jupyter: {lastActivity: now, busyKernels: 1, openKernels: 1}, sessions: 1, computing: true}),
			'in use: 1 kernel is computing, 1 notebook is open in a browser or editor, 1 shell, editor or SSH login is attached, its GPU is busy',
		);
	});

	test('a Jupyter that does not listen yet has no kernels, but nobody knows since when', () => {
		assert.equal(text({jupyter: 'not-up'}), '');
		assert.deepEqual(judgeIdleness(activity({jupyter: 'not-up'})), {kind: 'unknown'});
	});

	test('what cannot be seen is named, and is not taken for unused', () => {
		assert.equal(
			text({jupyter: 'unknown', sessions: null, computing: null}),
			'not known: its kernels, its shells and logins, its GPUs',
		);
		assert.equal(
			text({jupyter: 'unknown', sessions: 2}),
			'in use: 2 shells, editors or SSH logins are attached; not known: its kernels',
		);
	});
});

test('a command attached to a box, and a login by SSH, are sessions; what the box itself started is none', () => {
	const box = [
		{pid: 10, parent: 1, title: 'docker-init -- /run/gpubox/start'},
		{pid: 11, parent: 10, title: 'jupyter-server'},
		{pid: 12, parent: 10, title: 'sshd: /usr/sbin/sshd -D [listener]'},
	];
	assert.equal(countSessions(box), 0);
	assert.equal(countSessions([...box, {pid: 20, parent: 2, title: 'bash'}]), 1);
	assert.equal(countSessions([...box, {pid: 21, parent: 12, title: 'sshd: alice@pts/0'}]), 1);
	assert.equal(countSessions([]), null);
});

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {
	chownSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {processStart} from '../../../source/base/process/process-start.ts';
import {cameBefore, goesFirst, namedBy, type QueueEntry, uuidsOf} from '../../../source/box/gpus/queue-entry.ts';
import {joinQueue, readQueue, removeDeadEntries} from '../../../source/box/gpus/queue-records.ts';
import {queueTable} from '../../../source/commands/output/queue-table.ts';
import type {Host} from '../../../source/host/host.ts';

const queue = mkdtempSync(join(tmpdir(), 'gpubox-queue-test-'));
after(() => rmSync(queue, {recursive: true}));
const uid = process.getuid?.() ?? 0;
const hostOf = (address = 'unix:///run/one.sock', local = true) =>
	({
		engine: {address, local},
		person: {name: 'alice', uid, gid: 0},
		paths: {queue},
		demo: false,
	}) as unknown as Host;
const host = hostOf();
const wish = {name: 'alice-train', count: 2, share: false};

const entry = (about: Partial<QueueEntry>): QueueEntry => ({
	name: 'a',
	count: 1,
	share: false,
	uid: 1,
	user: 'alice',
	mine: false,
	since: new Date(0),
	behind: [],
	id: 'a',
	...about,
});

describe('who goes first', () => {
	for (const [earlier, mine, first] of [
		[{}, {}, true],
		[{count: 4}, {count: 1}, true],
		[{}, {uuids: ['GPU-0']}, true],
		[{uuids: ['GPU-0']}, {uuids: ['GPU-0', 'GPU-1']}, true],
		[{uuids: ['GPU-0']}, {uuids: ['GPU-1']}, false],
		[{uuids: ['GPU-0']}, {}, false],
		[{share: true}, {share: true}, false],
		[{share: true}, {}, true],
	] as const) {
		test(`${JSON.stringify(earlier)} before ${JSON.stringify(mine)}: ${first}`, () => {
			assert.equal(goesFirst(entry(earlier as object), entry(mine as object)), first);
		});
	}

	test('one that takes any GPU leaves those that an earlier one named', () => {
		const earlier = [entry({uuids: ['GPU-3'], user: 'bob'})];
		assert.deepEqual(namedBy(earlier, entry({})), [{uuid: 'GPU-3', by: 'bob queued for 1 GPU'}]);
		assert.deepEqual(namedBy(earlier, entry({uuids: ['GPU-3']})), []);
	});

	test('however GPUs are named on the command line, the same ones are meant', () => {
		const gpus = [
			{index: 0, uuid: 'GPU-0a', mig: [{uuid: 'MIG-0b'}]},
			{index: 1, uuid: 'GPU-1a', mig: []},
		];
		assert.deepEqual(uuidsOf(['1', '00', 'GPU-1A', 'MIG-0B', '7', 'GPU-x'], gpus), [
			...['GPU-1a', 'GPU-0a', 'GPU-1a', 'MIG-0b'],
			...['7', 'GPU-x'],
		]);
	});

	test('is a total order', () => {
		const later = entry({since: new Date(1)});
		assert.ok(cameBefore(entry({}), later));
		assert.ok(!cameBefore(later, entry({})));
		assert.notEqual(cameBefore(entry({id: 'a'}), entry({id: 'b'})), cameBefore(entry({id: 'b'}), entry({id: 'a'})));
	});
});

describe('the records', () => {
	test('are seen by everyone on the host until they leave, for one engine only', () => {
		const ticket = joinQueue(host, wish);
		ticket?.update(['box bob-train']);
		const [found] = readQueue(host) ?? [];
		assert.equal(found?.uid, uid);
		assert.equal(found?.mine, true);
		assert.equal(found?.count, 2);
		assert.deepEqual(found?.behind, ['box bob-train']);
		assert.equal(readdirSync(queue).length, 1);
		assert.deepEqual(readQueue(hostOf('unix:///run/other.sock')), []);
		assert.equal(readQueue(hostOf('ssh://gpu2', false)), undefined);
		ticket?.leave();
		assert.deepEqual(readQueue(host), []);
		assert.deepEqual(readdirSync(queue), []);
	});

	test('can be read by other users whatever the umask', () => {
		const umask = process.umask(0o077);
		try {
			const ticket = joinQueue(host, wish);
			assert.equal(statSync(join(queue, `gpubox-queue-${ticket?.id}`)).mode & 0o777, 0o644);
			ticket?.leave();
		} finally {
			process.umask(umask);
		}
	});

	test('come back when the folder was cleaned up', () => {
		const ticket = joinQueue(host, wish);
		for (const name of readdirSync(queue)) {
			rmSync(join(queue, name));
		}

		assert.deepEqual(readQueue(host), []);
		ticket?.update([]);
		assert.equal(readQueue(host)?.length, 1);
		ticket?.leave();
	});

	/** As this process writes them, with something changed. */
	const write = (id: string, change: object) => {
		const ticket = joinQueue(host, wish);
		const content = JSON.parse(readFileSync(join(queue, `gpubox-queue-${ticket?.id}`), 'utf8')) as object;
		ticket?.leave();
		const buffer = Buffer.alloc(4096, ' ');
		buffer.write(JSON.stringify({...content, ...change}));
		writeFileSync(join(queue, `gpubox-queue-${id}`), buffer);
	};
	const clear = () => {
		for (const name of readdirSync(queue)) {
			rmSync(join(queue, name));
		}
	};

	test('vanish with a process that is killed, and are removed by the next one of the user', async () => {
		const child = spawn('sleep', ['60']);
		write('killed', {pid: child.pid, startedAt: processStart(child.pid ?? 0)});
		assert.equal(readQueue(host)?.length, 1);
		const ended = once(child, 'exit');
		child.kill('SIGKILL');
		await ended;
		assert.deepEqual(readQueue(host), []);
		assert.equal(readdirSync(queue).length, 1);
		removeDeadEntries(host);
		assert.deepEqual(readdirSync(queue), []);
	});

	test('do not count for another process of the same number, or once no one writes them', () => {
		write('other-start', {startedAt: '1'});
		assert.deepEqual(readQueue(host), []);
		clear();
		write('old', {});
		utimesSync(join(queue, 'gpubox-queue-old'), new Date(), new Date(Date.now() - 10 * 60_000));
		assert.deepEqual(readQueue(host), []);
		clear();
	});

	test('count in another pid namespace while they are written', () => {
		write('elsewhere', {namespace: 'pid:[1]', pid: 4_000_000});
		assert.equal(readQueue(host)?.length, 1);
		clear();
	});

	test('do not count with the process of another user', {
		skip: uid === 0 ? undefined : 'only root can make such files',
	}, () => {
		// As root: the file is root's, the process another user's.
		const child = spawn('sleep', ['60'], {uid: 65_534});
		write('foreign', {pid: child.pid, startedAt: processStart(child.pid ?? 0)});
		assert.deepEqual(readQueue(host), []);
		child.kill('SIGKILL');
		clear();
	});

	test('of others are foreign text: made safe, cut, refused where they are no entries', () => {
		write('hostile', {
			user: 'eve\u001B]0;x\u0007\u202E',
			behind: ['box \u001B[31mred', 'x'.repeat(5000)].map((each) => each.slice(0, 500)),
		});
		const [found] = readQueue(host) ?? [];
		assert.ok(found);
		assert.doesNotMatch(JSON.stringify(found), /\\u001b|\\u0007|\u202E|\u001B/);
		assert.ok((found.behind[1] ?? '').length <= 100);
		clear();
		for (const change of [
			{name: '../../etc'},
			{name: 'a b'},
			{count: 0},
			{count: 1e9},
			{pid: 'x'},
			{since: 'never'},
			{behind: 'x'},
			{uuids: ['a\nb']},
			{uuids: {}},
		]) {
			write('bad', change);
			assert.deepEqual(readQueue(host), [], JSON.stringify(change));
			clear();
		}

		writeFileSync(join(queue, 'gpubox-queue-short'), '{}');
		writeFileSync(join(queue, 'gpubox-queue-null'), 'null'.padEnd(4096));
		symlinkSync('/etc/passwd', join(queue, 'gpubox-queue-link'));
		assert.deepEqual(readQueue(host), []);
		clear();
	});

	test('an entry is not older than its file, whatever it says', () => {
		write('liar', {since: new Date(0).toISOString()});
		const path = join(queue, 'gpubox-queue-liar');
		const sinceNow = () => Date.now() - (readQueue(host)?.[0]?.since.getTime() ?? 0);
		// Written once, both times are those of its creation; after that the change is later.
		assert.ok(sinceNow() < 60_000);
		do {
			utimesSync(path, new Date(), new Date());
		} while (statSync(path).ctimeMs === statSync(path).birthtimeMs);

		assert.ok(sinceNow() < 60_000);
		clear();
	});

	test('of one user are not endless', () => {
		for (let index = 0; index < 20; index++) {
			write(`many-${index}`, {});
		}

		assert.equal(readQueue(host)?.length, 16);
		clear();
	});

	test('are seen however many files another user has there', {
		skip: uid === 0 ? undefined : 'only root can make files of others',
	}, () => {
		for (let index = 0; index < 2500; index++) {
			const path = join(queue, `gpubox-queue-${index}`);
			writeFileSync(path, 'x'.repeat(4096));
			chownSync(path, 65_534, 65_534);
		}

		const ticket = joinQueue(host, wish);
		assert.deepEqual(
			readQueue(host)?.map(({id}) => id),
			[ticket?.id],
		);
		ticket?.leave();
		clear();
	});

	test('of a user that were written last are read, and those that no one writes any more are not', () => {
		for (let index = 0; index < 100; index++) {
			const path = join(queue, `gpubox-queue-0${index}`);
			writeFileSync(path, 'x'.repeat(4096));
			utimesSync(path, new Date(), new Date(Date.now() - 30_000));
		}

		const ticket = joinQueue(host, wish);
		assert.equal(readQueue(host)?.length, 1);
		ticket?.leave();
		clear();
	});

	test('are unknown, and not none, with more files than anyone can look at or a folder that cannot be read', async () => {
		for (let index = 0; index <= 5000; index++) {
			writeFileSync(join(queue, `gpubox-queue-${index}`), '');
		}

		assert.equal(readQueue(host), undefined);
		const file = join(queue, 'gpubox-queue-0');
		assert.equal(readQueue({...host, paths: {queue: file}} as unknown as Host), undefined);
		clear();
		assert.deepEqual(readQueue(host), []);
		assert.match(await queueTable(undefined, {whole: '', local: true}), /is not known/);
		assert.equal(await queueTable(undefined, {whole: '', local: false}), '');
	});
});

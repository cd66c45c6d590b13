import assert from 'node:assert/strict';
import fs, {
	existsSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import {syncBuiltinESMExports} from 'node:module';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import {after, describe, test} from 'node:test';
import fc from 'fast-check';
import type {Engine} from '../../../source/engine/engine.ts';
import type {Paths} from '../../../source/host/host.ts';
import {readCheckReport, reasonOfCheck} from '../../../source/job/runs/check-report.ts';
import {completeRun} from '../../../source/job/runs/complete.ts';
import {readRunFiles} from '../../../source/job/runs/files.ts';
import {allocateRun} from '../../../source/job/runs/folder.ts';
import {forgetRun} from '../../../source/job/runs/forget.ts';
import {without} from '../../../source/job/runs/git.ts';
import {addReadings, usesOneOfSeveral} from '../../../source/job/runs/gpu-use.ts';
import {LogFile} from '../../../source/job/runs/log-file.ts';
import {gpuHoursOf, makeManifest, stateOf} from '../../../source/job/runs/manifest.ts';
import {tellHostPaths} from '../../../source/job/runs/missing.ts';
import {notifyOnce, notifyVariables} from '../../../source/job/runs/notify.ts';
import {reasonOf} from '../../../source/job/runs/reason.ts';
import {claimOnce, type RunRecord, readRunRecord, writeRunRecord} from '../../../source/job/runs/record.ts';

const root = mkdtempSync(join(tmpdir(), 'gpubox-runs-'));
after(() => rmSync(root, {recursive: true, force: true}));

const me = {name: 'alice', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0};
const paths = {state: join(root, 'state/boxes')};
const fresh: Omit<RunRecord, 'name' | 'folder'> = {
	version: 1,
	engine: 'unix:///run/docker.sock',
	project: root,
	owner: 'alice',
	command: ['python', 'train.py'],
	workingDirectory: '/workspace',
	createdAt: '2026-01-01T00:00:00.000Z',
	gpus: [],
	driverVersion: null,
	processes: null,
	lockHash: null,
	git: null,
	variables: [],
	secrets: [],
	startedAt: null,
	deadline: null,
	stopSeconds: 120,
	memoryBytes: null,
	artifacts: [],
	publish: null,
	use: [],
	logBytes: 0,
	stopped: null,
	ended: null,
};
const allocate = (name: string, taken: string[] = []) => allocateRun(paths, name, {taken, runAs: me}, fresh);

describe('runs', () => {
	test('get the next number, past those of containers, in a folder that git ignores', () => {
		assert.deepEqual(
			[allocate('a').name, allocate('a').name, allocate('a', ['a-7']).name, allocate('a-1').name],
			['a-1', 'a-2', 'a-8', 'a-1-1'],
		);
		assert.equal(readFileSync(join(root, 'runs/a-2/.gitignore'), 'utf8'), '*\n');
	});

	test('are read back as they were written, and a damaged record is none', () => {
		const run = allocate('b');
		const ended = {known: true, at: '2026-01-01T02:00:00.000Z', exitCode: 3, signal: null, reason: null};
		writeRunRecord(paths, {...run, ended});
		assert.deepEqual(readRunRecord(paths, 'b-1')?.ended, ended);
		writeFileSync(join(root, 'state/runs/b-1.json'), '{"version": 2}');
		assert.equal(readRunRecord(paths, 'b-1'), undefined);
		assert.equal(readRunRecord(paths, '../../etc/passwd'), undefined);
	});

	test('are over on the disk after their manifest, and before their container is removed', async (t) => {
		const run = allocate('d');
		const steps: string[] = [];
		const sync = fs.fsyncSync;
		t.mock.method(fs, 'fsyncSync', (fd: number) => {
			steps.push(basename(readlinkSync(`/proc/self/fd/${fd}`)).replace(/^\.?([^.]+).*/, '$1'));
			sync(fd);
		});
		syncBuiltinESMExports();
		t.after(() => {
			t.mock.restoreAll();
			syncBuiltinESMExports();
		});
		const engine = {
			async removeContainer() {
				steps.push('removed');
			},
		} as unknown as Engine;
		const host = {engine, paths: {...paths, secrets: join(root, 'secrets')} as Paths};
		const options = {signal: new AbortController().signal, notify: undefined};
		await completeRun(host, run, {id: 'c0ffee', folder: 'd-1~none'}, undefined, options);
		assert.deepEqual(steps, ['manifest', 'd-1', 'removed']);
	});

	test('that were killed while a file was written keep nothing of it', async () => {
		const left = (folder: string) => {
			writeFileSync(join(folder, '.manifest.json.0123456789ab'), '{"half');
			writeFileSync(join(folder, '..gitignore.0123456789ab'), '');
			writeFileSync(join(folder, '.log.new'), 'half of the');
		};
		const never = allocate('e');
		left(never.folder);
		forgetRun(paths as Paths, never);
		assert.equal(existsSync(never.folder), false);
		const ran = allocate('e');
		left(ran.folder);
		writeFileSync(join(ran.folder, '.weights.0123456789ab'), "the job's own");
		const host = {engine: {} as Engine, paths: {...paths, secrets: join(root, 'secrets')} as Paths};
		const {outcome} = await completeRun(host, ran, undefined, undefined, {
			signal: new AbortController().signal,
			notify: undefined,
		});
		assert.deepEqual(
			outcome.files.map(({path}) => path),
			[`runs/${ran.name}/.weights.0123456789ab`],
		);
		assert.deepEqual(readdirSync(ran.folder).sort(), ['.gitignore', '.weights.0123456789ab', 'manifest.json']);
	});

	test('are published and notified once', async () => {
		assert.deepEqual([claimOnce(paths, 'a-1', 'published'), claimOnce(paths, 'a-1', 'published')], [true, false]);
		const told = join(root, 'told');
		const run = {...allocate('c'), ended: {known: true, at: null, exitCode: 3, signal: null, reason: null}};
		const command = `echo "$GPUBOX_RUN_NAME $GPUBOX_RUN_EXIT_CODE" >> ${told}`;
		assert.equal(await notifyOnce(paths, run, command), undefined);
		assert.equal(await notifyOnce(paths, run, command), undefined);
		assert.equal(readFileSync(told, 'utf8'), 'c-1 3\n');
		assert.equal(await notifyOnce(paths, allocate('c'), 'exit 4'), 'it ended with exit code 4');
		assert.equal(notifyVariables(run).GPUBOX_RUN_STATE, 'done');
	});

	test('count what they used', () => {
		const run = {
			...fresh,
			name: 'x-1',
			folder: root,
			gpus: [0, 1].map((index) => ({uuid: `GPU-${index}`, index, name: 'H100'})),
			startedAt: '2026-01-01T00:00:00.000Z',
			ended: {known: true, at: '2026-01-01T01:30:00.000Z', exitCode: 0, signal: null, reason: null},
		};
		assert.equal(gpuHoursOf(run), 3);
		assert.equal(gpuHoursOf({...run, ended: null}), null);
		assert.deepEqual([stateOf(run), stateOf({...run, ended: null}), stateOf(fresh)], ['done', 'running', 'waiting']);
		const [use] = makeManifest(
			{...run, use: [{uuid: 'GPU-0', peakMemoryMiB: 9, utilizationSum: 150, samples: 2}]},
			undefined,
		).gpuUse;
		assert.deepEqual(use, {uuid: 'GPU-0', peakMemoryMiB: 9, meanUtilization: 75, samples: 2});
	});

	test('that failed their check are told why, by what it left in their folder', () => {
		const {folder} = allocate('checked');
		const run = {check: true, folder, gpus: [{uuid: 'GPU-0', index: 0, name: 'H100'}]};
		const write = (...lines: object[]) =>
			writeFileSync(join(folder, 'check.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
		const why = (code: number, wanted = run) => reasonOfCheck(code, readCheckReport(wanted))?.text;
		assert.equal(why(8), undefined);
		writeFileSync(join(folder, 'check.jsonl'), '{"kind": "ended", "code": 127}\n');
		assert.match(
			why(8) ?? '',
			/^The test of its GPUs failed, so the command was not started: The image has no Python\.$/,
		);
		const steps = [{name: 'seen', passed: true, detail: ''}];
		const gpu = {kind: 'gpu', index: 0, uuid: null, name: 'H100', computeCapability: '9.0', steps};
		write({kind: 'torch', version: '2.8.0', cuda: '12.8'}, gpu);
		// The command's own 8, after a check that passed.
		assert.deepEqual([why(8), readCheckReport(run)?.passed], [undefined, true]);
		assert.equal(readCheckReport({...run, check: false}), undefined);
	});

	test('list their files with size and hash, and follow no links', async () => {
		const run = allocate('files');
		writeFileSync(join(run.folder, 'model'), 'weights');
		writeFileSync(join(run.folder, 'log'), 'not listed');
		symlinkSync('/etc/passwd', join(run.folder, 'link'));
		const {files} = await readRunFiles(root, {folder: run.folder, artifacts: [], since: 0});
		assert.deepEqual(files, [
			{
				path: 'runs/files-1/model',
				sizeBytes: 7,
				sha256: '9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c',
			},
		]);
	});
});

describe('the cards of a run', () => {
	const readings = (...values: Array<[number | null, number | null]>) =>
		values.map(([utilization, memoryUsedMiB], index) => ({uuid: `GPU-${index}`, utilization, memoryUsedMiB}));
	const none: RunRecord['use'] = [0, 1].map((index) => ({
		uuid: `GPU-${index}`,
		peakMemoryMiB: null,
		utilizationSum: null,
		samples: 0,
	}));
	const after = (count: number, ...values: Array<[number | null, number | null]>) =>
		Array.from({length: count}).reduce<RunRecord['use']>((use) => addReadings(use, readings(...values)), none);

	test('add up; what a card does not report stays unknown', () => {
		assert.deepEqual(after(2, [50, 100], [null, null]), [
			{uuid: 'GPU-0', peakMemoryMiB: 100, utilizationSum: 100, samples: 2},
			{uuid: 'GPU-1', peakMemoryMiB: null, utilizationSum: null, samples: 2},
		]);
	});

	test('of which one works are noticed after a while, and only then', () => {
		assert.equal(usesOneOfSeveral(after(3, [90, 9000], [0, 3])), undefined);
		assert.equal(usesOneOfSeveral(after(20, [90, 9000], [0, 3])), true);
		assert.equal(usesOneOfSeveral(after(20, [90, 9000], [0, 9000])), false);
		assert.equal(usesOneOfSeveral(after(20, [90, 9000], [60, 500])), false);
		assert.equal(usesOneOfSeveral(after(20, [0, 3], [0, 3])), false);
		assert.equal(usesOneOfSeveral(after(20, [90, 9000], [null, 3])), undefined);
		assert.equal(usesOneOfSeveral(after(20, [90, 9000]).slice(0, 1)), false);
	});
});

describe('the log of a run', () => {
	const out = (text: string) => ({stream: 'stdout' as const, data: Buffer.from(text)});
	const err = (text: string) => ({stream: 'stderr' as const, data: Buffer.from(text)});

	test('has whole lines, whatever pieces they arrive in', () => {
		const folder = mkdtempSync(join(root, 'log-'));
		const log = new LogFile(folder);
		const soFar = () => readFileSync(join(folder, 'log'), 'utf8');
		for (const piece of [
			out('started'),
			err('to std'),
			out('\nsecond'),
			err('err\n'),
			err('10%\r20'),
			out(' line\nend'),
		]) {
			log.append(piece);
		}

		assert.equal(soFar(), 'started\nto stderr\n10%\rsecond line\n');
		// What is very long is not kept back for ever.
		log.append(out('x'.repeat(70_000)));
		assert.equal(soFar().length, 34 + 3 + 70_000);
		log.append(out('last'));
		assert.equal(log.close(), 0);
		assert.equal(soFar().slice(-6), 'last20');
	});

	test('is appended to, counts what is missing when it cannot be written, and follows no link', () => {
		const folder = mkdtempSync(join(root, 'log-'));
		const log = new LogFile(folder);
		log.append(out('one\n'));
		assert.equal(log.close(), 0);
		const again = new LogFile(folder);
		again.append(out('two\n'));
		again.close();
		assert.equal(readFileSync(join(folder, 'log'), 'utf8'), 'one\ntwo\n');
		const trap = mkdtempSync(join(root, 'log-'));
		symlinkSync(join(folder, 'log'), join(trap, 'log'));
		const lost = new LogFile(trap);
		lost.append(out('12345'));
		assert.equal(lost.close(), 5);
		assert.equal(statSync(join(folder, 'log')).size, 8);
	});
});

test('values of secrets are taken out of a patch', () => {
	const patch = Buffer.from('+TOKEN=abcdefgh\n+ab\n\u00ff');
	assert.equal(without(patch, [Buffer.from('abcdefgh\n'), Buffer.from('ab')]).toString(), '+TOKEN=***\n+ab\n\u00ff');
});

test('words of a command that are paths of the host alone are told before it runs', () => {
	const there = [
		'/home/alice/vision',
		'/home/alice/vision/a.yaml',
		'/home/alice/data',
		'/data',
		'/opt',
		'/tmp',
		'/home',
		'/srv/m',
		'/usr/bin/env',
	];
	const mounts = [
		{source: '/home/alice/vision', target: '/workspace'},
		{source: '/state/home', target: '/home/alice'},
	];
	const told = (words: string, more: typeof mounts = []) =>
		tellHostPaths(words.split(' '), {
			project: '/home/alice/vision',
			mounts: [...mounts, ...more],
			exists: (path) => there.includes(path),
		});
	assert.deepEqual(told('python train.py --data /home/alice/data/ --out=/home/alice/data'), [
		'/home/alice/data is on this host, but not mounted in the job. To mount it: --mount /home/alice/data:/home/alice/data:ro, or mounts in gpubox.yaml',
	]);
	assert.match(told('train.py config=/home/alice/vision/a.yaml')[0] ?? '', /Write \/workspace\/a\.yaml/);
	assert.match(told('train.py /data')[0] ?? '', /--mount \/data:\/data:ro/);
	assert.deepEqual(told('ls / /opt /tmp /home /usr/bin/env /nowhere/x data ./data'), []);
	assert.deepEqual(told('train.py /data', [{source: '/data', target: '/data'}]), []);
	assert.deepEqual(told('train.py /data', [{source: '/srv/m', target: '/data'}]), []);
});

describe('the reason of an end', () => {
	const end = (exitCode: number, oomKilled = false) => ({exitCode, oomKilled});
	const given = {stopped: null, memoryBytes: 64 * 1024 ** 3, log: ''};
	test('is the memory limit, also where another process than the first was killed', () => {
		assert.match(reasonOf(end(137, true), given)?.text ?? '', /^It reached its memory limit of 64/);
		assert.match(reasonOf(end(1, true), given)?.fix ?? '', /limits\.memory/);
		assert.equal(reasonOf(end(0, true), given), undefined);
	});

	test('is --timeout, a known error in the log, or unknown', () => {
		assert.match(reasonOf(end(143), {...given, stopped: 'timeout'})?.text ?? '', /--timeout/);
		const log = 'Traceback\nRuntimeError: CUDA error: no kernel image is available for execution on the device\n';
		assert.ok((reasonOf(end(1), {...given, log})?.fix ?? '') !== '');
		assert.equal(reasonOf(end(1), given), undefined);
	});

	test('is a module or a program that the image does not have', () => {
		const why = (line: string) => reasonOf(end(1), {...given, log: `${line}\n`});
		for (const line of [
			"ModuleNotFoundError: No module named 'cv2'",
			"[rank1]: ModuleNotFoundError: No module named 'cv2.dnn'",
		]) {
			assert.match(why(line)?.text ?? '', /Python module cv2\.$/);
			assert.match(why(line)?.fix ?? '', /pip: \[opencv-python-headless\]/);
		}

		assert.match(
			why("\u001b[31mModuleNotFoundError\u001b[0m: No module named 'cv2'")?.text ?? '',
			/cv2/,
			'in a notebook',
		);
		assert.equal(why(`ModuleNotFoundError: No module named 'cv2'\n${'epoch\n'.repeat(100)}`), undefined, 'it went on');
		// Not the name itself: the index may have anything under it.
		for (const name of ['constructor', 'utils']) {
			assert.match(why(`ModuleNotFoundError: No module named '${name}'`)?.fix ?? '', /pip: \[PACKAGE\]/);
		}

		assert.equal(why("WARNING flash-attn is off: ModuleNotFoundError: No module named 'flash_attn'"), undefined);
		assert.match(why('gpubox: The image has no program "conda".')?.fix ?? '', /gpubox images/);
		assert.equal(why('gpubox: The image has no program "python".'), undefined);
	});

	test('is a path that only the host has, however the program tells it', () => {
		const there = [
			'/home/alice/vision',
			'/home/alice/vision/train.py',
			'/home/alice/my data',
			'/data/imagenet/train',
			'/usr/bin/env',
			'/data/models/a',
			'/srv/models/a',
		];
		const mounts = [
			{source: '/home/alice/vision', target: '/workspace'},
			{source: '/home/alice/.local/share/gpubox/home', target: '/home/alice'},
			{source: '/srv/models', target: '/data/models'},
		];
		const onHost = {project: '/home/alice/vision', mounts, exists: (path: string) => there.includes(path)};
		const why = (line: string) => reasonOf(end(1), {...given, log: `epoch 1\n${line}\n`, onHost});
		for (const line of [
			"python3: can't open file '/home/alice/vision/train.py': [Errno 2] No such file or directory",
			"FileNotFoundError: [Errno 2] No such file or directory: '/home/alice/vision/train.py'",
			'cat: /home/alice/vision/train.py: No such file or directory',
			'/run/gpubox/job: 47: exec: /home/alice/vision/train.py: not found',
		]) {
			assert.deepEqual(why(line), {
				text: '/home/alice/vision/train.py is a path of this host; in a job the folder of the project is /workspace.',
				fix: 'Write /workspace/train.py, or the path from the project on: train.py',
			});
		}

		for (const [line, mount] of [
			[
				"FileNotFoundError: Couldn't find any class folder; '/data/imagenet/train/' does not exist",
				'/data/imagenet/train:/data/imagenet/train:ro',
			],
			["No such file or directory: '/home/alice/my data'", "'/home/alice/my data:/home/alice/my data:ro'"],
			['error: --data=/data/imagenet/train not found', '/data/imagenet/train:/data/imagenet/train:ro'],
		]) {
			assert.deepEqual(why(line ?? '')?.fix, `To mount it: --mount ${mount}, or mounts in gpubox.yaml`);
		}

		for (const line of [
			"No such file or directory: '/data/imagenet/test'",
			"No such file or directory: '/usr/bin/env'",
			'loading /data/imagenet/train',
			"no checkpoint found in '/data/models/a'",
			'404 not found: https://example.com/data/imagenet/train',
		]) {
			assert.equal(why(line), undefined, line);
		}

		// The last word counts.
		const log =
			"RuntimeError: Found no NVIDIA driver on your system.\nFileNotFoundError: No such file or directory: '/data/imagenet/train'\n";
		assert.match(reasonOf(end(1), {...given, log, onHost})?.text ?? '', /^\/data\/imagenet/);
	});
});

test('any file in the place of a record is none, or one that a manifest can be made of', () => {
	const name = 'alice-any-1';
	const file = join(root, 'state/runs', `${name}.json`);
	const right: RunRecord = {...fresh, name, folder: join(root, name)};
	writeRunRecord(paths, right);
	assert.deepEqual(readRunRecord(paths, name), right);
	const place = existsSync(file) ? file : undefined;
	assert.ok(place, 'the test knows where records are');
	const odd = fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>(null, -1, 1e300, 0.5, '', 'x', {}, [], [null], true));
	const changed = fc
		.tuple(fc.constantFrom(...Object.keys(right)), odd)
		.map(([key, value]) => JSON.stringify({...right, [key]: value}));
	fc.assert(
		fc.property(fc.oneof(changed, fc.json(), fc.string({unit: 'binary'})), (text) => {
			writeFileSync(place, text);
			const record = readRunRecord(paths, name);
			if (record !== undefined) {
				stateOf(record);
				gpuHoursOf(record);
				JSON.stringify(makeManifest(record, undefined));
			}
		}),
		{numRuns: 200},
	);
});

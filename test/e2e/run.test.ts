import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {chown, cp, mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {setTimeout} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {
	dockerOf,
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	testHost,
	waitUntil,
} from '../_helpers/test-host/index.ts';

// Jobs: one command in the project's environment, on the real engine.

const host = testHost();
const docker = dockerOf(host);

/** A script that prints what it gets, and may take its time. */
const script = `
import os, signal, sys, time
print("started", flush=False)
print("to stderr", file=sys.stderr)
seconds = float(os.environ.get("CHECKPOINT", "0"))
def save(number, frame):
    print("saving", flush=True)
    time.sleep(seconds)
    open(os.path.join(os.environ["GPUBOX_RUN"], "checkpoint"), "w").write("saved")
    print("saved", flush=True)
    sys.exit(int(os.environ.get("AFTER", "0")))
signal.signal(signal.SIGTERM, save)
if "sleep" in sys.argv:
    while True:
        time.sleep(0.1)
if "die" in sys.argv:
    os.kill(os.getpid(), signal.SIGKILL)
sys.exit(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
`;

describe('a job', () => {
	let person: Person;
	const fixed = ['--image', host.images.jupyter, '--gpus', 'none'];
	const run = (options: string[], ...command: string[]) =>
		person.runGpubox(['run', ...fixed, ...options, '--', ...command]);
	const runs = async () => {
		const {stdout, stderr, code} = await person.runGpubox(['runs', '--json']);
		assert.equal(code, 0, stderr);
		return (
			JSON.parse(stdout) as {
				runs: Array<{
					name: string;
					id: string;
					state: string;
					exitCode: number;
					signal: string;
					reason: string;
					folder: string;
				}>;
			}
		).runs;
	};
	const containers = () => docker.listContainers({all: true, filters: {label: [`gpubox.project=${person.project}`]}});
	const manifest = async (folder: string) =>
		JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Record<string, unknown>;

	/** A gpubox that is there to be sent signals. */
	const startGpubox = (words: string[]) => {
		const child = spawn(host.program.node, [host.program.cli, ...words], {
			cwd: person.project,
			env: person.environment,
			stdio: ['ignore', 'pipe', 'inherit'],
			...(process.getuid?.() === 0 ? {uid: person.uid, gid: person.gid} : {}),
		});
		let output = '';
		child.stdout.setEncoding('utf8').on('data', (text: string) => {
			output += text;
		});
		return {
			child,
			until: (text: string) => waitUntil(text, async () => output.includes(text)),
			ended: new Promise<number | null>((resolve) => child.once('exit', resolve)),
		};
	};

	before(async () => {
		person = await makePerson(host);
		await writeFile(join(person.project, 'train.py'), script, {mode: 0o644});
	});
	after(async () => {
		for (const {Id} of await containers()) {
			await docker.getContainer(Id).remove({force: true, v: true});
		}

		await person.remove();
	});

	test('prints what it prints, keeps stderr apart, and ends with its exit code', async () => {
		for (const code of [0, 1, 7]) {
			const result = await run([], 'python3', 'train.py', String(code));
			assert.equal(result.code, code, result.stderr);
			assert.equal(result.stdout, 'started\n');
			assert.match(result.stderr, /^to stderr$/m);
		}

		const killed = await run([], 'python3', 'train.py', 'die');
		assert.equal(killed.code, 137);
		assert.match(killed.stderr, /ended with exit code 137 \(SIGKILL\)/);
		assert.deepEqual(await containers(), []);
		const [last, ...others] = await runs();
		assert.deepEqual([last?.state, last?.exitCode, last?.signal], ['done', 137, 'SIGKILL']);
		assert.deepEqual(
			others.map(({exitCode}) => exitCode),
			[7, 1, 0],
		);
		assert.match(await readFile(join(last?.folder ?? '', 'log'), 'utf8'), /^started$/m);
		assert.equal((await manifest(last?.folder ?? '')).exitCode, 137);
	});

	test('prints and keeps each byte of it, also of a progress bar, which is one long line, and of what is no text', async () => {
		const lines = [
			'import sys',
			'for step in range(600):',
			'    sys.stdout.buffer.write(f\'\\r{step:3d}% |{"█" * 30}| done\'.encode())',
			"sys.stdout.buffer.write(b' caf\\xe9')",
		];
		await writeFile(join(person.project, 'bar.py'), lines.join('\n'), {mode: 0o644});
		const words = [host.program.node, host.program.cli, 'run', ...fixed, '--', 'python3', 'bar.py'];
		const {code, stderr} = await person.run('/bin/sh', ['-c', `${words.join(' ')} > printed`]);
		assert.equal(code, 0, stderr);
		const steps = Array.from({length: 600}, (_, step) => `\r${String(step).padStart(3)}% |${'█'.repeat(30)}| done`);
		const expected = Buffer.concat([Buffer.from(`${steps.join('')} caf`), Buffer.from([0xe9])]);
		const [last] = await runs();
		for (const path of [join(person.project, 'printed'), join(last?.folder ?? '', 'log')]) {
			const found = await readFile(path);
			assert.ok(
				found.equals(expected),
				`${path} has ${found.length} bytes and ends with ${found.toString('latin1').slice(-60)}`,
			);
		}
	});

	test('starts in the folder of the caller and says which file is missing before anything else', async () => {
		await mkdir(join(person.project, 'sub'), {recursive: true});
		await chown(join(person.project, 'sub'), person.uid, person.gid);
		await person.run('git', ['init', '-q']);
		const file = join(person.project, 'gpubox.yaml');
		await writeFile(file, 'gpus: none\n', {mode: 0o644});
		const {stdout} = await person.runGpubox(['run', ...fixed, '--', 'sh', '-c', 'pwd; echo $GPUBOX_RUN'], {
			cwd: join(person.project, 'sub'),
		});
		assert.match(stdout, /^\/workspace\/sub\n\/workspace\/runs\/.*-\d+\n$/);
		await rm(file);
		const before = (await runs()).length;
		const missing = await person.runGpubox(['run', '--image', 'there.is/no/such:image', '--', 'python', 'trian.py']);
		assert.equal(missing.code, 1);
		assert.match(
			missing.stderr,
			new RegExp(`No such file: ${join(person.project, 'trian.py')}\n  → Did you mean "train.py"`),
		);
		assert.equal((await runs()).length, before);
	});

	test('a command that is not there is 127, as in a shell', async () => {
		const none = await run([], 'no-such-program');
		assert.equal(none.code, 127);
		assert.match(none.stderr, /^gpubox: The image has no program "no-such-program"\.$/m);
		// As in most images of CUDA.
		const python = await run([], 'python', 'train.py');
		assert.equal(python.code, 127);
		assert.match(python.stderr, /^ {2}→ It has python3\. .*: gpubox run -- train\.py$/m);
	});

	test('that gpubox could not start is 125, unless there is a closer code', async () => {
		const before = (await runs()).length;
		const noImage = await person.runGpubox(['run', '--gpus', 'none', '--image', '127.0.0.1:1/none:1', '--', 'false']);
		assert.equal(noImage.code, 125, noImage.stderr);
		const elsewhere = join(person.project, 'elsewhere');
		await mkdir(elsewhere);
		await writeFile(join(elsewhere, 'gpubox.yaml'), 'gpus: none\n', {mode: 0o644});
		await writeFile(join(elsewhere, 'runs'), 'no folder');
		const noFolder = await person.runGpubox(['run', ...fixed, '--', 'false'], {cwd: elsewhere});
		assert.equal(noFolder.code, 125);
		assert.match(noFolder.stderr, /runs is not a folder, so the run has no place for its log/);
		const noEngine = await person.runGpubox(['run', ...fixed, '--', 'false'], {env: {DOCKER_HOST: 'unix:///nowhere'}});
		assert.deepEqual([noEngine.code, (await run(['--memory', 'much'], 'false')).code], [3, 2]);
		assert.equal((await runs()).length, before);
		await rm(elsewhere, {recursive: true});
	});

	test('SIGTERM gives it its whole stop time', async () => {
		const job = startGpubox([
			'run',
			...fixed,
			'--env',
			'CHECKPOINT=20',
			'--env',
			'AFTER=3',
			'--',
			'python3',
			'train.py',
			'sleep',
		]);
		await job.until('started');
		const from = Date.now();
		job.child.kill('SIGTERM');
		assert.equal(await job.ended, 3);
		assert.ok(Date.now() - from >= 19_000);
		const [last] = await runs();
		assert.equal(await readFile(join(last?.folder ?? '', 'checkpoint'), 'utf8'), 'saved');
		const {files} = (await manifest(last?.folder ?? '')) as {files: Array<{path: string; sizeBytes: number}>};
		assert.deepEqual(
			files.map(({path, sizeBytes}) => [path, sizeBytes]),
			[[`runs/${last?.name}/checkpoint`, 5]],
		);
	});

	test('Ctrl-C stops it softly and says what the next does; d detaches', async () => {
		const words = ['run', ...fixed, '--', 'python3', 'train.py', 'sleep'];
		const first = openTerminal(host, person, words);
		await first.waitFor(/d detaches, Ctrl-C stops it/);
		await first.waitFor(/started/);
		first.write('\u0003');
		await first.waitFor(/Sent SIGINT to .*\. Ctrl-C again stops it/s);
		// Python ends itself by the signal that it did not handle.
		assert.equal((await first.exited).exitCode, 130);
		assert.match(first.screen(), /^gpubox: .* ended with exit code 130 \(SIGINT\)\.\n {2}→ Kept in runs\/\S+-\d+$/m);
		const progress = 'import time\nprint("started 50 %", end="", flush=True)\nwhile True: time.sleep(1)';
		const second = openTerminal(host, person, ['run', ...fixed, 'python3', '-c', progress]);
		await second.waitFor(/started 50 %/);
		second.write('d');
		// On a line of its own, whatever the job has written.
		await second.waitFor(/^\S+ runs in the background/m);
		assert.equal((await second.exited).exitCode, 0);
		const [last] = await runs();
		assert.equal(last?.state, 'running');
		assert.equal((await person.runGpubox(['stop', last?.name ?? ''])).code, 0);
		assert.equal((await person.runGpubox(['wait', last?.name ?? ''])).code, 143);
	});

	test('SIGHUP detaches: it goes on, its log is whole, and its end is kept', async () => {
		const loop = 'for i in $(seq 60); do echo line $i; sleep 0.1; done; exit 5';
		const job = startGpubox(['run', ...fixed, '--', 'sh', '-c', loop]);
		await job.until('line 9');
		job.child.kill('SIGHUP');
		assert.equal(await job.ended, 0);
		const [last] = await runs();
		assert.equal(last?.state, 'running');
		assert.equal((await person.runGpubox(['wait', last?.name ?? ''])).code, 5);
		const log = await readFile(join(last?.folder ?? '', 'log'), 'utf8');
		assert.equal(log, Array.from({length: 60}, (_, i) => `line ${i + 1}\n`).join(''));
		await waitUntil('its container is gone', async () => (await containers()).length === 0);
	});

	test('detached, waited for twice, and its log read after rm', async () => {
		const {stdout, code} = await run(
			['--detach', '--name', 'night'],
			'sh',
			'-c',
			'echo from the night; sleep 1; exit 4',
		);
		assert.deepEqual([code, stdout], [0, 'night-1\n']);
		assert.equal((await person.runGpubox(['wait', 'night-1'])).code, 4);
		assert.equal((await person.runGpubox(['rm', '--yes', 'night-1'])).code, 0);
		assert.equal((await person.runGpubox(['wait', 'night-1'])).code, 4);
		assert.equal((await person.runGpubox(['logs', 'night-1'])).stdout, 'from the night\n');
		assert.match((await person.runGpubox(['runs', 'show', 'night-1'])).stdout, /Exit code +4/);
		const removed = await run(['--detach', '--name', 'night'], 'sh', '-c', 'echo cut short; sleep 600');
		assert.equal(removed.stdout, 'night-2\n');
		await waitUntil('its output', async () => (await person.runGpubox(['logs', 'night-2'])).stdout !== '');
		const {code: removal, stderr} = await person.runGpubox(['rm', '--yes', 'night-2']);
		assert.equal(removal, 0, stderr);
		assert.equal((await person.runGpubox(['wait', 'night-2'])).code, 137);
		assert.equal((await person.runGpubox(['logs', 'night-2'])).stdout, 'cut short\n');
		// Without a name, and without a box here, it is the last one.
		const last = await person.runGpubox(['logs']);
		assert.deepEqual([last.code, last.stdout], [0, 'cut short\n']);
		assert.match(last.stderr, /^You have no box for this folder\. .* night-2:\n$/);
		assert.match((await person.runGpubox(['runs', 'show'])).stdout, /^night-2\n/);
		assert.equal((await person.runGpubox(['wait'])).code, 137);
		assert.match((await person.runGpubox(['runs', '-n', '1'])).stdout, /^NAME .*\nnight-2 .*\n$/);
		const elsewhere = {cwd: person.home};
		assert.deepEqual(
			[(await person.runGpubox(['logs'], elsewhere)).code, (await person.runGpubox(['runs', 'show'], elsewhere)).code],
			[6, 2],
		);
	});

	test('when gpubox is killed it goes on, and whoever looks next completes what is kept of it', async () => {
		const job = startGpubox(['run', ...fixed, '--', 'sh', '-c', 'echo one; sleep 2; echo two; exit 6']);
		await job.until('one');
		job.child.kill('SIGKILL');
		await job.ended;
		const [{name = '', state, folder = ''} = {}] = await runs();
		assert.equal(state, 'running');
		await waitUntil('the end of the job', async () => (await containers())[0]?.State === 'exited');
		assert.equal((await person.runGpubox(['ls'])).code, 0);
		assert.equal((await person.runGpubox(['wait', name])).code, 6);
		assert.equal(await readFile(join(folder, 'log'), 'utf8'), 'one\ntwo\n');
		assert.deepEqual([(await manifest(folder)).exitCode, await containers()], [6, []]);
	});

	test('the memory limit and --timeout are named as the reason', async () => {
		const eat = await run(['--memory', '64m'], 'python3', '-c', 'x = bytearray(512 * 1024 ** 2)');
		assert.equal(eat.code, 137);
		assert.match(
			eat.stderr,
			/It reached its memory limit of 64(?:\.0)? MiB and was killed\.\n {2}→ Raise limits\.memory/,
		);
		const late = await run(['--timeout', '1s'], 'python3', 'train.py', 'sleep');
		assert.match(late.stderr, /time of --timeout is up/);
		assert.equal((await runs())[0]?.reason, 'It was stopped because the time of --timeout was up.');
	});

	test('a log that cannot be written does not end it, and the gap is told', async () => {
		const {node, cli} = host.program;
		const much = 'import sys\nfor i in range(20000): print("x" * 100)\nprint("the end")';
		const limited = ['-c', 'ulimit -f 512; exec "$@"', 'sh', node, cli, 'run', ...fixed, '--', 'python3', '-c', much];
		const {stdout, stderr, code} = await person.run('sh', limited);
		assert.equal(code, 0, stderr);
		assert.match(stdout, /the end\n$/);
		assert.equal(stdout.length, 20_000 * 101 + 8);
		assert.match(stderr, /\d+ bytes of the output are missing in the log/);
		const [last] = await runs();
		const {log} = (await manifest(last?.folder ?? '')) as {log: {missingBytes: number}};
		assert.ok(log.missingBytes > 1_000_000);
	});

	test('no value of a secret gets into its folder', async () => {
		const value = 'tremendously-secret-value';
		await person.run('git', ['init', '-q']);
		await writeFile(join(person.project, 'settings.env'), 'A=1\n');
		await chown(join(person.project, 'settings.env'), person.uid, person.gid);
		await person.run('git', ['add', 'train.py', 'settings.env']);
		await person.run('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '-qm', 'Start']);
		await writeFile(join(person.project, 'settings.env'), `TOKEN=${value}\n`);
		const result = await person.runGpubox(
			[
				'run',
				...fixed,
				'--secret-env',
				'TOKEN',
				'--',
				'sh',
				'-c',
				'test "$TOKEN" = "$(cat /run/secrets/TOKEN)" && echo same',
			],
			{env: {TOKEN: value}},
		);
		assert.equal(result.stdout, 'same\n', result.stderr);
		const [last] = await runs();
		const kept = await manifest(last?.folder ?? '');
		assert.deepEqual(kept.secrets, ['TOKEN']);
		assert.match((kept.git as {commit: string}).commit, /^[\da-f]{40}$/);
		assert.match(await readFile(join(last?.folder ?? '', 'patch'), 'utf8'), /^\+TOKEN=\*\*\*$/m);
		assert.equal((await person.run('grep', ['-r', value, last?.folder ?? ''])).code, 1);
		assert.equal((await person.run('git', ['status', '--porcelain', 'runs'])).stdout, '');
	});

	test('what gpubox.yaml publishes runs after a success, and the user is notified once', async () => {
		const told = join(person.home, 'told');
		await person.runGpubox(['config', 'notify', `echo $GPUBOX_RUN_NAME $GPUBOX_RUN_EXIT_CODE >> ${told}`]);
		const file = join(person.project, 'gpubox.yaml');
		await writeFile(file, 'publish: echo publishing; cp "$GPUBOX_RUN/model" /workspace/published\n', {mode: 0o644});
		const refused = await run([], 'true');
		assert.equal(refused.code, 2);
		assert.match(refused.stderr, /publish +echo publishing/);
		const made = await run(['--trust', '--name', 'model'], 'sh', '-c', 'echo weights > $GPUBOX_RUN/model');
		assert.equal(made.code, 0, made.stderr);
		assert.equal(made.stdout, 'publishing\n');
		assert.equal(await readFile(join(person.project, 'published'), 'utf8'), 'weights\n');
		const failed = await run(['--name', 'model'], 'sh', '-c', 'exit 9');
		assert.deepEqual([failed.code, failed.stdout], [9, '']);
		const detached = await run(['--name', 'model', '--detach'], 'sh', '-c', 'echo later > $GPUBOX_RUN/model');
		const waited = await person.runGpubox(['wait', detached.stdout.trim()]);
		assert.equal(waited.code, 0, waited.stderr);
		await waitUntil('the notice', async () => (await readFile(told, 'utf8')).includes('model-3'));
		await person.runGpubox(['ls']);
		assert.equal(await readFile(told, 'utf8'), 'model-1 0\nmodel-2 9\nmodel-3 0\n');
		assert.equal(await readFile(join(person.project, 'published'), 'utf8'), 'later\n');
		await rm(file);
		await person.runGpubox(['config', '--unset', 'notify']);
		assert.deepEqual(await containers(), []);
	});

	test('killed at any moment of its start it leaves nothing, or a job that runs', async () => {
		const ended = [50, 200, 350, 500, 700, 900, 1200].map(async (delay) => {
			const job = startGpubox(['run', ...fixed, '--name', `kill${delay}`, '--', 'sh', '-c', 'sleep 3; exit 8']);
			await setTimeout(delay);
			job.child.kill('SIGKILL');
			await job.ended;
		});
		await Promise.all(ended);
		await waitUntil(
			'everything is completed or gone',
			async () => {
				await person.runGpubox(['ls']);
				const left = (await runs()).filter(({name}) => name.startsWith('kill'));
				return (await containers()).length === 0 && left.every(({state}) => state === 'done');
			},
			{seconds: 60},
		);
		const left = (await runs()).filter(({name}) => name.startsWith('kill'));
		assert.ok(left.every(({exitCode}) => exitCode === 8));
		const folders = (await readdir(join(person.project, 'runs'))).filter((name) => name.startsWith('kill'));
		assert.deepEqual(folders.sort(), left.map(({name}) => name).sort());
	});

	test('--dry-run prints what would run, with the threads divided among the processes', async () => {
		const {stdout, code} = await run(['--dry-run', '--nproc', '4', '--cpus', '8'], 'python', 'train.py', '--lr', '1');
		assert.equal(code, 0);
		assert.match(stdout, /--rm/);
		assert.match(stdout, /--env OMP_NUM_THREADS=2/);
		assert.match(stdout, /\/run\/gpubox\/torchrun --standalone --nnodes=1 --nproc_per_node=4 train\.py --lr 1\n$/);
	});
});

describe('the GPUs of a job', {skip: needsOwnEngine}, () => {
	let person: Person;
	const fixed = ['--image', host.images.jupyter];
	before(async () => {
		person = await makePerson(host);
	});
	after(async () => {
		for (const {Id} of await docker.listContainers({all: true, filters: {label: ['gpubox.name']}})) {
			await docker.getContainer(Id).remove({force: true, v: true});
		}

		await person.remove();
	});

	test('are tested before its command with --check, which ends it with 8 when they fail', async () => {
		const stand = join(person.project, 'stand-in');
		await cp(fileURLToPath(new URL('../job/_stand-in', import.meta.url)), stand, {recursive: true});
		await person.run('chmod', ['-R', 'a+rX', stand]);
		const check = (torch: object, ...command: string[]) =>
			person.runGpubox([
				...['run', ...fixed, '--gpus', '2', '--check', '--name', 'check', '--env', 'PYTHONPATH=/workspace/stand-in'],
				...['--env', `TORCH_HOST=${JSON.stringify(torch)}`, '--', ...command],
			]);
		const gpus = [0, 1].map(() => ({name: 'RTX A6000', capability: [8, 6]}));
		const good = await check({gpus}, 'sh', '-c', 'echo trained; exit 3');
		assert.deepEqual([good.code, good.stdout], [3, 'trained\n'], good.stderr);
		assert.match(
			good.stderr,
			/^PyTorch 2\.8\.0\+cu128, CUDA 12\.8, .*\nok {3}GPU 0 .*\nok {3}GPU 1 .*\nok {3}all GPUs together/m,
		);
		const bad = await check({gpus, faults: {'cuda:1 float32': 1}}, 'echo', 'never');
		assert.deepEqual([bad.code, bad.stdout], [8, ''], bad.stderr);
		assert.match(
			bad.stderr,
			/^gpubox: check-2 ended with exit code 8\. The test of its GPUs failed, so the command was not started: GPU 1: .*products are wrong\n {2}→ Check the host: gpubox doctor/m,
		);
		const {check: kept, reason} = JSON.parse(
			(await person.runGpubox(['runs', 'show', 'check-2', '--json'])).stdout,
		) as {check: {passed: boolean; torch: string}; reason: string};
		assert.deepEqual([kept.passed, kept.torch], [false, '2.8.0+cu128']);
		assert.match(reason, /^The test of its GPUs failed/);
		const none = await person.runGpubox(['run', ...fixed, '--gpus', 'none', '--check', '--', 'true']);
		assert.equal(none.code, 2);
	});

	test('are its own while it runs; others wait, and are told behind whom', async () => {
		const first = await person.runGpubox([
			'run',
			...fixed,
			'--gpus',
			'all',
			'--detach',
			'--name',
			'first',
			'--',
			'sleep',
			'600',
		]);
		assert.equal(first.code, 0, first.stderr);
		const {boxes} = JSON.parse((await person.runGpubox(['ls', '--json'])).stdout) as {
			boxes: Array<{name: string; kind: string; gpus: string[]}>;
		};
		assert.deepEqual(
			boxes.map(({name, kind, gpus}) => [name, kind, gpus.length]),
			[['first-1', 'run', host.own?.gpus.length]],
		);
		assert.match((await person.runGpubox(['ls'])).stdout, /^first-1 .* job /m);
		const refused = await person.runGpubox(['run', ...fixed, '--gpus', '1', '--', 'true']);
		assert.equal(refused.code, 7);
		const waiting = openTerminal(host, person, [
			'run',
			...fixed,
			'--gpus',
			'1',
			'--wait',
			'--name',
			'second',
			'--',
			'sh',
			'-c',
			'echo my turn',
		]);
		await waiting.waitFor(/Waiting for GPUs, behind job first-1 \(running for/);
		const listed = JSON.parse((await person.runGpubox(['runs', '--json'])).stdout) as {
			runs: Array<{name: string; state: string}>;
		};
		assert.deepEqual(
			listed.runs.slice(0, 2).map(({name, state}) => [name, state]),
			[
				['second-1', 'waiting'],
				['first-1', 'running'],
			],
		);
		assert.match((await person.runGpubox(['runs'])).stdout, /^second-1 +waiting +- +\? /m);
		const isListed = async () => (await person.runGpubox(['runs'])).stdout.includes('killed-1');
		const over = new AbortController();
		const killed = person.runGpubox(['run', ...fixed, '--gpus', '1', '--wait', '--name', 'killed', '--', 'true'], {
			signal: over.signal,
			killSignal: 'SIGKILL',
		});
		await waitUntil('it waits', isListed);
		over.abort();
		await assert.rejects(killed, {name: 'AbortError'});
		// Where it only got old, this would take twice as long.
		await waitUntil('it to be forgotten', async () => !(await isListed()), {seconds: 10});
		assert.equal((await person.runGpubox(['stop', 'first-1'])).code, 0);
		assert.equal((await waiting.exited).exitCode, 0);
		const kept = JSON.parse((await person.runGpubox(['runs', 'show', 'second-1', '--json'])).stdout) as {
			cards: Array<{name: string}>;
			driverVersion: string;
			gpuHours: number;
		};
		assert.equal(kept.cards.length, 1);
		assert.match(kept.driverVersion, /^\d+\./);
		assert.ok(kept.gpuHours !== null);
	});
});

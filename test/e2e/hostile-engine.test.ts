import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, afterEach, before, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {connectDocker} from '../../source/engine/docker/docker.ts';
import {defaultLimits} from '../../source/engine/limits.ts';
import {type Fault, type FaultProxy, type Seen, startFaultProxy} from '../_helpers/test-host/fault-proxy.ts';
import {dockerOf, makePerson, openTerminal, type Person, testHost, waitUntil} from '../_helpers/test-host/index.ts';

// Between gpubox and the engine stands something that tears, bends, holds back and inflates what the engine answers.

const host = testHost();
const docker = dockerOf(host);
const image = host.images.jupyter;
const socket = host.address.replace(/^unix:\/\//, '');
const largestMiB = 300;

let person: Person;
let proxy: FaultProxy;
let box: string;
before(async () => {
	person = await makePerson(host);
	proxy = await startFaultProxy({socketPath: socket}, join(host.folder, `proxy-${process.pid}.sock`));
	// From the beginning: a box belongs to the address that it was made at.
	person.environment.DOCKER_HOST = `unix://${proxy.address}`;
	const {code, stderr} = await person.runGpubox(['up', '--image', image, '--gpus', 'none']);
	assert.equal(code, 0, stderr);
	box = await nameOfBox();
});
afterEach(() => proxy.judge(() => undefined));
after(async () => {
	for (const id of await ownContainers()) {
		await docker.getContainer(id).remove({force: true});
	}

	await proxy.stop();
	await person.remove();
});

/** Of the person's one box that runs. */
async function nameOfBox(): Promise<string> {
	const {stdout} = await person.runGpubox(['ls', '--json']);
	const {boxes} = JSON.parse(stdout) as {boxes: Array<{name: string; project: string; state: string}>};
	return boxes.find(({project, state}) => project === person.project && state === 'running')?.name ?? '';
}

async function ownContainers(): Promise<string[]> {
	const filters = {label: [`gpubox.project=${person.project}`]};
	return (await docker.listContainers({all: true, filters})).map(({Id}) => Id);
}

/** Writes down, at the end, how much memory the process had at most: it is measured where it cannot be missed. */
const measure = `process.on('exit', () => {
	const {readFileSync, writeFileSync} = process.getBuiltinModule('node:fs');
	writeFileSync(process.env.PEAK_FILE, readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\\s+(\\d+)/)[1]);
})`;

let runs = 0;
/** Runs gpubox behind the proxy. */
async function behindProxy(words: string[], options: {signal?: AbortSignal; killSignal?: NodeJS.Signals} = {}) {
	runs += 1;
	const peakFile = join(person.home, `peak-${runs}`);
	const begun = performance.now();
	const result = await person.runGpubox(words, {
		...options,
		env: {
			NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(measure)}`,
			PEAK_FILE: peakFile,
		},
	});
	const seconds = (performance.now() - begun) / 1000;
	const peakMiB = Number(readFileSync(peakFile, 'utf8')) / 1024;
	assert.ok(peakMiB > 10, 'the memory was measured');
	assert.ok(peakMiB < largestMiB, `${words.join(' ')}: ${peakMiB} MiB`);
	return {...result, seconds};
}

/** The verbs that cannot do without an engine. */
const verbs = (): string[][] => [
	['ls'],
	['up', '--image', image, '--gpus', 'none'],
	['logs', box],
	['stop', box],
	['rm', box],
];

async function expectNoEngine(words: string[], what: RegExp): Promise<{seconds: number; stderr: string}> {
	const {code, stdout, stderr, seconds} = await behindProxy(words);
	// What was under way is told before.
	const told = stderr.replace(/^(?:The Docker Engine has not answered for 5 s; still waiting\.|Pulling \S+)\n/, '');
	assert.equal(code, 3, `${words.join(' ')}: ${stderr.slice(0, 2000)}`);
	assert.equal(stdout, '');
	assert.match(told, /^gpubox: [^\n]{1,700}\n {2}→ [^\n]{1,300}\n$/, words.join(' '));
	assert.match(told, what);
	assert.ok(told.includes(proxy.address), 'the address is named');
	return {seconds, stderr};
}

function* spaces(mebibytes: number): Iterable<Buffer> {
	yield Buffer.from('[');
	for (let count = 0; count < mebibytes; count++) {
		yield Buffer.alloc(1024 ** 2, ' ');
	}

	yield Buffer.from(']');
}

const faults: Array<[name: string, fault: Fault, what: RegExp]> = [
	['torn off in the middle', {kind: 'tear', after: 20}, /No Docker Engine answers/],
	['torn off before the first byte', {kind: 'tear', after: 0}, /No Docker Engine answers/],
	['{"a":', {kind: 'replace', body: '{"a":'}, /does not answer as a Docker Engine: .*not JSON/],
	['null', {kind: 'replace', body: 'null'}, /does not answer as a Docker Engine: .*expected/],
	[
		'HTML',
		{kind: 'replace', type: 'text/html', body: '<html></html>'},
		/does not answer as a Docker Engine: .*not JSON/,
	],
	['wrong types', {kind: 'replace', body: '[{"Id":5,"Names":{}}]'}, /does not answer as a Docker Engine: .*expected/],
	[
		'502 with 400 KB of HTML',
		{kind: 'replace', status: 502, type: 'text/html', body: `<html>${'x'.repeat(400_000)}`},
		/does not answer as a Docker Engine: .*status 502/,
	],
	['of 300 MiB', {kind: 'replace', body: () => spaces(300)}, /does not answer as a Docker Engine: .*more than \d+ MiB/],
	[
		'of 12 MiB that would be 500 in memory',
		{kind: 'replace', body: '['.repeat(12 * 1024 ** 2)},
		/does not answer as a Docker Engine: .*more than/,
	],
];

describe('every answer', () => {
	for (const [name, fault, what] of faults) {
		test(`${name}: exit 3 in two lines, at once and in little memory`, async () => {
			proxy.judge(() => fault);
			for (const words of verbs()) {
				const {seconds} = await expectNoEngine(words, what);
				assert.ok(seconds < 20, `${words.join(' ')} took ${seconds} s`);
			}
		});

		test(`${name}: the GPUs and the images are shown all the same`, async () => {
			proxy.judge(() => fault);
			for (const words of [['gpus'], ['images']]) {
				const {code, stdout, stderr} = await behindProxy(words);
				assert.equal(code, 0, stderr.slice(0, 2000));
				assert.notEqual(stdout, '');
				assert.doesNotMatch(stdout + stderr, /TypeError|\n\s+at /);
				assert.ok(stdout.length + stderr.length < 20_000);
			}
		});
	}

	test('missing: a verb says so after 5 s and gives up at its limit', async () => {
		proxy.judge(() => ({kind: 'hang'}));
		const limit = defaultLimits.containers.seconds ?? 0;
		const ended = await Promise.all(
			verbs().map((words) => expectNoEngine(words, /does not answer: .*no answer for 30 s/)),
		);
		for (const {seconds, stderr} of ended) {
			assert.match(stderr, /^The Docker Engine has not answered for 5 s; still waiting\.\n/);
			assert.equal(stderr.match(/has not answered/g)?.length, 1);
			assert.ok(seconds >= limit && seconds < limit + 20, `${seconds} s`);
		}
	});

	test('missing: Ctrl-C ends the wait at once', async () => {
		for (const words of [...verbs(), ['gpus'], ['images']]) {
			const asked = proxy.requests.length;
			const controller = new AbortController();
			let pressed = 0;
			proxy.judge(() => {
				setImmediate(() => {
					pressed ||= performance.now();
					controller.abort();
				});
				return {kind: 'hang'};
			});
			const child = spawn(host.program.node, [host.program.cli, ...words], {
				cwd: person.project,
				env: person.environment,
				stdio: 'ignore',
				...(process.getuid?.() === 0 ? {uid: person.uid, gid: person.gid} : {}),
			});
			controller.signal.addEventListener('abort', () => child.kill('SIGINT'));
			const code = await new Promise((resolve) => {
				child.once('close', resolve);
			});
			assert.equal(code, 130, words.join(' '));
			assert.ok(proxy.requests.length > asked);
			assert.ok(performance.now() - pressed < 5000, `${words.join(' ')}: ${performance.now() - pressed} ms`);
		}
	});
});

describe('a single answer', () => {
	const at = (path: RegExp, fault: Fault) => proxy.judge((seen) => (path.test(seen.path) ? fault : undefined));

	test('that a container was made is torn off: exit 3, the next up works, and nothing is left', async () => {
		const {code: removed, stderr: why} = await person.runGpubox(['rm', box]);
		assert.equal(removed, 0, why);
		at(/\/containers\/create/, {kind: 'tear', after: 5});
		await expectNoEngine(['up', '--image', image, '--gpus', 'none'], /No Docker Engine answers/);
		proxy.judge(() => undefined);
		const {code, stderr} = await person.runGpubox(['up', '--image', image, '--gpus', 'none']);
		assert.equal(code, 0, stderr);
		box = await nameOfBox();
		// What is only created may be somebody's who is about to start it; after a while it is nobody's.
		await waitUntil(
			'the container that was left is removed',
			async () => {
				await person.runGpubox(['ls']);
				return (await ownContainers()).length === 1;
			},
			{seconds: 60},
		);
	});

	test('a log that is torn off', async () => {
		at(/\/logs\?/, {kind: 'tear', after: 3});
		const {code, stderr} = await behindProxy(['logs', box]);
		assert.equal(code, 3, stderr);
		assert.match(stderr, /^gpubox: No Docker Engine answers at [^\n]+\n {2}→ [^\n]+\n$/);
	});

	test('a log of which one frame has 4 GiB', async () => {
		at(/\/logs\?/, {
			kind: 'replace',
			*body() {
				yield Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
				for (;;) {
					yield Buffer.alloc(65_536, 'y');
				}
			},
		});
		const peakFile = join(person.home, 'peak-frame');
		const {stdout, stderr} = await person.run(
			'/bin/sh',
			['-c', `'${host.program.node}' '${host.program.cli}' logs '${box}' | head -c 100000000 | wc -c`],
			{
				env: {
					NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(measure)}`,
					PEAK_FILE: peakFile,
				},
			},
		);
		assert.equal(stdout.trim(), '100000000', stderr);
		const peakMiB = Number(readFileSync(peakFile, 'utf8')) / 1024;
		assert.ok(peakMiB > 10 && peakMiB < largestMiB, `${peakMiB} MiB`);
	});

	test('a log that is no stream of frames', async () => {
		at(/\/logs\?/, {kind: 'replace', body: '{"message":"no"}'});
		await expectNoEngine(['logs', box], /does not answer as a Docker Engine: .*frames/);
	});

	test('a pull of which one line never ends', async () => {
		at(/\/images\/create/, {
			kind: 'replace',
			*body() {
				for (;;) {
					yield Buffer.alloc(65_536, '{"status":');
				}
			},
		});
		await expectNoEngine(['pull', 'example.com/nothing:1'], /pull of an image: a line of more than 1 MiB/);
	});

	test('names with control sequences in a refusal are shown without them', async () => {
		const {code, stderr} = await person.runGpubox(['rm', 'x\u001B[31my\u0007']);
		assert.equal(code, 6, stderr);
		assert.doesNotMatch(stderr, /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/);
		const usage = await person.runGpubox(['\u001B[31mupp']);
		assert.equal(usage.code, 2);
		assert.doesNotMatch(usage.stderr, /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/);
	});
});

describe('a reader that does not read', () => {
	/** How much went through stands still, which it only does when the reader holds it up; then it goes on when he reads. */
	async function standsStill(seen: () => Seen | undefined): Promise<void> {
		await waitUntil('the output begins', () => (seen()?.passed ?? 0) > 0, {seconds: 30});
		let before = -1;
		await waitUntil(
			'the output stands still',
			async () => {
				const now = seen()?.passed ?? 0;
				assert.ok(now < 64 * 1024 ** 2, `${now} bytes went through and nobody read them`);
				const same = now === before;
				before = now;
				await sleep(1000);
				return same;
			},
			{seconds: 60},
		);
	}

	function start(words: string[]) {
		return spawn(host.program.node, [host.program.cli, ...words], {
			cwd: person.project,
			env: person.environment,
			stdio: ['pipe', 'pipe', 'ignore'],
			...(process.getuid?.() === 0 ? {uid: person.uid, gid: person.gid} : {}),
		});
	}

	const peakOf = (pid: number | undefined) =>
		Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

	for (const [name, words, path] of [
		['logs', () => ['logs', box], /\/logs\?/],
		['logs -f', () => ['logs', '-f', box], /\/logs\?/],
		['attach', () => ['attach', box, '--', 'yes'], /\/exec\/.*\/start/],
	] as const) {
		test(`${name}: memory stays level, and Ctrl-C ends it`, async () => {
			const first = proxy.requests.length;
			proxy.judge((seen) =>
				/\/logs\?/.test(seen.path)
					? {
							kind: 'replace',
							*body() {
								const text = Buffer.from('a line of a program that never stops to write\n'.repeat(1000));
								const head = Buffer.alloc(8);
								head[0] = 1;
								head.writeUInt32BE(text.length, 4);
								for (;;) {
									yield Buffer.concat([head, text]);
								}
							},
						}
					: undefined,
			);
			const child = start(words());
			await standsStill(() => proxy.requests.slice(first).find((seen) => path.test(seen.path)));
			const peakMiB = peakOf(child.pid);
			assert.ok(peakMiB < largestMiB / 2, `${peakMiB} MiB`);
			child.kill('SIGINT');
			const code = await new Promise((resolve) => {
				child.once('exit', resolve);
			});
			assert.equal(code, 130);
			child.stdout.destroy();
		});
	}
});

describe('a file in a box', () => {
	test('of 5 GiB is seen, and not read', async () => {
		const container = docker.getContainer(`gpubox-${box}`);
		const exec = await container.exec({Cmd: ['truncate', '-s', '5G', '/var/tmp/large'], AttachStdout: true});
		const stream = await exec.start({});
		stream.resume();
		await new Promise((resolve) => {
			stream.once('end', resolve);
		});
		const engine = await connectDocker({url: host.address, origin: 'the test'});
		const {id} = await container.inspect().then(({Id}) => ({id: Id}));
		assert.equal(await engine.fileExists(id, '/var/tmp/large'), true);
		assert.equal(await engine.fileExists(id, '/var/tmp/nothing'), false);
		await assert.rejects(engine.readFile(id, '/var/tmp/large'), /has more than 1048576 bytes/);
		assert.equal(await engine.readFile(id, '/var/tmp/nothing'), undefined);
		assert.equal(await engine.readFile(id, '/var/tmp'), undefined, 'a folder is no file');
	});
});

describe('the session', () => {
	test('has the list again after an answer that was torn off', async () => {
		let torn = 0;
		proxy.judge((seen, answered) => {
			if (answered && torn === 0 && /\/containers\/json/.test(seen.path)) {
				torn += 1;
				return {kind: 'tear', after: 20};
			}

			return undefined;
		});
		const terminal = openTerminal(host, person, []);
		await terminal.waitFor(box, {seconds: 30});
		assert.equal(torn, 1);
		terminal.write('q');
		assert.equal((await terminal.exited).exitCode, 0);
	});
});

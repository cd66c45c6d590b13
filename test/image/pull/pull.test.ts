import assert from 'node:assert/strict';
import {test} from 'node:test';
import {drawPull, makePullReporter} from '../../../source/commands/output/pull-progress.ts';
import {type Engine, EngineError, type PullProgress} from '../../../source/engine/engine.ts';
import {pullImage} from '../../../source/image/pull/pull.ts';
import {reducePull, startPull} from '../../../source/image/pull/pull-progress.ts';
import {refuseOwnLayer} from '../../../source/image/reference.ts';

/** An engine on which the first pulls fail with these words. */
function failing(words: string[]) {
	const pulled: string[] = [];
	const tagged: string[] = [];
	const images = new Map<string, string>();
	const engine = {
		async pullImage(reference: string) {
			pulled.push(reference);
			const word = words.shift();
			if (word !== undefined) {
				throw new EngineError('failed', word);
			}

			images.set(reference, 'sha256:a');
		},
		inspectImage: async (name: string) => (images.has(name) ? {id: images.get(name)} : undefined),
		async tagImage(_id: string, reference: string) {
			tagged.push(reference);
		},
	} as unknown as Engine;
	return {engine, pulled, tagged, images};
}

const reference = 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime';
const {signal} = new AbortController();

test('a transfer that breaks is taken up again, later each time, and told', async () => {
	const {engine, pulled} = failing(['unexpected EOF', 'read tcp: connection reset by peer']);
	const told: string[] = [];
	const waits: number[] = [];
	await pullImage(engine, reference, {
		signal,
		onRetry: (text) => told.push(text),
		pause: async (milliseconds) => waits.push(milliseconds),
	});
	assert.equal(pulled.length, 3);
	assert.deepEqual(waits, [2000, 5000]);
	assert.match(told[0] ?? '', /failed \(unexpected EOF\); retrying in 2 s/);
});

test('it gives up after three more attempts, with the reason', async () => {
	const {engine, pulled} = failing(Array.from({length: 9}, () => 'net/http: TLS handshake timeout'));
	await assert.rejects(pullImage(engine, reference, {signal, pause: async () => {}}), /handshake timeout/);
	assert.equal(pulled.length, 4);
});

test('what will not get better is not tried again', async () => {
	for (const word of ['pull access denied for x', 'no matching manifest for linux/arm64']) {
		const {engine, pulled} = failing([word]);
		await assert.rejects(pullImage(engine, reference, {signal}), {message: word});
		assert.equal(pulled.length, 1);
	}
});

test('an abort while it waits ends it', async () => {
	const controller = new AbortController();
	const {engine, pulled} = failing(['unexpected EOF']);
	const pulling = pullImage(engine, reference, {signal: controller.signal, onRetry: () => controller.abort()});
	await assert.rejects(pulling, {name: 'AbortError'});
	assert.equal(pulled.length, 1);
});

test('what came through a mirror has its own name', async () => {
	const {engine, pulled, tagged} = failing([]);
	const notes: string[] = [];
	const options = {signal, registryMirror: 'mirror.example:5000', onNote: (text: string) => notes.push(text)};
	await pullImage(engine, reference, options);
	assert.deepEqual(pulled, [`mirror.example:5000/${reference}`]);
	assert.deepEqual(tagged, [reference]);
	assert.match(notes.join(), /from your mirror as mirror\.example:5000\/pytorch/);
});

test('what a mirror has never takes the place of an image that is here', async () => {
	const {engine, tagged, images} = failing([]);
	const notes: string[] = [];
	images.set(reference, 'sha256:other');
	const options = {signal, registryMirror: 'mirror.example:5000', onNote: (text: string) => notes.push(text)};
	await pullImage(engine, reference, options);
	assert.deepEqual(tagged, []);
	assert.match(notes.at(-1) ?? '', /^Another image is already named .* and is kept/);
});

test('a name that gpubox gives to its own layers is neither pulled nor started from', async () => {
	for (const name of ['gpubox/box:x', 'docker.io/gpubox/box:x', 'gpubox/other', 'localhost/gpubox/box:y']) {
		const {engine, pulled} = failing([]);
		await assert.rejects(pullImage(engine, name, {signal}), /has a name that is reserved for layers/);
		assert.deepEqual(pulled, []);
	}

	for (const name of ['gpubox2/box', 'registry.example/gpubox/box:x', 'user/gpubox']) {
		refuseOwnLayer(name);
	}
});

const messages: PullProgress[] = [
	...['aaa', 'bbb', 'ccc', 'ddd'].map((layer) => ({layer, status: 'Pulling fs layer'})),
	...['aaa', 'bbb', 'ccc', 'ddd'].map((layer) => ({
		layer,
		status: 'Downloading',
		currentBytes: 512 * 1024,
		totalBytes: 1024 * 1024,
	})),
];

test('a drawing fits the terminal, however many layers are at work', () => {
	const state = messages.reduce((before, message, at) => reducePull(before, message, at), startPull());
	const full = drawPull(state, `Pulling ${reference}`, 10, {columns: 120, rows: 24});
	assert.equal(full.length, 5);
	assert.match(full[0] ?? '', /2\.0 MiB of 4\.0 MiB/);
	assert.match(full[1] ?? '', /aaa {2}downloading +━{10} {10} 512 KiB of 1\.0 MiB/);
	const small = drawPull(state, `Pulling ${reference}`, 10, {columns: 30, rows: 5});
	assert.equal(small.length, 4);
	assert.match(small.at(-1) ?? '', /and 2 more/);
	assert.ok(small.every((line) => line.length < 30));
});

test('on a terminal a burst is drawn once, and taken away at the end', (t) => {
	t.mock.timers.enable({apis: ['setTimeout']});
	const writes: string[] = [];
	const out = {isTTY: true, columns: 80, rows: 24, write: (text: string) => writes.push(text) > 0};
	const reporter = makePullReporter(out as never, 'Pulling x', null, () => 0);
	for (const message of messages) {
		reporter.onProgress(message);
	}

	assert.deepEqual(writes, []);
	t.mock.timers.tick(100);
	assert.equal(writes.length, 1);
	reporter.onProgress({layer: 'aaa', status: 'Pull complete'});
	reporter.end();
	assert.equal(writes.at(-1), '\r\u001B[4A\u001B[J');
	t.mock.timers.tick(1000);
	assert.equal(writes.length, 2);
});

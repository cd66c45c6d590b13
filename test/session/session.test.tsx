import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {EngineError} from '../../source/engine/engine.ts';
import {whyNot} from '../../source/session/state/keys/here.ts';
import {isDemoOffered} from '../../source/session/state/model.ts';
import {withFacts} from '../../source/session/state/store.ts';
import {showSession} from '../_helpers/session.tsx';

const size = {columns: 120, rows: 40};
/** Of the last line in the log of a model server. */
const lastTime = (frame: string) => [...frame.matchAll(/INFO (\d\d-\d\d \d\d:\d\d:\d\d)/g)].at(-1)?.[1] ?? '';
const ready = /5 of 6 running[\s\S]*ServerApp/;

test('an event of the engine changes the list without anybody asking', async (t) => {
	const {host, waitFor, session} = await showSession(t, size);
	await waitFor(ready);
	const box = session.store.get().facts.box.boxes.find(({name}) => name === 'chen-vllm');
	await host.engine.stopContainer(box?.id ?? '');
	await waitFor(/4 of 6 running/);
	await host.engine.removeContainer(box?.id ?? '');
	await waitFor(/4 of 5 running/);
});

test('the log follows the chosen box', async (t) => {
	const {host, waitFor, waitForWhole, type, frame} = await showSession(t, size);
	await waitFor(ready);
	type('j');
	await waitFor(/dora-sweep-4 ─[\s\S]*epoch/);
	type('G');
	await waitFor(/chen-vllm ─[\s\S]*l shows the log of chen's box \(asks\)/);
	type('l');
	await waitFor(/Read the log of chen-vllm \(owner: chen\)\? {2}y ⏎ yes {2}n no/);
	type('y');
	await waitFor(/(?<!y) ⏎ yes {2}n no/);
	type('\r');
	// Its end: with the lines before it alone, what follows would push them out of sight.
	const before = await waitForWhole(/chen-vllm ─[\s\S]*11:59:5\d.*throughput/);
	const time = lastTime(before);
	host.engine.tick();
	host.engine.tick();
	await waitFor(new RegExp(`${time}[\\s\\S]*INFO (?!${time})`));
	assert.ok(lastTime(frame()) > time, `${lastTime(frame())} is not after ${time}`);
});

test('a known error in the log is explained below it', async (t) => {
	const {waitFor, waitForWhole, session} = await showSession(t, size);
	// What the box wrote before would push the error out of sight.
	await waitForWhole(ready);
	session.log.push(0, {
		stream: 'stderr',
		data: Buffer.from('RuntimeError: DataLoader worker (pid 9) is killed by signal: Bus error.\n'),
	});
	session.store.change(withFacts(({log}) => ({log: {...log, version: log.version + 1}})));
	const frame = await waitFor(
		/DataLoader[\s\S]*! The shared memory of the box \(\/dev\/shm\) is too small[\s\S]*--shm-size 16g/,
	);
	assert.match(frame, /ServerApp/);
	session.log.restart(false);
	session.log.push(0, {stream: 'stdout', data: Buffer.from('epoch 1\n')});
	session.store.change(withFacts(({log}) => ({log: {...log, version: log.version + 1}})));
	assert.doesNotMatch(await waitFor(/epoch 1 /), /shared memory/);
});

test('keys that come in one piece are all done', async (t) => {
	const {waitFor, type} = await showSession(t, size);
	await waitFor(ready);
	type('jjjj\r');
	await waitFor(/chen-ablation ─[\s\S]*owner +chen/);
});

test('one stops and starts one’s own box, and is told', async (t) => {
	const {waitFor, type} = await showSession(t, size);
	await waitFor(ready);
	type('s');
	await waitFor(/Stop dora-eda.*\? {2}y ⏎ yes {2}n no/);
	type('y');
	await waitFor(/(?<!y) ⏎ yes {2}n no/);
	type('\r');
	await waitFor(/✓ dora-eda is stopped/);
	await waitFor(/○ dora-eda/);
	type('s');
	await waitFor(/✓ dora-eda is running again/);
	await waitFor(/● dora-eda/);
});

test('two or three keys that arrive together over a slow line are keys', async (t) => {
	const {waitFor, type, waitUntilExit} = await showSession(t, size);
	await waitFor(ready);
	type('jj');
	await waitFor(/▸● alice-llm-train/);
	type('kk');
	await waitFor(/▸● dora-eda/);
	type('sy');
	// What uses the box has to be known before a yes counts.
	await waitFor(/Stop dora-eda.*\? {2}y ⏎ yes {2}n no/);
	type('yn');
	await waitFor(/^(?![\s\S]*y ⏎)/);
	type('xy');
	await waitFor(/Remove dora-eda[^\n]*y ⏎ yes {2}n no/);
	type('n');
	await waitFor(/^(?![\s\S]*y ⏎)/);
	type('ii');
	await waitFor(/5 of 6 running/);
	type('qq');
	await waitUntilExit();
});

test('a command typed, or pasted, into the session ends nothing', async (t) => {
	const {host, waitFor, type, session} = await showSession(t, size);
	const running = async () =>
		(await host.engine.listContainers({labels: ['gpubox.name']})).filter(({state}) => state === 'running').length;
	await waitFor(ready);
	await waitFor(/▸● dora-eda/);
	for (const command of ['ls\r', 'systemctl stop x\r', 'sync\r', 'xy\n', 'sy\r', 'rm -rf y\r', 'quit', 'sed', 'sysl']) {
		// In one piece: pasted where the terminal does not mark it.
		type(command);
		assert.equal(session.store.get().view.asking, undefined, command);
		// The rest of it in another piece.
		type('x');
		assert.equal(session.store.get().view.asking, undefined, command);
		await sleep(120);
	}

	// Few enough for keys of a slow line; an Enter that belongs to them ends nothing.
	for (const command of ['xy', 'sy']) {
		type(command);
		await waitFor(/\? (?:Stop|Remove) dora-eda[^\n]*y ⏎ yes {2}n no/);
		type('\r');
		await sleep(120);
		type('n');
		await waitFor(/^(?![\s\S]*y ⏎)/);
	}

	// By hand; `i`, `a`, `d`, `l`, `?` and `q` lead to other screens, so what is typed here has none of them at its start.
	for (const command of ['sync\r', 'xys\r', 'syslog\r', 'ls\r']) {
		for (const key of command) {
			type(key);
			await new Promise((resolve) => setImmediate(resolve));
		}

		type('n');
		await waitFor(/^(?![\s\S]*y ⏎)/);
	}

	assert.equal(await running(), 5);
	assert.deepEqual(session.store.get().facts.tasks, []);
});

test('a box is removed after yes, and the next one is chosen', async (t) => {
	const {waitFor, type} = await showSession(t, size, {
		useCases: {endOfRun: async (_host, name) => ({ok: false, text: `${name} ended with exit code 137`, fix: ''})},
	});
	await waitFor(ready);
	type('j');
	type('x');
	await waitFor(/Remove dora-sweep-4 \(its command is running\)\?/);
	type('y');
	type('\r');
	await waitFor(/dora-sweep-4 (?:is removed|ended with exit code 137)[\s\S]*quit/);
	const frame = await waitFor(/4 of 5 running/);
	assert.match(frame, /▸● alice-llm-train/);
	await waitFor(/─ alice-llm-train ─[\s\S]*l shows the log of alice's box/);
});

test('open shows the address with the token of one’s own box, and no other’s', async (t) => {
	const {waitFor, type} = await showSession(t, size);
	await waitFor(ready);
	type('jj');
	type('o');
	await waitFor(/belongs to alice/);
	type('kk');
	type('o');
	await waitFor(/http:\/\/127\.0\.0\.1:18891\/\?token=simulated-token-that-opens-nothing/);
});

test('idle kernels are shut down after yes, only of one’s own box, and the box runs on', async (t) => {
	const {waitFor, type} = await showSession(t, size);
	await waitFor(ready);
	type('jj');
	type('f');
	await waitFor(/Permission denied: alice-llm-train belongs to alice/);
	type('kk');
	type('f');
	await waitFor(/Shut down 1 kernel of dora-eda, idle for 3h\? Variables are lost/);
	type('n');
	await waitFor(/^(?![\s\S]*Shut down)/);
	type('f');
	await waitFor(/Shut down 1 kernel of dora-eda/);
	type('y');
	type('\r');
	await waitFor(/✓ The idle kernels of dora-eda are shut down/);
	await waitFor(/● dora-eda/);
	type('f');
	await waitFor(/✓ No kernel of dora-eda is idle/);
});

test('what fails is said with its reason, and the session goes on', async (t) => {
	const {host, waitFor, type} = await showSession(t, size);
	await waitFor(ready);
	await waitFor(/▸● dora-eda/);
	host.engine.startContainer = async () => {
		throw new EngineError('disk-full', 'no space left on device');
	};

	type('s');
	await waitFor(/Stop dora-eda.*\? {2}y ⏎ yes {2}n no/);
	type('y');
	type('\r');
	await waitFor(/○ dora-eda/);
	type('s');
	await waitFor(/✕ The engine's disk is full: no space left on device\s+→ To see what uses the space/);
});

test('the engine going away leaves the last boxes beside the reason, and coming back mends it', async (t) => {
	const {host, waitFor} = await showSession(t, size);
	await waitFor(ready);
	host.engine.breakOff(new EngineError('unreachable', 'connect ECONNREFUSED'));
	await waitFor(/No Docker Engine answers[\s\S]*alice-llm-train/);
	host.engine.breakOff(undefined);
	await waitFor(/^(?![\s\S]*No Docker Engine answers)[\s\S]*5 of 6 running/);
});

test('a second up while the first is at work is not started', async (t) => {
	let calls = 0;
	const {waitFor, type} = await showSession(t, size, {
		useCases: {
			up: async (_, {report, signal}) => {
				calls += 1;
				report({
					kind: 'pull',
					image: 'some/image',
					progress: {layer: 'a', status: 'Downloading', currentBytes: 1, totalBytes: 4},
				});
				return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
			},
		},
	});
	await waitFor(ready);
	type('u');
	await waitFor(/Start box for \/home\/dora\/thesis: pulling some\/image.*25%/);
	type('u');
	await waitFor(/already being started/);
	assert.equal(calls, 1);
});

test('a folder that is being started is known by its path, and not by what its task is called', async (t) => {
	const {waitFor, session} = await showSession(t, size, {
		useCases: {
			up: async (_, {signal}) =>
				new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
		},
	});
	await waitFor(ready);
	const {tasks} = session.store.get().facts;
	assert.deepEqual(tasks, []);
	const {folderPath} = session.store.get().facts;
	const busy = (startsFolder: string) => ({id: 99, title: 'Anything', step: '', share: undefined, startsFolder});
	const why = (startsFolder: string) => {
		const {facts, view} = session.store.get();
		return whyNot({type: 'up'}, {...facts, tasks: [busy(startsFolder)]}, view);
	};
	assert.equal(why(folderPath), 'it is being started');
	assert.equal(why(`${folderPath}/other`), undefined);
});

test('pasted text is not taken for keys', async (t) => {
	const {waitFor, type, session} = await showSession(t, size);
	await waitFor(ready);
	type('\u001B[200~xyq?\u001B[201~');
	type('j');
	await waitFor(/▸● dora-sweep-4/);
	assert.equal(session.store.get().view.asking, undefined);
	assert.equal(session.store.get().view.screen, 'main');
});

test('a new size is drawn in full', async (t) => {
	const {waitFor, resize} = await showSession(t, size);
	await waitFor(ready);
	resize(60, 15);
	const narrow = await waitFor(/^.{1,60}\n/);
	assert.ok(narrow.split('\n').every((line) => line.length <= 60));
	resize(200, 60);
	const wide = await waitFor(/simulated; nothing is changed/);
	assert.equal(wide.split('\n').length, 60);
});

test('q leaves', async (t) => {
	const {waitFor, type, waitUntilExit} = await showSession(t, size);
	await waitFor(ready);
	type('q');
	await waitUntilExit();
});

test('the made-up host is offered only where something is missing', async (t) => {
	const {waitFor, frame} = await showSession(t, size, {demoOffered: true});
	await waitFor(ready);
	assert.doesNotMatch(frame(), /d demo/);
});

test('the made-up host is not offered on the made-up host', async (t) => {
	const {waitFor, session} = await showSession(t, size, {demoOffered: true, scenario: 'no-devices'});
	await waitFor(/No devices/);
	assert.equal(isDemoOffered(session.store.get().facts), false);
});

test('where GPU or engine is missing, the made-up host is the first thing offered', async (t) => {
	const {waitFor, type, waitUntilExit} = await showSession(t, size, {
		demoOffered: true,
		prepare(host) {
			host.demo = false;
			host.engine.breakOff(new EngineError('unreachable', 'connect ENOENT'));
		},
	});
	await waitFor(/No Docker Engine[\s\S]* d demo {2}/);
	type('d');
	assert.equal(String(await waitUntilExit()), 'Symbol(demo)');
});

test('every screen of the made-up host says so', async (t) => {
	const {waitFor, type} = await showSession(t, size, {useCases: {images: async () => []}});
	await waitFor(ready);
	for (const key of ['?', '\u001B', 'i']) {
		assert.match(await waitFor(/hopper/), /DEMO/);
		type(key);
	}

	await waitFor(/Images[\s\S]*No known images/);
	assert.match(await waitFor(/hopper/), /DEMO/);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import type {Disk} from '../../source/app/images/measure-disk.ts';
import {label} from '../../source/box/box.ts';
import {joinQueue} from '../../source/box/gpus/queue-records.ts';
import type {Idleness} from '../../source/box/idle/idle.ts';
import type {DemoHost} from '../../source/demo/host.ts';
import type {Session} from '../../source/session/session.ts';
import {isListName} from '../../source/session/state/lists/reduce-lists.ts';
import {withFacts} from '../../source/session/state/store.ts';
import type {BoxIdleness} from '../../source/session/state/tells/tells.ts';
import {frozenAt} from '../_helpers/demo.ts';
import {showSession} from '../_helpers/session.tsx';
import {assertScreen} from '../_helpers/snapshot.ts';

const folder = fileURLToPath(new URL('snapshots', import.meta.url));
const small = {columns: 80, rows: 24};
const ready = /hopper[\s\S]*(?:alice-llm|erik-whisper)/;

const hoursMs = (hours: number) => hours * 3_600_000;
const hoursAgo = (hours: number) => new Date(frozenAt.getTime() - hoursMs(hours));

const disk: Disk = {
	images: [
		{
			id: 'sha256:1',
			name: 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime',
			sizeBytes: 6.9e9,
			ownBytes: 2.1e9,
			madeByGpubox: false,
			createdAt: hoursAgo(900),
			usedBy: ['alice-llm-train of alice'],
			lastUsedAt: hoursAgo(52),
		},
		{
			id: 'sha256:2',
			name: 'gpubox/box:3f2a',
			sizeBytes: 7.2e9,
			ownBytes: 3e8,
			madeByGpubox: true,
			createdAt: hoursAgo(900),
			usedBy: [],
			lastUsedAt: null,
		},
	],
	caches: [
		{
			name: 'huggingface',
			path: '/home/dora/.cache/gpubox/huggingface',
			bytes: 4.2e10,
			complete: false,
			lastWrittenAt: null,
		},
	],
	stoppedBoxes: [{name: 'chen-ablation', owner: 'chen', mine: false, writtenBytes: null, stoppedAt: hoursAgo(290)}],
	runs: [{project: '/home/dora/sweep', count: 12, bytes: 8.1e8, complete: true, lastAt: hoursAgo(2)}],
	buildCacheBytes: 1.1e9,
	prunable: [],
	gaps: [],
};

/** What is measured has come too, where it is on the screen. */
const measured = /2516%|2\.1%|alice-llm-train/;

for (const size of [{columns: 60, rows: 20}, small, {columns: 120, rows: 40}, {columns: 200, rows: 60}]) {
	const name = `${size.columns}x${size.rows}`;
	test(`all containers at ${name}`, async (t) => {
		const shown = await showSession(t, size, {useCases: {idleLimits: fails, processLoad: async () => loads}});
		await shown.waitFor(ready);
		idleSince(shown.session);
		shown.type('2');
		await shown.waitFor(measured);
		await shown.waitFor(
			size.rows > 20 ? /9 of 11 running[\s\S]*grafana[^\n]*186M/ : /9 of 11 running[\s\S]*whisper[^\n]*3\.8G/,
		);
		await shown.waitFor(/never restarted/);
		assertScreen(
			folder,
			`containers-${name}`,
			await shown.waitFor(size.columns > 60 ? /alice-llm-train[^\n]*277G +394%/ : /277G/),
		);
	});
}

/** By GPU and process. */
const loads = new Map([
	['0 20411', 99],
	['1 20412', 98],
	['2 20413', 97],
	['3 20414', 100],
	['4 33102', 0],
	['4 35540', 88],
	['5 40219', 61],
	['6 28512', 3],
]);

/** So that no look at the boxes changes what the test says of them. */
async function fails(): Promise<never> {
	throw new Error('not asked in this test');
}

function idleSince({store}: Session): void {
	const {boxes} = store.get().facts.box;
	const known: Record<string, Idleness> = {
		'dora-eda': {kind: 'idle', since: hoursAgo(3)},
		'alice-llm-train': {kind: 'busy'},
		'chen-vllm': {kind: 'idle', since: hoursAgo(60)},
	};
	const idle = boxes.flatMap(({id, name}): Array<[string, BoxIdleness]> => {
		const idleness = known[name];
		return idleness === undefined ? [] : [[id, {idleness, warnAfterMs: hoursMs(24)}]];
	});
	store.changeNow(withFacts(({tells}) => ({tells: {...tells, idle: new Map(idle)}})));
}

/** Two users wait for GPUs; one has no box, and hostile texts. */
function queueUp(host: DemoHost): void {
	const queue = (user: string, minutes: number, behind: string[]) =>
		joinQueue(
			{...host, person: {...host.person, name: user}},
			{name: 'sweep', count: 4, share: false},
			new Date(frozenAt.getTime() - minutes * 60_000),
		)?.update(behind);
	queue('bob', 12, ['box alice-llm-train']);
	queue('eve\u001B[31m\u202E', 3, ['bob queued for 4 GPUs', 'x\u001B]0;title\u0007']);
}

for (const [key, name, expected] of [
	['3', 'processes', /GPU processes[\s\S]*33102[^\n]* 0%[\s\S]*erik-whisper/],
	['4', 'people', /▸ People[\s\S]*alice[\s\S]*277G[\s\S]*erik\?/],
	['6', 'disk', /≥39G[\s\S]*chen-ablation/],
] as const) {
	for (const size of [small, {columns: 120, rows: 40}]) {
		test(`the screen of ${name} at ${size.columns}x${size.rows}`, async (t) => {
			const shown = await showSession(t, size, {
				useCases: {disk: async () => disk, processLoad: async () => loads},
				prepare: key === '4' ? queueUp : () => {},
			});
			await shown.waitForWhole(/hopper[\s\S]*gpu_burn/);
			// What is only known from all containers.
			shown.type('2');
			await shown.waitFor(/9 of 11 running/);
			shown.type(key);
			assertScreen(folder, `${name}-${size.columns}x${size.rows}`, await shown.waitFor(expected));
		});
	}
}

test('a filter finds, is kept for its screen, and Esc clears it before it leads back', async (t) => {
	const {type, waitFor, frame} = await showSession(t, small);
	await waitFor(ready);
	type('2');
	await waitFor(/9 of 11 running/);
	type('/');
	for (const letter of 'whisper') {
		type(letter);
	}

	await waitFor(/\/ whisper[\s\S]*1 found/);
	assert.doesNotMatch(frame(), /grafana/);
	type('\r');
	await waitFor(/\/ filter/);
	type('3');
	await waitFor(/GPU processes/);
	type('2');
	await waitFor(/whisper[^\n]*1 found/);
	type('\u001B');
	await waitFor(/grafana/);
	type('\u001B');
	await waitFor(/1 free/);
});

test('Enter leads from a process to its container, from a user to their containers, from a box to its place', async (t) => {
	const {type, waitFor, session} = await showSession(t, {columns: 120, rows: 40});
	await waitFor(/hopper[\s\S]*erik-whisper/);
	type('3');
	await waitFor(/GPU processes/);
	type('G');
	await waitFor(/▸● +6 +28604/);
	type('\r');
	await waitFor(/▸● erik-whisper/);
	type('4');
	await waitFor(/People/);
	type('\r');
	await waitFor(/\/ alice[\s\S]*1 found/);
	type('\r');
	await waitFor(/▸● alice-llm-train/);
	assert.equal(session.store.get().view.screen, 'main');
});

test('to stop a container of another user asks, and says whose it is and how one knows', async (t) => {
	const {type, waitFor, host} = await showSession(t, {columns: 120, rows: 40});
	const state = async () => (await host.engine.inspectContainer('erik-whisper'))?.state;
	await waitFor(/hopper[\s\S]*erik-whisper/);
	type('2');
	await waitFor(/9 of 11 running/);
	type('/');
	for (const letter of 'whisper') {
		type(letter);
	}

	type('\r');
	await waitFor(/\/ filter/);
	type('s');
	await waitFor(/Stop erik-whisper \(not a box; owner unknown, uses \/home\/erik\/whisper\)\? {2}y ⏎ yes {2}n no/);
	type('n');
	await waitFor(/^(?![\s\S]*y ⏎)/);
	assert.equal(await state(), 'running');
	type('a');
	await waitFor(/Open a shell in erik-whisper \(not a box; owner unknown/);
	type('n');
	await waitFor(/^(?![\s\S]*y ⏎)/);
	type('x');
	await waitFor(/erik-whisper is not a box: gpubox does not remove it[\s\S]*docker rm erik-whisper/);
	type('s');
	await waitFor(/y ⏎ yes {2}n no/);
	type('y');
	await waitFor(/(?<!y) ⏎ yes {2}n no/);
	type('\r');
	await waitFor(/✓ erik-whisper is stopped/);
	assert.equal(await state(), 'exited');
	await waitFor(/▸○ erik-whisper/);
	type('s');
	await waitFor(/Start erik-whisper/);
});

test('a key on another user’s box in the list of containers asks as on the main screen', async (t) => {
	const {type, waitFor} = await showSession(t, {columns: 120, rows: 40});
	await waitFor(/hopper[\s\S]*erik-whisper/);
	type('2');
	await waitFor(/9 of 11 running/);
	type('j');
	type('j');
	await waitFor(/▸● alice-llm-train/);
	type('s');
	await waitFor(/Stop alice-llm-train \(owner: alice; .*\)\? {2}y ⏎ yes {2}n no/);
});

test('l shows the log of any container as the whole screen; what is not one’s own only after a yes, once', async (t) => {
	const {type, waitFor, session} = await showSession(t, {columns: 120, rows: 44}, {readOnly: true});
	await waitFor(/hopper[\s\S]*erik-whisper/);
	type('2');
	await waitFor(/9 of 11 running/);
	const filter = async (word: string) => {
		type('/');
		type('\u0015');
		type(word);
		type('\r');
		await waitFor(new RegExp(`/ ${word} .* found`));
	};

	// A box of the user's own.
	type('l');
	await waitFor(/▸ dora-eda [\s\S]*explore.ipynb[\s\S]*Esc back/);
	type('\u001B');
	await waitFor(/▸ Containers/);
	await filter('whisper');
	type('l');
	await waitFor(/Read the log of erik-whisper \(owner unknown, uses \/home\/erik\/whisper\)\? {2}y ⏎ yes {2}n no/);
	type('n');
	await waitFor(/^(?![\s\S]*y ⏎)/);
	assert.equal(session.store.get().view.screen, 'containers');
	type('l');
	await waitFor(/y ⏎ yes {2}n no/);
	type('y');
	await waitFor(/(?<!y) ⏎ yes {2}n no/);
	type('\r');
	await waitFor(/▸ erik-whisper [\s\S]*log · following/);
	assert.ok(session.log.sources.some(({subject}) => subject.name === 'erik-whisper'));
	type('/');
	await waitFor(/│ \//);
	type('zzz');
	type('\r');
	await waitFor(/\/zzz 0/);
	type('\u001B');
	await waitFor(/^(?![\s\S]*\/zzz)/);
	type('l');
	await waitFor(/▸ Containers[\s\S]*whisper[^\n]*1 found/);
	type('l');
	await waitFor(/▸ erik-whisper [\s\S]*log · following/);
	type('1');
	await waitFor(/8 GPUs[\s\S]*─ dora-eda ─/);
	type('3');
	await waitFor(/▸● +0 +20411/);
	type('l');
	await waitFor(/Read the log of alice-llm-train \(owner: alice\)\?/);
	type('n');
	await waitFor(/^(?![\s\S]*y ⏎)/);
	type('G');
	await waitFor(/▸● +6 +28604/);
	type('l');
	await waitFor(/▸ erik-whisper [\s\S]*log · following/);
	type('\u001B');
	await waitFor(/▸ GPU processes/);
	type('k');
	await waitFor(/▸· +6 +28512/);
	type('?');
	await waitFor(/Log of the container[\s\S]*it is in no container/);
});

test('hostile names, labels and folders of containers stay text', async (t) => {
	const shown = await showSession(
		t,
		{columns: 120, rows: 40},
		{
			prepare(host) {
				const list = host.engine.listContainers.bind(host.engine);
				host.engine.listContainers = async (options) => {
					const rows = await list(options);
					return rows.map((row) =>
						row.labels[label.name] === undefined
							? {
									...row,
									name: `${row.name}\u001B[2J\u001B]0;title\u0007\u202E${'x'.repeat(10_000)}`,
									image: '\u009B31mimage\r\n:\u200B1',
									labels: {'com.docker.compose.project.working_dir': '/home/\u001B[31mevil\u0007\nroot/x'},
									hostPaths: ['/home/\u001B]52;c;aGk=\u0007x'],
								}
							: row,
					);
				};
			},
		},
	);
	await shown.waitFor(/hopper/);
	for (const key of ['2', 'G', '3', '4']) {
		shown.type(key);
		await shown.waitFor(/Containers|processes|People/);
		const text = shown.rawFrame().replace(/\u001B\[[0-9;]*m/g, '');
		assert.doesNotMatch(text, /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E\u200B]/, key);
	}

	shown.type('2');
	await shown.waitFor(/grafana/);
	shown.type('s');
	await shown.waitFor(/\?[\s\S]*n/);
	assert.ok(isListName(shown.session.store.get().view.screen));
	assert.doesNotMatch(shown.rawFrame().replace(/\u001B\[[0-9;]*m/g, ''), /[\u0007\u001B\u202E]/);
});

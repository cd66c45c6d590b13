import assert from 'node:assert/strict';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import type {HostCard, HostFacts} from '../../source/app/hosts/facts.ts';
import type {ImageChoice} from '../../source/app/images/image-choices.ts';
import type {RunElsewhere} from '../../source/app/runs/elsewhere.ts';
import {Failure} from '../../source/base/failure.ts';
import {EngineError} from '../../source/engine/engine.ts';
import type {CardState} from '../../source/gpu/state.ts';
import type {UseCases} from '../../source/session/state/use-cases.ts';
import {frozenAt, scenarioFrames} from '../_helpers/demo.ts';
import {showSession} from '../_helpers/session.tsx';
import {assertScreen} from '../_helpers/snapshot.ts';

const folder = fileURLToPath(new URL('snapshots', import.meta.url));
const small = {columns: 80, rows: 24};
const large = {columns: 160, rows: 50};

/** Host line, boxes, processes and log are all there. */
const everything = /hopper[\s\S]*gpu_burn[\s\S]*08:59:56/;

for (const size of [small, large, {columns: 200, rows: 60}, {columns: 120, rows: 40}, {columns: 40, rows: 10}]) {
	const name = `${size.columns}x${size.rows}`;
	test(`the main screen at ${name}`, async (t) => {
		const shown = await showSession(t, size);
		assertScreen(
			folder,
			`main-${name}`,
			await shown.waitForWhole(size.columns > 60 ? everything : /hopper[\s\S]*1 free[\s\S]*dora-eda/),
		);
	});
}

test('one card has room for a curve even at 80x24', async (t) => {
	const shown = await showSession(t, small, {scenario: 'single-rtx-4090'});
	assertScreen(folder, 'one-gpu-80x24', await shown.waitForWhole(/desk[\s\S]*python[\s\S]*epoch/));
});

test('slices are told on their card, and whose they are', async (t) => {
	const shown = await showSession(t, large, {scenario: 'mig-h100'});
	assertScreen(folder, 'mig-160x50', await shown.waitForWhole(/lovelace[\s\S]*MIG[\s\S]*gpu_burn[\s\S]*08:59:56/));
});

test('the help', async (t) => {
	const shown = await showSession(t, small);
	await shown.waitForWhole(everything);
	shown.type('?');
	assertScreen(folder, 'help-80x24', await shown.waitFor(/Keys/));
});

test('the question before removing', async (t) => {
	const shown = await showSession(t, small);
	await shown.waitForWhole(everything);
	shown.type('jj');
	await shown.waitFor(/▸● alice-llm-train/);
	shown.type('x');
	assertScreen(folder, 'remove-80x24', await shown.waitFor(/Remove alice[\s\S]*not known:\s+its kernels/));
});

const images: ImageChoice[] = [
	{
		reference: 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime',
		fits: true,
		recommended: true,
		local: true,
		cuda: '12.8',
		framework: 'pytorch 2.8.0',
		sizeBytes: 6.9e9,
		reasons: ['Driver 580.95.05 runs CUDA up to 13.0; this needs 12.8', 'Compiled for 9.0, which is what the H100 has'],
	},
	{
		reference: 'quay.io/jupyter/pytorch-notebook:cuda12-python-3.12',
		fits: true,
		recommended: false,
		local: false,
		cuda: '12.6',
		framework: 'pytorch 2.7.1',
		sizeBytes: 11.4e9,
		reasons: ['Brings Jupyter along'],
	},
	{
		reference: 'pytorch/pytorch:1.7.1-cuda11.0-cudnn8-runtime',
		fits: false,
		recommended: false,
		local: false,
		cuda: '11.0',
		framework: 'pytorch 1.7.1',
		sizeBytes: 3.5e9,
		reasons: ['It was not compiled for the H100 (9.0): its newest card is 8.0'],
	},
];

for (const size of [small, large]) {
	const name = `${size.columns}x${size.rows}`;
	test(`the images screen at ${name}`, async (t) => {
		const shown = await showSession(t, size, {useCases: {images: async () => images}});
		await shown.waitForWhole(everything);
		shown.type('i');
		await shown.waitFor(/2 of 3 fit/);
		shown.type('j');
		assertScreen(folder, `images-${name}`, await shown.waitFor(/▸✓/));
	});
}

const card = (index: number, state: CardState, boxes: string[] = []): HostCard => ({
	index,
	uuid: `GPU-${index}`,
	name: 'NVIDIA H100 80GB HBM3',
	computeCapability: '9.0',
	memoryTotalMiB: 81_559,
	state,
	reason: null,
	boxes,
});

const late = {why: 'no answer within 3 s', fix: 'It may be busy, or down.'};
const askedAt = frozenAt.getTime() - 4000;

const otherHosts: HostFacts[] = [
	{
		name: 'hopper',
		address: 'ssh://hopper',
		askedAt,
		gpus: {
			value: {
				driverVersion: '580.95.05',
				cards: [card(0, 'free'), card(1, 'busy'), card(2, 'held', ['dora-thesis'])],
				note: null,
			},
		},
		boxes: {
			value: [
				{name: 'dora-thesis', state: 'running', job: false},
				{name: 'dora-old', state: 'exited', job: false},
			],
		},
		disk: {value: 2 * 1024 ** 4},
		lock: {value: {fits: true, why: 'image there', unfitCards: []}},
	},
	{
		name: 'noether',
		address: 'ssh://noether',
		askedAt,
		gpus: {value: {driverVersion: '535.104.05', cards: [card(0, 'busy'), card(1, 'busy')], note: null}},
		boxes: late,
		disk: late,
		lock: {value: {fits: false, why: 'driver 535.104.05 is older than 570.26', unfitCards: []}},
	},
	{name: 'dora@turing', address: 'ssh://dora@turing', askedAt, gpus: late, boxes: late, disk: late, lock: late},
];

/** Answers once, and is asked until its screen is left. */
function answering(left: PromiseWithResolvers<void>): Partial<UseCases> {
	return {
		async hosts(_, {signal, onNames, onAnswer}) {
			signal.addEventListener('abort', () => left.resolve());
			onNames([...otherHosts.map(({name}) => name), 'gauss']);
			for (const facts of otherHosts) {
				onAnswer(facts);
			}

			await left.promise;
		},
	};
}

for (const size of [small, large, {columns: 40, rows: 10}]) {
	const name = `${size.columns}x${size.rows}`;
	test(`the hosts screen at ${name}, which is asked only while it is shown`, async (t) => {
		const left = Promise.withResolvers<void>();
		const shown = await showSession(t, size, {useCases: answering(left), hostsOffered: true});
		await shown.waitForWhole(size.columns > 60 ? everything : /hopper[\s\S]*dora-eda/);
		shown.type('h');
		assertScreen(folder, `hosts-${name}`, await shown.waitFor(/2 of 4 answered/));
		if (size === small) {
			shown.type('j');
			assertScreen(folder, 'hosts-partial-80x24', await shown.waitFor(/▸● ?noether|▸○ noether/));
			shown.type('j');
			assertScreen(folder, 'hosts-silent-80x24', await shown.waitFor(/▸✕ dora@turing/));
			shown.type('\r');
			await shown.waitFor(/dora@turing: no answer within 3 s/);
		}

		shown.type('h');
		await left.promise;
		await shown.waitFor(/dora-eda/);
	});
}

test('the runs that were started from here on a host are in its pane; read-only, nobody is asked about them', async (t) => {
	const left = Promise.withResolvers<void>();
	const asked: boolean[] = [];
	const record = {
		host: 'dora@turing',
		createdAt: '2026-01-01',
		there: {name: 'dora-train-3', exitCode: 7},
		command: ['true'],
	};
	const shown = await showSession(t, small, {
		hostsOffered: true,
		readOnly: true,
		useCases: {
			...answering(left),
			async runsElsewhere(_host, _signal, readOnly) {
				asked.push(readOnly);
				return [{record, state: 'done'} as RunElsewhere];
			},
		},
	});
	await shown.waitForWhole(everything);
	shown.type('h');
	await shown.waitFor(/2 of 4 answered/);
	shown.type('jj');
	await shown.waitFor(/Your run {4}dora@turing:dora-train-3 {2}done, exit code 7 {2}true/);
	assert.deepEqual(asked, [true]);
	shown.type('h');
	await left.promise;
});

test('without hosts in the settings the screen says how to set them', async (t) => {
	const shown = await showSession(t, small, {
		hostsOffered: true,
		useCases: {
			async hosts() {
				throw new Failure('No hosts are set.', {fix: 'Set them: gpubox config hosts local,gpu2'});
			},
		},
	});
	await shown.waitForWhole(everything);
	shown.type('h');
	await shown.waitFor(/No hosts are set\.[\s\S]*→ Set them: gpubox config hosts local,gpu2/);
});

test('images are filtered, sorted and walked through as every list, and the keys are about the one found', async (t) => {
	const pulled: string[] = [];
	const shown = await showSession(t, small, {
		useCases: {
			images: async () => images,
			async pull(_host, reference) {
				pulled.push(reference);
			},
		},
	});
	const {type, waitFor, frame} = shown;
	await shown.waitForWhole(everything);
	type('5');
	await waitFor(/2 of 3 fit/);
	type('/');
	type('zzz');
	await waitFor(/Nothing matches the filter/);
	type('\r');
	type('p');
	type('u');
	await waitFor(/Nothing matches the filter[\s\S]* \/ filter/);
	assert.doesNotMatch(frame(), /p pull/);
	type('/');
	type('\u0015');
	type('notebk');
	await waitFor(/▸✓ quay\.io[\s\S]*Brings Jupyter along/);
	type('\r');
	type('p');
	await waitFor(/notebook:cuda12-python-3\.12 is here/);
	assert.deepEqual(pulled, ['quay.io/jupyter/pytorch-notebook:cuda12-python-3.12']);
	// The filter is kept while one looks at another screen, and Esc clears it before it leads back.
	type('1');
	await waitFor(/8 GPUs/);
	type('5');
	await waitFor(/\/ notebk +1 found/);
	type('\u001B');
	// What was found stays chosen.
	await waitFor(/▸✓ quay\.io[\s\S]*1\.7\.1/);
	type('G');
	await waitFor(/▸✕[\s\S]*not compiled for the H100/);
	type('g');
	await waitFor(/▸★/);
	type('S');
	await waitFor(/IMAGE↑/);
	type('S');
	// What is here already comes first, then the smallest.
	await waitFor(/DOWNLOAD↑[\s\S]*★ [\s\S]*✕ [\s\S]*✓ /);
	type('\u001B');
	await waitFor(/8 GPUs/);
});

test('hosts are filtered, and the one found is gone to', async (t) => {
	const left = Promise.withResolvers<void>();
	const {type, waitFor, waitForWhole, session} = await showSession(t, small, {
		useCases: answering(left),
		hostsOffered: true,
	});
	await waitForWhole(everything);
	type('7');
	await waitFor(/2 of 4 answered/);
	type('G');
	await waitFor(/▸… gauss/);
	type('/');
	type('thesis');
	await waitFor(/▸● hopper +1 of 3 free[\s\S]*Your boxes {2}dora-thesis/);
	type('\u0015');
	type('turing');
	await waitFor(/▸✕ dora@turing/);
	type('\r');
	type('\r');
	await waitFor(/dora@turing: no answer within 3 s/);
	type('\u001B');
	await waitFor(/dora@turing[\s\S]*… gauss/);
	assert.equal(session.store.get().view.screen, 'hosts');
	type('\u001B');
	await left.promise;
});

test('an image is pulled as a task, and its list read again', async (t) => {
	let known = images.map((image) => ({...image, local: false}));
	const pulled = Promise.withResolvers<void>();
	const shown = await showSession(t, large, {
		useCases: {
			images: async () => known,
			async pull(_, reference, {onProgress}) {
				assert.equal(reference, 'quay.io/jupyter/pytorch-notebook:cuda12-python-3.12');
				onProgress({layer: 'a', status: 'Downloading', currentBytes: 512 * 1024 ** 2, totalBytes: 1024 ** 3});
				await pulled.promise;
				known = known.map((image) => ({...image, local: image.reference === reference}));
			},
		},
	});
	await shown.waitForWhole(everything);
	shown.type('i');
	await shown.waitFor(/2 of 3 fit/);
	shown.type('j');
	shown.type('p');
	await shown.waitFor(/Pulling quay.*: 512 MiB of 1\.0 GiB.*50%/);
	shown.type('p');
	await shown.waitFor(/already being pulled/);
	pulled.resolve();
	await shown.waitFor(/✓ .*is here/);
	await shown.waitFor(/pytorch-notebook:cuda12-python-3\.12 +here/);
});

test('a pull is cancelled by a key, is said to be, and can be taken up again', async (t) => {
	let pulls = 0;
	const shown = await showSession(t, small, {
		useCases: {
			images: async () => images,
			async pull(_host, _reference, {signal}) {
				pulls += 1;
				await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
			},
		},
	});
	await shown.waitForWhole(everything);
	assert.doesNotMatch(shown.frame(), /c cancel/);
	shown.type('i');
	await shown.waitFor(/2 of 3 fit/);
	for (const round of [1, 2]) {
		shown.type('j');
		shown.type('p');
		await shown.waitFor(/Pulling quay[\s\S]* c cancel/);
		assert.equal(pulls, round);
		shown.type('c');
		await shown.waitFor(/Cancel "Pulling[\s\S]*y ⏎ yes {2}n no/);
		shown.type('y');
		shown.type('\r');
		await shown.waitFor(/· Cancelled: Pulling quay[\s\S]*→ p resumes it/);
		shown.type('k');
	}
});

test('a box is made from the image chosen', async (t) => {
	let wanted: string | undefined;
	const shown = await showSession(t, small, {
		useCases: {
			images: async () => images,
			async up(_, {image}) {
				wanted = image;
				throw new Failure('enough seen');
			},
		},
	});
	await shown.waitForWhole(everything);
	shown.type('i');
	await shown.waitFor(/2 of 3 fit/);
	shown.type('j');
	shown.type('u');
	await shown.waitFor(/enough seen/);
	assert.equal(wanted, 'quay.io/jupyter/pytorch-notebook:cuda12-python-3.12');
});

test('images that cannot be judged say why', async (t) => {
	const shown = await showSession(t, small, {
		useCases: {
			async images() {
				throw new EngineError('unreachable', 'connect ENOENT');
			},
		},
	});
	await shown.waitForWhole(everything);
	shown.type('i');
	assertScreen(folder, 'images-failed-80x24', await shown.waitFor(/No Docker Engine/));
});

test('without an engine the GPUs stay, with what is missing and what mends it', async (t) => {
	const shown = await showSession(t, small, {
		prepare(host) {
			host.engine.breakOff(new EngineError('unreachable', 'connect ENOENT /var/run/docker.sock'));
		},
	});
	assertScreen(
		folder,
		'no-engine-80x24',
		await shown.waitFor(/hopper[\s\S]*gpu_burn[\s\S]*No Docker Engine[\s\S]*systemctl/),
	);
});

test('without permission on the socket the remedy is another', async (t) => {
	const shown = await showSession(t, small, {
		prepare(host) {
			host.engine.breakOff(new EngineError('no-permission', 'connect EACCES'));
		},
	});
	assertScreen(folder, 'no-permission-80x24', await shown.waitFor(/hopper[\s\S]*gpu_burn[\s\S]*usermod/));
});

test('without a driver the boxes stay, with the driver’s own words and the remedy', async (t) => {
	const shown = await showSession(t, small, {scenario: 'driver-mismatch'});
	assertScreen(
		folder,
		'driver-mismatch-80x24',
		await shown.waitForWhole(/hopper[\s\S]*version mismatch[\s\S]*08:59:56/),
	);
});

test('a card that falls off stays on the screen as lost', async (t) => {
	const shown = await showSession(t, small);
	await shown.waitForWhole(everything);
	const [frame] = scenarioFrames('workstation-8x-h100', [40], [{afterSeconds: 40, kind: 'lost', gpu: 2}]);
	if (frame !== undefined) {
		shown.feed.tell({kind: 'frame', frame});
	}

	assertScreen(folder, 'lost-card-80x24', await shown.waitFor(/2 H100 80GB HBM3\s+✕ lost/));
});

test('a terminal that is too small is told so', async (t) => {
	const shown = await showSession(t, {columns: 36, rows: 8});
	assertScreen(folder, 'too-small-36x8', await shown.waitFor(/at\s+least/));
});

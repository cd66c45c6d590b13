import assert from 'node:assert/strict';
import type {TestContext} from 'node:test';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import type {SetupOptions} from '../../source/app/setup/setup.ts';
import {setupInDemo} from '../../source/app/setup/setup-demo.ts';
import {Failure} from '../../source/base/failure.ts';
import type {Box} from '../../source/box/box.ts';
import type {DemoHost} from '../../source/demo/host.ts';
import {EngineError} from '../../source/engine/engine.ts';
import type {UseCases} from '../../source/session/index.tsx';
import type {Sourced} from '../../source/settings/merge.ts';
import {keepDraft, readDraft} from '../../source/setup/draft.ts';
import {showSession} from '../_helpers/session.tsx';
import {assertScreen} from '../_helpers/snapshot.ts';

const snapshots = fileURLToPath(new URL('snapshots', import.meta.url));
const small = {columns: 80, rows: 24};
const large = {columns: 160, rows: 50};
const folder = '/home/dora/thesis';
/** Host line, boxes, processes and log are all there. */
const everything = /hopper[\s\S]*gpu_burn[\s\S]*08:59:56/;

type Options = {
	up?: UseCases['up'];
	prepare?: (host: DemoHost) => void;
	setup?: (inDemo: SetupOptions) => Partial<SetupOptions>;
	scenario?: string;
};

/** The made-up host with its set-up screen, whose file is `written` in place of a folder. */
async function showSetup(t: TestContext, size: {columns: number; rows: number}, options: Options = {}) {
	const written: Sourced[][] = [];
	let made: SetupOptions | undefined;
	let host: DemoHost | undefined;
	const inDemo = () => {
		if (made === undefined && host !== undefined) {
			const whole = setupInDemo(host, folder, (settings) => written.push(settings));
			made = {...whole, ...options.setup?.(whole)};
		}

		return made as SetupOptions;
	};
	const shown = await showSession(t, size, {
		...(options.scenario === undefined ? {} : {scenario: options.scenario}),
		prepare(given) {
			host = given;
			options.prepare?.(given);
		},
		useCases: {setup: async () => inDemo(), ...(options.up === undefined ? {} : {up: options.up})},
	});
	return {...shown, written};
}

/** Nobody has a box. */
function withoutBoxes(host: DemoHost): void {
	host.engine.listContainers = async () => [];
}

const box = {
	id: 'b'.repeat(64),
	name: 'dora-thesis',
	owner: 'dora',
	services: ['jupyter'],
	addresses: {jupyter: {host: '127.0.0.1', port: 8890}},
} as unknown as Box;

for (const size of [small, large]) {
	const name = `${size.columns}x${size.rows}`;
	test(`an empty list invites, at ${name}`, async (t) => {
		const shown = await showSetup(t, size, {prepare: withoutBoxes});
		assertScreen(
			snapshots,
			`setup-invitation-${name}`,
			await shown.waitFor(/hopper[\s\S]*gpu_burn[\s\S]*n {2}set up here/),
		);
	});

	test(`the questions, the plan and the card at ${name}`, async (t) => {
		const pulled = Promise.withResolvers<void>();
		const shown = await showSetup(t, size, {
			async up(_, {report}) {
				report({kind: 'start', name: 'dora-thesis'});
				await pulled.promise;
				return {box, changed: true, created: true, differs: []};
			},
		});
		await shown.waitForWhole(everything);
		shown.type('n');
		assertScreen(snapshots, `setup-use-${name}`, await shown.waitFor(/What is it for\?/));
		shown.type('\r');
		assertScreen(snapshots, `setup-gpus-${name}`, await shown.waitFor(/How many GPUs\?/));
		shown.type('2');
		assertScreen(snapshots, `setup-data-${name}`, await shown.waitFor(/\/scratch/));
		shown.type('4');
		await shown.waitFor(/Folder:/);
		shown.type('/nowhere');
		shown.type('\r');
		assertScreen(snapshots, `setup-folder-${name}`, await shown.waitFor(/! The demo host has no folder \/nowhere/));
		shown.type('\u0015/data\r');
		assertScreen(snapshots, `setup-plan-${name}`, await shown.waitFor(/Image +\S+[\s\S]*write it and start/));
		shown.type('\r');
		assertScreen(
			snapshots,
			`setup-starting-${name}`,
			await shown.waitFor(/Five commands[\s\S]*: starting dora-thesis/),
		);
		pulled.resolve();
		assertScreen(
			snapshots,
			`setup-card-${name}`,
			await shown.waitFor(/127\.0\.0\.1:8890[\s\S]*✓ dora-thesis is up: Jupyter answers/),
		);
		const [settings = []] = shown.written;
		assert.deepEqual(
			settings.map(({key, value}) => [key, value]),
			[
				['image', settings[0]?.value],
				['services', ['jupyter']],
				['gpus', '2'],
			],
		);
	});
}

test('whoever has boxes is not bothered, and n is there all the same', async (t) => {
	let asked = 0;
	const shown = await showSetup(t, small, {
		setup: (inDemo) => ({
			async recall() {
				asked += 1;
				return inDemo.recall();
			},
		}),
	});
	assert.doesNotMatch(await shown.waitForWhole(everything), /set up/);
	assert.equal(asked, 0);
	shown.type('n');
	await shown.waitFor(/What is it for\?/);
});

test('among the boxes of others the invitation stands below them', async (t) => {
	const shown = await showSetup(t, large, {
		prepare(host) {
			host.person = {...host.person, name: 'erin', uid: host.person.uid + 1};
			host.paths = {...host.paths, state: `${host.paths.state}-of-erin`};
		},
	});
	assertScreen(
		snapshots,
		'setup-newcomer-160x50',
		await shown.waitFor(/gpu_burn[\s\S]*shows the log of alice's box[\s\S]*You have none yet[\s\S]*n {2}set up here/),
	);
	assert.match(shown.frame(), /\n n set up /);
});

test('where the project has its file, that is what is offered', async (t) => {
	const shown = await showSetup(t, small, {
		prepare: withoutBoxes,
		setup: () => ({recall: async () => ({file: '~/thesis/gpubox.yaml', draft: {}})}),
	});
	await shown.waitFor(/u {2}start this project's box/);
	assert.doesNotMatch(shown.frame(), /set up/);
	shown.type('n');
	await shown.waitFor(/gpubox\.yaml already exists: ~\/thesis[\s\S]*gpubox init --force/);
});

test('a file that came meanwhile is seen when it is opened', async (t) => {
	let file: string | undefined;
	const shown = await showSetup(t, small, {setup: () => ({recall: async () => ({file, draft: {}})})});
	await shown.waitForWhole(everything);
	file = '~/thesis/gpubox.yaml';
	shown.type('n');
	await shown.waitFor(/8 GPUs[\s\S]*gpubox\.yaml already exists/);
});

test('what was answered is kept at once, and gone on with the next time', async (t) => {
	const shown = await showSetup(t, small);
	await shown.waitForWhole(everything);
	shown.type('n');
	await shown.waitFor(/What is it for/);
	shown.type('3');
	await shown.waitFor(/How many/);
	shown.type('4');
	await shown.waitFor(/Where is the data/);
	assert.deepEqual(readDraft(shown.host.paths, folder), {use: 'training', gpus: '4'});
	shown.type('\u001B');
	await shown.waitFor(/▸ 4 {2}4 GPUs/);
	shown.type('\u001B');
	await shown.waitFor(/▸ 3 {2}long runs/);
	shown.type('\u001B');
	await shown.waitFor(/Boxes/);
	keepDraft(shown.host.paths, folder, {use: 'editor', gpus: '2', data: null});
	shown.type('n');
	await shown.waitFor(/The plan[\s\S]*editor[\s\S]*GPUs +2[\s\S]*Resuming from your saved answers/);
});

test('pasted text is taken while a folder is typed, without what is behind its end', async (t) => {
	const shown = await showSetup(t, small);
	await shown.waitForWhole(everything);
	shown.type('n');
	await shown.waitFor(/What is it for/);
	shown.type('\u001B[200~2\u001B[201~');
	shown.type('1');
	await shown.waitFor(/question 2/);
	shown.type('1');
	await shown.waitFor(/another folder/);
	shown.type('4');
	await shown.waitFor(/Folder:/);
	shown.type('\u001B[200~/data/im\u001B[2Jagenet\n\u001B[201~');
	await shown.waitFor(/Folder: \/data\/imagenet/);
	shown.type('q\u007F');
	shown.type('\r');
	await shown.waitFor(/Data +\/data\/imagenet, as \/data/);
	assert.equal(readDraft(shown.host.paths, folder).use, 'notebook');
});

test('only written: the card says what starts it, and u does', async (t) => {
	let started = 0;
	const shown = await showSetup(t, small, {
		async up() {
			started += 1;
			return {box, changed: true, created: true, differs: []};
		},
		prepare: (host) => keepDraft(host.paths, folder, {use: 'notebook', gpus: '1', data: null}),
	});
	await shown.waitForWhole(everything);
	shown.type('n');
	await shown.waitFor(/1 {2}write it and start/);
	shown.type('2');
	await shown.waitFor(/✓ Would have written[\s\S]*Press u to start its box/);
	assert.equal(started, 0);
	shown.type('u');
	await shown.waitFor(/8 GPUs[\s\S]*dora-thesis is up/);
});

test('a file that cannot be written leaves the plan where it is, with the reason', async (t) => {
	const shown = await showSetup(t, small, {
		prepare: (host) => keepDraft(host.paths, folder, {use: 'notebook', gpus: '1', data: null}),
		setup: () => ({
			async write() {
				throw new Failure('/home/dora/thesis/gpubox.yaml already exists (created in the meantime).', {
					fix: 'Check the folder',
				});
			},
		}),
	});
	await shown.waitForWhole(everything);
	shown.type('n');
	await shown.waitFor(/write it/);
	shown.type('2');
	await shown.waitFor(/The plan[\s\S]*✕ .*created in the meantime/);
});

test('a box that does not start leaves the file, and says how to go on', async (t) => {
	const shown = await showSetup(t, small, {
		prepare: (host) => keepDraft(host.paths, folder, {use: 'notebook', gpus: '1', data: null}),
		async up() {
			throw new Failure('The disk is full.', {fix: 'Make room'});
		},
	});
	await shown.waitForWhole(everything);
	shown.type('n');
	await shown.waitFor(/write it and start/);
	shown.type('1');
	assertScreen(
		snapshots,
		'setup-failed-80x24',
		await shown.waitFor(/did not start; press u to try again[\s\S]*✕ The disk is full/),
	);
	assert.equal(shown.written.length, 1);
});

test('without an engine the file can be written, and why no box can be started is said', async (t) => {
	const shown = await showSetup(t, small, {
		prepare(host) {
			keepDraft(host.paths, folder, {use: 'notebook', gpus: '1', data: null});
			host.engine.breakOff(new EngineError('unreachable', 'connect ENOENT'));
			host.engine.info = host.engine.listImages = async () => {
				throw new EngineError('unreachable', 'connect ENOENT');
			};
		},
	});
	await shown.waitFor(/gpu_burn[\s\S]*No Docker Engine/);
	shown.type('n');
	assertScreen(
		snapshots,
		'setup-no-engine-80x24',
		await shown.waitFor(/The plan[\s\S]*No Docker Engine[\s\S]*1 {2}write it\s/),
	);
	shown.type('1');
	assert.doesNotMatch(
		await shown.waitFor(/Its box needs an engine; to set one up: gpubox doctor/),
		/u to start its box/,
	);
});

test('without a card the number of GPUs is left to each host', async (t) => {
	const shown = await showSetup(t, small, {scenario: 'no-devices'});
	await shown.waitFor(/No devices[\s\S]*n {2}set up here/);
	shown.type('n');
	await shown.waitFor(/What is it for/);
	shown.type('1');
	await shown.waitFor(/no usable GPU[\s\S]*automatic/);
	shown.type('\r');
	shown.type('0');
	await shown.waitFor(/GPUs +automatic: the least-used one/);
});

for (const size of [{columns: 60, rows: 20}, small, {columns: 120, rows: 40}, {columns: 200, rows: 60}]) {
	const name = `${size.columns}x${size.rows}`;
	test(`a box for another folder, from the choice to its start, at ${name}`, async (t) => {
		const asked: Array<string | undefined> = [];
		const shown = await showSession(t, size, {
			useCases: {
				otherFolder: async () => ({
					recent: async () => ['/home/dora/last-run', '/home/dora/evil\u001B[31m'],
					complete: async (text) => (text.startsWith('/srv') ? ['/srv/shared', '/srv/shares'] : []),
					choose: async (text) => (text === '/srv/bob' ? {fault: '/srv/bob belongs to another user.'} : {path: text}),
				}),
				async setup(host, of) {
					asked.push(of);
					return setupInDemo(host, of, () => {});
				},
				async up(_, {folder: of}) {
					asked.push(`up ${of}`);
					return {box, changed: true, created: true, differs: []};
				},
			},
		});
		await shown.waitFor(/8 GPUs[\s\S]*Boxes[\s\S]*alice-llm-train[\s\S]*bob-segmentation/);
		shown.type('N');
		const first = await shown.waitFor(/Which folder\?[\s\S]*▸ +\/home\/dora\/\S+[\s\S]*last-run/);
		assert.doesNotMatch(first, /evil/);
		assertScreen(snapshots, `other-folder-${name}`, first);
		shown.type('/srv/sh');
		await shown.waitFor(/Folder: \/srv\/sh[\s\S]*\/srv\/shares/);
		shown.type('\t');
		await shown.waitFor(/Folder: \/srv\/share /);
		shown.type('\u0015/srv/bob\r');
		assertScreen(
			snapshots,
			`other-folder-refused-${name}`,
			await shown.waitFor(/! \/srv\/bob belongs to another user/),
		);
		shown.type('\u0015/srv/new\r');
		await shown.waitFor(/Set up \/srv\/new[\s\S]*What is it for\?/);
		for (const heading of [/How many GPUs/, /Where is the data/]) {
			shown.type('\r');
			await shown.waitFor(heading);
		}

		shown.type('0');
		await shown.waitFor(/The plan:[\s\S]*\/srv\/new\/gpubox\.yaml[\s\S]*write it and start/);
		shown.type('\r');
		await shown.waitFor(/Set up \/srv\/new[\s\S]*✓ dora-thesis is up/);
		assert.deepEqual(
			[...new Set(asked)].filter((each) => each !== folder),
			['/srv/new', 'up /srv/new'],
		);
		shown.type('C');
		await shown.waitFor(/gpubox init \/srv\/new/);
	});
}

for (const size of [{columns: 60, rows: 20}, small]) {
	test(`more folders than there is room for leave the question whole, at ${size.columns}x${size.rows}`, async (t) => {
		const many = Array.from({length: 40}, (_, place) => `/srv/project-${String(place).padStart(2, '0')}`);
		const shown = await showSession(t, size, {
			useCases: {
				otherFolder: async () => ({
					recent: async () => many,
					complete: async () => [],
					choose: async (text) => ({path: text}),
				}),
			},
		});
		await shown.waitFor(/hopper[\s\S]*chen-vllm/);
		shown.type('N');
		await shown.waitFor(/Which folder\?[\s\S]*Folder:[\s\S]*project-00[\s\S]*Tab completes/);
		for (let place = 0; place < 30; place += 1) {
			shown.type('\u001B[B');
		}

		await shown.waitFor(/Which folder\?[\s\S]*Folder:[\s\S]*▸ +\/srv\/project-28[\s\S]*Tab completes/);
	});
}

test('a folder with a box of the user is not asked about: its box is started', async (t) => {
	const asked: Array<string | undefined> = [];
	const shown = await showSession(t, small, {
		useCases: {
			otherFolder: async () => ({
				recent: async () => [],
				complete: async () => [],
				choose: async (text) => ({path: text}),
			}),
			async up(_, {folder: of}) {
				asked.push(of);
				return {box, changed: false, created: false, differs: []};
			},
		},
	});
	await shown.waitFor(/hopper[\s\S]*dora-eda/);
	shown.type('N');
	await shown.waitFor(/\/home\/dora\/eda/);
	shown.type('eda');
	await shown.waitFor(/Folder: eda[\s\S]*▸ +\/home\/dora\/eda/);
	shown.type('\r');
	await shown.waitFor(/dora-thesis is up already/);
	assert.equal(shown.session.store.get().view.screen, 'main');
	assert.deepEqual(asked, ['/home/dora/eda']);
});

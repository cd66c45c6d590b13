import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import {after, describe, test} from 'node:test';
import fc from 'fast-check';
import {readToken, removeBoxFiles} from '../../source/box/files.ts';
import {keptBefore, removeLeftBehind} from '../../source/box/folders.ts';
import {toBox} from '../../source/box/labels.ts';
import {removeBox} from '../../source/box/lifecycle.ts';
import {listBoxes} from '../../source/box/list.ts';
import {readHostKey} from '../../source/box/ssh-files.ts';
import type {Container} from '../../source/engine/engine.ts';
import {type Contender, contend, hostOf, inRandomOrder, play, SlowEngine, withMadeUpTime} from '../_helpers/rivals.ts';

// Whose files a box has, when several ups prepare boxes of one name at the same moment.

const root = mkdtempSync(join(tmpdir(), 'gpubox-folders-'));
const memory = mkdtempSync('/dev/shm/gpubox-test-');
after(() => {
	rmSync(root, {recursive: true});
	rmSync(memory, {recursive: true});
});

let rounds = 0;

/** Projects of one title and of one person, each with a secret and a key of its own. */
function makeContenders(projects: number[]): Contender[] {
	rounds += 1;
	const [folder, secrets] = [join(root, String(rounds)), join(memory, String(rounds))];
	return projects.map((project) => ({
		folder,
		secrets,
		owner: 'alice',
		project: `/projects/${project}`,
		projectName: 'train',
		services: ['jupyter', 'ssh'],
		gpus: 1,
		gpuRequest: {kind: 'none'},
		personal: {
			loginKeys: {authorized: [`key of ${project}`], identityFiles: [], only: false},
			secrets: new Map([['S', Buffer.from(`secret of ${project}`)]]),
		},
	}));
}

type Made = SlowEngine['containers'] extends Map<string, infer Each> ? Each : never;

/** What a container would find where its mounts lead. */
function filesOf({mounts}: Made) {
	const read = (target: string, file = '') =>
		readFileSync(join(mounts.find((mount) => mount.target === target)?.source ?? '', file), 'utf8');
	return {
		secret: read('/run/secrets/S'),
		token: read('/run/secrets/jupyter_token'),
		keys: read('/run/gpubox', 'ssh/authorized_keys'),
		hostKey: read('/run/gpubox', 'ssh/host_key'),
		publicKey: read('/run/gpubox', 'ssh/host_key.pub'),
	};
}

/** From the moment that it exists each container has its own project's files, and they never change. */
function makeWitness(engine: SlowEngine): () => void {
	const seen = new Map<string, ReturnType<typeof filesOf>>();
	return () => {
		for (const [id, container] of engine.containers) {
			const files = filesOf(container);
			const project = container.labels['gpubox.project']?.replace('/projects/', '');
			assert.deepEqual([files.secret, files.keys], [`secret of ${project}`, `key of ${project}\n`]);
			assert.deepEqual(files, seen.get(id) ?? files);
			seen.set(id, files);
		}
	};
}

const foldersIn = (folder: string) => readdirSync(folder).sort();
const usedFolders = (engine: SlowEngine) =>
	[...engine.containers.values()].map((container) => toBox(container)?.folder ?? '').sort();

/** Rivals of one project, and rivals of others of the same title. */
const projects = fc.array(fc.nat({max: 2}), {minLength: 2, maxLength: 5});

describe('ups that prepare boxes of one name, their calls to the engine in any order', () => {
	test('never touch the files of a box that is not theirs, and leave none', async () => {
		await fc.assert(
			fc.asyncProperty(fc.nat(), projects, async (seed, wanted) =>
				withMadeUpTime(async () => {
					const engine = new SlowEngine();
					const contenders = makeContenders(wanted);
					const runs = contenders.map((contender, who) => contend(engine, who, contender));
					const outcomes = await play(engine, runs, inRandomOrder(seed), makeWitness(engine));
					assert.ok(outcomes.every((outcome) => outcome === 'won'));
					assert.equal(engine.containers.size, new Set(wanted).size);
					const {folder = '', secrets = ''} = contenders[0] ?? {};
					assert.deepEqual(foldersIn(join(folder, 'state')), usedFolders(engine));
					assert.deepEqual(foldersIn(secrets), usedFolders(engine));
				}),
			),
			{numRuns: 60, includeErrorInReport: true},
		);
	});

	test('killed anywhere, they leave nothing that the next one does not clean up, and nothing of others is lost', async () => {
		await fc.assert(
			fc.asyncProperty(fc.nat(), projects, fc.integer({min: 1, max: 3}), async (seed, wanted, deaths) => {
				const engine = new SlowEngine();
				const contenders = makeContenders(wanted);
				const {folder = '', secrets = ''} = contenders[0] ?? {};
				const witness = makeWitness(engine);
				await withMadeUpTime(async () => {
					const runs = contenders.map((contender, who) => contend(engine, who, contender));
					await play(engine, runs, inRandomOrder(seed, deaths), witness);
					// Each project's owner tries again, one after the other.
					engine.dead.clear();
					engine.waiting.length = 0;
					for (const contender of makeAgain(contenders)) {
						const run = contend(engine, 0, contender);
						assert.deepEqual(await play(engine, [run], inRandomOrder(seed), witness), ['won']);
					}
				});

				// One that was killed before it had written a file.
				mkdirSync(join(folder, 'state', 'alice-train~begun/files'), {recursive: true});
				age(join(folder, 'state'));
				for (const box of [...engine.containers.values()].flatMap((container) => toBox(container) ?? [])) {
					await removeLeftBehind(hostOf(plain(engine), contenders[0] as Contender), box.project);
				}

				witness();
				assert.deepEqual(foldersIn(join(folder, 'state')), usedFolders(engine));
				assert.deepEqual(foldersIn(secrets), usedFolders(engine));
			}),
			{numRuns: 60, includeErrorInReport: true},
		);
	});
});

/** One of each project. */
function makeAgain(contenders: Contender[]): Contender[] {
	return [...new Map(contenders.map((contender) => [contender.project, contender])).values()];
}

/** As if everything there was written a minute ago. */
function age(folder: string): void {
	const before = new Date(Date.now() - 60_000);
	for (const name of readdirSync(folder)) {
		utimesSync(join(folder, name), before, before);
	}
}

/** An engine whose calls happen at once. */
function plain(engine: SlowEngine) {
	return new Proxy(engine.door(0), {
		get(door, key) {
			const call = Reflect.get(door, key) as unknown;
			return typeof call !== 'function'
				? call
				: (...words: unknown[]) => {
						const result = call(...words) as Promise<unknown>;
						engine.waiting.pop()?.happen();
						return result;
					};
		},
	});
}

async function upAlone(engine: SlowEngine, contender: Contender): Promise<Made> {
	const before = new Set(engine.containers.keys());
	await withMadeUpTime(() => play(engine, [contend(engine, 0, contender)], inRandomOrder(1)));
	return [...engine.containers].find(([id]) => !before.has(id))?.[1] as Made;
}

describe('token and host key', () => {
	test('outlive the container, whoever removed it, and are forgotten with the box', async () => {
		const engine = new SlowEngine();
		const [contender] = makeContenders([0]) as [Contender];
		const host = hostOf(plain(engine), contender);
		const first = await upAlone(engine, contender);
		const {token, hostKey, secret} = filesOf(first);
		engine.containers.clear();
		const second = await upAlone(engine, contender);
		assert.notEqual(second.id, first.id);
		assert.deepEqual(
			[filesOf(second).token, filesOf(second).hostKey, filesOf(second).secret],
			[token, hostKey, secret],
		);

		age(host.paths.state);
		await removeBox(host, toBox(second as Container) as never);
		assert.deepEqual(foldersIn(host.paths.state), []);
		const third = await upAlone(engine, contender);
		assert.notEqual(filesOf(third).token, token);
		assert.notEqual(filesOf(third).hostKey, hostKey);
	});

	test('are those of the box that was, not those of another up that is preparing one', async () => {
		const engine = new SlowEngine();
		const [contender, rival] = makeContenders([0, 0]) as [Contender, Contender];
		const {token} = filesOf(await upAlone(engine, contender));
		engine.containers.clear();
		// It has listed the boxes and written its folder, and waits before it creates.
		void contend(engine, 1, rival).catch(() => {});
		engine.waiting.shift()?.happen();
		await new Promise((resolve) => setTimeout(resolve, 50));
		assert.equal(engine.waiting.length, 1);
		const {paths} = hostOf(plain(engine), contender);
		assert.equal(foldersIn(paths.state).length, 2);
		engine.waiting.length = 0;
		assert.equal(filesOf(await upAlone(engine, contender)).token, token);
	});

	test('of another project or another engine are not taken over', async () => {
		const engine = new SlowEngine();
		const [contender, other] = makeContenders([0, 1]) as [Contender, Contender];
		const {token} = filesOf(await upAlone(engine, contender));
		engine.containers.clear();
		assert.notEqual(filesOf(await upAlone(engine, other)).token, token);
		const {paths} = hostOf(plain(engine), contender);
		const origin = {engine: 'unix:///made-up', project: contender.project};
		assert.equal(keptBefore(paths, 'alice-train', origin, []).length, 1);
		assert.deepEqual(keptBefore(paths, 'alice-train', {...origin, engine: 'unix:///another'}, []), []);
	});

	test('of a box made by an earlier version, whose folder has no more than its name, live on when it is made anew', async () => {
		const engine = new SlowEngine();
		const [contender] = makeContenders([0]) as [Contender];
		const {paths} = hostOf(plain(engine), contender);
		const made = await upAlone(engine, contender);
		const {folder} = toBox(made as Container) ?? {folder: ''};
		renameSync(join(paths.state, folder), join(paths.state, 'alice-train'));
		delete (made.labels as Record<string, string>)['gpubox.folder'];
		const [old] = await listBoxes(plain(engine));
		assert.equal(old?.folder, 'alice-train');
		const [token, key] = [readToken(paths, old.folder), readHostKey(paths, old.folder)];
		assert.ok(token && key);

		engine.containers.clear();
		const next = toBox((await upAlone(engine, contender)) as Container);
		assert.match(next?.folder ?? '', /^alice-train~\w+$/);
		assert.deepEqual([readToken(paths, next?.folder ?? ''), readHostKey(paths, next?.folder ?? '')], [token, key]);
		removeBoxFiles(paths, 'alice-train');
		assert.deepEqual(foldersIn(paths.state), [next?.folder]);
	});
});

test('the secrets of a killed run are gone with the next box of another project, its token is not', async () => {
	const engine = new SlowEngine();
	const [contender, other] = makeContenders([0, 1]) as [Contender, Contender];
	const {paths} = hostOf(plain(engine), contender);
	const {token} = filesOf(await upAlone(engine, contender));
	engine.containers.clear();
	const kept = await upAlone(engine, other);
	age(paths.state);
	await removeLeftBehind({engine: plain(engine), paths}, other.project);
	assert.deepEqual(foldersIn(paths.secrets), usedFolders(engine));
	assert.equal(filesOf(kept).secret, 'secret of 1');
	engine.containers.clear();
	assert.equal(filesOf(await upAlone(engine, contender)).token, token);
});

test('an up that was held up for so long that its folder was cleaned away begins anew', async () => {
	const engine = new SlowEngine();
	const [contender] = makeContenders([0]) as [Contender];
	const {paths} = hostOf(plain(engine), contender);
	const run = contend(engine, 1, contender);
	engine.waiting.shift()?.happen();
	await new Promise((resolve) => setTimeout(resolve, 50));
	age(paths.state);
	await removeLeftBehind({engine: plain(engine), paths}, contender.project);
	assert.deepEqual(foldersIn(paths.state), []);
	assert.deepEqual(await withMadeUpTime(() => play(engine, [run], inRandomOrder(1), makeWitness(engine))), ['won']);
});

test('a label leads to no folder but one of its own box', () => {
	const container = (labels: Record<string, string>, name = labels['gpubox.name']) =>
		toBox({
			id: 'i',
			name: `gpubox-${name}`,
			image: '',
			labels,
			ports: [],
			createdAt: new Date(0),
		} as unknown as Container);
	assert.equal(container({'gpubox.name': 'a', 'gpubox.folder': 'a~1'})?.folder, 'a~1');
	for (const folder of ['../b', 'b~1', 'a~../../x', 'a~', 'a/b']) {
		assert.equal(container({'gpubox.name': 'a', 'gpubox.folder': folder})?.folder, 'a', basename(folder));
	}

	for (const name of ['../../.ssh', '.', '..', 'a/b', 'A', '']) {
		assert.equal(container({'gpubox.name': name}), undefined, name);
	}
});

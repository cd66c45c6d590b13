import assert from 'node:assert/strict';
import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import fc from 'fast-check';
import type {Box} from '../../../source/box/box.ts';
import {keptBefore} from '../../../source/box/files/directories.ts';
import {writeSecrets} from '../../../source/box/files/secrets.ts';
import {removeBoxFiles} from '../../../source/box/files/write-files.ts';
import {readToken} from '../../../source/box/jupyter/token.ts';
import {toBox} from '../../../source/box/labels.ts';
import {listClaims} from '../../../source/box/list.ts';
import {readRecords, writeRecord} from '../../../source/box/record.ts';
import {limitsWereKept, rememberRefusedLimits} from '../../../source/box/refused-limits.ts';
import {readHostKey} from '../../../source/box/ssh/login.ts';
import {removeLeftovers} from '../../../source/box/up/leftovers.ts';
import {removeBox} from '../../../source/box/up/remove-box.ts';
import type {Container} from '../../../source/engine/engine.ts';
import {
	type Contender,
	contend,
	hostOf,
	inRandomOrder,
	play,
	SlowEngine,
	withMadeUpTime,
} from '../../_helpers/contenders.ts';

// Whose files a box has, when several ups prepare boxes of one name at the same moment.

const root = mkdtempSync('/dev/shm/gpubox-folders-');
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
		gpuSelection: {kind: 'none'},
		personal: {
			loginKeys: {authorized: [`key of ${project}`], identityFiles: [], only: false, agentKeys: []},
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
	[...engine.containers.values()].map(({labels}) => labels['gpubox.folder'] ?? '').sort();

/** A container as its owner sees it. */
function boxOf(container: Container, contender: Contender): Box {
	const {paths} = hostOf(new SlowEngine().door(0), contender);
	const mine = readRecords(paths).of(container);
	assert.ok(mine, 'no record of it');
	return toBox(container, {mine}) as Box;
}

async function cleanUp(engine: SlowEngine, contender: Contender, project: string): Promise<void> {
	const host = hostOf(plain(engine), contender);
	await removeLeftovers(host, await listClaims(host), project);
}

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
					for (const contender of makeAgain(contenders)) {
						const run = contend(engine, 0, contender);
						assert.deepEqual(await play(engine, [run], inRandomOrder(seed), witness), ['won']);
					}
				});
				assert.equal(engine.containers.size, new Set(wanted).size);

				// One that was killed before it had written a file.
				mkdirSync(join(folder, 'state', 'alice-train~begun/files'), {recursive: true});
				age(join(folder, 'state'));
				for (const {labels} of [...engine.containers.values()]) {
					await cleanUp(engine, contenders[0] as Contender, labels['gpubox.project'] ?? '');
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
		await removeBox(host, boxOf(second, contender));
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
		const old = 'alice-train';
		renameSync(join(paths.state, made.labels['gpubox.folder'] ?? ''), join(paths.state, old));
		const [token, key] = [readToken(paths, old), readHostKey(paths, old)];
		assert.ok(token && key);

		engine.containers.clear();
		const next = (await upAlone(engine, contender)).labels['gpubox.folder'] ?? '';
		assert.match(next, /^alice-train~\w+$/);
		assert.deepEqual([readToken(paths, next), readHostKey(paths, next)], [token, key]);
		removeBoxFiles(paths, old);
		assert.deepEqual(foldersIn(paths.state), [next]);
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
	await cleanUp(engine, other, other.project);
	assert.deepEqual(foldersIn(paths.secrets), usedFolders(engine));
	assert.equal(filesOf(kept).secret, 'secret of 1');
	engine.containers.clear();
	assert.equal(filesOf(await upAlone(engine, contender)).token, token);
});

test('secrets that were written after the folder of their box was removed are gone with the next list', async () => {
	const engine = new SlowEngine();
	const [contender] = makeContenders([0]) as [Contender];
	await upAlone(engine, contender);
	const {paths, person} = hostOf(plain(engine), contender);
	writeSecrets(paths, 'train~0000000000', person, new Map([['A', Buffer.from('x')]]));
	await cleanUp(engine, contender, 'another project');
	assert.deepEqual(foldersIn(paths.secrets), usedFolders(engine));
});

test('an up that was held up for so long that its folder was cleaned away begins anew', async () => {
	const engine = new SlowEngine();
	const [contender] = makeContenders([0]) as [Contender];
	const {paths} = hostOf(plain(engine), contender);
	const run = contend(engine, 1, contender);
	engine.waiting.shift()?.happen();
	await new Promise((resolve) => setTimeout(resolve, 50));
	age(paths.state);
	await cleanUp(engine, contender, contender.project);
	assert.deepEqual(foldersIn(paths.state), []);
	assert.deepEqual(await withMadeUpTime(() => play(engine, [run], inRandomOrder(1), makeWitness(engine))), ['won']);
});

describe('whose a container is', () => {
	const container = (values: Partial<Container>): Container => ({
		id: 'a1',
		name: 'gpubox-alice-train',
		image: '',
		imageId: '',
		state: 'running',
		createdAt: new Date(0),
		labels: {},
		ports: [],
		...values,
	});

	test('is not what its labels say: without a record it has no folder, whoever it says it is', async () => {
		const engine = new SlowEngine();
		const [contender] = makeContenders([0]) as [Contender];
		const host = hostOf(plain(engine), contender);
		const made = await upAlone(engine, contender);
		const faked = container({id: 'another', labels: made.labels});
		engine.containers.set('another', {...faked, gpus: [], mounts: []});
		const boxes = await listClaims(host);
		assert.deepEqual(
			boxes.map(({id, mine, folder, pending}) => ({id, mine, folder, pending})).sort((a, b) => (a.id < b.id ? -1 : 1)),
			[
				{id: made.id, mine: true, folder: made.labels['gpubox.folder'], pending: undefined},
				{id: 'another', mine: false, folder: undefined, pending: undefined},
			],
		);
	});

	test("is hers by whatever address the engine is reached; on another machine the container's word has to do", async () => {
		const engine = new SlowEngine();
		const [contender] = makeContenders([0]) as [Contender];
		await upAlone(engine, contender);
		const through = async (values: {address: string; local: boolean}) => {
			const host = hostOf({...engine.door(0), ...values, listContainers: plain(engine).listContainers}, contender);
			return (await listClaims(host)).map(({mine, folder}) => [mine, folder !== undefined]);
		};
		assert.deepEqual(await through({address: 'tcp://127.0.0.1:2375', local: true}), [[true, true]]);
		// Nothing of hers is given to it there.
		assert.deepEqual(await through({address: 'ssh://elsewhere', local: false}), [[true, false]]);
	});

	test("what an engine refused is believed of the caller's own boxes, also of one that is gone", async () => {
		const engine = new SlowEngine();
		const [contender] = makeContenders([0]) as [Contender];
		const {
			paths,
			engine: {address},
		} = hostOf(plain(engine), contender);
		const made = await upAlone(engine, contender);
		assert.equal(limitsWereKept(paths, address), false);
		// Somebody else's container says so.
		engine.containers.set('another', {...made, id: 'another', labels: {...made.labels, 'gpubox.limits': 'kept'}});
		assert.equal(limitsWereKept(paths, address), false);
		const folder = made.labels['gpubox.folder'] ?? '';
		const record = {engine: address, project: '/p', nonce: 'n', labels: {...made.labels, 'gpubox.limits': 'kept'}};
		writeRecord(paths, folder, record);
		engine.containers.clear();
		assert.deepEqual([limitsWereKept(paths, address), limitsWereKept(paths, 'unix:///another')], [true, false]);
	});

	test('what an engine refused is remembered for a day when no box is left', async () => {
		const root = mkdtempSync(join(tmpdir(), 'gpubox-refused-'));
		const paths = {state: join(root, 'boxes')};
		const [address, another] = ['unix:///an/engine', 'unix:///another'];
		rememberRefusedLimits(paths, address);
		const asked = (engine: string) => limitsWereKept(paths, engine);
		assert.deepEqual([asked(address), asked(another)], [true, false]);
		const [file = ''] = readdirSync(join(root, 'refused-limits'));
		const yesterday = new Date(Date.now() - 25 * 60 * 60 * 1000);
		utimesSync(join(root, 'refused-limits', file), yesterday, yesterday);
		assert.equal(asked(address), false);
		rmSync(root, {recursive: true});
	});

	test('is known before its id is written down, while it was never started', async () => {
		const engine = new SlowEngine();
		const [contender] = makeContenders([0]) as [Contender];
		const host = hostOf(plain(engine), contender);
		// Killed after the engine made the container, before it said so.
		await withMadeUpTime(async () => {
			const run = contend(engine, 0, contender);
			run.catch(() => {});
			while (engine.containers.size === 0) {
				engine.waiting.shift()?.happen();
				await new Promise((resolve) => setImmediate(resolve));
			}
		});
		const [made] = [...engine.containers.values()] as [Made];
		const record = join(host.paths.state, made.labels['gpubox.folder'] ?? '', 'origin.json');
		const {container: _, ...unfinished} = JSON.parse(readFileSync(record, 'utf8')) as Record<string, unknown>;
		writeFileSync(record, JSON.stringify(unfinished));
		const find = async () => (await listClaims(host)).map(({mine, pending}) => ({mine, pending}));
		assert.deepEqual(await find(), [{mine: false, pending: true}]);
		// gpubox writes the id down before it starts one: so somebody else did.
		made.state = 'running';
		assert.deepEqual(await find(), [{mine: false, pending: undefined}]);
	});

	test("has the name that the engine keeps unique, whatever its labels say; an image's labels make no box", () => {
		const labels = {'gpubox.name': 'alice-train', 'gpubox.owner': 'alice'};
		assert.equal(toBox(container({name: 'gpubox-alice-trainz', labels}))?.name, 'alice-trainz');
		assert.equal(toBox(container({name: 'web', labels})), undefined);
		assert.equal(toBox(container({labels: {...labels, 'gpubox.name': ''}})), undefined);
		for (const name of ['../../.ssh', '.', '..', 'a/b', 'A', '']) {
			assert.equal(toBox(container({name: `gpubox-${name}`, labels})), undefined, name);
		}
	});

	test('leads to no address but what the engine publishes for it', () => {
		const labels = {
			'gpubox.name': 'a',
			'gpubox.services': 'jupyter,ssh,toString',
			'gpubox.port.jupyter': '9999',
			'gpubox.port.ssh': '2222',
			'gpubox.bind': 'evil.example',
		};
		assert.deepEqual(toBox(container({labels}))?.addresses, {});
		assert.deepEqual(
			toBox(container({labels, ports: [{containerPort: 8888, hostPort: 8901, hostAddress: '0.0.0.0'}]}))?.addresses,
			{jupyter: {host: '127.0.0.1', port: 8901}},
		);
		assert.deepEqual(toBox(container({labels, state: 'exited'}))?.addresses, {});
		const stopped = {...labels, 'gpubox.bind': '127.0.0.1', 'gpubox.port.ssh': '99999999'};
		assert.deepEqual(toBox(container({labels: stopped, state: 'exited'}))?.addresses, {
			jupyter: {host: '127.0.0.1', port: 9999},
		});
	});
});

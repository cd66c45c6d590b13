import assert from 'node:assert/strict';
import {mkdir, readdir, readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {randomFrom, seed} from '../_helpers/seed.ts';
import {
	dockerOf,
	makePerson,
	needsOwnEngine,
	type Person,
	type Result,
	testHost,
	waitUntil,
} from '../_helpers/test-host/index.ts';

// Forty who want a GPU at the same moment, on a host with eight. SSH boxes, because they are quickest to start.

const host = testHost();
const docker = dockerOf(host);
const contenders = 40;
const gpus = host.own?.gpus ?? [];

describe(`${contenders} gpubox up --gpus 1 at the same moment`, {skip: needsOwnEngine}, () => {
	let person: Person;
	before(async () => {
		person = await makePerson(host);
		// A first box makes the person's key and proves that nothing but the race can go wrong.
		await mkdir(join(person.project, 'first'));
		const first = await up(join(person.project, 'first'), 'none');
		assert.equal(first.code, 0, first.stderr);
		await removeBoxes();
	});
	after(async () => {
		await removeBoxes();
		// What was left by the killed ones, whose projects nobody comes back to.
		for (const folder of await readdir(join(person.environment.XDG_STATE_HOME ?? '', 'gpubox/boxes'))) {
			await rm(`/dev/shm/gpubox-${person.uid}/${folder}`, {recursive: true, force: true});
		}

		await person.remove();
	});

	/** Each with a secret of its own: its folder. */
	const up = (folder: string, wanted = '1', signal?: AbortSignal) => {
		const words = [
			'--ssh',
			'--gpus',
			wanted,
			'--image',
			host.images.jupyter,
			'--secret',
			'FOLDER',
			'--no-wait',
			'--json',
		];
		return person.runGpubox(['up', folder, ...words], {
			env: {FOLDER: folder},
			...(signal ? {signal, killSignal: 'SIGKILL'} : {}),
		});
	};

	/** Folders of one name, so that the names of the boxes are fought for, too. */
	async function folders(round: string): Promise<string[]> {
		const paths = Array.from({length: contenders}, (_, index) => join(person.project, round, String(index), 'train'));
		for (const path of paths) {
			await mkdir(path, {recursive: true});
			await person.run('chmod', ['755', path]);
		}

		return paths;
	}

	async function boxes() {
		const listed = await docker.listContainers({all: true, filters: {label: ['gpubox.name']}});
		return listed.map(({Id, Names, State, Labels}) => ({
			id: Id,
			name: Names[0],
			state: State,
			gpu: Labels['gpubox.gpus'] ?? '',
			port: Labels['gpubox.port.ssh'] ?? '',
		}));
	}

	/** As its owner does it: with all that belongs to them. */
	async function removeBoxes(): Promise<void> {
		const names = (await boxes()).map(({name = ''}) => name.replace('/gpubox-', ''));
		if (names.length > 0) {
			await person.runGpubox(['rm', '--yes', ...names]);
		}
	}

	function assertDistinct(values: string[], what: string): void {
		assert.equal(new Set(values).size, values.length, `${what} twice: ${values.sort().join(' ')}`);
	}

	async function assertNothingTwice(): Promise<number> {
		const running = (await boxes()).filter(({state}) => state === 'running');
		assertDistinct(
			running.map(({gpu}) => gpu),
			'a GPU',
		);
		assertDistinct(
			running.map(({port}) => port),
			'a port',
		);
		await assertOwnFiles(running.map(({id}) => id));
		return running.length;
	}

	/** However many were after one name, the winner of it has its own secret and a host key that nobody else has. */
	async function assertOwnFiles(ids: string[]): Promise<void> {
		const keys = await Promise.all(
			ids.map(async (id) => {
				const {Config, Mounts} = await docker.getContainer(id).inspect();
				const at = (target: string) => Mounts.find(({Destination}) => Destination === target)?.Source ?? '';
				assert.equal(await readFile(at('/run/secrets/FOLDER'), 'utf8'), Config.Labels['gpubox.project']);
				return readFile(join(at('/run/gpubox'), 'ssh/host_key'), 'utf8');
			}),
		);
		assertDistinct(keys, 'a host key');
	}

	/** Every folder of gpubox's belongs to a box. */
	async function assertNoFilesLeft(): Promise<void> {
		const listed = await docker.listContainers({all: true, filters: {label: ['gpubox.name']}});
		const used = listed.map(({Labels}) => Labels['gpubox.folder']).sort();
		const state = join(person.environment.XDG_STATE_HOME ?? '', 'gpubox/boxes');
		assert.deepEqual((await readdir(state)).sort(), used);
	}

	function assertEightWon(results: Result[]): void {
		const [won, lost] = [results.filter(({code}) => code === 0), results.filter(({code}) => code !== 0)];
		assert.equal(won.length, gpus.length, lost.map(({stderr, code}) => `${code}: ${stderr}`).join(''));
		const names = won.map(({stdout}) => (JSON.parse(stdout) as {name: string}).name);
		assertDistinct(names, 'a name');
		for (const {code, stderr} of lost) {
			assert.equal(code, 7, stderr);
			assert.match(stderr, /GPU \d is used by box [\w.-]+/);
			assert.ok(
				names.some((name) => stderr.includes(`box ${name}`)),
				stderr,
			);
		}
	}

	test('eight get one each, the others are told who has them, and nothing is left of those', async () => {
		const paths = await folders('once');
		assertEightWon(await Promise.all(paths.map((path) => up(path))));
		assert.equal(await assertNothingTwice(), gpus.length);
		assert.equal((await boxes()).length, gpus.length);
		await assertNoFilesLeft();
		await removeBoxes();
	});

	test('killed at any moment, they neither share a GPU nor keep one from others', async (t) => {
		t.diagnostic(`GPUBOX_SEED=${seed} chooses the same moments again`);
		const random = randomFrom(seed);
		const paths = await folders('killed');
		await Promise.all(
			paths.map((path, index) => {
				// Every second one, from before it talks to the engine until after its box runs.
				const killed = index % 2 === 0 ? AbortSignal.timeout(300 + random(9000)) : undefined;
				return up(path, '1', killed).catch((error: Error) => assert.equal(error.name, 'AbortError'));
			}),
		);
		await assertNothingTwice();

		const others = await folders('others');
		await Promise.all(others.map((path) => up(path)));
		assert.equal(await assertNothingTwice(), gpus.length);

		// What the killed ones left is out of everybody's way, and gone for good with the next reap.
		await waitUntil('nothing that was never started', async () => {
			await person.runGpubox(['reap']);
			return (await boxes()).every(({state}) => state === 'running');
		});
	});
});

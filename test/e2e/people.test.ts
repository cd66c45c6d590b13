import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {chmod, mkdir, mkdtemp, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {
	dockerOf,
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	testHost,
	waitUntil,
} from '../_helpers/test-host/index.ts';
import {runToEnd} from '../_helpers/test-host/person.ts';

// Several people with accounts of their own, one host, one folder that all may write to.

const host = testHost();
const docker = dockerOf(host);

type BoxJson = {name: string; id: string; owner: string; uid: number | null; mine: boolean; state: string};

describe('people who share a folder', {skip: needsOwnEngine}, () => {
	let first: Person;
	let second: Person;
	let root = '';
	let shared = '';
	let boxes: BoxJson[] = [];

	const up = async (person: Person, ...more: string[]) => {
		const result = await person.runGpubox(['up', '--json', '--image', host.images.jupyter, '--gpus', 'none', ...more], {
			cwd: shared,
		});
		assert.equal(result.code, 0, result.stderr);
		const box = JSON.parse(result.stdout) as BoxJson;
		if (!boxes.some(({id}) => id === box.id)) {
			boxes.push(box);
		}

		return {...result, box};
	};
	const list = async (person: Person) => {
		const {stdout, stderr, code} = await person.runGpubox(['ls', '--json']);
		assert.equal(code, 0, stderr);
		const all = (JSON.parse(stdout) as {boxes: BoxJson[]}).boxes;
		return all.filter(({id}) => boxes.some((box) => box.id === id));
	};
	const removeAll = async () => {
		for (const {id} of boxes) {
			await docker
				.getContainer(id)
				.remove({force: true, v: true})
				.catch(() => {});
		}

		boxes = [];
	};

	before(async () => {
		root = await mkdtemp(join(host.folder, 'people-'));
		await chmod(root, 0o755);
		shared = join(root, 'shared');
		await mkdir(shared);
		await chmod(shared, 0o777);
		first = await makePerson(host, 'müller', {known: true, uid: 70_020});
		second = await makePerson(host, 'möller', {known: true, uid: 70_021});
	});
	after(async () => {
		await removeAll();
		for (const person of [first, second]) {
			await person.remove();
		}

		await rm(root, {recursive: true});
	});

	test('two whose names look alike each have a box of their own, and nobody takes one for the other', async () => {
		const {box: ofFirst} = await up(first, '--ssh');
		const {box: ofSecond, stderr} = await up(second, '--ssh');
		assert.notEqual(ofSecond.id, ofFirst.id);
		assert.deepEqual([ofFirst.uid, ofSecond.uid], [first.uid, second.uid]);
		assert.deepEqual([ofFirst.name, ofSecond.name], ['m_ller-shared', 'm_ller-shared-70021']);
		assert.match(stderr, /Another box for this folder: m_ller-shared \(m_ller \(uid 70020\), running\)\./);
		// Again, each finds their own.
		assert.equal((await up(first, '--ssh')).box.id, ofFirst.id);
		assert.equal((await up(second, '--ssh')).box.id, ofSecond.id);

		const {stdout: table} = await second.runGpubox(['ls']);
		assert.match(table, /^m_ller-shared +m_ller \(uid 70020\) /m);
		assert.match(table, /^m_ller-shared-70021 +m_ller \(uid 70021\) /m);
		assert.deepEqual(
			(await list(second)).map(({name, mine}) => [name, mine]),
			[
				['m_ller-shared', false],
				['m_ller-shared-70021', true],
			],
		);

		const inside = await second.runGpubox(['attach', ofSecond.name, '--', 'id', '-u']);
		assert.equal(inside.stdout, '70021\n');
		const attached = await second.runGpubox(['attach', ofFirst.name, '--', 'id']);
		assert.equal(attached.code, 125);
		assert.match(attached.stderr, /belongs to m_ller \(uid 70020\)/);
		const opened = await second.runGpubox(['open', '--print', ofFirst.name]);
		assert.deepEqual([opened.code, opened.stdout], [1, '']);
		const ssh = readFileSync(join(second.home, '.ssh/gpubox.config'), 'utf8');
		assert.match(ssh, /^Host m_ller-shared-70021 /m);
		assert.doesNotMatch(ssh, /^Host m_ller-shared /m);
		await second.runGpubox(['config', 'idle.stopAfter', '1s']);
		const reaped = await second.runGpubox(['reap', '--dry-run']);
		assert.equal(reaped.code, 0, reaped.stderr);
		assert.doesNotMatch(reaped.stdout, /m_ller-shared:/);
		const offered = await second.runGpubox(['__complete', '--', 'attach', 'm_ller']);
		assert.match(offered.stdout, /^m_ller-shared-70021[\s\S]*^m_ller-shared\t/m);
	});

	describe('work is not ended without a question', () => {
		let mine: BoxJson;
		let theirs: BoxJson;
		const stateOf = async ({id}: BoxJson) => (await docker.getContainer(id).inspect()).State.Status;
		const shells: Array<Promise<unknown>> = [];
		/** Someone at work in the box, until it stops. */
		const enter = async (person: Person, {name}: BoxJson) => {
			shells.push(person.runGpubox(['attach', name, '--', 'sh', '-c', 'touch /tmp/in; sleep 600']).catch(() => {}));
			await waitUntil(
				'the shell',
				async () => (await person.runGpubox(['attach', name, '--', 'test', '-e', '/tmp/in'])).code === 0,
			);
		};

		before(async () => {
			mine = (await up(first, '--ssh', '--jupyter', '--recreate')).box;
			theirs = (await up(second, '--ssh')).box;
		});

		test('an idle box of one’s own is stopped and started as before, by the folder alone', async () => {
			const stopped = await first.runGpubox(['stop'], {cwd: shared});
			assert.deepEqual([stopped.code, stopped.stdout, stopped.stderr], [0, `${mine.name}\n`, '']);
			assert.equal(await stateOf(mine), 'exited');
			const started = await first.runGpubox(['start'], {cwd: shared});
			assert.deepEqual([started.code, started.stdout], [0, `${mine.name}\n`]);
			const logs = await first.runGpubox(['logs'], {cwd: shared});
			assert.match(logs.stdout, /^gpubox: recreated by m_ller \(uid 70020\)$/m);
			assert.match(logs.stdout, /^gpubox: stopped by m_ller \(uid 70020\)$/m);
			assert.equal(await stateOf(theirs), 'running');
		});

		test('a box in use is neither stopped, restarted, removed nor recreated without --yes', async () => {
			await enter(first, mine);
			const {StartedAt} = (await docker.getContainer(mine.id).inspect()).State;
			for (const verb of ['stop', 'restart', 'rm']) {
				const {code, stderr} = await first.runGpubox([verb, 'shared']);
				assert.equal(code, 1, verb);
				assert.match(stderr, /m_ller-shared needs a confirmation \(in use: 1 shell, editor or SSH login is attached\)/);
				assert.match(stderr, new RegExp(`→ To .* anyway: gpubox ${verb} --yes m_ller-shared`));
			}

			const recreated = await first.runGpubox(
				['up', '--recreate', '--ssh', '--gpus', 'none', '--image', host.images.jupyter],
				{cwd: shared},
			);
			assert.equal(recreated.code, 1);
			assert.match(recreated.stderr, /in use: 1 shell/);
			assert.equal((await docker.getContainer(mine.id).inspect()).State.StartedAt, StartedAt);

			const terminal = await openTerminal(host, first, ['stop', mine.name]);
			await terminal.waitFor(/Stop m_ller-shared \(in use: 1 shell, editor or SSH login is attached\)\? \[y\/N\]/);
			terminal.write('n\r');
			await terminal.waitFor(/Nothing was stopped/);
			assert.equal(await stateOf(mine), 'running');

			const restarted = await first.runGpubox(['restart', '--yes'], {cwd: shared});
			assert.equal(restarted.code, 0, restarted.stderr);
			assert.notEqual((await docker.getContainer(mine.id).inspect()).State.StartedAt, StartedAt);
			await Promise.all(shells);
		});

		test("another user's box needs --others too, and its owner is told who did it", async () => {
			for (const options of [[], ['--yes'], ['--others']]) {
				for (const verb of ['stop', 'restart', 'rm']) {
					const {code, stderr} = await second.runGpubox([verb, ...options, mine.name]);
					assert.equal(code, 1, `${verb} ${options.join()}`);
					assert.match(stderr, /owner: m_ller \(uid 70020\)/);
					assert.match(stderr, new RegExp(`→ To .* anyway: gpubox ${verb} --yes --others m_ller-shared`));
				}
			}

			assert.equal(await stateOf(mine), 'running');
			const terminal = await openTerminal(host, second, ['stop', mine.name]);
			await terminal.waitFor(/Stop m_ller-shared \(owner: m_ller \(uid 70020\); not known: its kernels\)\? \[y\/N\]/);
			terminal.write('\r');
			await terminal.waitFor(/Nothing was stopped/);

			const stopped = await second.runGpubox(['stop', '--yes', '--others', mine.name]);
			assert.deepEqual([stopped.code, stopped.stderr], [0, '']);
			assert.equal(await stateOf(mine), 'exited');
			const told = await first.runGpubox(['ls']);
			assert.match(told.stderr, /^gpubox: m_ller-shared was stopped by m_ller \(uid 70021\), 20/m);
			const again = await first.runGpubox(['ls']);
			assert.equal(again.stderr, '');
			const logs = await first.runGpubox(['logs', mine.name]);
			assert.match(logs.stdout, /^gpubox: stopped by m_ller \(uid 70021\)$/m);
			const read = await second.runGpubox(['logs', mine.name]);
			assert.match(read.stderr, /belongs to m_ller \(uid 70020\)/);

			const removed = await second.runGpubox(['rm', '--others', mine.name]);
			assert.deepEqual([removed.code, removed.stderr], [0, '']);
			assert.match(
				(await first.runGpubox(['ls', '--json'])).stderr,
				/m_ller-shared was removed by m_ller \(uid 70021\)/,
			);
			// The name is free; the second user's box keeps its own.
			const {box: another} = await up(first, '--ssh');
			assert.equal(another.name, mine.name);
			mine = another;
			assert.equal((await up(second, '--ssh')).box.id, theirs.id);
		});

		test("another user's box is neither entered, read, renamed nor replaced", async () => {
			const image = ['--image', host.images.jupyter, '--gpus', 'none'];
			const {StartedAt} = (await docker.getContainer(mine.id).inspect()).State;
			for (const words of [
				['up', '--name', mine.name, ...image],
				['up', '--name', mine.name, '--recreate', '--yes', ...image],
				['ssh', mine.name, '--', 'true'],
				['attach', mine.name, '--', 'true'],
				['kernels', mine.name],
				['open', '--print', mine.name],
				['verify', mine.name],
				['check', mine.name],
			]) {
				const {code, stdout, stderr} = await second.runGpubox(words, {cwd: shared});
				assert.notEqual(code, 0, words.join(' '));
				assert.equal(stdout, '', words.join(' '));
				assert.match(stderr, /m_ller \(uid 70020\)/, words.join(' '));
			}

			const {State, Name} = await docker.getContainer(mine.id).inspect();
			assert.deepEqual([State.StartedAt, Name], [StartedAt, `/gpubox-${mine.name}`]);
		});

		test('the session asks as well, and the owner is told', async () => {
			const terminal = openTerminal(host, second, [], {columns: 140, rows: 40, cwd: shared});
			await terminal.waitFor(/m_ller-shared-70021/);
			for (let tries = 0; ; tries++) {
				terminal.write('s');
				await terminal.waitFor(/Stop m_ller-shared.*\?/);
				if (/Stop m_ller-shared[^-\w]/.test(terminal.screen())) {
					break;
				}

				assert.ok(tries < 5, terminal.screen());
				terminal.write('n');
				await terminal.waitFor((screen) => !/Stop m_ller-shared.*\?/.test(screen));
				terminal.write('j');
			}

			await terminal.waitFor(/Stop m_ller-shared .*m_ller \(uid 70020\).*y ⏎/);
			assert.equal(await stateOf(mine), 'running');
			terminal.write('y');
			await terminal.waitFor(/(?<!y) ⏎ yes {2}n no/);
			terminal.write('\r');
			await terminal.waitFor(/m_ller-shared is stopped/, {seconds: 40});
			terminal.write('q');
			await terminal.exited;
			assert.match(
				(await first.runGpubox(['ls'])).stderr,
				/^gpubox: m_ller-shared was stopped by m_ller \(uid 70021\), 20/m,
			);
			assert.equal((await first.runGpubox(['start', mine.name])).code, 0);
		});

		test('root asks like everybody else, and enters', async () => {
			const rootHome = await mkdtemp(join(host.folder, 'root-'));
			const asRoot = (...words: string[]) =>
				runToEnd(host.program.node, [host.program.cli, ...words], {
					cwd: shared,
					input: '',
					env: {HOME: rootHome, PATH: first.environment.PATH, DOCKER_HOST: host.address, LANG: 'C.UTF-8'},
				});
			try {
				for (const verb of ['stop', 'restart', 'rm']) {
					const {code, stderr} = await asRoot(verb, theirs.name);
					assert.equal(code, 1, stderr);
					assert.match(stderr, /owner: m_ller \(uid 70021\)/);
					// Without a name it is root's own box, which there is none of.
					const {code: noBox, stderr: others} = await asRoot(verb);
					assert.equal(noBox, 6, others);
					assert.match(others, /You have no box for this folder/);
				}

				assert.equal((await asRoot('attach', theirs.name, '--', 'id', '-u')).stdout, '70021\n');
				const opened = await asRoot('open', '--print', theirs.name);
				assert.deepEqual([opened.code, opened.stdout], [1, '']);
				assert.equal(await stateOf(theirs), 'running');
				const stopped = await asRoot('stop', '--yes', '--others', theirs.name);
				assert.equal(stopped.code, 0, stopped.stderr);
				assert.match((await second.runGpubox(['ls'])).stderr, /m_ller-shared-70021 was stopped by root \(uid 0\)/);
				assert.equal((await second.runGpubox(['start', theirs.name])).code, 0);
			} finally {
				await rm(rootHome, {recursive: true});
			}
		});

		test('options that an existing box does not have are listed one by one', async () => {
			const words = ['up', '--json', '--ssh', '--image', host.images.jupyter, '--gpus', 'none', '--memory', '2g'];
			const again = await second.runGpubox([...words, '--env', 'SEED=1'], {cwd: shared});
			assert.equal(again.code, 0, again.stderr);
			const {created, differs, id} = JSON.parse(again.stdout) as BoxJson & {created: boolean; differs: unknown[]};
			assert.deepEqual(
				[created, id, differs],
				[
					false,
					theirs.id,
					[
						{option: 'limits.memory', asked: '2g', has: 'the default'},
						{option: 'env.SEED', asked: '1', has: 'not set'},
					],
				],
			);
			assert.match(again.stderr, /limits\.memory: asked for 2g, has the default/);
			const exact = await second.runGpubox([...words, '--exact'], {cwd: shared});
			assert.deepEqual([exact.code, exact.stdout], [7, '']);
			assert.match(exact.stderr, /limits\.memory: asked for 2g, has the default/);
			for (const wrong of [
				['--gpus', 'many'],
				['--image', 'No Such:Thing'],
				['--memory', 'lots'],
			]) {
				assert.equal((await second.runGpubox([...words, ...wrong], {cwd: shared})).code, 2, wrong.join(' '));
			}
		});

		test('a container that is not a box is named with the command of docker', async () => {
			const container = await docker.createContainer({Image: host.images.bare, name: 'people-plain', Cmd: ['true']});
			try {
				const {code, stderr} = await first.runGpubox(['stop', 'people-plain']);
				assert.equal(code, 6);
				assert.match(
					stderr,
					/"people-plain" is a container, but not a box\.\n {2}→ With docker: docker stop people-plain/,
				);
			} finally {
				await container.remove({force: true});
			}
		});
	});
});

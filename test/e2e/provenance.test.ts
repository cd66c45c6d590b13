import assert from 'node:assert/strict';
import {chmodSync, existsSync, readdirSync, readFileSync} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {
	buildImage,
	dockerOf,
	freePort,
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	testHost,
	waitUntil,
} from '../_helpers/test-host/index.ts';

// Two accounts of one machine, both in the group that may talk to the engine: what labels of images and of containers can and cannot do.

const host = testHost();
const docker = dockerOf(host);
const image = host.images.jupyter;

type BoxJson = {
	id: string;
	name: string;
	mine: boolean;
	owner: string;
	state: string;
	gpus: string[];
	jupyter?: {url: string; token: string};
};

describe('what images and other people say', {skip: needsOwnEngine}, () => {
	let alice: Person;
	let bob: Person;
	before(async () => {
		alice = await makePerson(host, 'alice', {known: true, uid: 70_060});
		bob = await makePerson(host, 'bob', {known: true, uid: 70_061});
		// The usual ports may go to another test host while a box is not running.
		for (const service of ['jupyter', 'ssh']) {
			assert.equal((await alice.runGpubox(['config', `ports.${service}`, `${await freePort()}`])).code, 0);
		}
	});
	after(async () => {
		for (const {Id} of await docker.listContainers({all: true, filters: {label: ['gpubox.name']}})) {
			await docker.getContainer(Id).remove({force: true, v: true});
		}

		for (const person of [alice, bob]) {
			await person.remove();
		}
	});

	const up = async (person: Person, ...more: string[]): Promise<BoxJson> => {
		const {stdout, stderr, code} = await person.runGpubox([
			'up',
			'--json',
			'--image',
			image,
			'--gpus',
			'none',
			...more,
		]);
		assert.equal(code, 0, stderr);
		return JSON.parse(stdout) as BoxJson;
	};
	const list = async (person: Person): Promise<BoxJson[]> => {
		const {stdout, stderr, code} = await person.runGpubox(['ls', '--json']);
		assert.equal(code, 0, stderr);
		return (JSON.parse(stdout) as {boxes: BoxJson[]}).boxes;
	};
	const secretsOf = ({uid}: Person) => {
		const folder = `/dev/shm/gpubox-${uid}`;
		return existsSync(folder) ? readdirSync(folder) : [];
	};
	const stateOf = (person: Person) => join(person.environment.XDG_STATE_HOME ?? '', 'gpubox/boxes');

	test('labels of an image are not those of a box made from it', async (t) => {
		const evil = 'gpubox-test/poser:1';
		const claims = {
			sudo: 'true',
			share: 'true',
			until: '2020-01-01T00:00:00Z',
			secrets: 'AWS_SECRET_ACCESS_KEY',
			limits: 'kept',
			'root-password': 'true',
			'post-create': 'true',
			kind: 'run',
			owner: 'root',
			'start-of': 'abc',
			'of-tomorrow': 'true',
		};
		const labels = Object.entries(claims).map(([name, value]) => `LABEL gpubox.${name}="${value}"`);
		await buildImage(docker, evil, [`FROM ${image}`, ...labels].join('\n'));
		t.after(() => docker.getImage(evil).remove({force: true}));
		await mkdir(join(alice.project, 'posed'));
		chmodSync(join(alice.project, 'posed'), 0o777);
		const args = ['up', 'posed', '--json', '--image', evil, '--force', '--gpus', 'none'];
		const {stdout, stderr, code} = await alice.runGpubox(args, {env: {AWS_SECRET_ACCESS_KEY: 'the-value'}});
		assert.equal(code, 0, stderr);
		assert.match(stderr, /sets labels reserved for gpubox, which are ignored: gpubox\./);
		const box = JSON.parse(stdout) as BoxJson & {sudo: boolean; rootPassword: boolean; until: string | null};
		const {Config, Mounts} = await docker.getContainer(box.id).inspect();
		const of = (name: string) => Config.Labels[`gpubox.${name}`];
		assert.deepEqual(Object.fromEntries(Object.keys(claims).map((name) => [name, of(name)])), {
			sudo: 'false',
			share: 'false',
			until: '',
			secrets: '',
			limits: of('limits'),
			'root-password': 'false',
			'post-create': 'false',
			kind: '',
			owner: 'alice',
			'start-of': '',
			'of-tomorrow': '',
		});
		assert.deepEqual([box.sudo, box.rootPassword, box.until], [false, false, null]);
		assert.ok(!Mounts.some(({Destination}) => Destination.includes('AWS')));
		// The second `up` and a restart take what the record says, too.
		assert.equal((await alice.runGpubox(args)).code, 0);
		await alice.runGpubox(['stop', box.name]);
		const started = await alice.runGpubox(['start', box.name]);
		assert.equal(started.code, 0, started.stderr);
		assert.deepEqual(secretsOf(alice), []);
	});

	describe("a neighbour's container that says it is hers", () => {
		let box: BoxJson;
		let port: number;
		const asked: string[] = [];
		const server = createServer((request, response) => {
			asked.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
			response.end('{}');
		});
		const fakes: string[] = [];
		/** What `docker run` with the labels that `docker inspect` shows of her box makes. */
		const fake = async (name: string, labels: Record<string, string>) => {
			const {Config} = await docker.getContainer(box.id).inspect();
			const container = await docker.createContainer({
				name,
				Image: image,
				Cmd: ['sleep', 'infinity'],
				Labels: {
					...Config.Labels,
					'gpubox.port.jupyter': String(port),
					'gpubox.port.ssh': String(port),
					'gpubox.bind': '127.0.0.1',
					...labels,
				},
			});
			fakes.push(container.id);
			await container.start();
			return container;
		};

		before(async () => {
			await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
			({port} = server.address() as AddressInfo);
			box = await up(alice, '--jupyter', '--ssh');
		});
		after(() => server.close());

		test('is shown as a claim, and gets neither her token nor her name', async () => {
			await fake(`gpubox-${box.name}z`, {});
			const boxes = await list(alice);
			assert.deepEqual(
				boxes.filter(({name}) => name.startsWith(box.name)).map(({name, mine}) => ({name, mine})),
				[
					{name: box.name, mine: true},
					{name: `${box.name}z`, mine: false},
				],
			);
			const {stdout} = await alice.runGpubox(['ls']);
			assert.match(stdout, new RegExp(`${box.name}z +alice \\(claimed\\)`));
			for (const verb of ['open', 'kernels']) {
				const {code, stdout: told} = await alice.runGpubox([
					verb,
					`${box.name}z`,
					...(verb === 'open' ? ['--print'] : []),
				]);
				assert.ok(code !== 0 || !told.includes('token='), `${verb}: ${told}`);
			}

			const opened = await alice.runGpubox(['open', '--print', box.name]);
			assert.match(opened.stdout, new RegExp(`token=${box.jupyter?.token}`));
			assert.ok(!opened.stdout.includes(String(port)));
			const attached = await alice.runGpubox(['attach', `${box.name}z`, '--', 'id']);
			assert.equal(attached.code, 125);
			assert.match(attached.stderr, /claims to be yours/);
			assert.deepEqual(asked, []);
		});

		test('is removed without a file of hers', async () => {
			await fake(`gpubox-${box.name}y`, {});
			const {code, stderr} = await alice.runGpubox(['rm', '--yes', `${box.name}y`]);
			assert.equal(code, 0, stderr);
			const again = await up(alice, '--jupyter', '--ssh');
			assert.deepEqual([again.id, again.jupyter?.token], [box.id, box.jupyter?.token]);
		});

		test('is not her box for a folder in which he was first, and she is told', async () => {
			const folder = join(alice.project, 'first');
			await mkdir(folder);
			chmodSync(folder, 0o777);
			const {Config} = await docker.getContainer(box.id).inspect();
			await fake('gpubox-alice-first', {'gpubox.project': folder, 'gpubox.secrets': 'HOMEWORK'});
			assert.ok(Config.Labels);
			const {code, stdout, stderr} = await alice.runGpubox(
				['up', folder, '--json', '--image', image, '--gpus', 'none'],
				{env: {HOMEWORK: 'value'}},
			);
			assert.equal(code, 0, stderr);
			assert.match(stderr, /gpubox-alice-first claims to be your box for this folder/);
			const made = JSON.parse(stdout) as BoxJson;
			assert.ok(made.mine && made.name !== 'alice-first' && !fakes.includes(made.id));
			const ssh = readFileSync(join(alice.home, '.ssh/gpubox.config'), 'utf8');
			assert.doesNotMatch(ssh, /first/);
			assert.match(ssh, new RegExp(`^Host ${box.name} `, 'm'));
		});

		test('cannot make her ssh settings unreadable', async () => {
			await fake('gpubox-alice-odd', {'gpubox.user': 'a b', 'gpubox.bind': 'h x'});
			const other = join(alice.project, 'other');
			await mkdir(other);
			chmodSync(other, 0o777);
			const {code, stderr} = await alice.runGpubox(['up', other, '--ssh', '--image', image, '--gpus', 'none']);
			assert.equal(code, 0, stderr);
			const parsed = await alice.run('ssh', ['-G', '-F', join(alice.home, '.ssh/gpubox.config'), box.name]);
			assert.equal(parsed.code, 0, parsed.stderr);
			assert.match(parsed.stdout, /^user alice$/m);
		});
	});

	test("another user's box is not entered, and its removal names its owner", async () => {
		const box = await up(alice, '--jupyter', '--ssh');
		const read = 'cat /run/secrets/jupyter_token /run/gpubox/ssh/host_key';
		const attached = await bob.runGpubox(['attach', box.name, '--', 'sh', '-c', read]);
		assert.equal(attached.code, 125);
		assert.equal(attached.stdout, '');
		assert.match(attached.stderr, /belongs to alice/);
		for (const verb of [
			['check', box.name],
			['kernels', box.name],
			['ssh', box.name, '--', 'id'],
		]) {
			const {code, stdout} = await bob.runGpubox(verb);
			assert.ok(code !== 0 && !stdout.includes(box.jupyter?.token ?? '-'), verb.join(' '));
		}

		const terminal = await openTerminal(host, bob, ['rm', box.name]);
		await terminal.waitFor(new RegExp(`Remove ${box.name} \\(owner: alice\\b`));
		terminal.write('n\r');
		await terminal.waitFor(/Nothing was removed/);
		assert.ok((await list(alice)).some(({id}) => id === box.id));
	});

	test('a project is found again whatever characters its path has', async () => {
		for (const name of ['trail ', '  spaces  ', 'new\nline', 'esc\u001B[31m', 'tab\there', 'bidi\u202Ex']) {
			const folder = join(alice.project, name);
			await mkdir(folder);
			chmodSync(folder, 0o777);
			const call = ['up', folder, '--json', '--ssh', '--image', image, '--gpus', 'none', '--no-wait'];
			const first = await alice.runGpubox(call);
			assert.equal(first.code, 0, `${JSON.stringify(name)}: ${first.stderr}`);
			assert.doesNotMatch(first.stderr, /[\u0000-\u0009\u000B-\u001F\u202E]/);
			const second = await alice.runGpubox(call);
			const [a, b] = [first, second].map(({stdout}) => (JSON.parse(stdout) as BoxJson).id);
			assert.equal(a, b, JSON.stringify(name));
			const {Mounts} = await docker.getContainer(a ?? '').inspect();
			assert.ok(Mounts.some(({Source, Destination}) => Destination === '/workspace' && Source === folder));
		}
	});

	test('a new box that does not work leaves the old one as it was', async (t) => {
		const broken = 'gpubox-test/broken:1';
		await buildImage(
			docker,
			broken,
			`FROM ${image}\nRUN rm -f /usr/bin/jupyter* /usr/sbin/sshd; ln -s /bin/false /usr/bin/jupyter-lab; ln -s /bin/false /usr/sbin/sshd`,
		);
		t.after(() => docker.getImage(broken).remove({force: true}));
		const box = await up(alice, '--jupyter', '--ssh');
		const failed = await alice.runGpubox([
			'up',
			'--recreate',
			'--jupyter',
			'--image',
			broken,
			'--force',
			'--gpus',
			'none',
		]);
		assert.notEqual(failed.code, 0);
		assert.match(failed.stderr, new RegExp(`${box.name} was restored`));
		const again = await up(alice);
		assert.deepEqual([again.id, again.jupyter?.token], [box.id, box.jupyter?.token]);
	});

	test('killed while it makes a new box in the place of the old one: a later verb brings the old one back', async () => {
		const box = await up(alice, '--jupyter', '--ssh');
		const isAside = async () => (await docker.getContainer(box.id).inspect()).Name.includes('REPLACED');
		const controller = new AbortController();
		const recreating = alice
			.runGpubox(['up', '--recreate', '--image', image, '--gpus', 'none', '--jupyter'], {
				signal: controller.signal,
				killSignal: 'SIGKILL',
			})
			.catch(() => {});
		await waitUntil('the old box to be set aside', isAside, {seconds: 60});
		controller.abort();
		await recreating;
		await waitUntil(
			'the old box, or the new one',
			async () =>
				(await list(alice)).filter(({mine, name}) => mine && name === box.name).length === 1 &&
				!(await isAside().catch(() => false)),
			{seconds: 60},
		);
		const again = await up(alice, '--jupyter', '--ssh');
		assert.equal(again.jupyter?.token, box.jupyter?.token);
	});

	test('killed once the new box is there: the next one replaces that', async () => {
		const box = await up(alice, '--jupyter', '--ssh');
		const names = async () =>
			(await docker.listContainers({all: true})).flatMap(({Names}) => Names).filter((name) => name.endsWith(box.name));
		await alice.run('/bin/sh', [
			'-c',
			`'${host.program.node}' '${host.program.cli}' up --recreate --image '${image}' --gpus none --jupyter 2>err & pid=$!; ` +
				'while ! grep -q Waiting err; do sleep 0.02; done; kill -KILL $pid; wait $pid',
		]);
		assert.deepEqual((await names()).sort(), [`/gpubox-${box.name}`, `/gpubox-REPLACED-${box.name}`].sort());
		const next = await up(alice, '--recreate', '--jupyter', '--ssh');
		assert.equal(next.jupyter?.token, box.jupyter?.token);
		assert.deepEqual(await names(), [`/gpubox-${box.name}`]);
	});

	test('of two at the same moment the second says what the first does, and stops nothing', async () => {
		const box = await up(alice, '--jupyter', '--ssh');
		const call = ['up', '--recreate', '--yes', '--image', image, '--gpus', 'none', '--jupyter', '--ssh'];
		const results = await Promise.all([alice.runGpubox(call), alice.runGpubox(call)]);
		for (const {code, stderr} of results.filter((result) => result.code !== 0)) {
			assert.equal(code, 7, stderr);
			assert.match(stderr, /is being recreated by another gpubox/);
		}

		assert.ok(results.some(({code}) => code === 0));
		const left = (await list(alice)).filter(({mine, name}) => mine && name === box.name);
		assert.deepEqual(
			left.map(({state}) => state),
			['running'],
		);
	});

	test('a restart that is killed does not make the next start wait', async () => {
		const box = await up(alice, '--recreate', '--jupyter', '--gpus', '1');
		const controller = new AbortController();
		const restarting = alice
			.runGpubox(['restart', '--yes', box.name], {signal: controller.signal, killSignal: 'SIGKILL'})
			.catch(() => {});
		const claims = async () =>
			(await docker.listContainers({all: true})).filter(({Names}) => Names.join().includes('-START-'));
		await waitUntil('the claim of the restart', async () => (await claims()).length > 0);
		await waitUntil('the stop', async () => !(await docker.getContainer(box.id).inspect()).State.Running);
		controller.abort();
		await restarting;
		const before = performance.now();
		const started = await alice.runGpubox(['start', box.name]);
		assert.equal(started.code, 0, started.stderr);
		assert.ok(performance.now() - before < 15_000);
		assert.deepEqual(await claims(), []);
		assert.equal((await alice.runGpubox(['rm', '--yes', box.name])).code, 0);
	});

	test('what a killed run left goes with a later verb of any kind', async () => {
		const folder = join(alice.project, 'left');
		await mkdir(folder);
		chmodSync(folder, 0o777);
		// A box whose folder the count below has.
		await up(alice);
		const before = readdirSync(stateOf(alice)).length;
		const call = ['up', folder, '--ssh', '--image', image, '--gpus', 'none', '--secret', 'TOKEN'];
		const begun = () => readdirSync(stateOf(alice)).filter((name) => name.startsWith('alice-left~'));
		let killedInTime = false;
		for (let attempt = 0; !killedInTime && attempt < 20; attempt++) {
			const kill = new AbortController();
			const options = {env: {TOKEN: 'value'}, signal: kill.signal, killSignal: 'SIGKILL' as const};
			const run = alice.runGpubox(call, options).catch(() => {});
			while (begun().length === 0) {
				await sleep(1);
			}

			kill.abort();
			await run;
			killedInTime = (await list(alice)).every(({name, state}) => name !== 'alice-left' || state !== 'running');
			if (!killedInTime) {
				await alice.runGpubox(['rm', '--yes', 'alice-left']);
			}
		}

		assert.ok(killedInTime && begun().length > 0, 'never killed between files and start');
		await waitUntil(
			'the leftovers to go',
			async () => {
				await list(alice);
				return readdirSync(stateOf(alice)).length === before;
			},
			{seconds: 40},
		);
		assert.ok(!secretsOf(alice).some((name) => name.startsWith('alice-left~')));
	});

	test('two stopped boxes of two people start at once, one start is killed: never both run on the card', async () => {
		const [card = ''] = (host.own?.gpus ?? []).map(({uuid}) => uuid);
		const make = async (person: Person) => {
			const call = ['up', '--json', '--ssh', '--image', image, '--gpus', card, '--no-wait', '--recreate'];
			const {stdout, stderr, code} = await person.runGpubox(call);
			assert.equal(code, 0, stderr);
			const made = JSON.parse(stdout) as BoxJson;
			await docker.getContainer(made.id).stop({t: 0});
			return made;
		};
		const boxes = [await make(alice), await make(bob)];
		const running = async () => {
			const states = await Promise.all(boxes.map(({id}) => docker.getContainer(id).inspect()));
			return states.filter(({State}) => State.Running).length;
		};
		for (let round = 0; round < 10; round++) {
			await Promise.all([
				alice.runGpubox(['start', boxes[0]?.name ?? '']),
				bob
					.runGpubox(['start', boxes[1]?.name ?? ''], {
						signal: AbortSignal.timeout(200 + 70 * round),
						killSignal: 'SIGKILL',
					})
					.catch(() => {}),
			]);
			// The engine may still be carrying out what the killed one asked for.
			await sleep(1000);
			assert.ok((await running()) <= 1, `round ${round}`);
			for (const {id} of boxes) {
				await docker
					.getContainer(id)
					.stop({t: 0})
					.catch(() => {});
			}
		}
	});
});

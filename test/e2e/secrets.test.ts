import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import {chown, mkdir, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {
	dockerOf,
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	testHost,
} from '../_helpers/test-host/index.ts';

// Secrets on a real engine: they arrive, and they are nowhere else.

const host = testHost();
const docker = dockerOf(host);
const {jupyter: image} = host.images;

type BoxJson = {name: string; id: string; jupyter: {url: string; token: string}};

const secret = () => `not-to-be-seen-${randomBytes(12).toString('hex')}`;
const memoryOf = ({uid}: Person) => `/dev/shm/gpubox-${uid}`;
/** Where in memory a box has its secrets from. */
async function memoryOfBox(id: string): Promise<string> {
	const {Mounts} = await docker.getContainer(id).inspect();
	return dirname(Mounts.find(({Destination}) => Destination === '/run/secrets/PIPED')?.Source ?? '');
}

async function removeAll(person: Person): Promise<void> {
	const {boxes} = JSON.parse((await person.runGpubox(['ls', '--json'])).stdout) as {
		boxes: Array<{name: string; project: string}>;
	};
	const own = boxes.filter(({project}) => project.startsWith(person.project)).map(({name}) => name);
	if (own.length > 0) {
		await person.runGpubox(['rm', '--yes', ...own]);
	}

	await person.remove();
}

/** What every process of this machine shows of itself: to everybody its command line, to root and its owner its environment. */
function visibleInProcesses(except: (commandLine: string) => boolean): string {
	return readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.map((pid) => {
			try {
				const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
				return except(commandLine) ? commandLine : commandLine + readFileSync(`/proc/${pid}/environ`, 'utf8');
			} catch {
				// It has ended, or is another person's.
				return '';
			}
		})
		.join('\n');
}

describe('secrets', () => {
	const [fromVariable, fromFile, fromPipe] = [secret(), `${secret()}\nsecond line\n`, secret()];
	const values = [fromVariable, fromFile.split('\n')[0] ?? '', fromPipe];
	let person: Person;
	let box: BoxJson;
	let seenWhileStarting = '';
	let said = '';
	const inside = (...command: string[]) => person.runGpubox(['attach', box.name, '--', ...command]);

	before(async () => {
		person = await makePerson(host);
		const file = join(person.home, 'token.txt');
		await writeFile(file, fromFile, {mode: 0o600});
		await chown(file, person.uid, person.gid);
		const options = ['--jupyter', '--ssh', '--image', image, '--gpus', 'none'];
		const secrets = ['--secret-env', 'WANDB_API_KEY', '--secret', `HF_TOKEN=${file}`, '--secret', 'PIPED=-'];
		const starting = person.runGpubox(['up', '--json', ...options, ...secrets], {
			env: {WANDB_API_KEY: fromVariable},
			input: `${fromPipe}\n`,
		});
		let ended = false;
		const ending = starting.finally(() => {
			ended = true;
		});
		while (!ended) {
			// The caller put it into gpubox's own environment; from there it may go nowhere.
			seenWhileStarting += visibleInProcesses((commandLine) => commandLine.includes(host.program.cli));
			await Promise.race([ending, sleep(20)]);
		}

		const {stdout, stderr, code} = await ending;
		assert.equal(code, 0, stderr);
		box = JSON.parse(stdout) as BoxJson;
		said = stdout.replaceAll(box.jupyter.token, '') + stderr;
	});
	after(() => removeAll(person));

	test('arrive as files of their owner alone, read-only, in memory', async () => {
		for (const [name, value] of [
			['WANDB_API_KEY', fromVariable],
			['HF_TOKEN', fromFile],
			['PIPED', fromPipe],
		] as const) {
			assert.equal((await inside('cat', `/run/secrets/${name}`)).stdout, value);
			assert.equal((await inside('stat', '-c', '%a %u', `/run/secrets/${name}`)).stdout, `600 ${person.uid}\n`);
			assert.equal((await inside('stat', '-f', '-c', '%T', `/run/secrets/${name}`)).stdout, 'tmpfs\n');
			assert.notEqual((await inside('sh', '-c', `echo x >/run/secrets/${name}`)).code, 0);
		}
	});

	test('are variables in shells where that was asked for, and in nothing else', async () => {
		const login = (await inside('bash', '-lc', 'env')).stdout;
		assert.ok(login.includes(`WANDB_API_KEY=${fromVariable}`));
		assert.ok(!login.includes(values[1] ?? ''));
		assert.ok(!login.includes(fromPipe));
		const ssh = await person.run('sh', ['-c', 'exec ssh -F "$HOME/.ssh/gpubox.config" "$0" env', box.name]);
		if (ssh.code === 0) {
			assert.ok(ssh.stdout.includes(`WANDB_API_KEY=${fromVariable}`));
		} else {
			assert.match(ssh.stderr, /No user exists for uid/);
		}

		assert.ok(!(await inside('env')).stdout.includes(fromVariable));
		const everything = await inside('sh', '-c', 'cat /proc/[0-9]*/environ');
		assert.ok(!everything.stdout.includes(fromVariable));
	});

	test('show in nothing that the engine tells', async () => {
		const all = [...values, box.jupyter.token];
		const detail = await docker.getContainer(box.id).inspect();
		const told = [
			JSON.stringify(detail),
			JSON.stringify(await docker.getImage(detail.Image).inspect()),
			JSON.stringify(await docker.getImage(detail.Image).history()),
			JSON.stringify(await docker.listContainers({all: true})),
			String(await docker.getContainer(box.id).logs({stdout: true, stderr: true, follow: false})),
			JSON.stringify(await docker.getContainer(box.id).top()),
		];
		for (const value of all) {
			for (const text of told) {
				assert.ok(!text.includes(value));
			}
		}
	});

	test('show in no process, neither while the box is made nor after', async () => {
		assert.ok(seenWhileStarting.includes('/run/gpubox/start'), 'the box was seen starting');
		const after = visibleInProcesses(() => false);
		for (const value of [...values, box.jupyter.token]) {
			assert.ok(!seenWhileStarting.includes(value));
			assert.ok(!after.includes(value));
		}
	});

	test('show in nothing that gpubox says', async () => {
		for (const call of [['ls'], ['ls', '--json'], ['logs', box.name], ['up', '--dry-run'], ['gpus']]) {
			const {stdout, stderr} = await person.runGpubox(call, {env: {WANDB_API_KEY: fromVariable}});
			said += stdout + stderr;
		}

		for (const value of [...values, box.jupyter.token]) {
			assert.ok(!said.includes(value));
		}
	});

	test("show on no screen of the session, whether it is the box's log, its details or its neighbours", {
		skip: needsOwnEngine,
	}, async () => {
		const terminal = openTerminal(host, person, [], {columns: 160, rows: 50});
		await terminal.waitFor(box.name);
		// Its log, with Jupyter's own word of where it is.
		await terminal.waitFor(/is running at|Use Control-C/, {seconds: 20});
		terminal.write('\r');
		await terminal.waitFor(/container +[0-9a-f]{12}/);
		terminal.write('\u001B');
		terminal.write('?');
		await terminal.waitFor(/Free idle kernels/);
		// Keys that arrive together count as pasted.
		terminal.write('q');
		await terminal.waitFor(/Boxes/);
		terminal.write('q');
		await terminal.exited;
		for (const value of [...values, box.jupyter.token]) {
			assert.ok(!terminal.raw().includes(value));
		}
	});

	test('show in no file that others could read, and in none on a disk but their own', async () => {
		for (const folder of [join(person.home, '..'), memoryOf(person)]) {
			for (const entry of await readdir(folder, {withFileTypes: true, recursive: true})) {
				const path = join(entry.parentPath, entry.name);
				if (!entry.isFile()) {
					continue;
				}

				const content = await readFile(path, 'latin1');
				for (const value of [...values, box.jupyter.token]) {
					if (content.includes(value)) {
						assert.equal((await stat(path)).mode & 0o777, 0o600, path);
						const expected = value === box.jupyter.token || path === join(person.home, 'token.txt');
						assert.ok(expected || path.startsWith(memoryOf(person)), path);
					}
				}
			}
		}

		assert.equal((await stat(memoryOf(person))).mode & 0o777, 0o700);
	});

	test('survive stop and start', async () => {
		assert.equal((await person.runGpubox(['stop', box.name])).code, 0);
		assert.equal((await person.runGpubox(['start', box.name])).code, 0);
		assert.equal((await inside('cat', '/run/secrets/PIPED')).stdout, fromPipe);
	});

	test('given again they reach the running box at once', async () => {
		const value = secret();
		const {code, stderr} = await person.runGpubox(['up', '--secret-env', 'WANDB_API_KEY'], {
			env: {WANDB_API_KEY: value},
		});
		assert.equal(code, 0, stderr);
		assert.equal((await inside('cat', '/run/secrets/WANDB_API_KEY')).stdout, value);
	});

	test('are gone after a reboot, which is said, and can be given again', async () => {
		await person.runGpubox(['stop', box.name]);
		// What a reboot does to memory.
		await rm(await memoryOfBox(box.id), {recursive: true});
		const refused = await person.runGpubox(['start', box.name]);
		assert.equal(refused.code, 1);
		assert.match(
			refused.stderr,
			/in memory only and were lost, for example at a reboot: HF_TOKEN, PIPED, WANDB_API_KEY/,
		);
		assert.match(refused.stderr, /--secret HF_TOKEN --secret PIPED --secret WANDB_API_KEY/);
		const value = secret();
		const env = {HF_TOKEN: value, PIPED: value, WANDB_API_KEY: value};
		const {code, stderr} = await person.runGpubox(['up'], {env});
		assert.equal(code, 0, stderr);
		assert.equal((await inside('cat', '/run/secrets/PIPED')).stdout, value);
	});

	test('are dropped when the box is made anew without them, and with the box', async () => {
		const again = await person.runGpubox(
			['up', '--recreate', '--yes', '--image', image, '--gpus', 'none', '--secret', 'PIPED'],
			{
				env: {PIPED: 'x'},
			},
		);
		assert.equal(again.code, 0, again.stderr);
		const folder = await memoryOfBox(`gpubox-${box.name}`);
		assert.deepEqual(
			(await readdir(folder)).filter((name) => !name.startsWith('.')),
			['PIPED'],
		);
		const others = await readdir(memoryOf(person));
		assert.deepEqual(
			others.filter((name) => name.startsWith(`${box.name}~`)),
			[basename(folder)],
			'nothing of the box that was there before',
		);
		assert.equal((await person.runGpubox(['rm', '--yes', box.name])).code, 0);
		await assert.rejects(stat(folder), {code: 'ENOENT'});
	});
});

describe('a secret that cannot be had', () => {
	let person: Person;
	before(async () => {
		person = await makePerson(host);
	});
	after(() => removeAll(person));
	const up = (...options: string[]) => person.runGpubox(['up', '--image', image, '--gpus', 'none', ...options]);

	test('is refused before anything is made, and what may be the secret itself is not repeated', async () => {
		const value = secret();
		for (const option of ['ABSENT', `TOKEN=${value}`, value]) {
			const {code, stdout, stderr} = await up('--secret', option);
			assert.equal(code, 2, stderr);
			assert.equal(stdout, '');
			assert.ok(!stderr.includes(value));
		}

		assert.ok(
			!(await docker.listContainers({all: true})).some(({Labels}) => Labels['gpubox.project'] === person.project),
		);
	});

	test('is asked for on a terminal, where what is typed does not show', async () => {
		const value = secret();
		const terminal = openTerminal(host, person, ['up', '--image', image, '--gpus', 'none', '--secret', 'TYPED']);
		await terminal.waitFor('TYPED (input is hidden):');
		terminal.write(`${value}\r`);
		await terminal.waitFor(/is ready/, {seconds: 60});
		assert.equal((await terminal.exited).exitCode, 0);
		assert.ok(!terminal.raw().includes(value));
		const {boxes} = JSON.parse((await person.runGpubox(['ls', '--json'])).stdout) as {
			boxes: Array<{name: string; project: string}>;
		};
		const name = boxes.find(({project}) => project === person.project)?.name ?? '';
		assert.equal((await person.runGpubox(['attach', name, '--', 'cat', '/run/secrets/TYPED'])).stdout, value);
	});

	test('can be left unsaid with Ctrl-C', async () => {
		const project = join(person.project, 'another');
		await mkdir(project);
		await chown(project, person.uid, person.gid);
		const terminal = openTerminal(host, person, [
			'up',
			project,
			'--image',
			image,
			'--gpus',
			'none',
			'--secret',
			'TYPED',
		]);
		await terminal.waitFor('TYPED (input is hidden):');
		terminal.write('half\u0003');
		assert.equal((await terminal.exited).exitCode, 130);
	});
});

describe('what gpubox starts', {skip: needsOwnEngine}, () => {
	test('gets no secret of the caller in its environment', async (t) => {
		const person = await makePerson(host);
		t.after(() => removeAll(person));
		const bin = join(person.home, 'bin');
		await mkdir(bin);
		const seen = join(person.home, 'seen');
		const script = `#!/bin/sh\nenv >>${seen}\nPATH=$(echo "$PATH" | cut -d: -f2-) exec nvidia-smi "$@"\n`;
		await writeFile(join(bin, 'nvidia-smi'), script, {mode: 0o755});
		const value = secret();
		const {code, stderr} = await person.runGpubox(
			['up', '--image', image, '--share-gpus', '--secret', 'WANDB_API_KEY', '--no-wait'],
			{env: {WANDB_API_KEY: value, PATH: `${bin}:${person.environment.PATH}`}},
		);
		assert.equal(code, 0, stderr);
		const environment = await readFile(seen, 'utf8');
		assert.ok(environment.includes('HOME='));
		assert.ok(!environment.includes(value));
	});
});

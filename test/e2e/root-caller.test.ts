import assert from 'node:assert/strict';
import {chmod, chown, lchown, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {dockerOf, makePerson, needsOwnEngine, type Person, type Result, testHost} from '../_helpers/test-host/index.ts';
import {runToEnd} from '../_helpers/test-host/person.ts';

// Root calls gpubox, for other people and for itself.

const host = testHost();
const docker = dockerOf(host);

type BoxJson = {name: string; id: string};

describe('gpubox called by root', {skip: needsOwnEngine}, () => {
	let alice: Person;
	let bob: Person;
	let rootHome = '';
	let passwd = '';
	const names = new Set<string>();

	/** As root, whose home the system knows to be `rootHome`. */
	const asRoot = (words: string[], {cwd = rootHome, env = {}}: {cwd?: string; env?: NodeJS.ProcessEnv} = {}) =>
		runToEnd(
			'unshare',
			[
				...['--mount', 'sh', '-c', 'mount --bind "$1" /etc/passwd && shift && exec "$@"', 'sh', passwd],
				...[host.program.node, host.program.cli, ...words],
			],
			{
				cwd,
				input: '',
				env: {HOME: rootHome, PATH: alice.environment.PATH, DOCKER_HOST: host.address, LANG: 'C.UTF-8', ...env},
			},
		);
	const up = async (project: string, options: string[] = [], env: NodeJS.ProcessEnv = {}) => {
		const words = ['up', '--json', '--jupyter', '--gpus', 'none', '--image', host.images.jupyter, ...options];
		const result = await asRoot(words, {cwd: project, env});
		const box = result.code === 0 ? (JSON.parse(result.stdout) as BoxJson) : undefined;
		if (box) {
			names.add(box.name);
		}

		return {...result, box};
	};
	const made = (result: Result & {box: BoxJson | undefined}) => {
		assert.ok(result.box, result.stderr);
		return result.box;
	};
	const inside = (box: BoxJson, script: string) => asRoot(['attach', box.name, '--', 'sh', '-c', script]);
	const sources = async ({id}: BoxJson) =>
		(await docker.getContainer(id).inspect()).Mounts.map(({Source}) => Source).filter((path) => path.includes('/.'));

	before(async () => {
		alice = await makePerson(host, 'alice');
		bob = await makePerson({...host, uid: host.uid + 1, gid: host.gid + 1}, 'bob');
		rootHome = await mkdtemp(join(host.folder, 'root-'));
		passwd = join(rootHome, 'passwd');
		await writeFile(passwd, `root:x:0:0:root:${rootHome}:/bin/sh\n`);
	});
	after(async () => {
		for (const name of names) {
			await asRoot(['rm', '--yes', name]);
		}

		await alice.remove();
		await bob.remove();
		await rm(rootHome, {recursive: true});
	});

	test('has a home and caches for each person, and what one leaves there the other does not run', async () => {
		const first = made(await up(alice.project));
		assert.equal((await inside(first, 'echo "touch /workspace/trap" >~/.bashrc; id -u')).stdout.trim(), `${alice.uid}`);
		const second = made(await up(bob.project));
		assert.equal((await inside(second, 'id -u; ls -A ~/.bashrc')).stdout.trim(), `${bob.uid}`);
		// Alice's box has its home still.
		assert.equal((await inside(first, 'echo more >>~/.bashrc && echo x >~/.cache/x && echo fine')).stdout, 'fine\n');
		for (const [folder, uid] of [
			['.local/share/gpubox', 0],
			['.local/state/gpubox/boxes', 0],
			[`.local/share/gpubox/home-${alice.uid}`, alice.uid],
			[`.local/share/gpubox/home-${bob.uid}`, bob.uid],
			[`.cache/gpubox-${alice.uid}`, alice.uid],
		] as const) {
			const info = await stat(join(rootHome, folder));
			assert.deepEqual([info.uid, info.mode & 0o777], [uid, 0o700], folder);
		}

		// What makes the box, nobody but root can change.
		const boxes = join(rootHome, '.local/state/gpubox/boxes');
		const theirs = [];
		for (const entry of await readdir(boxes, {withFileTypes: true, recursive: true})) {
			const path = join(entry.parentPath, entry.name);
			if ((await stat(path)).uid !== 0) {
				theirs.push(entry.name);
			}
		}

		assert.deepEqual([...new Set(theirs)], ['token']);
	});

	test('neither follows links in a HOME that sudo -E kept, nor writes there', async () => {
		const trap = join(rootHome, 'trap');
		await mkdir(trap, {mode: 0o700});
		await rm(join(alice.home, '.cache'), {recursive: true, force: true});
		await mkdir(join(alice.home, '.cache'));
		await chown(join(alice.home, '.cache'), alice.uid, alice.gid);
		for (const name of ['gpubox', `gpubox-${alice.uid}`, 'gpubox-code']) {
			await symlink(trap, join(alice.home, '.cache', name));
			await lchown(join(alice.home, '.cache', name), alice.uid, alice.gid);
		}

		const result = await up(alice.project, ['--recreate'], {HOME: alice.home});
		const box = made(result);
		assert.match(result.stderr, /HOME \(.*\) is not root's, so gpubox keeps its files in /);
		for (const source of await sources(box)) {
			assert.ok(!source.startsWith(alice.home), source);
		}

		made(await up(alice.project, ['--recreate'], {XDG_CACHE_HOME: join(alice.home, '.cache')}));
		const info = await stat(trap);
		assert.deepEqual([info.uid, info.mode & 0o777, await readdir(trap)], [0, 0o700, []]);
		const roots = await alice.run('find', [alice.home, '-uid', '0']);
		assert.equal(roots.stdout, '');
	});

	test("refuses a person's home that is somebody else's already, in words, and leaves nothing", async () => {
		const home = join(rootHome, `.local/share/gpubox/home-${alice.uid}`);
		for (const name of names) {
			await asRoot(['rm', '--yes', name]);
		}

		await chown(home, bob.uid, bob.gid);
		const {code, stderr} = await up(alice.project);
		assert.equal(code, 1);
		assert.match(
			stderr,
			new RegExp(
				`home-${alice.uid} belongs to user ${bob.uid}, not to user ${alice.uid}\\.".*"fix":"Look at what is there`,
			),
		);
		assert.equal((await stat(home)).uid, bob.uid);
		assert.deepEqual(await readdir(join(rootHome, '.local/state/gpubox/boxes')).catch(() => []), []);
		await chown(home, alice.uid, alice.gid);
	});

	test('makes no box that runs as root unless --sudo says so, and tells who is only root what to do', async () => {
		const project = await mkdtemp(join(rootHome, 'project-'));
		const refused = await up(project);
		assert.equal(refused.code, 2);
		assert.match(refused.stderr, /belongs to root, so everything in its box would run as root/);
		assert.match(refused.stderr, /"fix":"Run gpubox as yourself, .*chown.*CI: --sudo/);
		assert.equal((await up(project, ['--secret', 'ROOT_PASSWORD'], {ROOT_PASSWORD: 'x'})).code, 2);
		const box = made(await up(project, ['--sudo']));
		assert.equal((await inside(box, 'id -u')).stdout.trim(), '0');
	});
});

describe('the folders of a person', {skip: needsOwnEngine}, () => {
	for (const umask of ['000', '002', '077']) {
		test(`are for nobody else to write in, with umask ${umask} and nothing there yet`, async () => {
			const person = await makePerson(host, `umask${umask}`);
			const env = Object.fromEntries(
				Object.keys(person.environment).flatMap((key) => (/^XDG_|^NODE_/.test(key) ? [[key, undefined]] : [])),
			);
			for (const folder of ['.config', '.cache', '.local']) {
				await rm(join(person.home, folder), {recursive: true, force: true});
			}

			const script = `umask ${umask}; exec "$@"`;
			const words = ['up', '--json', '--jupyter', '--ssh', '--gpus', 'none', '--image', host.images.jupyter];
			const run = (...more: string[]) =>
				person.run('sh', ['-c', script, 'sh', host.program.node, host.program.cli, ...more], {env});
			const {stdout, stderr, code} = await run(...words);
			assert.equal(code, 0, stderr);
			const {name} = JSON.parse(stdout) as BoxJson;
			try {
				const modes = new Map<string, string>();
				for (const entry of await readdir(person.home, {withFileTypes: true, recursive: true})) {
					const path = join(entry.parentPath, entry.name);
					const {mode} = await stat(path);
					const told = (mode & 0o777).toString(8);
					modes.set(path.slice(person.home.length + 1).replace(/~\w+/, ''), told);
					if (
						entry.isDirectory() &&
						!path.includes('/gpubox/home/') &&
						!path.includes('/gpubox-code/') &&
						!path.includes('/.cache/gpubox/')
					) {
						assert.equal(told, '700', path);
					}
				}

				const box = `.local/state/gpubox/boxes/${name}`;
				assert.deepEqual(
					['token', 'files/ssh/host_key', 'files/start', 'passwd', 'files/ssh/authorized_keys'].map((file) =>
						modes.get(`${box}/${file}`),
					),
					['600', '600', '755', '644', '644'],
				);
				assert.equal(modes.get('.cache/gpubox-code'), '700');
			} finally {
				await run('rm', '--yes', name);
				await person.remove();
			}
		});
	}

	test('are not made where a link of somebody else leads', async () => {
		const person = await makePerson(host, 'linked');
		const target = await mkdtemp(join(host.folder, 'target-'));
		await chown(target, person.uid, person.gid);
		// A folder where everybody may lay something.
		const open = await mkdtemp(join(host.folder, 'open-'));
		await chmod(open, 0o1777);
		await symlink(target, join(open, 'gpubox'));
		await lchown(join(open, 'gpubox'), person.uid + 1, person.gid + 1);
		const words = ['up', '--jupyter', '--gpus', 'none', '--image', host.images.jupyter];
		const {code, stderr} = await person.runGpubox(words, {env: {XDG_CACHE_HOME: open}});
		assert.equal(code, 1);
		assert.match(stderr, new RegExp(`gpubox is a link that user ${person.uid + 1} made, and is not followed`));
		assert.deepEqual(await readdir(target), []);
		assert.deepEqual(await docker.listContainers({all: true, filters: {label: ['gpubox.owner=linked']}}), []);
		await person.remove();
		await rm(target, {recursive: true});
		await rm(open, {recursive: true});
	});
});

import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import {readdir, readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {
	buildImage,
	dockerOf,
	makeKnownPerson,
	type Person,
	runKnown,
	testHost,
	waitUntil,
} from '../_helpers/test-host/index.ts';

// An image of the old habit: it starts the distribution's SSH server as root and lets in who knows ROOT_PASSWORD.

const host = testHost();
const docker = dockerOf(host);
const image = 'gpubox-test/root-password:e2e';

const entrypoint = String.raw`set -e\nif [ -z "$ROOT_PASSWORD" ]; then echo "set ROOT_PASSWORD" >&2; exit 1; fi\necho "root:$ROOT_PASSWORD" | chpasswd\nssh-keygen -A\nmkdir -p /run/sshd\nexec "$@"\n`;
const dockerfile = `FROM ${host.images.jupyter}
RUN apt-get remove -qy jupyter-notebook jupyter-server rsync tmux && rm -f /etc/ssh/ssh_host_*
RUN echo 'PermitRootLogin yes' >/etc/ssh/sshd_config.d/root.conf && printf '${entrypoint}' >/entrypoint.sh
EXPOSE 22
ENTRYPOINT ["sh", "/entrypoint.sh"]
CMD ["/usr/sbin/sshd", "-D", "-e"]
`;

type BoxJson = {
	name: string;
	id: string;
	rootPassword: boolean;
	services: {ssh: {host: string; port: number; user: string}};
};

describe('an image with an SSH server of its own', () => {
	const password = `not-to-be-seen-${randomBytes(12).toString('hex')}`;
	let person: Person;
	let box: BoxJson;
	let said = '';
	const up = async (value = password, ...options: string[]) => {
		const words = ['--ssh', '--image', image, '--gpus', 'none', '--secret', 'ROOT_PASSWORD'];
		const result = await person.runGpubox(['up', '--json', ...words, ...options], {env: {ROOT_PASSWORD: value}});
		said += result.stdout + result.stderr;
		return result;
	};
	const inside = (...command: string[]) => person.runGpubox(['attach', box.name, '--', ...command]);

	/** OpenSSH's client as the person's own settings for the box have it, answering the question for the password. */
	async function ssh(answer: string, command: string, ...options: string[]) {
		const askpass = join(person.home, 'askpass');
		await writeFile(askpass, '#!/bin/sh\necho "$ANSWER"\n', {mode: 0o755});
		const settings = ['-F', join(person.home, '.ssh/gpubox.config'), '-o', 'NumberOfPasswordPrompts=1'];
		return runKnown(person, 'ssh', [...settings, ...options, box.name, command], {
			env: {SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force', ANSWER: answer},
		});
	}

	before(async () => {
		await buildImage(docker, image, dockerfile);
		person = await makeKnownPerson(host);
		const {stdout, stderr, code} = await up();
		assert.equal(code, 0, stderr);
		box = JSON.parse(stdout) as BoxJson;
	});
	after(async () => {
		await person.runGpubox(['rm', '--yes', box.name]);
		await person.remove();
		await docker.getImage(image).remove({force: true});
	});

	test('runs it, which is told in one line and shown in ls', async () => {
		const [warning, ...more] = said.split('\n').filter((line) => line.includes("the image's own SSH server"));
		assert.match(warning ?? '', /anyone with the password has root/);
		assert.deepEqual(more, []);
		assert.deepEqual([box.rootPassword, box.services.ssh.user], [true, 'root']);
		assert.match((await person.runGpubox(['ls'])).stdout, /\+root-password .*ssh:\/\/root@127\.0\.0\.1:\d+/);
	});

	test('lets in who knows the password, by the name of the box, and nobody else', async () => {
		const {stdout, stderr, code} = await ssh(password, 'id -u; echo $ROOT_PASSWORD; touch /workspace/by-root');
		assert.deepEqual([code, stdout], [0, '0\n\n'], stderr);
		// With a terminal the server needs more rights than without.
		const terminal = await ssh(password, 'tty', '-tt');
		assert.deepEqual([terminal.code, terminal.stdout.trim()], [0, '/dev/pts/0'], terminal.stderr);
		const refused = await ssh('wrong', 'true');
		assert.equal(refused.code, 255);
		assert.match(refused.stderr, /Permission denied \(publickey,password\)/);
	});

	test('has the rights that such a server takes, and no more', async () => {
		const {HostConfig, Config} = await docker.getContainer(box.id).inspect();
		assert.deepEqual(HostConfig.CapDrop, ['ALL']);
		assert.deepEqual((HostConfig.CapAdd ?? []).map((name: string) => name.replace(/^CAP_/, '')).sort(), [
			'AUDIT_WRITE',
			'CHOWN',
			'DAC_OVERRIDE',
			'NET_BIND_SERVICE',
			'SETGID',
			'SETUID',
			'SYS_CHROOT',
		]);
		assert.ok(HostConfig.SecurityOpt?.includes('no-new-privileges'));
		assert.equal(HostConfig.PortBindings['22/tcp']?.[0]?.HostIp, '127.0.0.1');
		assert.equal(Config.User, '0:0');
	});

	test('keeps the password out of everything that the engine or gpubox tells', async () => {
		const detail = await docker.getContainer(box.id).inspect();
		for (const call of [['ls'], ['ls', '--json'], ['logs', box.name], ['up', '--dry-run'], ['up']]) {
			const {stdout, stderr} = await person.runGpubox(call);
			said += stdout + stderr;
		}

		const told = [
			said,
			JSON.stringify(detail),
			JSON.stringify(await docker.getImage(detail.Image).inspect()),
			JSON.stringify(await docker.getImage(detail.Image).history()),
			JSON.stringify(await docker.listContainers({all: true})),
			String(await docker.getContainer(box.id).logs({stdout: true, stderr: true, follow: false})),
			JSON.stringify(await docker.getContainer(box.id).top()),
			...readdirSync('/proc').map((pid) => {
				try {
					return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
				} catch {
					return '';
				}
			}),
		];
		assert.ok(told.join('').includes('/run/gpubox/start-own'), 'the box was seen');
		for (const text of told) {
			assert.ok(!text.includes(password), text.slice(0, 200));
		}

		// The image's own program has it in its environment, as it wants it: root's, which others cannot read.
		const environments = await person.run('sh', ['-c', 'cat /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n"']);
		assert.ok(!environments.stdout.includes(password));
	});

	test('keeps it in no file but the one in memory, for its owner alone', async () => {
		for (const folder of [join(person.home, '..'), `/dev/shm/gpubox-${person.uid}`]) {
			for (const entry of await readdir(folder, {withFileTypes: true, recursive: true})) {
				const path = join(entry.parentPath, entry.name);
				if (entry.isFile() && (await readFile(path, 'latin1')).includes(password)) {
					assert.equal((await stat(path)).mode & 0o777, 0o600, path);
					assert.match(path, /^\/dev\/shm\/gpubox-\d+\/[\w.-]+~\w+\/ROOT_PASSWORD$/);
				}
			}
		}
	});

	test('takes a new password at the next start, and is known again when it is made anew', async () => {
		const {stderr} = await up('another-password');
		assert.match(stderr, /takes effect after a restart/);
		await person.runGpubox(['stop', box.name]);
		await person.runGpubox(['start', box.name]);
		await waitUntil('the server', async () => (await ssh('another-password', 'true')).code === 0);
		assert.equal((await ssh(password, 'true')).code, 255);
		const {stdout} = await up('third', '--recreate');
		box = JSON.parse(stdout) as BoxJson;
		const {stderr: problem, code} = await ssh('third', 'true');
		assert.equal(code, 0, problem);
		// Where nobody waited for the server, its key is asked for at the first login.
		await up('fourth', '--recreate', '--no-wait');
		const env = {SSH_ASKPASS: '/bin/false', SSH_ASKPASS_REQUIRE: 'force'};
		await waitUntil('the server', async () => {
			const {stderr} = await person.runGpubox(['ssh', box.name, '--', 'true'], {env});
			return !/No SSH server answers/.test(stderr);
		});
		assert.equal((await ssh('fourth', 'true')).code, 0);
	});

	test('is shown as root to attach, in the project folder', async () => {
		assert.equal((await inside('sh', '-c', 'id -u; pwd')).stdout, '0\n/workspace\n');
	});

	test('is not published where others can try passwords, nor told its password as a variable', async () => {
		const open = await up(password, '--bind', '0.0.0.0', '--recreate');
		assert.equal(open.code, 2);
		assert.match(open.stderr, /Password login is not allowed on 0\.0\.0\.0/);
		const variable = await person.runGpubox([
			...['up', '--ssh', '--recreate', '--image', image, '--gpus', 'none'],
			...['--env', `ROOT_PASSWORD=${password}`],
		]);
		assert.equal(variable.code, 2);
		assert.match(variable.stderr, /everyone who uses this engine can read it/);
		assert.ok(!variable.stderr.includes(password));
	});

	test('is left aside where the image has no such server, which is said', async () => {
		const {stdout, stderr, code} = await up(password, '--recreate', '--image', host.images.jupyter);
		assert.equal(code, 0, stderr);
		assert.match(stderr, /ROOT_PASSWORD is ignored: \S+ has no SSH server of its own/);
		box = JSON.parse(stdout) as BoxJson;
		assert.equal(box.rootPassword, false);
		const {stdout: users} = await inside('ps', '-eo', 'uid=');
		assert.deepEqual(new Set(users.trim().split(/\s+/)), new Set([`${person.uid}`]));
		await waitUntil('the box', async () => (await docker.getContainer(box.id).inspect()).State.Running);
	});
});

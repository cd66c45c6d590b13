import assert from 'node:assert/strict';
import {chmod, chown, lstat, mkdir, readdir, readFile, stat, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {
	dockerOf,
	freePort,
	makeKnownPerson,
	needsOwnEngine,
	type Person,
	runKnown as run,
	startKnown as start,
	testHost,
	waitUntil,
} from '../_helpers/test-host/index.ts';

// SSH boxes on a real engine, with OpenSSH's own client: log in, copy files, forward ports, and be refused.

const host = testHost();
const docker = dockerOf(host);
const {jupyter: image} = host.images;

type BoxJson = {
	name: string;
	id: string;
	services: {ssh: {host: string; port: number; user: string}};
	jupyter: {url: string; token: string};
};

const gpubox = (person: Person, ...arguments_: string[]) =>
	run(person, host.program.node, [host.program.cli, ...arguments_]);

async function up(person: Person, ...options: string[]): Promise<BoxJson> {
	const {stdout, stderr, code} = await gpubox(person, 'up', '--json', '--image', image, '--gpus', 'none', ...options);
	assert.equal(code, 0, stderr);
	return JSON.parse(stdout) as BoxJson;
}

async function removeAll(person: Person): Promise<void> {
	const {boxes} = JSON.parse((await gpubox(person, 'ls', '--json')).stdout) as {
		boxes: Array<{name: string; project: string}>;
	};
	const own = boxes.filter(({project}) => project.startsWith(person.project)).map(({name}) => name);
	if (own.length > 0) {
		await gpubox(person, 'rm', '--yes', ...own);
	}

	await person.remove();
}

const boxesOf = (person: Person) => join(person.environment.XDG_STATE_HOME ?? '', 'gpubox', 'boxes');

/** What makes ssh read this person's files where the person could not be made known to the system. */
const settings = (person: Person) => (host.own ? [] : ['-F', join(person.home, '.ssh/gpubox.config')]);

describe('an SSH box', () => {
	let person: Person;
	let box: BoxJson;
	const ssh = (...words: string[]) => run(person, 'ssh', [...settings(person), ...words]);
	before(async () => {
		person = await makeKnownPerson(host);
		box = await up(person, '--ssh', '--jupyter');
	});
	after(() => removeAll(person));

	test('lets its owner in by its name, with the environment of the box', async () => {
		const {stdout, stderr, code} = await ssh(box.name, 'id -u; pwd; env');
		assert.equal(code, 0, stderr);
		assert.equal(stderr, '', 'no question and no warning');
		const [uid, folder, ...lines] = stdout.split('\n');
		assert.deepEqual([uid, folder], [`${person.uid}`, '/workspace']);
		assert.ok(lines.includes('NVIDIA_VISIBLE_DEVICES=void'));
		assert.ok(lines.some((line) => line.startsWith('HF_HOME=/home/')));
		assert.ok(lines.some((line) => line.startsWith('SSH_CONNECTION=')));
		const {Config} = await docker.getContainer(box.id).inspect();
		for (const entry of Config.Env) {
			// What the person installs for this image is added to its PATH.
			const isThere = entry.startsWith('PATH=')
				? lines.some((line) => line.startsWith('PATH=') && line.includes(entry.slice('PATH='.length)))
				: lines.includes(entry);
			assert.ok(isThere, entry);
		}
	});

	test("gives a login shell the image's PATH, which Debian's profile forgets", async () => {
		const {stdout} = await run(person, 'ssh', ['-T', ...settings(person), box.name], {
			input: 'echo "$PATH"; shopt -q login_shell && echo login\n',
		});
		const [path, login] = stdout.trim().split('\n').slice(-2);
		assert.ok(path?.includes('/usr/sbin'), path);
		assert.equal(login, 'login');
	});

	test('passes exit codes on, through gpubox as well', async () => {
		assert.equal((await ssh(box.name, 'exit 41')).code, 41);
		assert.equal((await gpubox(person, 'ssh', box.name, '--', 'exit 42')).code, 42);
		const {stdout, code} = await gpubox(
			person,
			'ssh',
			box.name,
			'--',
			'sh',
			'-c',
			'printf %s "$0 $1"; exit 43',
			'a  b',
			"c'd",
		);
		assert.deepEqual([stdout, code], ["a  b c'd", 43]);
	});

	test('refuses another key, and any password', async () => {
		const {port, user} = box.services.ssh;
		const other = join(person.home, 'other-key');
		assert.equal((await run(person, 'ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', other])).code, 0);
		const at = ['-F', '/dev/null', '-p', String(port)];
		const known = ['-o', `HostKeyAlias=gpubox-${box.name}`];
		const hosts = ['-o', `UserKnownHostsFile=${join(person.home, '.ssh/gpubox_known_hosts')}`];
		const withKey = (key: string) =>
			run(person, 'ssh', [
				...at,
				...known,
				...hosts,
				'-o',
				'IdentitiesOnly=yes',
				'-i',
				key,
				`${user}@127.0.0.1`,
				'true',
			]);
		assert.equal((await withKey(join(person.home, '.ssh/gpubox_ed25519'))).code, 0);
		const refused = await withKey(other);
		assert.equal(refused.code, 255);
		assert.match(refused.stderr, /Permission denied \(publickey\)/);

		const askpass = join(person.home, 'askpass');
		await writeFile(askpass, '#!/bin/sh\necho asked >&2\necho password\n', {mode: 0o755});
		const password = await run(
			person,
			'ssh',
			[
				...at,
				...known,
				...hosts,
				'-o',
				'PreferredAuthentications=password,keyboard-interactive',
				`${user}@127.0.0.1`,
				'true',
			],
			{env: {SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force'}},
		);
		assert.equal(password.code, 255);
		assert.match(password.stderr, /Permission denied \(publickey\)/);
		assert.doesNotMatch(password.stderr, /asked/, 'a password was not even asked for');
	});

	test('takes no SHA-1, no 64-bit MAC and no short RSA key, and writes down which key was let in', async () => {
		const offered = await ssh('-vv', box.name, 'true');
		assert.equal(offered.code, 0, offered.stderr);
		const [, of = ''] = offered.stderr.split('peer server KEXINIT proposal');
		for (const list of ['KEX algorithms', 'host key algorithms', 'MACs ctos', 'MACs stoc']) {
			const [, names = ''] = new RegExp(`${list}: (.*)`).exec(of) ?? [];
			assert.notEqual(names, '', list);
			assert.doesNotMatch(names, /sha1(?!\d)|umac-64|ssh-rsa|ssh-dss/, list);
		}

		const old = await ssh('-c', 'aes128-ctr', '-m', 'hmac-sha1,umac-64@openssh.com', box.name, 'true');
		assert.equal(old.code, 255);
		assert.match(old.stderr, /no matching MAC found/);

		const short = join(person.home, 'short');
		await run(person, 'ssh-keygen', ['-q', '-t', 'rsa', '-b', '1024', '-N', '', '-f', short]);
		const [folder = ''] = (await readdir(boxesOf(person))).filter((name) => name.startsWith(box.name));
		const authorized = join(boxesOf(person), folder, 'files/ssh/authorized_keys');
		const long = join(person.home, 'long');
		await run(person, 'ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', long]);
		const own = await readFile(authorized, 'utf8');
		try {
			await writeFile(authorized, await readFile(`${short}.pub`, 'utf8'));
			const options = ['-oIdentitiesOnly=yes', '-oIdentityAgent=none', '-oRequiredRSASize=1024', '-oBatchMode=yes'];
			assert.equal((await ssh(...options, '-i', short, box.name, 'true')).code, 255);
			await writeFile(authorized, await readFile(`${long}.pub`, 'utf8'));
			const taken = await ssh(...options, '-i', long, box.name, 'true');
			assert.equal(taken.code, 0, taken.stderr);
		} finally {
			await writeFile(authorized, own);
		}

		const print = (await run(person, 'ssh-keygen', ['-lf', `${long}.pub`])).stdout.split(' ')[1] ?? '?';
		const log = (await gpubox(person, 'logs', box.name)).stderr;
		assert.ok(log.includes(print), log);
	});

	test('lets nobody in but the user of the box', async () => {
		const {code, stderr} = await ssh('-l', 'root', box.name, 'true');
		assert.equal(code, 255);
		assert.match(stderr, /Permission denied/);
	});

	test('copies files by sftp, scp and rsync, owned by the caller', async () => {
		const source = join(person.home, 'data.bin');
		const data = Buffer.from(Array.from({length: 100_000}, (_, index) => index % 251));
		await writeFile(source, data);
		await chmod(source, 0o644);
		const options = settings(person);
		const sftp = await run(person, 'sftp', ['-q', ...options, '-b', '-', box.name], {input: `put ${source} by-sftp\n`});
		assert.equal(sftp.code, 0, sftp.stderr);
		const scp = await run(person, 'scp', ['-q', ...options, source, `${box.name}:by-scp`]);
		assert.equal(scp.code, 0, scp.stderr);
		const shell = ['ssh', ...options].join(' ');
		const rsync = await run(person, 'rsync', ['-e', shell, source, `${box.name}:by-rsync`]);
		assert.equal(rsync.code, 0, rsync.stderr);
		for (const name of ['by-sftp', 'by-scp', 'by-rsync']) {
			const path = join(person.project, name);
			assert.deepEqual(await readFile(path), data, name);
			assert.equal((await stat(path)).uid, person.uid);
		}

		const back = await run(person, 'rsync', ['-e', shell, `${box.name}:by-sftp`, join(person.home, 'back.bin')]);
		assert.equal(back.code, 0, back.stderr);
		assert.deepEqual(await readFile(join(person.home, 'back.bin')), data);
	});

	test('forwards a port', async (t) => {
		const port = await freePort();
		const forwarding = start(person, 'ssh', [
			...settings(person),
			'-N',
			'-o',
			'ExitOnForwardFailure=yes',
			'-L',
			`127.0.0.1:${port}:127.0.0.1:8888`,
			box.name,
		]);
		t.after(() => forwarding.kill());
		const answer = await waitUntil('Jupyter through the forwarded port', async () => {
			assert.equal(forwarding.exitCode, null);
			return fetch(`http://127.0.0.1:${port}${new URL(box.jupyter.url).pathname}api`).catch(() => undefined);
		});
		assert.ok(((await answer.json()) as {version: string}).version);
	});

	test("takes the agent's keys, and forwards the agent", async (t) => {
		const socket = join(person.home, 'agent');
		const agent = start(person, 'ssh-agent', ['-D', '-a', socket]);
		t.after(() => agent.kill());
		await waitUntil('the agent', () => stat(socket).catch(() => undefined));
		const env = {SSH_AUTH_SOCK: socket};
		const key = join(person.home, 'agent-key');
		await run(person, 'ssh-keygen', ['-q', '-t', 'ed25519', '-C', 'in-the-agent', '-N', '', '-f', key]);
		assert.equal((await run(person, 'ssh-add', ['-q', key], {env})).code, 0);
		const withAgentOnly = ['-o', 'IdentityFile=none', '-A', box.name, 'ssh-add -L'];
		const again = await run(person, host.program.node, [host.program.cli, 'up'], {env});
		assert.equal(again.code, 0, again.stderr);
		const {stdout, stderr, code} = await run(person, 'ssh', [...settings(person), ...withAgentOnly], {env});
		assert.equal(code, 0, stderr);
		assert.match(stdout, /in-the-agent/);
	});

	test('runs its server without any rights of root', async () => {
		const {HostConfig, Config} = await docker.getContainer(box.id).inspect();
		assert.deepEqual([HostConfig.CapAdd ?? [], HostConfig.CapDrop], [[], ['ALL']]);
		assert.ok(HostConfig.SecurityOpt?.includes('no-new-privileges'));
		assert.equal(Config.User, `${person.uid}:${person.gid}`);
		const {stdout} = await gpubox(person, 'attach', box.name, '--', 'ps', '-eo', 'uid=');
		assert.deepEqual(new Set(stdout.trim().split(/\s+/)), new Set([`${person.uid}`]));
	});

	test('is listed with its address', async () => {
		const {boxes} = JSON.parse((await gpubox(person, 'ls', '--json')).stdout) as {boxes: BoxJson[]};
		const {ssh: address} = boxes.find(({id}) => id === box.id)?.services ?? {};
		const {Config, NetworkSettings} = await docker.getContainer(box.id).inspect();
		const [published] = NetworkSettings.Ports['2222/tcp'] ?? [];
		assert.equal(published?.HostIp, '127.0.0.1');
		assert.deepEqual(address, {
			host: '127.0.0.1',
			port: Number(published?.HostPort),
			user: Config.Labels['gpubox.user'],
		});
		assert.match((await gpubox(person, 'ls')).stdout, new RegExp(`ssh://\\S+@127\\.0\\.0\\.1:${address?.port}`));
	});

	test('made anew it has the same host key, so nobody is alarmed', async () => {
		const knownHosts = join(person.home, '.ssh/gpubox_known_hosts');
		const before = await readFile(knownHosts, 'utf8');
		const again = await up(person, '--ssh', '--jupyter', '--recreate');
		assert.notEqual(again.id, box.id);
		box = again;
		assert.equal(await readFile(knownHosts, 'utf8'), before);
		const {code, stderr} = await ssh(box.name, 'true');
		assert.deepEqual([code, stderr], [0, '']);
	});

	test('another server at its address is refused', async () => {
		const {Mounts} = await docker.getContainer(box.id).inspect();
		const state = join(Mounts.find(({Destination}) => Destination === '/run/gpubox')?.Source ?? '', 'ssh');
		const impostor = join(person.home, 'impostor');
		await run(person, 'ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', impostor]);
		const real = await readFile(join(state, 'host_key'));
		await writeFile(join(state, 'host_key'), await readFile(impostor));
		await docker.getContainer(box.id).restart({t: 1});
		// Its banner says that it listens again.
		await waitUntil('the server', async () =>
			(await ssh(box.name, 'true')).stderr.includes('IDENTIFICATION HAS CHANGED'),
		);
		await writeFile(join(state, 'host_key'), real);
		await docker.getContainer(box.id).restart({t: 1});
		await waitUntil('the server', async () => (await ssh(box.name, 'true')).code === 0);
	});

	test('stopped it cannot be entered, started again it can', async () => {
		assert.equal((await gpubox(person, 'stop', box.name)).code, 0);
		const refused = await gpubox(person, 'ssh', box.name, '--', 'true');
		assert.equal(refused.code, 125);
		assert.match(refused.stderr, /is not running/);
		await up(person);
		assert.equal((await ssh(box.name, 'true')).code, 0);
	});

	test('ends with Jupyter, which is in front', async () => {
		await gpubox(person, 'attach', box.name, '--', 'pkill', '-f', 'jupyter');
		await waitUntil('the end of the box', async () => !(await docker.getContainer(box.id).inspect()).State.Running);
	});
});

describe("a person's own ssh settings", () => {
	const own = 'Host *\n\tServerAliveInterval 7\n\tProxyJump nowhere.invalid\n';
	let person: Person;
	before(async () => {
		person = await makeKnownPerson(host);
		const folder = join(person.home, '.ssh');
		const dotfiles = join(person.home, 'dotfiles');
		for (const path of [folder, dotfiles]) {
			await mkdir(path, {mode: 0o700});
			await chown(path, person.uid, person.gid);
		}

		await writeFile(join(dotfiles, 'ssh'), own);
		await chmod(join(dotfiles, 'ssh'), 0o600);
		await chown(join(dotfiles, 'ssh'), person.uid, person.gid);
		await symlink('../dotfiles/ssh', join(folder, 'config'));
	});
	after(() => removeAll(person));

	test('get one line, know every box, and are what they were after the last one', {skip: needsOwnEngine}, async () => {
		const config = join(person.home, '.ssh/config');
		const first = await up(person, '--ssh');
		const otherProject = join(person.project, 'other');
		await mkdir(otherProject);
		await chown(otherProject, person.uid, person.gid);
		const second = await up(person, otherProject, '--ssh');
		assert.notEqual(second.services.ssh.port, first.services.ssh.port);
		assert.equal(await readFile(config, 'utf8'), `Include gpubox.config\n${own}`);
		assert.ok((await lstat(config)).isSymbolicLink());
		for (const {name} of [first, second]) {
			const {code, stdout, stderr} = await run(person, 'ssh', [name, 'echo "$GPUBOX_NAME"']);
			assert.deepEqual([code, stdout.trim()], [0, name], stderr);
		}

		const resolved = (await run(person, 'ssh', ['-G', first.name])).stdout;
		assert.match(resolved, /^serveraliveinterval 7$/m);

		assert.equal((await gpubox(person, 'rm', '--yes', second.name)).code, 0);
		assert.equal((await run(person, 'ssh', ['-G', second.name])).stdout.includes('proxyjump none'), false);
		assert.equal((await run(person, 'ssh', [first.name, 'true'])).code, 0);
		assert.equal((await gpubox(person, 'rm', '--yes', first.name)).code, 0);
		assert.equal(await readFile(config, 'utf8'), own);
		const left = await readdir(join(person.home, '.ssh'));
		assert.deepEqual(left.sort(), ['config', 'gpubox_ed25519', 'gpubox_ed25519.pub']);
	});
});

describe('gpubox ssh', () => {
	let person: Person;
	before(async () => {
		person = await makeKnownPerson(host);
	});
	after(() => removeAll(person));

	test('says what is wrong, with 125, when it cannot start', async () => {
		const box = await up(person, '--jupyter');
		const none = await gpubox(person, 'ssh', box.name);
		assert.equal(none.code, 125);
		assert.match(none.stderr, /offers no SSH/);
		assert.ok(none.stderr.includes(`: gpubox up ${person.project} --jupyter --ssh --recreate\n`), none.stderr);
		const unknown = await gpubox(person, 'ssh', 'nobody-nothing');
		assert.equal(unknown.code, 6);

		await up(person, '--ssh', '--recreate');
		const call = ['PATH=/nonexistent', host.program.node, host.program.cli, 'ssh', box.name];
		const broken = await run(person, 'env', call);
		assert.equal(broken.code, 125, broken.stderr);
		assert.match(broken.stderr, /ssh cannot be started/);
	});

	test('an SSH box that loses its Jupyter and one that loses its SSH are both known rightly', async () => {
		const hosts = join(person.home, '.ssh/gpubox.config');
		await up(person, '--ssh', '--recreate');
		assert.ok((await stat(hosts)).isFile());
		await up(person, '--jupyter', '--recreate');
		await assert.rejects(stat(hosts), {code: 'ENOENT'});
	});
});

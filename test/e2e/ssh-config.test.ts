import assert from 'node:assert/strict';
import {chmod, chown, lstat, mkdir, readdir, readFile, rm, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {
	makeKnownPerson,
	needsOwnEngine,
	type Person,
	runKnown as run,
	startKnown as start,
	testHost,
	waitUntil,
} from '../_helpers/test-host/index.ts';

// The user's own ssh config beside gpubox's, with OpenSSH's client and a real server: whatever is set for all hosts, and wherever the
// file is kept.

const host = testHost();
const {jupyter: image} = host.images;

const gpubox = (person: Person, ...arguments_: string[]) =>
	run(person, host.program.node, [host.program.cli, ...arguments_]);

async function upSsh(person: Person, env: Record<string, string> = {}): Promise<{name: string; stderr: string}> {
	const words = ['up', '--json', '--ssh', '--image', image, '--gpus', 'none'];
	const {stdout, stderr, code} = await run(person, host.program.node, [host.program.cli, ...words], {env});
	assert.equal(code, 0, stderr);
	return {name: (JSON.parse(stdout) as {name: string}).name, stderr};
}

async function give(person: Person, path: string, mode: number): Promise<void> {
	await chown(path, person.uid, person.gid);
	await chmod(path, mode);
}

async function makeSshFolder(person: Person): Promise<string> {
	const folder = join(person.home, '.ssh');
	await mkdir(folder);
	await give(person, folder, 0o700);
	return folder;
}

/** What people set for all hosts, and what would lead away from a box, hold up the login or spoil what is copied. */
const hostStar = [
	// What the issue was reported with.
	'RemoteCommand tmux new-session -A -s main',
	'PreferredAuthentications gssapi-with-mic,password',
	'IdentityFile ~/.ssh/work',
	// Which key.
	'IdentityFile none',
	'IdentitiesOnly yes',
	'IdentityAgent ~/no-agent.sock',
	'CertificateFile ~/.ssh/none-cert.pub',
	'PKCS11Provider /nonexistent.so',
	'AddKeysToAgent yes',
	// How to authenticate.
	'PubkeyAuthentication no',
	'PubkeyAuthentication host-bound',
	'PubkeyAcceptedAlgorithms ssh-dss',
	'GSSAPIAuthentication yes',
	'HostbasedAuthentication yes',
	'PasswordAuthentication no',
	'KbdInteractiveAuthentication no',
	'NumberOfPasswordPrompts 1',
	'BatchMode yes',
	'User root',
	// Where to.
	'HostName 192.0.2.1',
	'Port 22',
	'AddressFamily inet6',
	'BindAddress 192.0.2.2',
	'BindInterface nowhere0',
	'ProxyCommand false',
	'ProxyJump nowhere.invalid',
	'ProxyUseFdpass yes',
	'CanonicalizeHostname always',
	'CanonicalizeFallbackLocal no',
	'ControlPath ~/.ssh/other-box\n  ControlMaster auto\n  ControlPersist 5',
	'ConnectTimeout 20',
	// Who answers.
	'HostKeyAlias work',
	'HostKeyAlgorithms ssh-rsa',
	'UserKnownHostsFile /dev/null',
	'GlobalKnownHostsFile /nonexistent',
	'StrictHostKeyChecking yes',
	'KnownHostsCommand /bin/false',
	'RevokedHostKeys /nonexistent',
	'VerifyHostKeyDNS yes',
	'CheckHostIP yes',
	'UpdateHostKeys ask',
	'HashKnownHosts yes',
	'RequiredRSASize 4096',
	'CASignatureAlgorithms ssh-ed25519',
	// How it is encrypted.
	'Ciphers 3des-cbc',
	'MACs hmac-md5',
	'KexAlgorithms diffie-hellman-group1-sha1',
	'Compression yes',
	'RekeyLimit 1G',
	// What runs.
	'RequestTTY force',
	'SessionType none',
	'SessionType subsystem',
	'StdinNull yes',
	'ForkAfterAuthentication yes',
	'PermitLocalCommand yes\n  LocalCommand echo spoilt',
	'LogLevel QUIET',
	'EscapeChar none',
	// Forwarding.
	'ForwardAgent yes',
	'ForwardX11 yes',
	'LocalForward 1 127.0.0.1:1\n  ExitOnForwardFailure yes',
	'RemoteForward 1 127.0.0.1:1\n  ExitOnForwardFailure yes',
	'DynamicForward 1\n  ExitOnForwardFailure yes',
	'ClearAllForwardings yes',
	'Tunnel yes\n  ExitOnForwardFailure yes',
	'GatewayPorts yes',
	'SendEnv LANG\n  SetEnv FOO=bar',
	'ServerAliveInterval 7',
];

/**
Three ways in, as people and editors take them: a command, gpubox and a copy. Prints what goes wrong, and for each what it printed, which is
to be the command's output and nothing else.
*/
const waysIn = `
box=$1 node=$2 cli=$3
# All at once: each is mostly waiting.
try() { what=$1 expected=$2; shift 2; (
	out=$("$@" </dev/null 2>"$HOME/err of $what"); code=$?
	[ $code = 0 ] || echo "$what: $code $(tail -n 3 "$HOME/err of $what" | tr '\\n' ' ')"
	[ "$out" = "$expected" ] || echo "$what printed: $out"
) & }
piped() { echo from-stdin | timeout 20 ssh "$box" cat; }
try 'ssh BOX' in timeout 20 ssh "$box" 'printf in'
try 'gpubox ssh BOX' in timeout 20 "$node" "$cli" ssh "$box" -- 'printf in'
try 'scp' '' timeout 20 scp -q "$HOME/file" "$box:copied"
try 'ssh BOX cat' from-stdin piped
wait
`;

describe('what stands under Host *', {skip: needsOwnEngine}, () => {
	let person: Person;
	let folder: string;
	let box: string;
	before(async () => {
		person = await makeKnownPerson(host);
		folder = await makeSshFolder(person);
		// The key of another place.
		await run(person, 'ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'work')]);
		await rm(join(folder, 'work.pub'));
		await writeFile(join(person.home, 'file'), 'content');
		await give(person, join(person.home, 'file'), 0o600);
		await writeFile(join(person.home, 'ways-in'), waysIn);
		box = (await upSsh(person)).name;
	});
	after(async () => {
		await gpubox(person, 'rm', '--yes', box);
		await person.remove();
	});

	for (const line of hostStar) {
		test(line.replaceAll('\n', ';'), async () => {
			const config = join(folder, 'config');
			await writeFile(config, `Include gpubox.config\n\nHost *\n  ${line}\n`);
			await give(person, config, 0o600);
			const found = await run(person, 'sh', [join(person.home, 'ways-in'), box, host.program.node, host.program.cli]);
			assert.equal(found.stdout, '', found.stderr);
		});
	}

	test('a config that ssh refuses costs the name, not gpubox ssh', async () => {
		const config = join(folder, 'config');
		await writeFile(config, 'Include gpubox.config\nHost *\n  NoSuchKeyword yes\n');
		await give(person, config, 0o600);
		assert.equal((await run(person, 'ssh', [box, 'true'])).code, 255);
		const {code, stdout, stderr} = await gpubox(person, 'ssh', box, '--', 'printf in');
		assert.deepEqual([code, stdout], [0, 'in'], stderr);
		assert.match(stderr, /Your ssh config is ignored: .*nosuchkeyword/i);
	});
});

describe('an ssh config that is a link', {skip: needsOwnEngine}, () => {
	let person: Person;
	let box: string | undefined;
	before(async () => {
		person = await makeKnownPerson(host);
	});
	after(async () => {
		if (box !== undefined) {
			await gpubox(person, 'rm', '--yes', box);
		}

		await person.remove();
	});

	test('into a place where no one may write: gpubox writes its own files, and says which line to add', async () => {
		const folder = await makeSshFolder(person);
		const store = join(person.home, '..', 'store');
		await mkdir(store);
		const content = '# Kept elsewhere, linked here.\nHost build\n  HostName build.example.com\n';
		await writeFile(join(store, 'ssh_config'), content, {mode: 0o444});
		await chmod(store, 0o555);
		await symlink(join(store, 'ssh_config'), join(folder, 'config'));
		const {name, stderr} = await upSsh(person);
		box = name;
		assert.match(stderr, /\.ssh\/config is a link into a place where you cannot write, \S+\/store\./);
		assert.match(stderr, /make this the first line of that file: Include gpubox\.config/);
		assert.doesNotMatch(stderr, /EACCES|writable/);
		assert.ok((await lstat(join(folder, 'config'))).isSymbolicLink());
		assert.equal(await readFile(join(store, 'ssh_config'), 'utf8'), content);
		const through = await gpubox(person, 'ssh', name, '--', 'printf in');
		assert.deepEqual([through.code, through.stdout], [0, 'in'], through.stderr);

		await writeFile(join(store, 'ssh_config'), `Include gpubox.config\n${content}`);
		const plain = await run(person, 'ssh', [name, 'printf in']);
		assert.deepEqual([plain.code, plain.stdout], [0, 'in'], plain.stderr);
		assert.doesNotMatch((await upSsh(person)).stderr, /config/, 'nothing left to say');
	});

	test('to a file that is not there yet: the link stays', async () => {
		const folder = join(person.home, '.ssh');
		await rm(join(folder, 'config'));
		await symlink('../dotfiles/ssh/config', join(folder, 'config'));
		const {name, stderr} = await upSsh(person);
		assert.match(stderr, /\.ssh\/config is a link to \S+\/dotfiles\/ssh\/config, which does not exist\./);
		assert.ok((await lstat(join(folder, 'config'))).isSymbolicLink());
		const through = await gpubox(person, 'ssh', name, '--', 'printf in');
		assert.deepEqual([through.code, through.stdout], [0, 'in'], through.stderr);
		assert.equal((await gpubox(person, 'rm', '--yes', name)).code, 0);
		box = undefined;
		assert.deepEqual((await readdir(folder)).sort(), ['config', 'gpubox_ed25519', 'gpubox_ed25519.pub']);
	});
});

test('keys of the agent open a box, with more keys in it than a server lets a client try', {
	skip: needsOwnEngine,
}, async (t) => {
	const person = await makeKnownPerson(host);
	const folder = await makeSshFolder(person);
	const socket = join(person.home, 'agent');
	const agent = start(person, 'ssh-agent', ['-D', '-a', socket]);
	let box: string | undefined;
	t.after(async () => {
		if (box !== undefined) {
			await gpubox(person, 'rm', '--yes', box);
		}

		agent.kill();
		await person.remove();
	});
	await waitUntil('the agent', () => lstat(socket).catch(() => undefined));
	const env = {SSH_AUTH_SOCK: socket};
	const addKey = async (name: string) => {
		const key = join(person.home, name);
		await run(person, 'ssh-keygen', ['-q', '-t', 'ed25519', '-C', name, '-N', '', '-f', key]);
		assert.equal((await run(person, 'ssh-add', ['-q', key], {env})).code, 0);
	};
	// The pair of another place comes first in the agent, and later more than the server allows.
	await addKey('mine');
	box = (await upSsh(person, env)).name;
	assert.deepEqual((await readdir(folder)).sort(), ['config', 'gpubox.config', 'gpubox_known_hosts']);
	for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
		await addKey(name);
	}

	const config = join(folder, 'config');
	await writeFile(config, 'Include gpubox.config\nHost *\n  IdentitiesOnly yes\n  IdentityAgent none\n');
	await give(person, config, 0o600);
	const {code, stderr} = await run(person, 'ssh', [box, 'true'], {env});
	assert.equal(code, 0, stderr);
});

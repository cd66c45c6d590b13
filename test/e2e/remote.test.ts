import assert from 'node:assert/strict';
import {connect, createServer} from 'node:net';
import {after, before, describe, test} from 'node:test';
import {
	freePort,
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	testHost,
} from '../_helpers/test-host/index.ts';
import {findCommand} from '../_helpers/test-host/packages.ts';

// Another workstation by ssh://user@machine: OpenSSH's client and server, and Docker's own command on the other side. The machine
// is a box with SSH that was given the engine's socket.

const host = testHost();
const socket = host.address.replace(/^unix:\/\//, '');

describe('a workstation by ssh', {skip: needsOwnEngine}, () => {
	const there = ['--host', 'ssh://rita@rita-machine'];
	let person: Person;
	before(async () => {
		person = await makePerson(host, 'rita', {known: true});
		const docker = await findCommand('docker');
		const mounts = [`${docker}:/usr/local/bin/docker:ro`, `${socket}:/run/docker.sock`];
		const words = ['--ssh', '--image', host.images.jupyter, '--gpus', '1', '--name', 'rita-machine'];
		const {code, stderr} = await person.runGpubox([
			'up',
			'--trust',
			...words,
			...mounts.flatMap((mount) => ['--mount', mount]),
		]);
		assert.equal(code, 0, stderr);
	});
	after(async () => {
		await person.runGpubox(['rm', '--yes', 'rita-machine']);
		await person.remove();
	});

	test('its boxes and its GPUs', async () => {
		const boxes = await person.runGpubox([...there, 'ls']);
		assert.deepEqual([boxes.code, boxes.stderr], [0, '']);
		assert.match(boxes.stdout, /rita-machine/);
		const {stdout} = await person.runGpubox([...there, 'gpus', '--json']);
		// The machine has one of this host's cards.
		assert.equal((JSON.parse(stdout) as {gpus: unknown[]}).gpus.length, 1);
	});

	test('a command in a box: its streams and its exit code', async () => {
		const {stdout, stderr, code} = await person.runGpubox(
			[...there, 'attach', 'rita-machine', '--', 'sh', '-c', 'cat; echo oops >&2; exit 9'],
			{input: 'to the box\n'},
		);
		assert.deepEqual([stdout, stderr, code], ['to the box\n', 'oops\n', 9]);
	});

	test('a log is followed until Ctrl-C', async () => {
		const terminal = openTerminal(host, person, [...there, 'logs', '-f', 'rita-machine']);
		await terminal.waitFor('Accepted publickey');
		terminal.write('\u0003');
		assert.equal((await terminal.exited).exitCode, 130);
	});

	test('the session, to a shell and back', async () => {
		const terminal = openTerminal(host, person, there);
		await terminal.waitFor(/rita-machine[\s\S]*Accepted publickey/);
		terminal.write('a');
		await terminal.waitFor(/\$ ?$/m);
		terminal.write('pwd\r');
		await terminal.waitFor('/workspace\n');
		terminal.write('exit\r');
		await terminal.waitFor(/Back from rita-machine/);
		terminal.write('q');
		assert.equal((await terminal.exited).exitCode, 0);
	});

	test('one that cannot be reached', async () => {
		const {code, stderr} = await person.runGpubox(['--host', 'ssh://rita@nowhere.invalid', 'ls']);
		assert.equal(code, 3);
		assert.match(stderr, /^gpubox: No Docker Engine answers at ssh:\/\/rita@nowhere\.invalid\.\n {2}→ /);
	});
});

test('a workstation by tcp, with nothing on the screen but what gpubox says', async () => {
	const person = await makePerson(host, 'tilo');
	const server = createServer((near) => {
		const far = connect(socket);
		near.pipe(far).pipe(near);
		for (const side of [near, far]) {
			side.on('error', () => side.destroy());
		}
	});
	const port = await freePort();
	server.listen(port, '127.0.0.1');
	const {code, stdout, stderr} = await person.runGpubox(['--host', `tcp://127.0.0.1:${port}`, 'ls', '--json']);
	server.close();
	await person.remove();
	assert.deepEqual([code, stderr], [0, '']);
	assert.ok(Array.isArray((JSON.parse(stdout) as {boxes: unknown}).boxes));
});

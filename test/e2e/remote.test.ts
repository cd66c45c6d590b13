import assert from 'node:assert/strict';
import {type AddressInfo, connect, createServer} from 'node:net';
import {after, before, describe, test} from 'node:test';
import {makePerson, needsOwnEngine, openTerminal, type Person, testHost} from '../_helpers/test-host/index.ts';
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

/** The engine at a port of this machine. @param change what the engine says, by as many characters */
async function forward(change: (text: string) => string = (text) => text) {
	const server = createServer((near) => {
		const far = connect(socket);
		near.pipe(far);
		far.on('data', (data) => near.write(Buffer.from(change(data.toString('latin1')), 'latin1')));
		far.on('end', () => near.end());
		for (const side of [near, far]) {
			side.on('error', () => side.destroy());
		}
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	return {url: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close()};
}

describe('a workstation by tcp', () => {
	let person: Person;
	before(async () => {
		person = await makePerson(host, 'tilo');
	});
	after(() => person.remove());

	test('this one, with nothing on the screen but what gpubox says', async () => {
		const {url, close} = await forward();
		const {code, stdout, stderr} = await person.runGpubox(['--host', url, 'ls', '--json']);
		const gpus = await person.runGpubox(['gpus', '--json'], {env: {DOCKER_HOST: url}});
		close();
		assert.deepEqual([code, stderr], [0, '']);
		assert.ok(Array.isArray((JSON.parse(stdout) as {boxes: unknown}).boxes));
		if (host.own) {
			assert.equal((JSON.parse(gpus.stdout) as {gpus: unknown[]}).gpus.length, host.own.gpus.length);
		}
	});

	test('another one, behind a port of this one: its GPUs are unknown, and are not those here', async () => {
		const {url, close} = await forward((text) => text.replace(/"KernelVersion":"./, '"KernelVersion":"0'));
		const there = ['--host', url];
		const [ls, gpus, doctor, up] = await Promise.all([
			person.runGpubox([...there, 'ls']),
			person.runGpubox([...there, 'gpus', '--json']),
			person.runGpubox([...there, 'doctor', '--json']),
			person.runGpubox(['up', '--gpus', 'none'], {env: {DOCKER_HOST: url}}),
		]);
		close();
		assert.deepEqual([ls.code, ls.stderr], [0, '']);
		assert.deepEqual([gpus.code, gpus.stdout], [4, '']);
		assert.match(gpus.stderr, /The GPUs are unknown: the engine at tcp:/);
		const {checks} = JSON.parse(doctor.stdout) as {checks: Array<{id: string; status: string}>};
		const skipped = checks.filter(({status}) => status === 'skip').map(({id}) => id);
		for (const id of ['gpu', 'module', 'driver', 'nvidia-smi', 'shared-memory', 'disk', 'ports']) {
			assert.ok(skipped.includes(id), `${id} is not skipped: ${doctor.stdout}`);
		}

		assert.equal(up.code, 2);
		assert.match(up.stderr, /where no program can be started\.\n {2}→ Name it as ssh does/);
	});
});

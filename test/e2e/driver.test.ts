import assert from 'node:assert/strict';
import {copyFile, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	testHost,
	withDriver,
} from '../_helpers/test-host/index.ts';
import {runToEnd} from '../_helpers/test-host/person.ts';

// A driver that is there and cannot be asked as usual: its tool is off the PATH, or it sleeps.

const host = testHost();
const h100 = {name: 'NVIDIA H100 80GB HBM3', computeCapability: '9.0', memoryTotalMiB: 81_559, persistenceMode: false};

/** Whoever comes first waits for the cards to wake; ended early, they sleep again. */
const sleeper = (real: string, seconds: number) => `#!/bin/sh
held() { for file in "$CARDS"/held.*; do [ -e "$file" ] && kill -0 "\${file##*.}" 2>/dev/null && return 0; done; return 1; }
mkdir -p "$CARDS"; last=$(stat -c %Y "$CARDS/last" 2>/dev/null || echo 0)
if ! held && [ $(($(date +%s) - last)) -gt 5 ]; then sleep ${seconds}; fi
: >"$CARDS"/held.$$; : >"$CARDS/last"; exec '${real}' "$@"
`;

// Each has cards of its own that sleep.
describe('a driver that sleeps', {skip: needsOwnEngine, concurrency: true}, () => {
	let person: Person;
	let PATH: string;
	const cards = (name: string) => ({PATH, CARDS: join(person.project, name)});
	before(async () => {
		person = await makePerson(host);
		const driver = await withDriver(host, person, {gpus: [h100, h100]});
		const front = join(person.home, 'front');
		await mkdir(front);
		const smi = sleeper(join(person.home, 'driver/nvidia-smi'), 14);
		await writeFile(join(front, 'nvidia-smi'), smi, {mode: 0o755});
		PATH = `${front}:${driver}`;
	});
	after(() => person.remove());

	test('gpus waits, says so, and shows the cards', async () => {
		const {stdout, stderr, code} = await person.runGpubox(['gpus', '--json'], {env: cards('of-gpus')});
		assert.equal(code, 0, stderr);
		assert.equal((JSON.parse(stdout) as {gpus: unknown[]}).gpus.length, 2);
		assert.match(stderr, /^Waiting for the NVIDIA driver to wake up.*\n {2}→ .*sudo nvidia-smi -pm 1\n$/);
	});

	test('auto gives a card', async () => {
		const words = ['up', '--dry-run', '--image', host.images.jupyter];
		const {stdout, stderr, code} = await person.runGpubox(words, {env: cards('of-up')});
		assert.equal(code, 0, stderr);
		assert.match(stderr, /Waiting for the NVIDIA driver/);
		assert.doesNotMatch(stderr, /gets no GPU/);
		assert.match(stdout, /GPU-00000001-0000/);
	});

	test('the session says it in the pane, then shows the cards', async () => {
		const terminal = openTerminal(host, person, [], {env: cards('of-session')});
		await terminal.waitFor(/Waiting for the NVIDIA driver to wake up/);
		await terminal.waitFor(/2 free/);
		assert.doesNotMatch(terminal.screen(), /Waiting for the NVIDIA driver/);
		terminal.write('q');
		await terminal.exited;
	});

	test('auto makes no box without a GPU because the driver does not answer', async (t) => {
		const other = await makePerson(host);
		t.after(() => other.remove());
		const broken = await withDriver(host, other, {
			gpus: [h100],
			failure: {text: 'Failed to initialize NVML: Unknown Error', exitCode: 255},
		});
		const words = ['up', '--dry-run', '--image', host.images.jupyter];
		const {stderr, code} = await other.runGpubox(words, {env: {PATH: broken}});
		assert.equal(code, 4, stderr);
		assert.match(stderr, /Unknown Error[\s\S]*--gpus none/);
	});
});

describe('nvidia-smi off the PATH, in WSL', {skip: needsOwnEngine}, () => {
	let person: Person;
	let folder: string;
	before(async () => {
		person = await makePerson(host);
		folder = await mkdtemp(join(tmpdir(), 'gpubox-wsl-'));
		await mkdir(join(folder, 'with/wsl/lib'), {recursive: true});
		await mkdir(join(folder, 'without/wsl'), {recursive: true});
		await copyFile(join(host.own?.hostPath ?? '', 'nvidia-smi'), join(folder, 'with/wsl/lib/nvidia-smi'));
		await writeFile(join(folder, 'version'), 'Linux version 6.6.87.2-microsoft-standard-WSL2\n');
		await runToEnd('chmod', ['-R', 'a+rX', folder], {cwd: '/', env: {PATH: process.env.PATH ?? ''}, input: ''});
	});
	after(async () => {
		await person.remove();
		await rm(folder, {recursive: true, force: true});
	});

	/** In a mount namespace of its own, in which the machine is WSL. */
	const run = (lib: 'with' | 'without', ...words: string[]) => {
		const become = [
			`mount -t overlay overlay -o lowerdir=${folder}/${lib}:/usr/lib /usr/lib`,
			`mount --bind ${folder}/version /proc/version`,
			`exec setpriv --reuid ${person.uid} --regid ${person.gid} --clear-groups "$@"`,
		].join(' && ');
		const {node, cli} = host.program;
		return runToEnd('unshare', ['--mount', 'sh', '-c', become, 'sh', node, cli, ...words], {
			cwd: person.project,
			env: {...person.environment, PATH: '/usr/bin:/bin:/usr/sbin:/sbin'},
			input: '',
		});
	};

	test('it is found where WSL keeps it', async () => {
		const {stdout, stderr, code} = await run('with', 'gpus', '--json');
		assert.equal(code, 0, stderr);
		assert.equal((JSON.parse(stdout) as {gpus: unknown[]}).gpus.length, 8);
		const doctor = await run('with', 'doctor', '--json');
		const {checks} = JSON.parse(doctor.stdout) as {checks: Array<{id: string; status: string; found: string}>};
		assert.deepEqual(
			checks.filter(({id}) => ['gpu', 'module', 'driver', 'nvidia-smi'].includes(id)).map(({status}) => status),
			['ok', 'ok', 'ok', 'ok'],
		);
		assert.match((await run('with')).stdout, /GPUs: driver 575/);
	});

	test('where it is nowhere, no one is told to install a driver for Linux', async () => {
		const {stderr, code} = await run('without', 'gpus');
		assert.equal(code, 4);
		assert.match(stderr, /nvidia-smi was not found[\s\S]*Windows lends WSL its driver/);
		const doctor = await run('without', 'doctor');
		assert.match(doctor.stdout, /Windows lends WSL its driver/);
		for (const text of [stderr, doctor.stdout]) {
			assert.doesNotMatch(text, /apt-get install[^\n]*nvidia-driver|Install the NVIDIA driver|not installed/);
		}
	});
});

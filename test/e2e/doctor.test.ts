import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {chmod, mkdir, mkdtemp, symlink, writeFile} from 'node:fs/promises';
import {createServer as createHttpServer} from 'node:http';
import {createServer, type Server} from 'node:net';
import {basename, dirname, join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {startEngine, type TestEngine} from '../_helpers/test-host/engine.ts';
import {
	breakGpuDriver,
	buildImage,
	buildTorchImage,
	dockerOf,
	freePort,
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	type Result,
	testHost,
} from '../_helpers/test-host/index.ts';

// Real engines, set up wrongly in one way each, and the machine below them as /sys and /proc would show it.

type Check = {id: string; status: string; found: string; fix: string; commands: string[]; automatic: boolean};

const host = testHost();
const docker = dockerOf(host);
let person: Person;
before(async () => {
	person = await makePerson(host);
});
after(async () => {
	await person.remove();
});

const blackwell = '0x2b85';
const ada = '0x2684';
const openModule = 'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  575.57.08  Release Build\n';
const proprietaryModule = 'NVRM version: NVIDIA UNIX x86_64 Kernel Module  575.57.08  Sat May 24 07:08:35 UTC 2025\n';

type Machine = {
	/** PCI device id of its card; none with null. */
	card?: string | null;
	/** The driver that holds it. */
	holder?: string;
	/** Of the loaded module; none when missing. */
	module?: string | undefined;
	/** A folder that gets a disk of its own, of 64 MiB. */
	smallDisk?: string;
	/** Files that are others there, by path. */
	files?: Record<string, string>;
	/** More for root to do to the machine. */
	damage?: string;
	env?: Record<string, string | undefined>;
	arguments?: string[];
};

/** Runs gpubox for the person in a mount namespace where /sys and /proc show this machine. */
async function doctorOn({
	card = ada,
	holder = 'nvidia',
	module,
	smallDisk,
	files = {},
	damage = 'true',
	env,
	arguments: more = [],
}: Machine): Promise<Result> {
	const folder = await mkdtemp(join(host.folder, 'machine-'));
	await mkdir(join(folder, 'pci'), {recursive: true});
	await mkdir(join(folder, 'driver', 'nvidia'), {recursive: true});
	if (card !== null) {
		const slot = join(folder, 'pci', '0000:01:00.0');
		await mkdir(slot);
		const entries = {vendor: '0x10de', class: '0x030000', device: card};
		await Promise.all(Object.entries(entries).map(([name, text]) => writeFile(join(slot, name), `${text}\n`)));
		await symlink(`../../../../bus/pci/drivers/${holder}`, join(slot, 'driver'));
	}

	const binds: string[] = [];
	for (const [path, text] of Object.entries(files)) {
		const file = join(folder, basename(path));
		await writeFile(file, text);
		binds.push(`mount --bind '${file}' '${path}'`);
	}

	if (module !== undefined) {
		await writeFile(join(folder, 'driver/nvidia/version'), module);
	}

	const script = [
		'mount --bind "$1/pci" /sys/bus/pci/devices',
		'mount --bind "$1/driver" /proc/driver',
		'if [ -n "$2" ]; then mount -t tmpfs -o size=64m tmpfs "$2"; fi',
		...binds,
		damage,
		`cd ${person.project}`,
		'shift 2',
		`exec setpriv --reuid ${person.uid} --regid ${person.gid} --clear-groups -- "$@"`,
	].join(' && ');
	const {node, cli} = host.program;
	const words = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', folder, smallDisk ?? ''];
	const environment = Object.fromEntries(
		Object.entries({...person.environment, ...env}).filter(([, value]) => value !== undefined),
	) as Record<string, string>;
	const child = spawn('unshare', [...words, node, cli, 'doctor', '--json', ...more], {
		env: environment,
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	let stdout = '';
	let stderr = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		stdout += text;
	});
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		stderr += text;
	});
	return new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (code, signal) => resolve({stdout, stderr, code, signal}));
	});
}

function checksOf({stdout, stderr}: Result): Check[] {
	assert.doesNotMatch(stderr, /\n\s+at /, 'a stack trace');
	try {
		return (JSON.parse(stdout) as {checks: Check[]}).checks;
	} catch (error) {
		throw new Error(`no JSON: ${stdout}${stderr}`, {cause: error});
	}
}

/** Asserts which check is the first to fail. */
function assertFirst(result: Result, id: string, found: RegExp, fix: RegExp): void {
	const checks = checksOf(result);
	const first = checks.find(({status}) => status === 'fail');
	assert.equal(first?.id, id, result.stdout);
	assert.match(first.found, found);
	assert.match(first.fix, fix);
	assert.equal(result.code, 8);
}

/** No container of doctor's is left on an engine. */
async function assertNothingLeft(engine = docker): Promise<void> {
	const containers = await engine.listContainers({all: true, filters: {name: ['gpubox-doctor', 'gpubox-check']}});
	assert.deepEqual(containers, []);
}

/** A PATH with an nvidia-smi that fails, in these words. */
async function pathThatSays(text: string, exitCode: number): Promise<string> {
	const folder = await mkdtemp(join(host.folder, 'smi-'));
	await writeFile(join(folder, 'nvidia-smi'), `#!/bin/sh\ncat <<'END'\n${text}\nEND\nexit ${exitCode}\n`, {
		mode: 0o755,
	});
	await chmod(folder, 0o755);
	return `${folder}:/usr/local/bin:/usr/bin:/bin`;
}

/** A PATH with an nvidia-smi that plays a scenario. */
async function pathWith(scenario: string): Promise<string> {
	const dist = dirname(host.program.cli);
	const folder = await mkdtemp(join(host.folder, 'smi-'));
	const file = join(dist, '../templates/scenarios', `${scenario}.json`);
	const line = `exec '${host.program.node}' '${join(dist, 'demo/nvidia-smi.js')}' --scenario '${file}' "$@"`;
	await writeFile(join(folder, 'nvidia-smi'), `#!/bin/sh\n${line}\n`, {mode: 0o755});
	await chmod(folder, 0o755);
	return `${folder}:/usr/local/bin:/usr/bin:/bin`;
}

describe('on a machine in order', {skip: needsOwnEngine}, () => {
	test('nothing fails, and a container has seen every GPU', async () => {
		const result = await doctorOn({module: openModule});
		const checks = checksOf(result);
		assert.equal(result.code, 0, result.stdout);
		assert.equal(
			checks.find(({status}) => status === 'fail'),
			undefined,
		);
		const count = host.own?.gpus.length;
		assert.match(
			checks.find(({id}) => id === 'container-gpu')?.found ?? '',
			new RegExp(`^${count} of ${count} seen in`),
		);
		assert.match(checks.find(({id}) => id === 'module')?.found ?? '', /^open, 575\.57\.08/);
		await assertNothingLeft();
	});

	test('a person reads one line for each layer', async () => {
		const {stdout, code} = await person.runGpubox(['doctor']);
		assert.equal(code, 0, stdout);
		assert.match(stdout, /^✓ GPU on the bus {6}\S/);
		assert.match(stdout, /^✓ GPU in a container {2}\d+ of \d+ seen/m);
	});
});

describe('the driver', {skip: needsOwnEngine}, () => {
	test('upgraded without a reboot', async () => {
		assertFirst(
			await doctorOn({module: openModule, env: {PATH: await pathWith('driver-mismatch')}}),
			'driver',
			/Module 575\.57\.08 is loaded: .*mismatch/,
			/^sudo reboot$/,
		);
	});

	test('not loaded', async () => {
		const result = await doctorOn({env: {PATH: await pathWith('driver-not-running')}});
		assertFirst(result, 'module', /running kernel|not loaded/, /modprobe nvidia|dkms|akmods|mokutil/);
	});

	test('without a card that it can drive', async () => {
		assertFirst(
			await doctorOn({module: openModule, env: {PATH: await pathWith('no-devices')}}),
			'nvidia-smi',
			/No devices were found/,
			/dmesg/,
		);
	});

	test('of the wrong kind for a Blackwell card', async () => {
		assertFirst(
			await doctorOn({card: blackwell, module: proprietaryModule, env: {PATH: await pathWith('no-devices')}}),
			'module',
			/proprietary module .*Blackwell/,
			/open/,
		);
	});

	test('that lost a card', async () => {
		// Two minutes into the scenario: one card needs a reset, another is gone.
		const epoch = String(Date.now() - 120_000);
		const env = {PATH: await pathWith('card-fails'), GPUBOX_SCENARIO_EPOCH: epoch};
		assertFirst(
			await doctorOn({module: openModule, env}),
			'nvidia-smi',
			/GPU is lost|requires reset/,
			/reboot|gpu-reset/,
		);
	});

	test('not installed', async () => {
		assertFirst(
			await doctorOn({env: {PATH: '/usr/local/bin:/usr/bin:/bin'}}),
			'module',
			/No NVIDIA driver is installed/,
			/nvidia|driver-installation-guide/,
		);
	});
});

const noDevices = ['No devices were found', 6] as const;
const notRunning = [
	"NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.",
	9,
] as const;
// A kernel without modules has no list of them.
const hasModules = existsSync('/proc/modules');
const modules = hasModules ? {'/proc/modules': 'ext4 1 1 - Live 0x0\n'} : {};
const none = '/usr/local/bin:/usr/bin:/bin';

describe('the machine, with an nvidia-smi in the words of the real one', {skip: needsOwnEngine}, () => {
	const machines: Array<[name: string, machine: () => Promise<Machine>, id: string, found: RegExp, fix: RegExp]> = [
		[
			'without a card',
			async () => ({card: null, files: modules, env: {PATH: await pathThatSays(...notRunning)}}),
			'gpu',
			/No NVIDIA GPU on the PCI bus/,
			/lspci/,
		],
		[
			'whose card is set aside for a virtual machine',
			async () => ({holder: 'vfio-pci', module: openModule, env: {PATH: await pathThatSays(...noDevices)}}),
			'gpu',
			/held by vfio-pci/,
			/vfio/,
		],
		[
			'whose card nouveau holds',
			async () => ({
				holder: 'nouveau',
				files: {'/proc/modules': 'nouveau 3096576 4 - Live 0x0\n'},
				env: {PATH: none},
			}),
			'module',
			/nouveau is loaded/,
			/blacklist nouveau/,
		],
		[
			'with the open module and a Pascal card',
			async () => ({
				card: '0x1b06',
				module: openModule,
				files: {'/etc/os-release': 'ID=ubuntu\n'},
				env: {PATH: await pathThatSays(...noDevices)},
			}),
			'module',
			/open module .*older than Turing/,
			/^sudo apt-get install -y nvidia-driver-580 && sudo reboot$/,
		],
		[
			'without a driver, Fedora',
			async () => ({files: {...modules, '/etc/os-release': 'ID=fedora\n'}, env: {PATH: none}}),
			'module',
			/No NVIDIA driver is installed/,
			/^sudo dnf install -y akmod-nvidia xorg-x11-drv-nvidia-cuda && sudo reboot$/,
		],
		[
			'without a driver, Arch',
			async () => ({files: {...modules, '/etc/os-release': 'ID=arch\n'}, env: {PATH: none}}),
			'module',
			/No NVIDIA driver is installed/,
			/^sudo pacman -S --needed nvidia-open nvidia-utils && sudo reboot$/,
		],
		[
			'without a driver, openSUSE',
			async () => ({files: {...modules, '/etc/os-release': 'ID="opensuse-leap"\n'}, env: {PATH: none}}),
			'module',
			/No NVIDIA driver is installed/,
			/^sudo zypper install -y .* && sudo reboot$/,
		],
		[
			'without the library of its driver',
			async () => ({
				module: openModule,
				files: {'/etc/os-release': 'ID=ubuntu\n'},
				env: {PATH: await pathThatSays("NVIDIA-SMI couldn't find libnvidia-ml.so library in your system.", 12)},
			}),
			'driver',
			/library is missing/,
			/^sudo apt-get install -y nvidia-utils-575$/,
		],
		[
			'where nvidia-smi may not talk to the driver',
			async () => ({
				module: openModule,
				env: {PATH: await pathThatSays('Failed to initialize NVML: Insufficient Permissions', 4)},
			}),
			'nvidia-smi',
			/Insufficient Permissions/,
			/nvidia-modprobe/,
		],
		[
			'that is a WSL kept from the card by Windows',
			async () => ({
				card: null,
				files: {...modules, '/proc/version': 'Linux version 6.6.87.2-microsoft-standard-WSL2\n'},
				env: {PATH: await pathThatSays('Failed to initialize NVML: GPU access blocked by the operating system', 255)},
			}),
			'nvidia-smi',
			/blocked by the operating system/,
			/wsl\.exe --update/,
		],
		[
			'with a full /dev/shm',
			async () => ({
				module: openModule,
				damage: 'mount -t tmpfs -o size=20m,mode=1777 tmpfs /dev/shm && head -c 15m /dev/zero > /dev/shm/left-behind',
			}),
			'shared-memory',
			/free in \/dev\/shm/,
			/ls -lSh \/dev\/shm/,
		],
		[
			'with a /dev/shm that is closed',
			async () => ({module: openModule, damage: 'mount -t tmpfs -o mode=755 tmpfs /dev/shm'}),
			'shared-memory',
			/not writable/,
			/^sudo chmod 1777 \/dev\/shm$/,
		],
	];
	for (const [name, machine, id, found, fix] of machines) {
		const skip = /nouveau/.test(name) && !hasModules ? 'this kernel has no list of modules' : false;
		test(name, {skip}, async () => {
			assertFirst(await doctorOn(await machine()), id, found, fix);
		});
	}

	test('whose clock is an hour behind the registry', async () => {
		const registry = createHttpServer((_request, response) => {
			response.setHeader('date', new Date(Date.now() + 3_600_000).toUTCString()).end();
		});
		const port = await freePort();
		registry.listen(port, '127.0.0.1');
		await person.runGpubox(['config', 'build.registryMirror', `127.0.0.1:${port}`]);
		const result = await doctorOn({module: openModule});
		await person.runGpubox(['config', 'build.registryMirror', '--unset']);
		registry.close();
		assertFirst(result, 'clock', /behind the registry's clock/, /^sudo timedatectl set-ntp true$/);
	});
});

describe('the engine', {skip: needsOwnEngine}, () => {
	test('is not there', async () => {
		const env = {DOCKER_HOST: 'unix:///nonexistent/docker.sock'};
		assertFirst(await doctorOn({module: openModule, env}), 'engine', /nonexistent/, /docker/);
	});

	test('is nobody at an address', async () => {
		const env = {DOCKER_HOST: 'gopher://somewhere'};
		assertFirst(await doctorOn({module: openModule, env}), 'engine', /gopher/, /unix:.*unset it to use the default/);
	});

	test('may not be used', async () => {
		const env = {DOCKER_HOST: host.own?.rootOnlyAddress};
		assertFirst(
			await doctorOn({module: openModule, env}),
			'permission',
			/has no permission for|in the group/,
			/docker/,
		);
	});

	test('keeps its images on a full disk', async () => {
		const {DockerRootDir} = (await docker.info()) as {DockerRootDir: string};
		assertFirst(
			await doctorOn({module: openModule, smallDisk: DockerRootDir}),
			'disk',
			/64\.0 MiB free at/,
			/docker system df/,
		);
	});

	describe('whose GPU driver refuses', () => {
		const reasons: Array<[reason: string, id: string, fix: RegExp]> = [
			['initialization error: nvml error: driver/library version mismatch', 'driver', /reboot/],
			['initialization error: nvml error: driver not loaded', 'module', /modprobe nvidia/],
			[
				'initialization error: load library failed: libnvidia-ml.so.1: cannot open shared object file: no such file or directory',
				'driver',
				/Install the NVIDIA driver/,
			],
			['initialization error: driver rpc error: timed out', 'container-gpu', /nvidia-smi -pm 1/],
			['initialization error: something nobody has seen', 'container-gpu', /journalctl -u docker/],
		];
		for (const [reason, id, fix] of reasons) {
			test(reason.slice(0, 70), async () => {
				const broken = await breakGpuDriver(host.own?.hookFolder ?? '', reason);
				const result = await doctorOn({module: openModule});
				await broken.mend();
				assertFirst(result, id, new RegExp(reason.slice(22, 50).replaceAll('/', '.')), fix);
				await assertNothingLeft();
			});
		}
	});

	describe('without the container toolkit', () => {
		let bare: TestEngine;
		before(async () => {
			bare = await startEngine({
				dataFolder: await mkdtemp(join(host.folder, 'no-hook-')),
				runFolder: join(host.own?.runFolder ?? '', 'no-hook'),
				groupId: person.gid,
			});
		});
		after(async () => {
			await bare.stop();
		});

		test('fails for it, with and without an image to try', async () => {
			const env = {DOCKER_HOST: bare.address};
			const before = await doctorOn({module: openModule, env});
			assertFirst(before, 'toolkit', /Neither/, /nvidia-ctk runtime configure|install-guide/);
			await buildImage(bare.docker, 'gpubox-test/empty:1', 'FROM scratch\nLABEL empty=true\n');
			const tried = await doctorOn({module: openModule, env});
			assertFirst(tried, 'toolkit', /could not select device driver/, /nvidia-ctk runtime configure|install-guide/);
			await assertNothingLeft(bare.docker);
		});
	});
});

describe('what is only worth a word', {skip: needsOwnEngine}, () => {
	let server: Server | undefined;
	after(() => {
		server?.close();
	});

	test('a port that another program has', async () => {
		server = createServer();
		const listening = new Promise<void>((resolve) => {
			// Someone else may have it already, which is as good.
			server?.once('error', () => resolve());
			server?.listen(8888, '127.0.0.1', () => resolve());
		});
		await listening;
		const result = await doctorOn({module: openModule});
		const ports = checksOf(result).find(({id}) => id === 'ports');
		assert.equal(ports?.status, 'warn');
		assert.match(ports.found, /8888 taken/);
		assert.equal(result.code, 0);
	});

	test('a mirror that nobody has, and a proxy for the shell alone', async () => {
		await person.runGpubox(['config', 'build.registryMirror', '127.0.0.1:1']);
		const env = {https_proxy: 'http://me:hush@127.0.0.1:1'};
		const result = await doctorOn({module: openModule, env});
		await person.runGpubox(['config', 'build.registryMirror', '--unset']);
		const checks = checksOf(result);
		assert.match(checks.find(({id}) => id === 'registry')?.found ?? '', /127\.0\.0\.1:1 \(the mirror\)/);
		assert.equal(checks.find(({id}) => id === 'proxy')?.status, 'warn');
		assert.doesNotMatch(result.stdout, /hush/);
		assert.equal(result.code, 0);
	});
});

describe('--fix', {skip: needsOwnEngine}, () => {
	test('shows the commands and asks; no runs none of them', async () => {
		const folder = await mkdtemp(join(host.folder, 'sudo-'));
		await writeFile(join(folder, 'sudo'), `#!/bin/sh\n: > '${folder}/asked'\n`, {mode: 0o755});
		const smi = `#!/bin/sh\n'${host.own?.hostPath}/nvidia-smi' "$@" | sed s/Enabled/Disabled/\n`;
		await writeFile(join(folder, 'nvidia-smi'), smi, {mode: 0o755});
		await chmod(folder, 0o777);
		const env = {PATH: `${folder}:/usr/local/bin:/usr/bin:/bin`};
		const terminal = openTerminal(host, person, ['doctor', '--fix'], {env, rows: 60});
		await terminal.waitFor(/Persistence mode: sudo nvidia-smi -pm 1\n[\s\S]*Run them\? \[y\/N\]/);
		terminal.write('n\r');
		await terminal.exited;
		assert.ok(!existsSync(join(folder, 'asked')));
	});

	test('shows what it would run and runs nothing without a terminal to ask on', async () => {
		const env = {DOCKER_HOST: 'unix:///var/run/docker.sock', PATH: await pathWith('driver-not-running')};
		const result = await doctorOn({module: openModule, env, arguments: ['--fix']});
		assert.match(result.stderr, /Automatic fixes:/);
		assert.doesNotMatch(result.stderr, /^\$ /m);
		assert.equal(result.code, 8);
	});

	test('applies the safe fixes with --yes, and checks again', async () => {
		const folder = await mkdtemp(join(host.folder, 'sudo-'));
		await chmod(folder, 0o777);
		// What stands in for sudo writes down what it was asked for.
		await writeFile(join(folder, 'sudo'), `#!/bin/sh\necho "$@" >> '${folder}/asked'\n`, {mode: 0o755});
		await writeFile(
			join(folder, 'nvidia-smi'),
			`#!/bin/sh\n[ -e '${folder}/asked' ] && mode=Enabled || mode=Disabled\n'${host.own?.hostPath}/nvidia-smi' "$@" | sed "s/Enabled/$mode/; s/Disabled/$mode/"\n`,
			{mode: 0o755},
		);
		const env = {PATH: `${folder}:/usr/local/bin:/usr/bin:/bin`};
		const first = checksOf(await doctorOn({module: openModule, env}));
		assert.equal(first.find(({id}) => id === 'persistence')?.status, 'warn');
		const result = await doctorOn({module: openModule, env, arguments: ['--fix', '--yes']});
		assert.match(result.stderr, /^\$ sudo nvidia-smi -pm 1$/m);
		assert.equal(checksOf(result).find(({id}) => id === 'persistence')?.status, 'ok');
	});
});

describe('gpubox check', {skip: needsOwnEngine}, () => {
	test('fails clearly for an image without Python, and for one without PyTorch', async () => {
		const bare = await person.runGpubox(['check', host.images.bare]);
		assert.equal(bare.code, 8);
		assert.match(bare.stdout, /The image has no Python\./);
		const jupyter = await person.runGpubox(['check', host.images.jupyter, '--json']);
		assert.equal(jupyter.code, 8);
		assert.match(jupyter.stdout, /The image has no PyTorch\./);
		await assertNothingLeft();
	});

	test('passes for an image whose PyTorch uses every GPU, and for a box of it', async () => {
		const image = 'gpubox-test/torch:1';
		const gpus = host.own?.gpus ?? [];
		await buildTorchImage(docker, host, image);
		const result = await person.runGpubox(['check', image, '--json']);
		assert.equal(result.code, 0, result.stdout + result.stderr);
		const {
			passed,
			gpus: checked,
			allReduce,
		} = JSON.parse(result.stdout) as {
			passed: boolean;
			gpus: unknown[];
			allReduce: {passed: boolean};
		};
		assert.equal(passed, true);
		assert.equal(checked.length, gpus.length);
		assert.equal(allReduce.passed, true);
		await assertNothingLeft();

		const made = await person.runGpubox(['up', '--image', image, '--gpus', 'all', '--no-wait', '--name', 'checked']);
		assert.equal(made.code, 0, made.stderr);
		const here = await person.runGpubox(['check']);
		const held = await person.runGpubox(['check', image]);
		await person.runGpubox(['rm', '--yes', 'checked']);
		await docker.getImage(image).remove({force: true});
		assert.equal(here.code, 0, here.stdout + here.stderr);
		assert.match(here.stdout, /^box checked: PyTorch 2\.8\.0/);
		assert.equal(held.code, 7, 'GPUs that a box holds are not tried');
	});
});

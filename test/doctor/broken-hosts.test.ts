import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import type {CheckId} from '../../source/doctor/check.ts';
import {EngineError} from '../../source/engine/engine.ts';
import {checkOf, examine, type Machine, noToolkit, probeOf, texts} from './_hosts.ts';

// Each host is broken in one way, in the words that real ones use: the first check that fails must be the right one, with the
// right remedy.

type Case = {
	name: string;
	host: Machine;
	first: CheckId;
	found: RegExp;
	/** Matches the commands, or the advice where no command helps. */
	fix: RegExp;
	automatic?: true;
};

const notLoaded = {files: {'/proc/driver/nvidia/version': null, '/proc/modules': 'ext4 1 1 - Live 0x0\n'}};
const notRunning = {
	text: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.",
	exitCode: 9,
};
const os = (id: string, like = '') => `PRETTY_NAME="${id}"\nID="${id}"\nID_LIKE="${like}"\n`;
const hookWrapper = (reason: string) =>
	`failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error running prestart hook #0: exit status 1, stdout: , stderr: Auto-detected mode as 'legacy' nvidia-container-cli: ${reason}: unknown`;

const cases: Case[] = [
	{
		name: 'no card',
		host: {...notLoaded, cards: [], smi: null},
		first: 'gpu',
		found: /No NVIDIA GPU on the PCI bus/,
		fix: /lspci -nn -d 10de:/,
	},
	{
		name: 'a driver without a card: nvidia-smi finds none',
		host: {...notLoaded, cards: [], smi: {text: 'No devices were found', exitCode: 6}},
		first: 'gpu',
		found: /No NVIDIA GPU on the PCI bus/,
		fix: /lspci/,
	},
	{
		name: 'the card is set aside for a virtual machine',
		host: {cards: [{device: '0x2684', driver: 'vfio-pci'}], smi: {text: 'No devices were found', exitCode: 6}},
		first: 'gpu',
		found: /vfio-pci/,
		fix: /vfio/,
	},
	{
		name: 'no driver on Ubuntu',
		host: {...notLoaded, smi: null},
		first: 'module',
		found: /No NVIDIA driver is installed/,
		fix: /ubuntu-drivers install/,
	},
	{
		name: 'no driver on Debian',
		host: {files: {...notLoaded.files, '/etc/os-release': os('debian')}, smi: null},
		first: 'module',
		found: /No NVIDIA driver/,
		fix: /main contrib non-free non-free-firmware.*apt-get install .*nvidia-driver firmware-misc-nonfree/,
	},
	{
		name: 'no driver on Fedora',
		host: {files: {...notLoaded.files, '/etc/os-release': os('fedora')}, smi: null},
		first: 'module',
		found: /No NVIDIA driver/,
		fix: /dnf install -y akmod-nvidia/,
	},
	{
		name: 'no driver on Rocky Linux',
		host: {files: {...notLoaded.files, '/etc/os-release': os('rocky', 'rhel centos fedora')}, smi: null},
		first: 'module',
		found: /No NVIDIA driver/,
		fix: /epel-release.*cuda-rhel\$\(rpm -E %rhel\)\.repo.*dnf install -y .* nvidia-open/,
	},
	{
		name: 'no driver on openSUSE',
		host: {files: {...notLoaded.files, '/etc/os-release': os('opensuse-leap', 'suse opensuse')}, smi: null},
		first: 'module',
		found: /No NVIDIA driver/,
		fix: /zypper install/,
	},
	{
		name: 'no driver on Arch',
		host: {files: {...notLoaded.files, '/etc/os-release': os('arch')}, smi: null},
		first: 'module',
		found: /No NVIDIA driver/,
		fix: /pacman -S/,
	},
	{
		name: 'no driver on a system that is not known',
		host: {files: {...notLoaded.files, '/etc/os-release': os('plan9')}, smi: null},
		first: 'module',
		found: /No NVIDIA driver/,
		fix: /driver-installation-guide/,
	},
	{
		name: 'no driver for a Blackwell card',
		host: {...notLoaded, cards: [{device: '0x2b85'}], smi: null},
		first: 'module',
		found: /No NVIDIA driver/,
		fix: /nvidia-driver-580-open/,
	},
	{
		name: 'nouveau holds the card',
		host: {
			files: {...notLoaded.files, '/proc/modules': 'nouveau 3096576 4 - Live 0x0000000000000000\n'},
			cards: [{device: '0x2684', driver: 'nouveau'}],
			smi: null,
		},
		first: 'module',
		found: /nouveau/,
		fix: /blacklist nouveau.*update-initramfs -u.*ubuntu-drivers install/,
	},
	{
		name: 'the module is installed and not loaded',
		host: {
			...notLoaded,
			smi: notRunning,
			commands: {
				modinfo: {exitCode: 0, stdout: '580.95.05\n'},
				mokutil: {exitCode: 0, stdout: 'SecureBoot disabled\n'},
			},
		},
		first: 'module',
		found: /580\.95\.05 is installed but not loaded/,
		fix: /^sudo modprobe nvidia$/,
		automatic: true,
	},
	{
		name: 'secure boot keeps the module out',
		host: {
			...notLoaded,
			smi: notRunning,
			commands: {modinfo: {exitCode: 0, stdout: '580.95.05\n'}, mokutil: {exitCode: 0, stdout: 'SecureBoot enabled\n'}},
		},
		first: 'module',
		found: /secure boot is on/,
		fix: /mokutil --import/,
	},
	{
		name: 'a new kernel without the module',
		host: {...notLoaded, smi: notRunning, commands: {modinfo: {exitCode: 1, stdout: ''}}},
		first: 'module',
		found: /for the running kernel/,
		fix: /linux-headers-\$\(uname -r\).*dkms autoinstall/,
	},
	{
		name: 'a Blackwell card with the proprietary module',
		host: {
			files: {'/proc/driver/nvidia/version': texts.proprietaryModule},
			cards: [{device: '0x2d04'}],
			smi: {text: 'No devices were found', exitCode: 6},
		},
		first: 'module',
		found: /proprietary module 580\.95\.05 .*Blackwell/,
		fix: /nvidia-driver-580-open/,
	},
	{
		name: 'a Pascal card with the open module',
		host: {cards: [{device: '0x1b06'}], smi: {text: 'No devices were found', exitCode: 6}},
		first: 'module',
		found: /open module .*older than Turing/,
		fix: /nvidia-driver-580 /,
	},
	{
		name: 'the driver was upgraded, the machine not restarted',
		host: {
			smi: {
				text: 'Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 580.159',
				exitCode: 18,
			},
		},
		first: 'driver',
		found: /Module 580\.95\.05 is loaded: .*mismatch.*580\.159/,
		fix: /^sudo reboot$/,
	},
	{
		name: 'the same, seen only by a container',
		host: {startError: hookWrapper('initialization error: nvml error: driver/library version mismatch')},
		first: 'driver',
		found: /version mismatch/,
		fix: /^sudo reboot$/,
	},
	{
		name: 'the library of the driver is missing',
		host: {
			smi: {
				text: "NVIDIA-SMI couldn't find libnvidia-ml.so library in your system. Please make sure that the NVIDIA Display Driver is properly installed and present in your system.",
				exitCode: 12,
			},
		},
		first: 'driver',
		found: /library is missing/,
		fix: /nvidia-utils-580/,
	},
	{
		name: 'the module without nvidia-smi',
		host: {smi: null},
		first: 'driver',
		found: /nvidia-smi or its library is missing/,
		fix: /nvidia-utils-580/,
	},
	{
		name: 'a Blackwell card with an old driver',
		host: {cards: [{device: '0x2901'}], inventory: {driverVersion: '550.54.15', cudaVersion: '12.4'}},
		first: 'driver',
		found: /550\.54\.15/,
		fix: /nvidia-driver-580-open/,
	},
	{
		name: 'a card fell off the bus',
		host: {
			smi: {
				text: 'Unable to determine the device handle for GPU0: 0000:01:00.0: GPU is lost.  Reboot the system to recover this GPU',
				exitCode: 15,
			},
		},
		first: 'nvidia-smi',
		found: /GPU is lost/,
		fix: /^sudo reboot$/,
	},
	{
		name: 'a card that the driver cannot drive',
		host: {smi: {text: 'No devices were found', exitCode: 6}},
		first: 'nvidia-smi',
		found: /No devices were found/,
		fix: /dmesg/,
	},
	{
		name: 'nvidia-smi may not',
		host: {smi: {text: 'Failed to initialize NVML: Insufficient Permissions', exitCode: 4}},
		first: 'nvidia-smi',
		found: /Insufficient Permissions/,
		fix: /\/dev\/nvidia\*/,
	},
	{
		name: 'Windows keeps WSL from the card',
		host: {
			files: {...notLoaded.files, '/proc/version': 'Linux version 6.6.87.2-microsoft-standard-WSL2\n'},
			cards: [],
			smi: {text: 'Failed to initialize NVML: GPU access blocked by the operating system', exitCode: 255},
		},
		first: 'nvidia-smi',
		found: /blocked by the operating system/,
		fix: /wsl\.exe --update/,
	},
	{
		name: 'no engine is installed',
		host: {
			files: {'/usr/bin/dockerd': null},
			engineError: new EngineError('unreachable', 'connect ENOENT /var/run/docker.sock'),
		},
		first: 'engine',
		found: /No Docker Engine is installed/,
		fix: /get\.docker\.com/,
	},
	{
		name: 'the engine does not run',
		host: {engineError: new EngineError('unreachable', 'connect ECONNREFUSED /var/run/docker.sock')},
		first: 'engine',
		found: /ECONNREFUSED/,
		fix: /^sudo systemctl enable --now docker$/,
		automatic: true,
	},
	{
		name: 'an address at which nothing is',
		host: {
			address: 'tcp://10.0.0.9:2375',
			local: false,
			engineError: new EngineError('unreachable', 'connect EHOSTUNREACH 10.0.0.9:2375'),
		},
		first: 'engine',
		found: /EHOSTUNREACH/,
		fix: /docker context ls/,
	},
	{
		name: 'not in the group docker',
		host: {
			files: {'/etc/group': 'docker:x:999:bob\n'},
			groups: [1000],
			engineError: new EngineError('no-permission', 'connect EACCES /var/run/docker.sock'),
		},
		first: 'permission',
		found: /alice has no permission for/,
		fix: /^sudo usermod -aG docker "\$USER" && newgrp docker$/,
	},
	{
		name: 'in the group docker since this login began',
		host: {groups: [1000], engineError: new EngineError('no-permission', 'connect EACCES /var/run/docker.sock')},
		first: 'permission',
		found: /added after this login/,
		fix: /^newgrp docker$/,
	},
	{
		name: 'no group docker',
		host: {
			files: {'/etc/group': 'root:x:0:\n'},
			groups: [1000],
			engineError: new EngineError('no-permission', 'connect EACCES /var/run/docker.sock'),
		},
		first: 'permission',
		found: /has no permission for/,
		fix: /groupadd --system docker/,
	},
	{
		name: 'an engine too old',
		host: {info: {version: '19.03.15', cdiDevices: [], cdiSpecDirectories: []}},
		first: 'engine-version',
		found: /19\.03\.15/,
		fix: /get\.docker\.com/,
	},
	{
		name: 'no toolkit',
		host: {
			files: noToolkit,
			info: {version: '28.0.4', cdiDevices: []},
			startError: 'could not select device driver "" with capabilities: [[gpu]]',
		},
		first: 'toolkit',
		found: /could not select device driver/,
		fix: /apt-get install -y nvidia-container-toolkit.*nvidia-ctk runtime configure.*restart docker/,
	},
	{
		name: 'no toolkit, in the words of engine 29.3, on Rocky Linux',
		host: {
			files: {...noToolkit, '/etc/os-release': os('rocky', 'rhel')},
			info: {cdiDevices: []},
			startError: 'failed to discover GPU vendor from CDI: no known GPU vendor found',
		},
		first: 'toolkit',
		found: /no known GPU vendor/,
		fix: /dnf install -y nvidia-container-toolkit/,
	},
	{
		name: 'no toolkit, and no image to try it with',
		host: {files: noToolkit, info: {version: '28.0.4', cdiDevices: []}, images: []},
		first: 'toolkit',
		found: /Neither/,
		fix: /nvidia-container-toolkit/,
	},
	{
		name: 'a toolkit that the engine was not told of',
		host: {
			info: {version: '28.0.4', cdiDevices: []},
			startError: 'could not select device driver "" with capabilities: [[gpu]]',
			commands: {'nvidia-ctk --version': {exitCode: 0, stdout: 'NVIDIA Container Toolkit CLI version 1.18.0\n'}},
		},
		first: 'toolkit',
		found: /1\.18\.0.*the engine does not use it/,
		fix: /^sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker$/,
	},
	{
		name: 'a rootless engine that was not told of the toolkit',
		host: {
			info: {version: '28.0.4', cdiDevices: [], rootless: true},
			startError: 'could not select device driver "" with capabilities: [[gpu]]',
		},
		first: 'toolkit',
		found: /does not use it/,
		fix: /systemctl --user restart docker/,
	},
	{
		name: 'a rootless engine, and no toolkit',
		host: {files: noToolkit, info: {version: '28.0.4', cdiDevices: [], rootless: true}, images: []},
		first: 'toolkit',
		found: /Neither/,
		fix: /apt-get install -y nvidia-container-toolkit && nvidia-ctk runtime configure --runtime=docker --config="\$HOME\/\.config\/docker\/daemon\.json" && systemctl --user restart docker && sudo nvidia-ctk config .*no-cgroups/,
	},
	{
		name: 'a rootless engine that does not answer',
		host: {
			address: 'unix:///run/user/1000/docker.sock',
			engineError: new EngineError('failed', 'timed out'),
		},
		first: 'engine',
		found: /timed out/,
		fix: /^journalctl --user -u docker --since -10min$/,
	},
	{
		name: 'a CDI specification out of date',
		host: {startError: 'CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=GPU-0'},
		first: 'toolkit',
		found: /unresolvable CDI devices/,
		fix: /nvidia-cdi-refresh.*nvidia-ctk cdi generate/,
		automatic: true,
	},
	{
		name: 'an engine with CDI switched off',
		host: {
			startError: 'could not select device driver "cdi" with capabilities: []',
			commands: {'nvidia-ctk --version': {exitCode: 0, stdout: 'NVIDIA Container Toolkit CLI version 1.18.0\n'}},
		},
		first: 'toolkit',
		found: /device driver "cdi"/,
		fix: /nvidia-ctk runtime configure --runtime=docker --cdi\.enabled && sudo systemctl restart docker$/,
	},
	{
		name: 'Podman without a CDI specification',
		host: {files: noToolkit, info: {flavour: 'podman', version: '5.5.0', cdiDevices: []}, images: []},
		first: 'toolkit',
		found: /No CDI specification/,
		fix: /nvidia-ctk cdi generate/,
		automatic: true,
	},
	{
		name: 'a driver without libraries for containers',
		host: {
			startError: hookWrapper(
				'initialization error: load library failed: libnvidia-ml.so.1: cannot open shared object file: no such file or directory',
			),
		},
		first: 'driver',
		found: /libnvidia-ml/,
		fix: /Install the NVIDIA driver/,
	},
	{
		name: 'a driver that sleeps too deep',
		host: {startError: hookWrapper('initialization error: driver rpc error: timed out')},
		first: 'container-gpu',
		found: /timed out/,
		fix: /nvidia-smi -pm 1/,
	},
	{
		name: 'NVML fails inside',
		host: {inside: {stdout: 'Failed to initialize NVML: Insufficient Permissions\n', exitCode: 4}},
		first: 'container-gpu',
		found: /Insufficient Permissions/,
		fix: /label=disable/,
	},
	{
		name: 'the container sees fewer cards',
		host: {cards: [{device: '0x2684'}, {device: '0x2684'}], inside: {stdout: 'GPU 0: NVIDIA\n', exitCode: 0}},
		first: 'container-gpu',
		found: /1 of 2 seen/,
		fix: /docker run --rm --gpus all/,
	},
	{
		name: '/dev/shm is closed',
		host: {unwritable: ['/dev/shm']},
		first: 'shared-memory',
		found: /not writable/,
		fix: /^sudo chmod 1777 \/dev\/shm$/,
		automatic: true,
	},
	{
		name: '/dev/shm is full',
		host: {freeBytes: {'/dev/shm': 4096}},
		first: 'shared-memory',
		found: /4.*free in \/dev\/shm/,
		fix: /ls -lSh \/dev\/shm/,
	},
	{
		name: 'a full disk',
		host: {freeBytes: {'/var/lib/docker': 300 * 1024 ** 2}},
		first: 'disk',
		found: /300 MiB free at \/var\/lib\/docker/,
		fix: /docker system df.*gpubox disk --prune/,
	},
	{
		name: 'a clock an hour ahead',
		host: {head: {status: 401, date: 'Fri, 20 Nov 2026 11:00:00 GMT'}},
		first: 'clock',
		found: /ahead of the registry/,
		fix: /^sudo timedatectl set-ntp true$/,
		automatic: true,
	},
];

describe('the first check that fails is the right one, with the right remedy', () => {
	for (const {name, host, first, found, fix, automatic = false} of cases) {
		test(name, async () => {
			const checks = await examine(host);
			const failed = checks.find(({status}) => status === 'fail');
			assert.equal(failed?.id, first, JSON.stringify(checks, undefined, ' '));
			assert.match(failed.found, found);
			assert.ok(failed.why.length > 0);
			const remedy = failed.fix?.commands.length ? failed.fix.commands.join(' && ') : failed.fix?.text;
			assert.match(`${remedy}`, fix);
			assert.equal(failed.fix?.automatic, automatic);
			// Nothing is run that a person did not see as a command.
			assert.ok(!automatic || (failed.fix?.commands.length ?? 0) > 0);
		});
	}
});

describe('every command is one of the distribution', () => {
	const managers =
		/\b(?:apt-get|apt|dpkg|ubuntu-drivers|dnf|rpm|akmods|zypper|pacman|yay|mkinitcpio|dracut|update-initramfs)\b/g;
	const systems: Array<[release: string, own: string[]]> = [
		[texts.ubuntu, ['apt-get', 'ubuntu-drivers', 'update-initramfs']],
		[os('debian'), ['apt-get', 'dpkg', 'update-initramfs']],
		[os('fedora'), ['dnf', 'rpm', 'akmods', 'dracut']],
		[os('almalinux', 'rhel centos fedora'), ['dnf', 'rpm', 'dracut']],
		[os('sles', 'suse'), ['zypper', 'rpm', 'dracut']],
		[os('manjaro', 'arch'), ['pacman', 'yay', 'mkinitcpio']],
	];
	for (const [release, own] of systems) {
		test(release.split('\n')[0] ?? '', async () => {
			let named = 0;
			for (const {name, host} of cases.filter(({name}) => !/ on | not known/.test(name))) {
				const checks = await examine({...host, files: {...host.files, '/etc/os-release': release}});
				for (const command of checks.flatMap(({fix}) => fix?.commands ?? [])) {
					// A path or an address is no program.
					const used = command.replaceAll(/\S*\/\S*/g, '').match(managers) ?? [];
					named += used.length;
					assert.deepEqual(
						used.filter((manager) => !own.includes(manager)),
						[],
						`${name}: ${command}`,
					);
				}
			}

			assert.ok(named > 5, `${named}`);
		});
	}
});

test('--fix runs nothing that installs, restarts the engine, reboots or opens something to others', async () => {
	const seen = new Set<string>();
	for (const {host} of cases) {
		for (const {fix} of await examine(host)) {
			if (fix?.automatic) {
				for (const command of fix.commands) {
					seen.add(command);
				}
			}
		}
	}

	assert.ok(seen.size >= 5);
	assert.doesNotMatch([...seen].join('\n'), /install|restart docker|reboot|usermod|newgrp|prune|rm |curl/);
});

test('on a healthy host nothing fails, and nothing is left to fix', async () => {
	const checks = await examine({});
	assert.deepEqual(
		checks.filter(({status}) => status !== 'ok'),
		[],
	);
});

test('layers upon a broken one are passed over, with its name', async () => {
	const checks = await examine({...notLoaded, smi: null});
	for (const id of ['driver', 'nvidia-smi', 'persistence', 'container-gpu'] as const) {
		assert.equal(checkOf(checks, id).status, 'skip');
		assert.match(checkOf(checks, id).found, /Kernel module/);
	}

	assert.equal(checkOf(checks, 'engine').status, 'ok');
	assert.equal(checkOf(checks, 'disk').status, 'ok');
});

describe('what is only worth a word', () => {
	const warnings: Array<[name: string, host: Machine, id: CheckId, found: RegExp, fix: RegExp]> = [
		['offline', {lookup: 'ENOTFOUND'}, 'dns', /registry-1\.docker\.io not found: ENOTFOUND/, /resolv\.conf/],
		[
			'a registry out of reach',
			{head: {failed: 'no answer in time'}},
			'registry',
			/no answer in time/,
			/registryMirror/,
		],
		['a registry in trouble', {head: {status: 503, date: undefined}}, 'registry', /503/, /registryMirror/],
		[
			'a mirror out of reach',
			{mirror: 'mirror.example:5000', head: {failed: 'connect ECONNREFUSED'}},
			'registry',
			/mirror\.example:5000 \(the mirror\): connect ECONNREFUSED/,
			/registryMirror/,
		],
		[
			'a proxy of the shell alone',
			{environment: {https_proxy: 'http://me:secret@proxy:3128'}},
			'proxy',
			/not for the engine/,
			/docker\.service\.d/,
		],
		['a port of another program', {taken: [8888]}, 'ports', /8888 taken/, /ss -ltnp/],
		['no ssh', {files: {'/usr/bin/ssh': null}}, 'ssh-keys', /no ssh/, /OpenSSH.*apt-get install -y openssh-client$/],
		['little memory', {info: {memoryBytes: 2 * 1024 ** 3}}, 'shared-memory', /2\.0 GiB of memory/, /num_workers/],
		['some room', {freeBytes: {'/var/lib/docker': 20 * 1024 ** 3}}, 'disk', /20\.0 GiB free/, /docker system df/],
		['users are mapped', {info: {remapsUsers: true}}, 'engine-settings', /userns-remap/, /daemon\.json/],
		['a sandbox for all', {info: {defaultRuntime: 'runsc'}}, 'engine-settings', /runsc/, /default-runtime/],
		[
			'no limit of memory',
			{info: {missingLimits: ['memory', 'process']}},
			'engine-settings',
			/does not limit memory, process/,
			/cgroup_enable=memory/,
		],
		[
			'no limit in a rootless engine',
			{info: {rootless: true, missingLimits: ['memory']}},
			'engine-settings',
			/^The rootless engine does not limit memory/,
			/cgroup v2 with systemd/,
		],
		[
			'Docker from snap',
			{info: {rootDirectory: '/var/snap/docker/common/var-lib-docker'}},
			'engine-version',
			/snap/,
			/snap remove docker/,
		],
		[
			'a damaged infoROM',
			{
				inventory: {
					problems: [{code: 'inforom', message: 'WARNING: infoROM is corrupted at gpu 0000:01:00.0', fix: 'ask'}],
				},
			},
			'nvidia-smi',
			/infoROM/,
			/ask/,
		],
	];
	for (const [name, host, id, found, fix] of warnings) {
		test(name, async () => {
			const checks = await examine(host);
			assert.equal(
				checks.find(({status}) => status === 'fail'),
				undefined,
			);
			const check = checkOf(checks, id);
			assert.equal(check.status, 'warn');
			assert.match(check.found, found);
			assert.match(`${check.fix?.text} ${check.fix?.commands.join(' && ')}`, fix);
			assert.doesNotMatch(JSON.stringify(checks), /me:secret/);
		});
	}

	test('persistence mode is switched on without asking for judgement', async () => {
		const inventory = await (await probeOf({})).inventory(new AbortController().signal);
		const checks = await examine({
			inventory: {gpus: inventory.gpus.map((gpu) => ({...gpu, persistenceMode: false}))},
		});
		assert.deepEqual(checkOf(checks, 'persistence').fix, {
			text: 'Turn it on',
			commands: ['sudo nvidia-smi -pm 1'],
			automatic: true,
		});
	});

	test('settings of the engine that a box overrides are named', async () => {
		const {status, found} = checkOf(
			await examine({info: {noNewPrivileges: true, logDriver: 'none'}}),
			'engine-settings',
		);
		assert.deepEqual(
			[status, found],
			['ok', 'no-new-privileges (not for boxes with --sudo), log driver none (boxes use json-file)'],
		);
		assert.equal(checkOf(await examine({}), 'engine-settings').found, 'nothing that changes a box');
		assert.equal(checkOf(await examine({info: {defaultRuntime: 'nvidia'}}), 'engine-settings').status, 'ok');
	});

	test("proxies of Docker's own configuration are said to be used by boxes and builds", async () => {
		const {status, found} = checkOf(
			await examine({
				dockerProxies: {variables: {HTTP_PROXY: 'http://me:secret@proxy'}, origin: 'proxies.default of /c'},
			}),
			'proxy',
		);
		assert.deepEqual(
			[status, found],
			['ok', 'no proxy for the engine, boxes and builds use proxies.default of /c, no mirror'],
		);
	});

	test('a port that a box holds is no trouble', async () => {
		const check = checkOf(await examine({taken: [8888], published: {'gpubox-alice-train': 8888}}), 'ports');
		assert.equal(check.status, 'ok');
		assert.match(check.found, /8888 of gpubox-alice-train/);
	});
});

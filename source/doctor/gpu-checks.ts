/** From the card to nvidia-smi. */
import {parseVersion} from '../text/compare-versions.ts';
import {safeText} from '../text/safe.ts';
import {advise, autoFix, type CheckId, type Fix, fail, type Judge, ok, skip, type Verdict, warn} from './check.ts';
import type {HostFacts, PciGpu} from './facts.ts';
import {installDriver, installUtilities, rebuildModule} from './install.ts';

type GpuLayer = 'gpu' | 'module' | 'driver' | 'nvidia-smi' | 'persistence';

const remote = 'the engine is on another machine; run gpubox doctor there';

/** Verdicts on the layers below containers, each as if those below it had passed. */
export const gpuJudges: Record<GpuLayer & CheckId, Judge> = {
	gpu: judgeCard,
	module: judgeModule,
	driver: judgeDriver,
	'nvidia-smi': judgeSmi,
	persistence: judgePersistence,
};

function problem({inventory}: HostFacts, ...codes: string[]) {
	return inventory.problems.find(({code}) => codes.includes(code));
}

/** nvidia-smi reached the driver, even where no PCI bus is visible: on Jetsons, in WSL and in containers. */
function driverAnswers(facts: HostFacts): boolean {
	return facts.inventory.gpus.length > 0 || problem(facts, 'version-mismatch', 'gpu-lost', 'needs-reset') !== undefined;
}

function judgeCard(facts: HostFacts): Verdict {
	const {pci, loaded, inventory} = facts;
	if (!facts.local) {
		return inventory.gpus.length > 0 ? ok(countOf(inventory.gpus.length)) : skip(remote);
	}

	const bound = pci?.filter(({driver}) => driver === 'vfio-pci') ?? [];
	if (pci !== undefined && pci.length > 0 && bound.length === pci.length) {
		return fail(
			`${countOf(pci.length)} at ${pci.map(({busId}) => busId).join(', ')}, held by vfio-pci`,
			'The GPU is reserved for a virtual machine, so this system cannot use it.',
			advise('Remove vfio-pci from the GPU (its ids in /etc/modprobe.d or on the kernel command line) and reboot', [
				'grep -rn vfio /etc/modprobe.d /proc/cmdline',
			]),
		);
	}

	if (pci !== undefined && pci.length > 0) {
		return ok(`${countOf(pci.length)} at ${pci.map(({busId}) => busId).join(', ')}`);
	}

	if (driverAnswers(facts)) {
		return ok(
			`The driver has ${inventory.gpus.length > 0 ? countOf(inventory.gpus.length) : 'a GPU'}; the PCI bus is not visible from here`,
		);
	}

	if (facts.wsl || loaded !== undefined) {
		// The module refuses to load on a machine without a card.
		return ok(facts.wsl ? 'Windows has the GPU' : 'The kernel module is loaded, so there is a GPU');
	}

	return fail(
		pci === undefined ? 'No PCI bus and no driver found' : 'No NVIDIA GPU on the PCI bus',
		'Without a GPU, boxes get none.',
		advise('Check that the GPU is seated, powered and enabled in the firmware; in a virtual machine, pass it through', [
			'lspci -nn -d 10de:',
		]),
	);
}

function countOf(count: number): string {
	return count === 1 ? '1 NVIDIA GPU' : `${count} NVIDIA GPUs`;
}

// Device ids of the PCI database: Ada ends at 0x28ff, Blackwell begins at 0x2900; Volta ends and Turing begins at 0x1e00.
const isBlackwell = ({device}: PciGpu) => device >= 0x2900;
const isBeforeTuring = ({device}: PciGpu) => device < 0x1e00;

function judgeModule(facts: HostFacts): Verdict {
	const {loaded, pci = [], distribution} = facts;
	if (!facts.local) {
		return driverAnswers(facts) ? ok('nvidia-smi answers') : skip(remote);
	}

	if (facts.wsl) {
		return ok('Windows has the driver');
	}

	const fromCard = 'The GPU works only with the matching kind of kernel module.';
	if (loaded?.flavour === 'proprietary' && pci.some(isBlackwell)) {
		return fail(
			`The proprietary module ${loaded.version ?? ''} is loaded, but a GPU is of the Blackwell generation`,
			fromCard,
			installDriver(distribution, 'open'),
		);
	}

	if (loaded?.flavour === 'open' && pci.some(isBeforeTuring)) {
		return fail(
			`The open module ${loaded.version ?? ''} is loaded, but a GPU is older than Turing`,
			fromCard,
			installDriver(distribution, 'proprietary'),
		);
	}

	if (loaded !== undefined) {
		return ok(`${loaded.flavour}, ${loaded.version ?? 'version unknown'}`);
	}

	if (driverAnswers(facts) || problem(facts, 'no-devices')) {
		return ok('nvidia-smi can use it');
	}

	return notLoaded(facts);
}

function notLoaded(facts: HostFacts): Verdict {
	const {distribution, installedModule, pci = []} = facts;
	const why = 'Without the kernel module nothing can use the GPU.';
	const wanted = pci.some(isBlackwell) ? 'open' : pci.length > 0 && pci.every(isBeforeTuring) ? 'proprietary' : 'any';
	if (facts.nouveau) {
		const {commands} = installDriver(distribution, wanted);
		return fail(
			'nouveau is loaded instead of the NVIDIA module',
			'nouveau uses the GPU and does not support CUDA.',
			advise('Block nouveau, install the NVIDIA driver and reboot', [
				"printf 'blacklist nouveau\\noptions nouveau modeset=0\\n' | sudo tee /etc/modprobe.d/blacklist-nouveau.conf",
				updateInitramfs(facts),
				...commands,
			]),
		);
	}

	if (installedModule !== undefined && facts.secureBoot === true) {
		return fail(
			`Module ${installedModule} is installed but not loaded, and secure boot is on`,
			'Secure boot loads only modules that are signed with a key the firmware knows.',
			advise('Enrol the key that signs the module, choose "Enroll MOK" at the next boot; or switch secure boot off', [
				`sudo mokutil --import ${distribution.family === 'fedora' || distribution.family === 'rhel' ? '/etc/pki/akmods/certs/public_key.der' : '/var/lib/shim-signed/mok/MOK.der'}`,
				'sudo reboot',
			]),
		);
	}

	if (installedModule !== undefined) {
		return fail(
			`Module ${installedModule} is installed but not loaded`,
			why,
			autoFix('Load it. If that fails, see the kernel log: sudo dmesg | grep -i nvrm', ['sudo modprobe nvidia']),
		);
	}

	// nvidia-smi exists, so the driver is installed, but not for this kernel.
	if (!problem(facts, 'not-installed')) {
		return fail('No NVIDIA module is installed for the running kernel', why, rebuildModule(distribution));
	}

	return fail('No NVIDIA driver is installed', why, installDriver(distribution, wanted));
}

function updateInitramfs({distribution: {family}}: HostFacts): string {
	switch (family) {
		case 'ubuntu':
		case 'debian':
		case undefined:
			return 'sudo update-initramfs -u';
		case 'arch':
			return 'sudo mkinitcpio -P';
		case 'fedora':
		case 'rhel':
		case 'suse':
			return 'sudo dracut --force';
	}
}

function judgeDriver(facts: HostFacts): Verdict {
	if (problem(facts, 'other-machine')) {
		return skip(remote);
	}

	const {inventory, loaded, distribution, pci = []} = facts;
	const mismatch = problem(facts, 'version-mismatch');
	if (mismatch) {
		const module = loaded?.version ? `Module ${loaded.version} is loaded: ` : '';
		return fail(
			`${module}${mismatch.message}`,
			'The driver was upgraded while the old module was loaded; the two versions do not work together.',
			advise('Reboot', ['sudo reboot']),
		);
	}

	if (problem(facts, 'library-missing', 'not-installed') && !(facts.wsl || !facts.local)) {
		return fail(
			'The module is loaded, but nvidia-smi or its library is missing',
			"Boxes use the host's libraries.",
			installUtilities(distribution, loaded?.version ?? null),
		);
	}

	const version = inventory.driverVersion ?? loaded?.version ?? null;
	const branch = parseVersion(version)?.[0];
	if (branch !== undefined && branch < 570 && pci.some(isBlackwell)) {
		return fail(
			`Driver ${version}`,
			'GPUs of the Blackwell generation need driver 570 or newer.',
			installDriver(distribution, 'open'),
		);
	}

	if (branch !== undefined && branch < 525) {
		return warn(
			`Driver ${version}`,
			'Images with CUDA 12 and newer need driver 525 or newer, so almost none fits.',
			installDriver(distribution),
		);
	}

	return ok(`${version ?? 'version unknown'}${inventory.cudaVersion ? `, CUDA up to ${inventory.cudaVersion}` : ''}`);
}

const openModules = /need the open kernel modules/;

function judgeSmi(facts: HostFacts): Verdict {
	if (problem(facts, 'other-machine')) {
		return skip(remote);
	}

	const {inventory, pci = []} = facts;
	const [worst] = inventory.problems;
	if (worst === undefined) {
		return inventory.gpus.length < pci.length && facts.local
			? warn(
					`It lists ${countOf(inventory.gpus.length)}, and ${pci.length} are on the bus`,
					'Boxes cannot use a GPU that the driver does not list.',
					advise('Check the kernel log', ['sudo dmesg | grep -i -e nvrm -e xid']),
				)
			: ok(`lists ${countOf(inventory.gpus.length)}`);
	}

	const fix = smiFix(facts, worst.code, worst.busId, worst.fix);
	const found = safeText(worst.message);
	if (worst.code === 'inforom') {
		return warn(found, "The card's own records are damaged; its figures are still good.", fix);
	}

	return fail(
		found,
		inventory.gpus.length > 0
			? 'Boxes get only the GPUs that respond.'
			: 'Boxes cannot use a GPU that nvidia-smi does not see.',
		fix,
	);
}

function smiFix({wsl, pci = []}: HostFacts, code: string, bus: string | undefined, text: string): Fix {
	switch (code) {
		case 'gpu-lost':
			return advise(text, ['sudo reboot']);
		case 'needs-reset':
			return advise('Stop the processes on the GPU, then reset it', [
				`sudo nvidia-smi --gpu-reset -i ${bus ?? 'INDEX'}`,
			]);
		case 'no-devices':
			return wsl
				? advise('Install the NVIDIA driver on Windows, then restart WSL from there', ['wsl.exe --shutdown'])
				: advise(
						openModules.test(text) && !pci.some(isBlackwell)
							? 'Check the kernel log for the reason (power, passed to a virtual machine, hardware defect)'
							: text,
						['lspci -k -d 10de:', 'sudo dmesg | grep -i nvrm'],
					);
		case 'blocked':
			return advise('Update the NVIDIA driver of Windows, and WSL from there', [
				'wsl.exe --update',
				'wsl.exe --shutdown',
			]);
		case 'permissions':
			return advise('Allow all users to access the driver', ['sudo nvidia-modprobe -c 0 -u', 'ls -l /dev/nvidia*']);
		case 'no-answer':
			return autoFix('Keep the driver awake, then check again', ['sudo nvidia-smi -pm 1']);
		case 'hung':
			return advise('If nvidia-smi also hangs in a shell, reboot', [
				'sudo dmesg | grep -i -e nvrm -e xid',
				'sudo reboot',
			]);
		default:
			return advise(text, []);
	}
}

function judgePersistence(facts: HostFacts): Verdict {
	const {gpus} = facts.inventory;
	const off = gpus.filter(({persistenceMode}) => persistenceMode === false);
	if (gpus.every(({persistenceMode}) => persistenceMode === null)) {
		return skip('the driver does not report it');
	}

	if (off.length === 0) {
		return ok('on');
	}

	return warn(
		`off on GPU ${off.map(({index}) => index).join(', ')}`,
		'The driver unloads when no process uses a GPU, and each start waits for it.',
		autoFix('Turn it on', ['sudo nvidia-smi -pm 1']),
	);
}

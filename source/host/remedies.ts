import {EngineError} from '../engine/engine.ts';
import {exitCode, Failure} from '../failure.ts';
import {safeText} from '../text/safe.ts';

type Remedy = {
	/** Matches the part of the text that does not change between versions. */
	text: RegExp;
	meaning: string;
	fix: string;
	gpu?: boolean;
};

const installToolkit =
	'Install nvidia-container-toolkit, then: sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker';
const refreshCdi =
	'sudo systemctl restart nvidia-cdi-refresh.service, or: sudo nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml';

/**
Known texts of the engine, the NVIDIA runtime, CUDA and PyTorch with what each means and what mends it. The first that matches
counts, so the more particular ones come first. Sources: moby's daemon (devices*.go, cdi.go), libnvidia-container, NVIDIA's
container toolkit documentation, PyTorch's messages.
*/
const remedies: Remedy[] = [
	{
		text: /could not select device driver "cdi"/i,
		meaning: 'The engine has CDI switched off, so it cannot hand out GPUs by CDI name.',
		fix: 'Set "features": {"cdi": true} in /etc/docker/daemon.json and restart docker.',
		gpu: true,
	},
	{
		text: /could not select device driver|failed to discover GPU vendor from CDI/i,
		meaning:
			'The engine cannot hand out GPUs: the NVIDIA container toolkit is not installed, or docker was not restarted since.',
		fix: installToolkit,
		gpu: true,
	},
	{
		text: /AMD CDI spec not found/i,
		meaning: "The engine does not find NVIDIA's hooks, although a CDI specification for the GPUs exists.",
		fix: installToolkit,
		gpu: true,
	},
	{
		text: /unresolvable CDI devices|no CDI specification directories/i,
		meaning: 'The CDI specification of the GPUs is missing or out of date.',
		fix: refreshCdi,
		gpu: true,
	},
	{
		text: /unknown or invalid runtime name: nvidia/i,
		meaning: 'The engine does not know the nvidia runtime.',
		fix: 'sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker',
		gpu: true,
	},
	{
		text: /cannot set both Count and DeviceIDs/i,
		meaning: 'The GPU request names both a count and devices.',
		fix: 'This is a defect of gpubox: please report it with GPUBOX_DEBUG=1.',
		gpu: true,
	},
	{
		text: /unsatisfied condition: (?:cuda|brand|driver)/i,
		meaning: 'The image wants a newer CUDA than the driver of this host offers.',
		fix: 'Choose an image that fits (gpubox images), or install a newer driver.',
		gpu: true,
	},
	{
		text: /load library failed: libnvidia-ml\.so\.1/i,
		meaning: "The NVIDIA driver's libraries are not installed on the host.",
		fix: 'Install the NVIDIA driver, then restart docker. Docker from snap cannot see it: use the distribution package.',
		gpu: true,
	},
	{
		text: /driver\/library version mismatch/i,
		meaning: 'The NVIDIA driver was upgraded while the old one is still loaded.',
		fix: 'Reboot the host.',
		gpu: true,
	},
	{
		text: /nvml error: driver not loaded/i,
		meaning: "The NVIDIA driver's kernel module is not loaded.",
		fix: 'sudo modprobe nvidia; when that fails, install the driver for the running kernel and reboot.',
		gpu: true,
	},
	{
		text: /driver rpc error: timed out/i,
		meaning: 'The NVIDIA driver took too long to wake the GPUs up.',
		fix: 'Keep it awake: sudo nvidia-smi -pm 1',
		gpu: true,
	},
	{
		text: /forward compatibility was attempted on non supported hw/i,
		meaning:
			"The image's CUDA compatibility libraries do not work with this card, or the driver was upgraded without a reboot.",
		fix: 'Reboot if the driver was upgraded; else choose a *-runtime image or one with an older CUDA (gpubox images).',
		gpu: true,
	},
	{
		text: /WSL environment detected but no adapters were found/i,
		meaning: 'Windows offers no GPU to WSL.',
		fix: 'Install the NVIDIA driver on Windows, then: wsl --shutdown',
		gpu: true,
	},
	{
		text: /unknown device|no such device/i,
		meaning: 'The driver does not know a GPU that was asked for; it may have been lost or divided anew.',
		fix: 'See the GPUs as they are now: gpubox gpus',
		gpu: true,
	},
	{
		text: /Failed to initialize NVML: Unknown Error/i,
		meaning: 'The box lost its GPU: the engine or systemd was reloaded under it.',
		fix: 'Stop and start the box. For good: let docker use CDI.',
	},
	{
		text: /Failed to initialize NVML: Insufficient Permissions/i,
		meaning: 'SELinux or the device files keep the box from the GPU.',
		fix: 'Start docker with SELinux labels off for GPU boxes: --security-opt label=disable',
	},
	{
		text: /NVIDIA driver on your system is too old/i,
		meaning: "The image's CUDA is too new for the driver of this host.",
		fix: 'Choose an image that fits (gpubox images), or install a newer driver.',
	},
	{
		text: /no kernel image is available|is not compatible with the current PyTorch installation/i,
		meaning: 'The PyTorch of this image was not compiled for this GPU.',
		fix: 'Choose an image that fits: gpubox images',
	},
	{
		text: /PTX was compiled with an unsupported toolchain/i,
		meaning: 'The image brings code newer than the driver can translate.',
		fix: 'Install a newer driver, or choose an image with an older CUDA: gpubox images',
	},
	{
		text: /DataLoader worker .*Bus error|out of shared memory/i,
		meaning: 'The shared memory of the box is too small for the data loaders.',
		fix: 'Make it larger: gpubox up --recreate --shm-size 16g',
	},
	{
		text: /externally-managed-environment/i,
		meaning: "The image's Python belongs to its distribution, so pip refuses to write into it.",
		fix: 'Use a virtual environment: python3 -m venv --system-site-packages .venv',
	},
	{
		text: /manifest unknown|manifest for \S+ not found|pull access denied|repository does not exist/i,
		meaning: 'There is no such image, or it is private.',
		fix: 'Check the name; gpubox images --all lists known ones. A private registry: docker login',
	},
];

/** What a text means, when it is a known one. */
export function findRemedy(text: string): Pick<Remedy, 'meaning' | 'fix' | 'gpu'> | undefined {
	return remedies.find((remedy) => remedy.text.test(text));
}

/** Any error as something that a person can act on. */
export function explain(error: unknown, address = 'the engine'): Failure {
	if (error instanceof Failure) {
		return error;
	}

	if (error instanceof EngineError) {
		return explainEngine(error, address);
	}

	if (error instanceof Error && error.name === 'AbortError') {
		return new Failure('Interrupted.', {exitCode: exitCode.interrupted, cause: error});
	}

	return new Failure(`gpubox failed: ${safeText(error instanceof Error ? error.message : String(error))}`, {
		fix: 'This is a defect of gpubox. GPUBOX_DEBUG=1 shows where it happened.',
		cause: error,
	});
}

function explainEngine(error: EngineError, address: string): Failure {
	const remedy = findRemedy(error.message);
	const told = remedy ? `${remedy.meaning} (${error.message})` : error.message;
	switch (error.code) {
		case 'unreachable':
			return new Failure(`No Docker Engine answers at ${address}.`, {
				fix: address.startsWith('unix:')
					? 'Start it: sudo systemctl start docker. Not installed? https://docs.docker.com/engine/install'
					: 'Is the address right (DOCKER_HOST, docker context ls) and the machine up?',
				exitCode: exitCode.noEngine,
				cause: error,
			});
		case 'no-permission':
			return new Failure(`You may not use the Docker Engine at ${address}.`, {
				fix: 'Join its group and log in again: sudo usermod -aG docker "$USER"',
				exitCode: exitCode.noEngine,
				cause: error,
			});
		case 'no-gpu':
			return new Failure(told, {fix: remedy?.fix ?? installToolkit, exitCode: exitCode.noGpu, cause: error});
		case 'disk-full':
			return new Failure(`The engine's disk is full: ${error.message}`, {
				fix: 'See what takes the room: docker system df. Old images go with: docker image prune',
				cause: error,
			});
		case 'name-taken':
		case 'port-taken':
			return new Failure(told, {fix: 'See who has it: gpubox ls', exitCode: exitCode.taken, cause: error});
		case 'aborted':
			return new Failure('Interrupted.', {exitCode: exitCode.interrupted, cause: error});
		case 'not-found':
		case 'conflict':
		case 'failed':
			return new Failure(told, {fix: remedy?.fix ?? '', cause: error});
	}
}

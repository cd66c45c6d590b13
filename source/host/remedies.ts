import {exitCode, Failure} from '../base/failure.ts';
import {EngineError} from '../engine/engine.ts';
import {problemOfLine} from '../gpu/problems.ts';
import {safeText} from '../text/safe.ts';

export type Remedy = {
	id: string;
	/** Where the fault lies, as `gpubox doctor` names its checks; `image` and `box` are not the host's. */
	layer: 'module' | 'driver' | 'nvidia-smi' | 'toolkit' | 'container-gpu' | 'dns' | 'registry' | 'image' | 'box';
	/** Matches the part of the text that does not change between versions. */
	text: RegExp;
	/** The text as it really occurs. */
	example: string;
	meaning: string;
	fix: string;
	/** The fix as shell commands, where it can be. */
	commands?: string[];
};

const installToolkit =
	'Install nvidia-container-toolkit, then: sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker';
const refreshCdi =
	'sudo systemctl restart nvidia-cdi-refresh.service, or: sudo nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml';

/**
Known error texts of the engine, the NVIDIA runtime, CUDA and PyTorch, with the meaning and the fix of each. The first that matches
counts, so the more specific ones come first. Sources: moby's daemon (devices*.go, cdi.go) and registry client, Go's net and crypto/x509, libnvidia-container,
NVIDIA's container toolkit documentation, PyTorch's messages.
*/
export const remedies: readonly Remedy[] = [
	{
		id: 'cdi-off',
		layer: 'toolkit',
		text: /could not select device driver "cdi"/i,
		example: 'could not select device driver "cdi" with capabilities: []',
		meaning: 'CDI is disabled in the engine, so it cannot provide GPUs by CDI name.',
		fix: 'Set "features": {"cdi": true} in /etc/docker/daemon.json and restart docker.',
		commands: ['sudo nvidia-ctk runtime configure --runtime=docker --cdi.enabled', 'sudo systemctl restart docker'],
	},
	{
		id: 'no-toolkit',
		layer: 'toolkit',
		text: /could not select device driver|failed to discover GPU vendor from CDI/i,
		example: 'could not select device driver "" with capabilities: [[gpu]]',
		meaning:
			'The engine cannot provide GPUs: the NVIDIA Container Toolkit is not installed, or docker was not restarted since.',
		fix: installToolkit,
	},
	{
		id: 'hooks-missing',
		layer: 'toolkit',
		text: /AMD CDI spec not found/i,
		example: 'AMD CDI spec not found',
		meaning: "The engine cannot find NVIDIA's hooks, although a CDI specification for the GPUs exists.",
		fix: installToolkit,
	},
	{
		id: 'cdi-missing',
		layer: 'toolkit',
		text: /unresolvable CDI devices|no CDI specification directories/i,
		example: 'CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=all',
		meaning: 'The CDI specification of the GPUs is missing or out of date.',
		fix: refreshCdi,
	},
	{
		id: 'no-runtime',
		layer: 'toolkit',
		text: /unknown or invalid runtime name: nvidia/i,
		example: 'unknown or invalid runtime name: nvidia',
		meaning: 'The engine does not know the nvidia runtime.',
		fix: 'sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker',
	},
	{
		id: 'count-and-devices',
		layer: 'container-gpu',
		text: /cannot set both Count and DeviceIDs/i,
		example: 'cannot set both Count and DeviceIDs on device request',
		meaning: 'The GPU request names both a count and devices.',
		fix: 'This is a bug in gpubox. Please report it with the output of GPUBOX_DEBUG=1.',
	},
	{
		id: 'image-wants-newer-driver',
		layer: 'image',
		text: /unsatisfied condition: (?:cuda|brand|driver)/i,
		example:
			'nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.8, please update your driver to a newer version, or use an earlier cuda container',
		meaning: "The image needs a newer CUDA than this host's driver supports.",
		fix: 'Choose an image that fits (gpubox images), or install a newer driver.',
	},
	{
		id: 'no-driver-library',
		layer: 'driver',
		text: /load library failed: libnvidia-ml\.so\.1/i,
		example:
			'nvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1: cannot open shared object file: no such file or directory',
		meaning: "The NVIDIA driver's libraries are not installed on the host.",
		fix: 'Install the NVIDIA driver, then restart docker. Docker from snap cannot see it: use the distribution package.',
	},
	{
		id: 'driver-mismatch',
		layer: 'driver',
		text: /driver\/library version mismatch/i,
		example: 'nvidia-container-cli: initialization error: nvml error: driver/library version mismatch',
		meaning: 'The NVIDIA driver was upgraded while the old one is still loaded.',
		fix: 'Reboot the host.',
		commands: ['sudo reboot'],
	},
	{
		id: 'driver-not-loaded',
		layer: 'module',
		text: /nvml error: driver not loaded/i,
		example: 'nvidia-container-cli: initialization error: nvml error: driver not loaded',
		meaning: "The NVIDIA driver's kernel module is not loaded.",
		fix: 'sudo modprobe nvidia; if that fails, install the driver for the running kernel and reboot.',
		commands: ['sudo modprobe nvidia'],
	},
	{
		id: 'driver-slow',
		layer: 'container-gpu',
		text: /driver rpc error: timed out/i,
		example: 'nvidia-container-cli: initialization error: driver rpc error: timed out',
		meaning: 'The NVIDIA driver took too long to initialise the GPUs.',
		fix: 'Turn on persistence mode: sudo nvidia-smi -pm 1',
		commands: ['sudo nvidia-smi -pm 1'],
	},
	{
		id: 'forward-compatibility',
		layer: 'image',
		text: /forward compatibility was attempted on non supported hw/i,
		example: 'Error 804: forward compatibility was attempted on non supported HW',
		meaning:
			"The image's CUDA compatibility libraries do not work with this GPU, or the driver was upgraded without a reboot.",
		fix: 'Reboot if the driver was upgraded; else choose a *-runtime image or one with an older CUDA (gpubox images).',
	},
	{
		id: 'unsupported-combination',
		layer: 'image',
		text: /unsupported display driver \/ cuda driver combination/i,
		example: 'Error 803: system has unsupported display driver / cuda driver combination',
		meaning: "The image has a CUDA driver library that does not match the host's driver.",
		fix: 'Reboot if the driver was upgraded; else choose another image (gpubox images).',
	},
	{
		id: 'wsl-no-adapter',
		layer: 'driver',
		text: /WSL environment detected but no adapters were found/i,
		example: 'nvidia-container-cli: initialization error: WSL environment detected but no adapters were found',
		meaning: 'Windows does not provide a GPU to WSL.',
		fix: 'Install the NVIDIA driver on Windows, then: wsl --shutdown',
	},
	fromSmi('driver-not-running', 'module', /couldn't communicate with the NVIDIA driver/i, {
		example:
			"NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.",
		meaning: "The NVIDIA driver's kernel module is not loaded.",
	}),
	fromSmi('library-missing', 'driver', /couldn't find libnvidia-ml\.so/i, {
		example: "NVIDIA-SMI couldn't find libnvidia-ml.so library in your system.",
		meaning: "The NVIDIA driver's libraries are missing, or the container got no GPU.",
	}),
	fromSmi('no-devices', 'nvidia-smi', /No devices (?:were )?found/i, {
		example: 'No devices were found',
		meaning: 'The driver is loaded but finds no GPU that it supports.',
	}),
	fromSmi('gpu-lost', 'nvidia-smi', /GPU is lost|fallen off the bus/i, {
		example:
			'Unable to determine the device handle for GPU0: 0000:24:00.0: GPU is lost.  Reboot the system to recover this GPU',
		meaning: 'A GPU no longer responds.',
	}),
	fromSmi('needs-reset', 'nvidia-smi', /GPU requires reset/i, {
		example: '0, [GPU requires reset], [GPU requires reset], 0 MiB',
		meaning: 'A GPU had a fault and needs a reset.',
	}),
	fromSmi('inforom', 'nvidia-smi', /infoROM is corrupted/i, {
		example: 'WARNING: infoROM is corrupted at gpu 0000:3B:00.0',
		meaning: "The GPU's infoROM is corrupted.",
	}),
	fromSmi('blocked', 'nvidia-smi', /GPU access blocked by the operating system/i, {
		example: 'Failed to initialize NVML: GPU access blocked by the operating system',
		meaning: "Windows blocks WSL's access to the GPU.",
	}),
	{
		id: 'unknown-device',
		layer: 'container-gpu',
		// Not just "no such device": any program may print that.
		text: /device error: .{1,100}: (?:unknown|no such) device/i,
		example: 'nvidia-container-cli: device error: GPU-5a6b12cd: unknown device',
		meaning: 'The driver does not know a requested GPU; it may have been lost or repartitioned.',
		fix: 'List the current GPUs: gpubox gpus',
	},
	{
		id: 'box-lost-gpu',
		layer: 'box',
		text: /Failed to initialize NVML: Unknown Error/i,
		example: 'Failed to initialize NVML: Unknown Error',
		meaning: 'The box lost its GPU: the engine or systemd was reloaded while it was running.',
		fix: 'Stop and start the box. To prevent it, let docker use CDI: sudo nvidia-ctk runtime configure --runtime=docker --cdi.enabled && sudo systemctl restart docker',
	},
	{
		id: 'nvml-permissions',
		layer: 'container-gpu',
		text: /Failed to initialize NVML: Insufficient Permissions/i,
		example: 'Failed to initialize NVML: Insufficient Permissions',
		meaning: 'SELinux or the device permissions block access to the GPU.',
		fix: 'Turn off SELinux labels for GPU containers: --security-opt label=disable',
	},
	{
		id: 'driver-too-old',
		layer: 'image',
		text: /NVIDIA driver on your system is too old/i,
		example: 'RuntimeError: The NVIDIA driver on your system is too old (found version 12040)',
		meaning: "The image's CUDA is too new for this host's driver.",
		fix: 'Choose an image that fits (gpubox images), or install a newer driver.',
	},
	{
		id: 'not-compiled-for-gpu',
		layer: 'image',
		text: /no kernel image is available|is not compatible with the current PyTorch installation/i,
		example: 'CUDA error: no kernel image is available for execution on the device',
		meaning: 'The PyTorch of this image was not compiled for this GPU.',
		fix: 'Choose an image that fits: gpubox images',
	},
	{
		id: 'ptx-too-new',
		layer: 'image',
		text: /PTX was compiled with an unsupported toolchain/i,
		example: 'CUDA error: the provided PTX was compiled with an unsupported toolchain.',
		meaning: 'The image has PTX code that is too new for the driver to compile.',
		fix: 'Install a newer driver, or choose an image with an older CUDA: gpubox images',
	},
	{
		id: 'shared-memory',
		layer: 'box',
		text: /DataLoader worker .*Bus error|out of shared memory/i,
		example: 'RuntimeError: DataLoader worker (pid 123) is killed by signal: Bus error.',
		meaning: 'The shared memory of the box is too small for the data loaders.',
		fix: 'Increase it: gpubox up --recreate --shm-size 16g',
	},
	{
		id: 'disk-full',
		layer: 'box',
		text: /No space left on device/i,
		example: 'OSError: [Errno 28] No space left on device',
		meaning: 'A disk is full: that of the project, the home or the engine.',
		fix: 'To see which: df -h. For the engine: docker system df; to remove unused images: docker image prune',
	},
	{
		id: 'externally-managed',
		layer: 'box',
		text: /externally-managed-environment/i,
		example: 'error: externally-managed-environment',
		meaning: "The image's Python belongs to its distribution, so pip refuses to write into it.",
		fix: 'Use a virtual environment: python3 -m venv --system-site-packages .venv',
	},
	{
		id: 'no-such-image',
		layer: 'image',
		text: /manifest unknown|manifest for \S+ not found|pull access denied|repository does not exist/i,
		example: 'manifest for example/image:1 not found: manifest unknown',
		meaning: 'The image does not exist or is private.',
		fix: 'Check the name; gpubox images --all lists known images. For a private registry: docker login',
	},
	{
		id: 'registry-not-found',
		layer: 'dns',
		text: /(?:Get|Head) "https?:\/\/[^"]+": .*\blookup \S+.*: (?:no such host|server misbehaving|i\/o timeout)/i,
		example:
			'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 127.0.0.53:53: no such host',
		meaning:
			"The registry's name was not found: there is no network, or it is reachable only through a proxy or a mirror.",
		fix: 'To see which: gpubox doctor. To use a mirror: gpubox config build.registryMirror HOST',
	},
	{
		id: 'registry-limit',
		layer: 'registry',
		text: /toomanyrequests: /i,
		example:
			'toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading',
		meaning: 'The pull rate limit of the registry was reached for this IP address.',
		fix: 'Log in (docker login), or use a mirror: gpubox config build.registryMirror HOST',
	},
	{
		id: 'registry-login',
		layer: 'registry',
		text: /unauthorized: (?:authentication required|incorrect username)|no basic auth credentials/i,
		example: 'unauthorized: authentication required',
		meaning: 'The registry requires a login.',
		fix: 'Log in: docker login REGISTRY',
	},
	{
		id: 'registry-certificate',
		layer: 'registry',
		text: /(?:Get|Head) "https:\/\/[^"]+": .*(?:x509: |server gave HTTP response to HTTPS client)/i,
		example: 'Get "https://registry.example.com/v2/": x509: certificate signed by unknown authority',
		meaning: 'The engine does not trust the certificate of the registry, or of a proxy in between.',
		fix: "Install the certificate as /etc/docker/certs.d/REGISTRY/ca.crt, or in the system's store, and then: sudo systemctl restart docker",
	},
	{
		id: 'registry-unreachable',
		layer: 'registry',
		text: /(?:Get|Head) "https?:\/\/[^"]+": .*(?:refused|unreachable|timeout|timed out|no route to host|request canceled|deadline exceeded)/i,
		example:
			'Get "https://registry-1.docker.io/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
		meaning: 'The registry does not answer the engine.',
		fix: 'To see why: gpubox doctor. To use a mirror: gpubox config build.registryMirror HOST',
	},
];

/** A text of nvidia-smi; its fix is in gpu/problems.ts. */
function fromSmi(
	id: string,
	layer: Remedy['layer'],
	text: RegExp,
	{example, meaning}: Pick<Remedy, 'example' | 'meaning'>,
): Remedy {
	return {id, layer, text, example, meaning, fix: `${problemOfLine(example)?.fix ?? ''}.`};
}

let anyKnown: RegExp | undefined;

/** The remedy for a known text. Fast for unknown ones, such as most lines of a log. */
export function findRemedy(text: string): Remedy | undefined {
	anyKnown ??= new RegExp(remedies.map((remedy) => remedy.text.source).join('|'), 'i');
	return anyKnown.test(text) ? remedies.find((remedy) => remedy.text.test(text)) : undefined;
}

/** Turns any error into a Failure with a fix. */
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
		fix: 'This is a bug in gpubox. Please report it; for details: GPUBOX_DEBUG=1',
		cause: error,
	});
}

function explainEngine(error: EngineError, address: string): Failure {
	const remedy = findRemedy(error.message);
	const message = remedy ? `${remedy.meaning} (${error.message})` : error.message;
	switch (error.code) {
		case 'unreachable':
			return new Failure(`No Docker Engine answers at ${address}.`, {
				fix: /^(?:tcp|https?|ssh):/.test(address)
					? 'Check the address (DOCKER_HOST, docker context ls) and that the machine is up.'
					: 'Start it: sudo systemctl start docker. To find out more: gpubox doctor',
				exitCode: exitCode.noEngine,
				cause: error,
			});
		case 'no-answer':
			return new Failure(`The Docker Engine at ${address} does not answer: ${error.message}.`, {
				fix: 'It may be overloaded or stopped. To find out more: gpubox doctor',
				exitCode: exitCode.noEngine,
				cause: error,
			});
		case 'not-an-engine':
			return new Failure(`The server at ${address} does not answer as a Docker Engine: ${error.message}.`, {
				fix: 'Check the address (DOCKER_HOST, docker context ls). To find out more: gpubox doctor',
				exitCode: exitCode.noEngine,
				cause: error,
			});
		case 'no-permission':
			return new Failure(`Permission denied: you cannot use the Docker Engine at ${address}.`, {
				fix: 'Join its group and log in again: sudo usermod -aG docker "$USER"',
				exitCode: exitCode.noEngine,
				cause: error,
			});
		case 'no-gpu':
			return new Failure(message, {fix: remedy?.fix ?? installToolkit, exitCode: exitCode.noGpu, cause: error});
		case 'disk-full':
			return new Failure(`The engine's disk is full: ${error.message}`, {
				fix: 'To see what uses the space: docker system df. To remove unused images: docker image prune',
				cause: error,
			});
		case 'name-taken':
		case 'port-taken':
			return new Failure(message, {fix: 'To see which box uses it: gpubox ls', exitCode: exitCode.taken, cause: error});
		case 'aborted':
			return new Failure('Interrupted.', {exitCode: exitCode.interrupted, cause: error});
		case 'not-found':
		case 'conflict':
		case 'failed':
			return new Failure(message, {fix: remedy?.fix ?? '', cause: error});
	}
}

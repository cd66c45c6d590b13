import {exitCode} from '../../base/failure.ts';
import type {Remedy} from './remedy.ts';

const installToolkit =
	'Install nvidia-container-toolkit, then: sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker';
const refreshCdi =
	'sudo systemctl restart nvidia-cdi-refresh.service, or: sudo nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml';

/** What the engine says that cannot provide GPUs. Source: moby's daemon (devices*.go, cdi.go). */
export const engineErrors: readonly Remedy[] = [
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
		text: /could not select device driver "(?:nvidia)?" with capabilities|failed to discover GPU vendor from CDI/i,
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
		text: /unresolvable CDI devices nvidia\.com\/|no CDI specification directories/i,
		example: 'CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=all',
		meaning: 'The CDI specification of the GPUs is missing or out of date.',
		fix: refreshCdi,
	},
	{
		id: 'no-runtime',
		layer: 'toolkit',
		text: /unknown or invalid runtime name: nvidia(?![\w.-])/i,
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
];

/**
What NVIDIA's hook and its nvidia-container-cli say. Whatever they say, the toolkit is installed. Sources: libnvidia-container,
NVIDIA/nvidia-container-toolkit (cmd/nvidia-container-runtime-hook, internal/config/image), issues of both.
*/
export const hookErrors: readonly Remedy[] = [
	{
		id: 'image-wants-newer-driver',
		layer: 'image',
		text: /unsatisfied condition: (?:cuda|brand|driver|arch)\s*[!<>=]/i,
		example:
			'nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.8, please update your driver to a newer version, or use an earlier cuda container',
		meaning: "The image needs a newer CUDA than this host's driver supports.",
		fix: 'Choose an image that fits (gpubox images), or install a newer driver.',
		exitCode: exitCode.imageDoesNotFit,
	},
	{
		id: 'image-cuda-version',
		layer: 'image',
		// Build scripts and other programs complain of an "invalid CUDA version", too.
		text: /hook\b.*: exit status \d+,.*\binvalid CUDA version:|failed to get version: invalid CUDA version:/i,
		example: 'error running prestart hook #0: exit status 1, stdout: , stderr: invalid CUDA version: cu128',
		meaning: "The image's variable CUDA_VERSION is not a version, and NVIDIA's start-up check refuses it.",
		fix: 'Choose another image (gpubox images), or turn the check off: --env NVIDIA_DISABLE_REQUIRE=1',
		exitCode: exitCode.imageDoesNotFit,
	},
	{
		id: 'image-capabilities',
		layer: 'image',
		text: /\bunsupported capabilities found in '/i,
		example:
			"error running prestart hook #0: exit status 1, stdout: , stderr: unsupported capabilities found in 'compute,gfx' (allowed 'compute')",
		meaning: "The image's variable NVIDIA_DRIVER_CAPABILITIES asks for something that the toolkit does not provide.",
		fix: 'Choose another image (gpubox images), or set the variable: --env NVIDIA_DRIVER_CAPABILITIES=compute,utility',
		exitCode: exitCode.imageDoesNotFit,
	},
	{
		id: 'image-has-driver',
		layer: 'image',
		text: /nvidia-container-cli: mount error: file creation failed: \S+\/lib(?:nvidia|cuda|nv)\S*: file exists/i,
		example:
			'nvidia-container-cli: mount error: file creation failed: /var/lib/docker/overlay2/0a1b2c/merged/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1: file exists',
		meaning: "The image contains a library of NVIDIA's driver, in the place of which the host's has to be mounted.",
		fix: 'Choose another image: gpubox images. An image of your own must be built without the driver and outside a GPU container.',
		exitCode: exitCode.imageDoesNotFit,
	},
	{
		id: 'hook-cgroups-old',
		layer: 'toolkit',
		text: /nvidia-container-cli(?:\.real)?: (?:container|mount) error: cgroup subsystem devices not found/i,
		example: 'nvidia-container-cli: container error: cgroup subsystem devices not found',
		meaning: 'The host uses cgroup v2, and its NVIDIA Container Toolkit is older than support for it.',
		fix: 'Upgrade nvidia-container-toolkit and libnvidia-container1, then: sudo systemctl restart docker',
	},
	{
		id: 'hook-cgroups-denied',
		layer: 'toolkit',
		text: /nvidia-container-cli: mount error: (?:failed to add device rules: .*: operation not permitted|open failed: \/sys\/fs\/cgroup\/\S+: permission denied)/i,
		example:
			'nvidia-container-cli: mount error: failed to add device rules: unable to find any existing device filters attached to the cgroup: bpf_prog_query(BPF_CGROUP_DEVICE) failed: operation not permitted',
		meaning: "NVIDIA's hook may not change control groups, as in a rootless engine or inside a container.",
		fix: 'sudo nvidia-ctk config --set nvidia-container-cli.no-cgroups --in-place',
		commands: ['sudo nvidia-ctk config --set nvidia-container-cli.no-cgroups --in-place'],
	},
	{
		id: 'hook-ldconfig',
		layer: 'toolkit',
		text: /nvidia-container-cli: ldcache error: open failed: \S*ldconfig(?:\.real)?: no such file/i,
		example: 'nvidia-container-cli: ldcache error: open failed: /sbin/ldconfig.real: no such file or directory',
		meaning: "NVIDIA's hook is configured with an ldconfig that this distribution does not have.",
		fix: 'sudo nvidia-ctk config --set nvidia-container-cli.ldconfig=@/sbin/ldconfig --in-place',
		commands: ['sudo nvidia-ctk config --set nvidia-container-cli.ldconfig=@/sbin/ldconfig --in-place'],
	},
	{
		id: 'hook-mode',
		layer: 'toolkit',
		text: /invoking the NVIDIA Container Runtime Hook directly .* is not supported/i,
		example:
			'invoking the NVIDIA Container Runtime Hook directly (e.g. specifying the docker --gpus flag) is not supported. Please use the NVIDIA Container Runtime (e.g. specify the --runtime=nvidia flag) instead',
		meaning: 'The NVIDIA Container Toolkit is set to a mode (CDI or CSV) in which its hook does nothing.',
		fix: 'sudo nvidia-ctk config --set nvidia-container-runtime.mode=auto --in-place',
		commands: ['sudo nvidia-ctk config --set nvidia-container-runtime.mode=auto --in-place'],
	},
	{
		id: 'hook-incomplete',
		layer: 'toolkit',
		text: /couldn't find binary nvidia-container-cli in PATH|exec: "?nvidia-container-(?:cli|runtime-hook)"?: executable file not found|exec \S*\/nvidia-container-(?:cli|runtime-hook): no such file/i,
		example:
			'couldn\'t find binary nvidia-container-cli in PATH: exec: "nvidia-container-cli": executable file not found in $PATH',
		meaning: 'A part of the NVIDIA Container Toolkit is missing.',
		fix: 'Install nvidia-container-toolkit and libnvidia-container-tools again, then: sudo systemctl restart docker',
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
		text: /(?:nvml error|Failed to initialize NVML): driver\/library version mismatch/i,
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
		text: /initialization error: driver (?:rpc )?error: timed out/i,
		example: 'nvidia-container-cli: initialization error: driver rpc error: timed out',
		meaning: 'The NVIDIA driver was asleep and took too long to initialise the GPUs.',
		fix: 'Turn on persistence mode: sudo nvidia-smi -pm 1',
		commands: ['sudo nvidia-smi -pm 1'],
	},
	{
		id: 'wsl-no-adapter',
		layer: 'driver',
		text: /WSL environment detected but no adapters were found/i,
		example: 'nvidia-container-cli: initialization error: WSL environment detected but no adapters were found',
		meaning: 'Windows does not provide a GPU to WSL.',
		fix: 'Install the NVIDIA driver on Windows, then: wsl --shutdown',
	},
	{
		id: 'unknown-device',
		layer: 'container-gpu',
		text: /nvidia-container-cli: device error: .{1,100}: (?:unknown|no such) device/i,
		example: 'nvidia-container-cli: device error: GPU-5a6b12cd: unknown device',
		meaning: 'The driver does not know a requested GPU; it may have been lost or repartitioned.',
		fix: 'List the current GPUs: gpubox gpus',
	},
];

import {problemOfLine} from '../../gpu/problems.ts';
import type {Remedy} from './remedy.ts';

/** What nvidia-smi and the driver's library say. Their fixes are in gpu/problems.ts. */
export const smiErrors: readonly Remedy[] = [
	fromSmi('driver-not-running', 'module', /couldn't communicate with the NVIDIA driver/i, {
		example:
			"NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.",
		meaning: "The NVIDIA driver's kernel module is not loaded.",
	}),
	fromSmi('library-missing', 'driver', /couldn't find libnvidia-ml\.so/i, {
		example: "NVIDIA-SMI couldn't find libnvidia-ml.so library in your system.",
		meaning: "The NVIDIA driver's libraries are missing, or the container got no GPU.",
	}),
	// Case counts: tools for phones and for password recovery say similar things.
	fromSmi('no-devices', 'nvidia-smi', /No devices were found(?![ \t]+\w|\/)/, {
		example: 'No devices were found',
		meaning: 'The driver is loaded but finds no GPU that it supports.',
	}),
	fromSmi(
		'gpu-lost',
		'nvidia-smi',
		/Unable to determine the device handle for gpu|\[GPU is lost\]|\bGPU is lost\.\s+Reboot|\bGPU has fallen off the bus/i,
		{
			example:
				'Unable to determine the device handle for GPU0: 0000:24:00.0: GPU is lost.  Reboot the system to recover this GPU',
			meaning: 'A GPU no longer responds.',
		},
	),
	fromSmi('needs-reset', 'nvidia-smi', /\[GPU requires reset\]|: GPU requires reset\b/i, {
		example: '0, [GPU requires reset], [GPU requires reset], 0 MiB',
		meaning: 'A GPU had a fault and needs a reset.',
	}),
	fromSmi('inforom', 'nvidia-smi', /infoROM is corrupted at gpu/i, {
		example: 'WARNING: infoROM is corrupted at gpu 0000:3B:00.0',
		meaning: "The GPU's infoROM is corrupted.",
	}),
	fromSmi('blocked', 'nvidia-smi', /GPU access blocked by the operating system/i, {
		example: 'Failed to initialize NVML: GPU access blocked by the operating system',
		meaning: "Windows blocks WSL's access to the GPU.",
	}),
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
		text: /(?:Failed to initialize NVML|nvml error): Insufficient Permissions/i,
		example: 'Failed to initialize NVML: Insufficient Permissions',
		meaning: 'SELinux or the device permissions block access to the GPU.',
		fix: 'Turn off SELinux labels for GPU containers: --security-opt label=disable',
	},
];

function fromSmi(
	id: string,
	layer: Remedy['layer'],
	text: RegExp,
	{example, meaning}: Pick<Remedy, 'example' | 'meaning'>,
): Remedy {
	return {id, layer, text, example, meaning, fix: `${problemOfLine(example)?.fix ?? ''}.`};
}

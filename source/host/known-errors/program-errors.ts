import {exitCode} from '../../base/failure.ts';
import type {Remedy} from './remedy.ts';

const withGpu = 'Give the box a GPU: gpubox up --recreate --gpus 1';

/**
What CUDA, NCCL, PyTorch and pip print in a box. Sources: the CUDA runtime's error strings, NCCL (src/misc/shmutils.cc), PyTorch
(c10/cuda, aten/src/ATen/MapAllocator.cpp, torch/cuda/__init__.py, torch/utils/data), pip.
*/
export const programErrors: readonly Remedy[] = [
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
		id: 'fabric-not-ready',
		layer: 'driver',
		text: /(?:Error 802: |CUDA(?: error|_ERROR_SYSTEM_NOT_READY): )system not yet initialized/i,
		example: 'CUDA initialization: Unexpected error from cudaGetDeviceCount(). Error 802: system not yet initialized',
		meaning: 'The NVSwitch fabric that connects the GPUs is not running.',
		fix: "Install nvidia-fabricmanager in exactly the driver's version on the host, then: sudo systemctl enable --now nvidia-fabricmanager",
		commands: ['sudo systemctl enable --now nvidia-fabricmanager'],
	},
	{
		id: 'driver-too-old',
		layer: 'image',
		text: /NVIDIA driver on your system is too old|CUDA driver version is insufficient for CUDA runtime version/i,
		example: 'RuntimeError: The NVIDIA driver on your system is too old (found version 12040)',
		meaning: "The image's CUDA is too new for this host's driver.",
		fix: 'Choose an image that fits (gpubox images), or install a newer driver.',
		exitCode: exitCode.imageDoesNotFit,
	},
	{
		id: 'box-without-gpu',
		layer: 'box',
		text: /Found no NVIDIA driver on your system/i,
		example: 'RuntimeError: Found no NVIDIA driver on your system.',
		meaning: 'This box has no GPU.',
		fix: withGpu,
	},
	{
		id: 'no-gpu-visible',
		layer: 'box',
		text: /No CUDA GPUs are available|no CUDA-capable device is detected/i,
		example: 'RuntimeError: No CUDA GPUs are available',
		meaning: 'The program sees no GPU: the box has none, or CUDA_VISIBLE_DEVICES hides it.',
		fix: `To see the box's GPUs: gpubox ls. ${withGpu}`,
	},
	{
		id: 'torch-without-cuda',
		layer: 'image',
		text: /AssertionError: Torch not compiled with CUDA enabled/i,
		example: 'AssertionError: Torch not compiled with CUDA enabled',
		meaning: 'This PyTorch was built without CUDA.',
		fix: 'Choose an image with CUDA: gpubox images. If pip replaced the PyTorch of the image, remove it from the packages.',
	},
	{
		id: 'not-compiled-for-gpu',
		layer: 'image',
		text: /no kernel image is available for (?:execution on the device|sm_\d+)|CUDA capability sm_\d+ is not compatible with the current PyTorch installation/i,
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
		// Databases run "out of shared memory" of their own, and so does a kernel on a GPU.
		text: /DataLoader worker \(pid\b.*\bBus error|dataloader's workers are out of shared memory|NCCL WARN .*(?:\/dev\/shm\/nccl-|posix_fallocate failed).*No space left on device|unable to (?:write to|resize|mmap \d+ bytes from|allocate shared memory ?\(shm\) for) file <\/?torch_\w+>.*(?:No space left on device|Cannot allocate memory)|No space left on device:? '\/dev\/shm\//i,
		example: 'RuntimeError: DataLoader worker (pid 123) is killed by signal: Bus error.',
		meaning: 'The shared memory of the box (/dev/shm) is too small for its data loaders or for NCCL.',
		fix: 'Increase it: gpubox up --recreate --shm-size 16g',
	},
	{
		id: 'disk-full',
		layer: 'box',
		// The kernel says the same of watches, semaphores, control groups and rings that are used up, which no disk helps.
		text: /^(?!.*(?:inotify|epoll|\bwatch|semaphore|semget|semctl|shmget|shmat|msgget|cgroup|io_uring|\/dev\/shm|\/proc\/|\/sys\/)).*No space left on device/im,
		example: 'OSError: [Errno 28] No space left on device',
		meaning: 'A disk is full: that of the project, the home or the engine.',
		fix: 'To see which: df -h. For the engine: docker system df; to remove unused images: docker image prune',
	},
	{
		id: 'externally-managed',
		layer: 'box',
		text: /error: externally-managed-environment/i,
		example: 'error: externally-managed-environment',
		meaning: "The image's Python belongs to its distribution, so pip refuses to write into it.",
		fix: 'Use a virtual environment: python3 -m venv --system-site-packages .venv',
	},
];

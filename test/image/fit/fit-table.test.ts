/** Host × image cases, each with where its expectation comes from. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {catalogue, unknownImage} from '../../../source/image/catalogue/catalogue.ts';
import {judge} from '../../../source/image/fit/fit.ts';
import type {ImageFacts, Injection, ReasonCode, Verdict} from '../../../source/image/image.ts';
import {host} from '../_hosts.ts';

const source = {
	minor: 'NVIDIA, CUDA Compatibility, Minor Version Compatibility: 12.x needs >=525, 13.x >=580, 11.x >=450.80.02',
	backward: 'NVIDIA, CUDA Compatibility: "the CUDA driver is backward compatible"; R595 runs 11.8 and 12.x images',
	tooOld: 'torch: "The NVIDIA driver on your system is too old (found version 12040)", a CUDA 13 image on R550',
	smi: 'nvidia-smi of R570.124.04 prints 12.8, of R590.48.01 prints 13.1, of 595.71.05 prints 13.2',
	sm120:
		'torch: "CUDA error: no kernel image is available" on RTX 50 with cuda12.6; pytorch/pytorch .ci/manywheel/build_cuda.sh',
	sm120minor: 'torch/cuda/__init__.py: 12.0 code runs on 12.1, 10.0 code on 10.3, 8.6 code on 8.9, 6.0 code on 6.1',
	volta: 'pytorch/pytorch 157517 (sm_70 back in cu128 for 2.8); RELEASE.md: cu128@2.7 and cu13x without sm_70',
	pascal: 'pytorch/pytorch build_cuda.sh: cu126 keeps 5.0 to 9.0; cu128 and cu13x begin at 7.0 or 7.5',
	kepler: 'pytorch/builder manywheel/build_cuda.sh: 3.7 in cu117 and cu118; NVIDIA: R470 is the last driver for Kepler',
	require:
		'NVIDIA_REQUIRE_CUDA of nvidia/cuda 12.8.1: brands unknown grid tesla … with 470 535 550 560 565, no geforce',
	require124: 'NVIDIA_REQUIRE_CUDA of nvidia/cuda 12.4.1: brand=geforce,driver>=535,driver<536 is in it',
	requireCdi:
		'NVIDIA/nvidia-container-toolkit v1.20.0: only internal/modifier/csv.go and the legacy hook read requirements',
	ngcRequire: 'NGC PyTorch containers print NVIDIA_REQUIRE_CUDA=cuda>=9.0',
	compat804: 'reports of error 804 on GeForce with R550 and nvidia/cuda:12.9 by CDI; cmd/nvidia-cdi-hook/cudacompat',
	forward131: 'ELF note of compat 590.44.01 (CUDA 13.1) in the toolkit test data: hosts 535 550 570 575 580 590',
	forwardOnly:
		'NVIDIA, CUDA Compatibility, Forward Compatibility: data-centre GPUs; GeForce: cudaErrorCompatNotSupportedOnDevice (804)',
	forward128: 'NGC PyTorch 25.01 release notes: R470 >=470.57, R525 >=525.85, R535 >=535.86, R550 >=550.54',
	ngc75: 'NGC PyTorch 25.01 release notes: "supports CUDA compute capability 7.5 and later"',
	ngc24: 'TORCH_CUDA_ARCH_LIST in NGC 24.x: 5.2 6.0 6.1 7.0 7.2 7.5 8.0 8.6 8.7 9.0+PTX',
	tf: 'TensorFlow 2.20: "not built with CUDA kernel binaries compatible with compute capability 12.0 … jit-compiled from PTX"; reports of CUDA_ERROR_INVALID_PTX',
	ptx: 'NVIDIA, minor-version compatibility: PTX of a newer toolkit than the driver: CUDA_ERROR_UNSUPPORTED_PTX_VERSION (222)',
	ptxRuns: 'CUDA C++ Programming Guide: PTX for p runs on any GPU >= p, compiled by the driver',
	rapids: 'RAPIDS 26.02 platform support: cuda12 driver >=535 and compute capability 7.0, cuda13 driver 580 and 7.5',
	amd64: 'pytorch/test-infra generate_docker_release_matrix.py: platform linux/amd64 only; NGC: amd64 and arm64',
	disk: 'pull log of 2.11.0-cuda12.6-cudnn9-devel: 11.85 GiB compressed, about 36 GB unpacked',
	toolkit: 'CMakeCUDAArchitecturesAll.cmake: what nvcc of each release can target',
	jetson: 'torch/cuda/__init__.py: integrated GPUs need their own code (5.3, 6.2, 7.2, 8.7)',
	moby: 'moby: could not select device driver "" with capabilities: [[gpu]]',
	stated: 'nothing states it, so nothing is claimed',
} as const;

type Case = {
	driver: string | null;
	gpus: readonly string[];
	image: string | Partial<ImageFacts>;
	fits: Verdict;
	codes?: readonly ReasonCode[];
	/** Part of the text of some reason: the exact driver to install, the cards that are left out. */
	says?: string;
	note?: RegExp;
	injection?: Injection;
	architecture?: string;
	freeGiB?: number;
	cudaVersion?: string;
	source: string;
};

const p = (tag: string) => `pytorch/pytorch:${tag}`;
const ngc = (month: string) => `nvcr.io/nvidia/pytorch:${month}-py3`;
const rtx4090 = ['NVIDIA GeForce RTX 4090'];
const rtx5090 = ['NVIDIA GeForce RTX 5090'];
const gtx1080 = ['NVIDIA GeForce GTX 1080'];
const h100 = ['NVIDIA H100 80GB HBM3'];
const a100 = ['NVIDIA A100-SXM4-80GB'];
const v100 = ['Tesla V100-SXM2-16GB'];
const a6000 = ['NVIDIA RTX A6000'];

const cases: readonly Case[] = [
	// The driver: native, backward, minor-version compatibility, and where each ends.
	{driver: '570.124.06', gpus: rtx4090, image: p('2.8.0-cuda12.8-cudnn9-runtime'), fits: true, source: source.smi},
	{driver: '580.65.06', gpus: rtx4090, image: p('2.14.1-cuda13.0-cudnn9-runtime'), fits: true, source: source.smi},
	{driver: '590.48.01', gpus: h100, image: p('2.14.1-cuda13.0-cudnn9-runtime'), fits: true, source: source.smi},
	{driver: '595.71.05', gpus: rtx4090, image: p('2.14.1-cuda13.2-cudnn9-runtime'), fits: true, source: source.smi},
	{driver: '595.71.05', gpus: rtx4090, image: p('2.6.0-cuda12.4-cudnn9-runtime'), fits: true, source: source.backward},
	{driver: '595.71.05', gpus: a100, image: p('2.7.1-cuda11.8-cudnn9-runtime'), fits: true, source: source.backward},
	{driver: '610.43.02', gpus: a100, image: p('2.0.1-cuda11.7-cudnn8-devel'), fits: true, source: source.backward},
	{
		driver: '525.60.13',
		gpus: rtx4090,
		image: p('2.14.1-cuda12.6-cudnn9-runtime'),
		fits: true,
		note: /525\.60\.13/,
		source: source.minor,
	},
	{
		driver: '525.53',
		gpus: rtx4090,
		image: p('2.14.1-cuda12.6-cudnn9-runtime'),
		fits: false,
		codes: ['driver-too-old'],
		says: '525.60.13',
		source: source.minor,
	},
	{
		driver: '550.54.15',
		gpus: rtx4090,
		image: p('2.8.0-cuda12.8-cudnn9-runtime'),
		fits: true,
		note: /minor-version/,
		source: source.minor,
	},
	{
		driver: '550.54.15',
		gpus: rtx4090,
		image: p('2.14.1-cuda13.0-cudnn9-runtime'),
		fits: false,
		codes: ['driver-too-old'],
		says: '580.65.06',
		source: source.tooOld,
	},
	{
		driver: '575.57.08',
		gpus: rtx5090,
		image: p('2.14.1-cuda13.0-cudnn9-runtime'),
		fits: false,
		codes: ['driver-too-old'],
		says: '580.65.06',
		source: source.tooOld,
	},
	{
		driver: '575.57.08',
		gpus: h100,
		image: p('2.14.1-cuda13.0-cudnn9-runtime'),
		fits: false,
		codes: ['driver-too-old'],
		says: '580.65.06',
		source: source.minor,
	},
	{
		driver: '580.65.05',
		gpus: h100,
		image: p('2.14.1-cuda13.2-cudnn9-runtime'),
		fits: false,
		codes: ['driver-too-old'],
		says: '580.65.06',
		source: source.minor,
	},
	{
		driver: '580.65.06',
		gpus: h100,
		image: p('2.14.1-cuda13.2-cudnn9-runtime'),
		fits: true,
		note: /minor-version/,
		source: source.minor,
	},
	{
		driver: '450.80.02',
		gpus: ['Tesla T4'],
		image: p('2.4.1-cuda11.8-cudnn9-runtime'),
		fits: true,
		note: /450\.80\.02/,
		source: source.minor,
	},
	{
		driver: '450.51.06',
		gpus: ['Tesla T4'],
		image: p('2.4.1-cuda11.8-cudnn9-runtime'),
		fits: false,
		codes: ['driver-too-old'],
		says: '450.80.02',
		source: source.minor,
	},
	{
		driver: '470.256.02',
		gpus: ['Tesla T4'],
		image: p('2.14.1-cuda12.6-cudnn9-runtime'),
		fits: false,
		codes: ['driver-too-old'],
		says: '525.60.13',
		source: source.minor,
	},
	{
		driver: '390.157',
		gpus: gtx1080,
		image: p('2.4.1-cuda11.8-cudnn9-runtime'),
		fits: false,
		codes: ['driver-too-old'],
		says: '450.80.02',
		source: source.minor,
	},
	// WSL: the driver's number is Windows', nvidia-smi's CUDA counts.
	{
		driver: '546.12',
		cudaVersion: '12.3',
		gpus: rtx4090,
		image: p('2.1.0-cuda12.1-cudnn8-runtime'),
		fits: true,
		source: "cuda.json: on WSL the number is another, nvidia-smi's word is taken",
	},
	{
		driver: '610.62',
		cudaVersion: '13.3',
		gpus: rtx4090,
		image: p('2.14.1-cuda13.2-cudnn9-runtime'),
		fits: true,
		source: 'nvidia-smi 610.62 under WSL',
	},

	// Code for the card.
	{
		driver: '595.71.05',
		gpus: rtx5090,
		image: p('2.14.1-cuda12.6-cudnn9-runtime'),
		fits: false,
		codes: ['gpu-too-new'],
		says: 'CUDA 12.8',
		source: source.sm120,
	},
	{
		driver: '595.71.05',
		gpus: rtx5090,
		image: p('2.6.0-cuda12.4-cudnn9-runtime'),
		fits: false,
		codes: ['gpu-too-new'],
		says: 'CUDA 12.8',
		source: source.sm120,
	},
	{driver: '570.86.10', gpus: rtx5090, image: p('2.7.0-cuda12.8-cudnn9-runtime'), fits: true, source: source.sm120},
	{driver: '575.57.08', gpus: rtx5090, image: p('2.8.0-cuda12.9-cudnn9-runtime'), fits: true, source: source.sm120},
	{driver: '580.65.06', gpus: rtx5090, image: p('2.9.1-cuda13.0-cudnn9-runtime'), fits: true, source: source.sm120},
	{
		driver: '580.95.05',
		gpus: ['NVIDIA B200'],
		image: p('2.9.1-cuda12.8-cudnn9-runtime'),
		fits: true,
		source: source.sm120,
	},
	{
		driver: '580.95.05',
		gpus: ['NVIDIA B200'],
		image: p('2.9.1-cuda12.6-cudnn9-runtime'),
		fits: false,
		codes: ['gpu-too-new'],
		source: source.sm120,
	},
	{
		driver: '580.95.05',
		gpus: ['NVIDIA B300 SXM6 AC'],
		image: p('2.9.1-cuda13.0-cudnn9-runtime'),
		fits: true,
		source: source.sm120minor,
	},
	{
		driver: '570.124.06',
		gpus: ['NVIDIA RTX PRO 6000 Blackwell Workstation Edition'],
		image: p('2.8.0-cuda12.8-cudnn9-runtime'),
		fits: true,
		source: source.sm120,
	},
	{
		driver: '550.54.15',
		gpus: ['NVIDIA L40S'],
		image: p('2.6.0-cuda12.4-cudnn9-runtime'),
		fits: true,
		source: source.sm120minor,
	},
	{
		driver: '580.65.06',
		gpus: gtx1080,
		image: p('2.14.1-cuda13.0-cudnn9-runtime'),
		fits: false,
		codes: ['gpu-too-old'],
		says: 'CUDA 12.6',
		source: source.pascal,
	},
	{
		driver: '580.65.06',
		gpus: gtx1080,
		image: p('2.8.0-cuda12.8-cudnn9-runtime'),
		fits: false,
		codes: ['gpu-too-old'],
		source: source.pascal,
	},
	{driver: '580.65.06', gpus: gtx1080, image: p('2.14.1-cuda12.6-cudnn9-runtime'), fits: true, source: source.pascal},
	{
		driver: '535.104.05',
		gpus: ['NVIDIA GeForce GTX 970'],
		image: p('2.14.1-cuda12.6-cudnn9-runtime'),
		fits: true,
		source: source.pascal,
	},
	{
		driver: '580.65.06',
		gpus: v100,
		image: p('2.14.1-cuda13.0-cudnn9-runtime'),
		fits: false,
		codes: ['gpu-too-old'],
		source: source.volta,
	},
	{driver: '580.65.06', gpus: v100, image: p('2.8.0-cuda12.8-cudnn9-runtime'), fits: true, source: source.volta},
	{
		driver: '580.65.06',
		gpus: v100,
		image: p('2.7.1-cuda12.8-cudnn9-runtime'),
		fits: false,
		codes: ['gpu-too-old'],
		source: source.volta,
	},
	{
		driver: '580.65.06',
		gpus: v100,
		image: p('2.11.0-cuda12.8-cudnn9-runtime'),
		fits: false,
		codes: ['gpu-too-old'],
		source: source.volta,
	},
	{driver: '580.65.06', gpus: v100, image: p('2.14.1-cuda12.6-cudnn9-runtime'), fits: true, source: source.volta},
	{
		driver: '470.256.02',
		gpus: ['Tesla T4'],
		image: p('2.0.1-cuda11.7-cudnn8-runtime'),
		fits: true,
		source: source.kepler,
	},
	{
		driver: '535.104.05',
		gpus: ['Tesla T4'],
		image: p('2.14.1-cuda12.6-cudnn9-runtime'),
		fits: true,
		source: source.sm120minor,
	},

	// PTX: only where the driver has all of the image's CUDA, and CUDA's own libraries know the card.
	{
		driver: '595.71.05',
		gpus: rtx5090,
		image: 'tensorflow/tensorflow:2.20.0-gpu-jupyter',
		fits: 'unknown',
		codes: ['untested-gpu'],
		source: source.tf,
	},
	{
		driver: '525.60.13',
		gpus: rtx5090,
		image: 'tensorflow/tensorflow:2.20.0-gpu-jupyter',
		fits: false,
		codes: ['driver-too-old'],
		says: '555.42.02',
		source: source.ptx,
	},
	{
		driver: '555.42.02',
		gpus: h100,
		image: 'tensorflow/tensorflow:2.18.0-gpu',
		fits: true,
		note: /first start/,
		source: source.ptxRuns,
	},
	{
		driver: '535.104.05',
		gpus: h100,
		image: 'tensorflow/tensorflow:2.18.0-gpu',
		fits: false,
		codes: ['driver-too-old'],
		says: '555.42.02',
		source: source.ptx,
	},
	{driver: '550.54.15', gpus: rtx4090, image: 'tensorflow/tensorflow:2.18.0-gpu', fits: true, source: source.tf},

	// NVIDIA_REQUIRE_CUDA.
	{
		driver: '550.54.15',
		gpus: rtx4090,
		injection: 'legacy-hook',
		image: p('2.8.0-cuda12.8-cudnn9-devel'),
		fits: false,
		codes: ['driver-too-old'],
		says: '570.26',
		source: source.require,
	},
	{
		driver: '550.54.15',
		gpus: rtx4090,
		injection: 'legacy-hook',
		image: p('2.8.0-cuda12.8-cudnn9-runtime'),
		fits: true,
		source: 'pytorch/pytorch Dockerfile: runtime images are plain Ubuntu, without NVIDIA_REQUIRE_CUDA',
	},
	{
		driver: '570.26',
		gpus: rtx4090,
		injection: 'legacy-hook',
		image: p('2.8.0-cuda12.8-cudnn9-devel'),
		fits: true,
		source: source.require,
	},
	{
		driver: '550.54.15',
		gpus: a100,
		injection: 'legacy-hook',
		image: p('2.8.0-cuda12.8-cudnn9-devel'),
		fits: true,
		source: source.require,
	},
	{
		driver: '545.23.08',
		gpus: a100,
		injection: 'legacy-hook',
		image: p('2.8.0-cuda12.8-cudnn9-devel'),
		fits: 'unknown',
		codes: ['driver-not-listed'],
		source: source.require,
	},
	{
		driver: '535.104.05',
		gpus: rtx4090,
		injection: 'legacy-hook',
		image: p('2.6.0-cuda12.4-cudnn9-devel'),
		fits: true,
		source: source.require124,
	},
	{
		driver: '535.104.05',
		gpus: rtx4090,
		injection: 'legacy-hook',
		image: 'nvidia/cuda:12.6.3-cudnn-devel-ubuntu24.04',
		fits: false,
		codes: ['driver-too-old'],
		says: '560.28.03',
		source: 'NVIDIA_REQUIRE_CUDA of nvidia/cuda 12.6.3',
	},
	{
		driver: '550.54.15',
		gpus: a100,
		injection: 'cdi',
		image: p('2.8.0-cuda12.8-cudnn9-devel'),
		fits: true,
		source: source.requireCdi,
	},
	{
		driver: '545.23.08',
		gpus: a100,
		injection: 'cdi',
		image: p('2.8.0-cuda12.8-cudnn9-devel'),
		fits: true,
		source: source.requireCdi,
	},
	{
		driver: '550.54.15',
		gpus: rtx4090,
		injection: 'legacy-hook',
		image: ngc('25.03'),
		fits: true,
		source: source.ngcRequire,
	},

	// Compatibility libraries: a way forward on data-centre cards, a trap on GeForce.
	{
		driver: '550.54.15',
		gpus: rtx4090,
		injection: 'cdi',
		image: 'nvidia/cuda:12.9.1-cudnn-devel-ubuntu24.04',
		fits: 'unknown',
		codes: ['compat-libraries'],
		says: '575.51.03',
		source: source.compat804,
	},
	{
		driver: '575.51.03',
		gpus: rtx4090,
		injection: 'cdi',
		image: 'nvidia/cuda:12.9.1-cudnn-devel-ubuntu24.04',
		fits: true,
		source: source.compat804,
	},
	{
		driver: '550.54.15',
		gpus: rtx4090,
		injection: 'unknown',
		image: 'nvidia/cuda:12.9.1-cudnn-devel-ubuntu24.04',
		fits: 'unknown',
		source: source.compat804,
	},
	{driver: '535.104.05', gpus: h100, image: ngc('25.12'), fits: true, note: /forward/, source: source.forward131},
	{driver: '575.57.08', gpus: h100, image: ngc('25.12'), fits: true, note: /forward/, source: source.forward131},
	{
		driver: '545.23.08',
		gpus: h100,
		image: ngc('25.12'),
		fits: 'unknown',
		codes: ['driver-not-listed'],
		says: '580.65.06',
		source: source.forward131,
	},
	{
		driver: '525.147.05',
		gpus: h100,
		image: ngc('25.12'),
		fits: false,
		codes: ['driver-too-old'],
		says: '580.65.06',
		source: source.forward131,
	},
	{
		driver: '535.104.05',
		gpus: rtx4090,
		image: ngc('25.12'),
		fits: false,
		codes: ['driver-too-old'],
		says: '580.65.06',
		source: source.forwardOnly,
	},
	{
		driver: '535.104.05',
		gpus: a6000,
		image: ngc('25.12'),
		fits: 'unknown',
		codes: ['driver-not-listed'],
		source: 'NVIDIA, Forward Compatibility: "select NGC Server Ready SKUs of RTX cards"',
	},
	{
		driver: '535.104.05',
		gpus: h100,
		image: ngc('26.06'),
		fits: 'unknown',
		codes: ['driver-not-listed'],
		source: 'the ELF note of the compatibility libraries of CUDA 13.3 was not seen',
	},
	{driver: '470.82.01', gpus: a100, image: ngc('25.01'), fits: true, note: /forward/, source: source.forward128},
	{
		driver: '470.42.01',
		gpus: a100,
		image: ngc('25.01'),
		fits: false,
		codes: ['driver-too-old'],
		says: '525.60.13',
		source: source.forward128,
	},
	{
		driver: '535.104.05',
		gpus: h100,
		image: p('2.14.1-cuda13.0-cudnn9-runtime'),
		fits: false,
		codes: ['driver-too-old'],
		source: 'runtime images hold no compatibility libraries',
	},

	// NVIDIA's monthly images and their cards.
	{driver: '580.65.06', gpus: v100, image: ngc('25.01'), fits: false, codes: ['gpu-too-old'], source: source.ngc75},
	{driver: '580.65.06', gpus: v100, image: ngc('24.12'), fits: true, source: source.ngc24},
	{
		driver: '570.86.10',
		gpus: rtx5090,
		image: ngc('25.01'),
		fits: true,
		source: 'NGC PyTorch 25.01 release notes: first Blackwell release',
	},
	{
		driver: '580.65.06',
		gpus: rtx5090,
		image: ngc('24.12'),
		fits: 'unknown',
		codes: ['untested-gpu'],
		source: source.ngc24,
	},
	{
		driver: '580.95.05',
		gpus: ['NVIDIA GB10'],
		architecture: 'aarch64',
		image: ngc('25.10'),
		fits: true,
		source: source.sm120minor,
	},
	{
		driver: '570.86.10',
		gpus: rtx5090,
		image: 'nvcr.io/nvidia/tensorflow:25.01-tf2-py3',
		fits: true,
		source: 'nvcr.io/nvidia/tensorflow:25.01-tf2-py3 seen working on an RTX 5070',
	},

	// Others.
	{
		driver: '530.30.02',
		gpus: a100,
		image: 'rapidsai/notebooks:26.08-cuda12-py3.13',
		fits: false,
		codes: ['driver-too-old'],
		says: '535',
		source: source.rapids,
	},
	{
		driver: '580.65.06',
		gpus: ['Tesla P100-PCIE-16GB'],
		image: 'rapidsai/notebooks:26.08-cuda12-py3.13',
		fits: false,
		codes: ['gpu-too-old'],
		source: source.rapids,
	},
	{
		driver: '595.71.05',
		gpus: v100,
		image: 'vllm/vllm-openai:v0.28.0',
		fits: false,
		codes: ['gpu-too-old'],
		source: 'vLLM: V100 was dropped by 0.20',
	},
	{
		driver: '580.65.06',
		gpus: h100,
		image: 'quay.io/jupyter/pytorch-notebook:cuda13-latest',
		fits: true,
		source: 'jupyter/docker-stacks @82093869: cu130 wheels',
	},
	{
		driver: '580.65.06',
		gpus: v100,
		image: 'quay.io/jupyter/pytorch-notebook:cuda12-latest',
		fits: false,
		codes: ['gpu-too-old'],
		source: source.volta,
	},
	{
		driver: '580.65.06',
		gpus: h100,
		image: 'quay.io/jupyter/pytorch-notebook:latest',
		fits: false,
		codes: ['no-cuda'],
		source: 'jupyter/docker-stacks: plain tags are CPU',
	},
	{
		driver: null,
		gpus: [],
		image: 'quay.io/jupyter/pytorch-notebook:latest',
		fits: true,
		source: 'jupyter/docker-stacks: plain tags are CPU',
	},
	{
		driver: '580.65.06',
		gpus: rtx5090,
		image: 'nvidia/cuda:12.6.3-cudnn-devel-ubuntu24.04',
		fits: false,
		codes: ['gpu-too-new'],
		says: 'CUDA 12.8',
		source: source.toolkit,
	},
	{
		driver: '595.71.05',
		gpus: gtx1080,
		image: 'nvidia/cuda:13.0.3-cudnn-devel-ubuntu24.04',
		fits: false,
		codes: ['gpu-too-old'],
		source: source.toolkit,
	},
	{
		driver: '595.78',
		gpus: ['Orin (nvgpu)'],
		architecture: 'aarch64',
		image: ngc('24.10'),
		fits: true,
		source: source.jetson,
	},
	{
		driver: '595.78',
		gpus: ['Orin (nvgpu)'],
		architecture: 'aarch64',
		image: {cuda: '12.6', computeCapabilities: ['8.0', '8.6'], platforms: ['linux/arm64']},
		fits: false,
		codes: ['gpu-too-new'],
		source: source.jetson,
	},

	// Mixed hosts: it says which cards are left out.
	{
		driver: '570.124.06',
		gpus: [...gtx1080, ...rtx5090],
		image: p('2.8.0-cuda12.8-cudnn9-runtime'),
		fits: false,
		codes: ['gpu-too-old'],
		says: 'GPU 0:',
		source: source.pascal,
	},
	{
		driver: '570.124.06',
		gpus: [...gtx1080, ...rtx5090],
		image: p('2.14.1-cuda12.6-cudnn9-runtime'),
		fits: false,
		codes: ['gpu-too-new'],
		says: 'GPU 1:',
		source: source.sm120,
	},
	{
		driver: '570.124.06',
		gpus: [...gtx1080, ...rtx4090],
		image: p('2.14.1-cuda12.6-cudnn9-runtime'),
		fits: true,
		source: source.pascal,
	},
	{
		driver: '570.124.06',
		gpus: [...v100, ...h100],
		image: p('2.8.0-cuda12.8-cudnn9-runtime'),
		fits: true,
		source: source.volta,
	},
	{
		driver: '535.104.05',
		gpus: [...h100, ...rtx4090],
		image: ngc('25.12'),
		fits: false,
		codes: ['driver-too-old'],
		says: 'GPU 1:',
		source: source.forwardOnly,
	},

	// The machine and the engine.
	{
		driver: '580.95.05',
		gpus: ['NVIDIA GH200 480GB'],
		architecture: 'aarch64',
		image: p('2.14.1-cuda13.0-cudnn9-runtime'),
		fits: false,
		codes: ['wrong-architecture'],
		says: 'linux/arm64',
		source: source.amd64,
	},
	{
		driver: '580.95.05',
		gpus: ['NVIDIA GH200 480GB'],
		architecture: 'arm64',
		image: ngc('25.10'),
		fits: true,
		source: source.amd64,
	},
	{
		driver: '580.95.05',
		gpus: h100,
		architecture: 'riscv64',
		image: ngc('25.10'),
		fits: 'unknown',
		codes: ['wrong-architecture'],
		source: source.stated,
	},
	{
		driver: '580.65.06',
		gpus: h100,
		freeGiB: 20,
		image: p('2.11.0-cuda12.6-cudnn9-devel'),
		fits: false,
		codes: ['not-enough-disk'],
		source: source.disk,
	},
	{
		driver: '580.65.06',
		gpus: h100,
		freeGiB: 60,
		image: p('2.11.0-cuda12.6-cudnn9-devel'),
		fits: true,
		source: source.disk,
	},
	{
		driver: '580.65.06',
		gpus: h100,
		injection: 'none',
		image: p('2.14.1-cuda13.0-cudnn9-runtime'),
		fits: false,
		codes: ['no-gpu-runtime'],
		says: 'nvidia-ctk',
		source: source.moby,
	},
	{
		driver: null,
		gpus: [],
		injection: 'none',
		image: p('2.14.1-cuda13.0-cudnn9-runtime'),
		fits: true,
		note: /CPU/,
		source: source.moby,
	},

	// Not known.
	{
		driver: null,
		gpus: h100,
		image: p('2.14.1-cuda13.0-cudnn9-runtime'),
		fits: 'unknown',
		codes: ['unknown-driver'],
		source: source.stated,
	},
	{
		driver: null,
		cudaVersion: '12.6',
		gpus: h100,
		image: p('2.14.1-cuda12.6-cudnn9-runtime'),
		fits: true,
		source: source.smi,
	},
	{
		driver: null,
		cudaVersion: '12.4',
		gpus: h100,
		image: p('2.14.1-cuda12.6-cudnn9-runtime'),
		fits: 'unknown',
		codes: ['unknown-driver'],
		source: source.stated,
	},
	{
		driver: '580.65.06',
		gpus: h100,
		image: {platforms: ['linux/amd64']},
		fits: 'unknown',
		codes: ['unknown-cuda'],
		source: source.stated,
	},
	{
		driver: '580.65.06',
		gpus: h100,
		image: {cuda: '12.8', platforms: ['linux/amd64']},
		fits: 'unknown',
		codes: ['unknown-capabilities'],
		source: source.stated,
	},
	{
		driver: '580.65.06',
		gpus: h100,
		image: {
			cuda: '12.8',
			computeCapabilities: ['9.0'],
			setsNvidiaRequireCuda: true,
			requireCuda: '€?',
			platforms: ['linux/amd64'],
		},
		injection: 'legacy-hook',
		fits: 'unknown',
		codes: ['driver-not-listed'],
		source: source.stated,
	},
	{
		driver: '615.65.07',
		gpus: h100,
		image: {cuda: '14.1', computeCapabilities: ['9.0'], platforms: ['linux/amd64']},
		fits: false,
		codes: ['driver-too-old'],
		says: 'CUDA 14.1',
		source: 'a driver never runs a CUDA of a newer major version',
	},
];

test('there are at least sixty cases, and each tells where it comes from', () => {
	assert.ok(cases.length >= 60, `${cases.length} cases`);
	assert.ok(cases.every((each) => each.source.length >= 20));
});

for (const each of cases) {
	const name = typeof each.image === 'string' ? each.image : JSON.stringify(each.image);
	test(`${each.gpus.join(' + ') || 'no GPU'}, driver ${each.driver}, ${name}: ${each.fits}`, () => {
		const image =
			typeof each.image === 'string' ? catalogue().find(each.image) : {...unknownImage('team/own:1'), ...each.image};
		assert.ok(image, 'the catalogue has it');
		const facts = host(each.driver, each.gpus, {
			injection: each.injection ?? 'cdi',
			architecture: each.architecture ?? 'x86_64',
			freeDiskBytes: each.freeGiB === undefined ? null : each.freeGiB * 1024 ** 3,
			cudaVersion: each.cudaVersion ?? null,
		});
		const {fits, reasons, notes} = judge(facts, image);
		assert.equal(fits, each.fits, JSON.stringify({reasons, notes, source: each.source}, null, 2));
		if (each.codes) {
			assert.deepEqual([...new Set(reasons.map(({code}) => code))], each.codes);
		}

		if (each.says !== undefined) {
			const text = reasons.map(({message, fix}) => `${message} ${fix}`).join('\n');
			assert.ok(text.includes(each.says), text);
		}

		if (each.note) {
			assert.match(notes.map(({message}) => message).join('\n'), each.note);
		}
	});
}

/** Whether the image holds code for a card: rule R5 of docs/images.md. */

import {cudaMinor, minorNumber} from '../../text/compare-versions.ts';
import {safeText} from '../../text/safe.ts';
import type {ImageFacts, JudgedGpu, Note, Reason, Verdict} from '../image.ts';
import {codeRunsOn, cudaCanTarget, cudaThatDropped, firstCudaFor} from './cuda.ts';
import {type ImageCuda, nativeDriver} from './driver-facts.ts';

export type CodeAnswer = {fits: Verdict; reason?: Reason; note?: Note};

function card(gpu: JudgedGpu): string {
	const name = safeText(gpu.name).slice(0, 80) || 'this GPU';
	return `${name} (compute capability ${cudaMinor(gpu.computeCapability)})`;
}

function noCode(gpu: JudgedGpu, capability: string, codes: readonly string[]): CodeAnswer {
	const own = minorNumber(capability) ?? 0;
	const dropped =
		codes.length > 0
			? codes.every((code) => (minorNumber(code) ?? 0) > own)
			: cudaThatDropped(capability) !== undefined;
	const list = codes.length > 0 ? `: it was compiled for ${safeText(codes.join(', ')).slice(0, 120)}` : '';
	if (dropped) {
		const older = own < 5000 ? 'CUDA 11' : 'CUDA 12.6 or older';
		return {
			fits: false,
			reason: {
				code: 'gpu-too-old',
				message: `It no longer has code for ${card(gpu)}${list}.`,
				fix: `Choose an image with ${older}: \`gpubox images\` lists those that fit.`,
			},
		};
	}

	const first = firstCudaFor(capability);
	return {
		fits: false,
		reason: {
			code: 'gpu-too-new',
			message: `It has no code for ${card(gpu)}${list}.`,
			fix:
				first === undefined || first === '0.0'
					? `Choose an image compiled for compute capability ${capability}: \`gpubox images\` lists those that fit.`
					: `Choose an image with CUDA ${first} or newer that was compiled for it: \`gpubox images\` lists those that fit.`,
		},
	};
}

function byJit(gpu: JudgedGpu, capability: string, image: ImageCuda | undefined, jit: Verdict): CodeAnswer {
	if (jit !== true) {
		const wanted = image === undefined ? 'a newer NVIDIA driver' : nativeDriver(image);
		return {
			fits: jit,
			reason: {
				code: jit === false ? 'driver-too-old' : 'unknown-driver',
				message: `Its code for ${card(gpu)} must be compiled by the driver at the first start, which ${jit === false ? 'this driver cannot do' : 'this driver may not be able to do'} for so new a CUDA.`,
				fix: `Install ${wanted}, or choose an image compiled for compute capability ${capability}.`,
			},
		};
	}

	// CUDA's own libraries (cuBLAS, cuDNN) have code only for what their release knows.
	if (image === undefined || cudaCanTarget(image.minor, capability) !== true) {
		return {
			fits: 'unknown',
			reason: {
				code: 'untested-gpu',
				message: `Its CUDA is older than ${card(gpu)}: the driver can compile its code at a long first start, but parts of it may fail.`,
				fix: `Choose an image compiled for compute capability ${capability}, or try this one with \`gpubox check\`.`,
			},
		};
	}

	const message = `The driver compiles its code for ${card(gpu)} at the first start, which takes minutes.`;
	return {fits: true, note: {code: 'compiled-at-start', message}};
}

/** Rule R5 for one card. `jit`: whether the driver would compile the image's PTX. */
export function judgeCode(gpu: JudgedGpu, facts: ImageFacts, image: ImageCuda | undefined, jit: Verdict): CodeAnswer {
	const capability = cudaMinor(gpu.computeCapability);
	const own = minorNumber(capability);
	if (capability === undefined || own === undefined) {
		return {
			fits: 'unknown',
			reason: {
				code: 'unknown-gpu',
				message: `The compute capability of ${safeText(gpu.name).slice(0, 80) || 'this GPU'} is unknown, so it is unclear whether the image has code for it.`,
				fix: 'Try it with `gpubox check`, which runs PyTorch on the GPU.',
			},
		};
	}

	const {computeCapabilities: codes, ptx, minComputeCapability} = facts;
	if (codes !== null) {
		if (codes.some((code) => codeRunsOn(code, capability))) {
			return {fits: true};
		}

		return ptx.some((code) => (minorNumber(code) ?? Number.POSITIVE_INFINITY) <= own)
			? byJit(gpu, capability, image, jit)
			: noCode(gpu, capability, codes);
	}

	const oldest = minorNumber(minComputeCapability);
	const target = image && cudaCanTarget(image.minor, capability);
	if (oldest !== undefined && own < oldest) {
		return {
			fits: false,
			reason: {
				code: 'gpu-too-old',
				message: `Its makers support compute capability ${cudaMinor(minComputeCapability)} and newer; this is ${card(gpu)}.`,
				fix: 'Choose an older image: `gpubox images` lists those that fit.',
			},
		};
	}

	if (target === false) {
		return noCode(gpu, capability, []);
	}

	return oldest !== undefined && target === true
		? {fits: true}
		: {
				fits: 'unknown',
				reason: {
					code: 'unknown-capabilities',
					message: `It does not say which GPUs it was compiled for; this is ${card(gpu)}.`,
					fix: 'Try it with `gpubox check`, or set its `computeCapabilities` in an entry of your own under `images`.',
				},
			};
}

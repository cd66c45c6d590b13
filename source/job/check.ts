/** Whether PyTorch can use the GPUs of a box or of an image. */

import {randomUUID} from 'node:crypto';
import * as v from 'valibot';
import type {Diagnostic} from '../base/failure.ts';
import {readTemplate} from '../base/templates.ts';
import {asInBox} from '../box/in-box.ts';
import type {Engine, GpuMechanism} from '../engine/engine.ts';
import {execOnce, onceSpec, type RunOnceResult, runOnce} from '../engine/run-once.ts';
import {findRemedy} from '../host/remedies.ts';
import {safeText} from '../text/safe.ts';
import {pythonCommand} from './python.ts';

/** One step; the steps after a failure are skipped. */
type CheckStep = {name: 'seen' | 'compiled' | 'moved' | 'float32' | 'bfloat16'; passed: boolean; detail: string};

export type CheckedGpu = {
	/** As PyTorch counts them, inside. */
	index: number;
	uuid: string | null;
	name: string | null;
	computeCapability: string | null;
	passed: boolean;
	steps: CheckStep[];
};

export type CheckResult = {
	passed: boolean;
	torch: string | null;
	/** The CUDA that PyTorch was built with. */
	cuda: string | null;
	cudnn: string | null;
	nccl: string | null;
	/** Of the host's driver, as it is seen inside. */
	driver: string | null;
	/** What PyTorch was compiled for, e.g. `sm_90`. */
	archs: string[];
	gpus: CheckedGpu[];
	/** Null with a single GPU. */
	allReduce: {passed: boolean; detail: string} | null;
	problems: Diagnostic[];
};

const text = v.pipe(v.string(), v.transform(safeText));
const message = v.variant('kind', [
	v.object({
		kind: v.literal('torch'),
		version: text,
		cuda: v.nullable(text),
		cudnn: v.optional(v.nullable(text), null),
		nccl: v.optional(v.nullable(text), null),
		driver: v.optional(v.nullable(text), null),
		archs: v.optional(v.array(text), []),
	}),
	v.object({
		kind: v.literal('gpu'),
		index: v.number(),
		uuid: v.nullable(text),
		name: v.nullable(text),
		computeCapability: v.nullable(text),
		steps: v.array(
			v.object({
				name: v.picklist(['seen', 'compiled', 'moved', 'float32', 'bfloat16']),
				passed: v.boolean(),
				detail: text,
			}),
		),
	}),
	v.object({kind: v.literal('all-reduce'), passed: v.boolean(), detail: text}),
	v.object({kind: v.literal('failed'), step: v.picklist(['import', 'cuda']), detail: text}),
]);
type Message = v.InferOutput<typeof message>;

/**
What the script said, in the shape of a result. Pure.
@param expected how many GPUs the container was given; undefined when that is not known
*/
export function readCheck({exitCode, stdout, stderr}: RunOnceResult, expected: number | undefined): CheckResult {
	const said = stdout.split('\n').flatMap((line) => readMessage(line) ?? []);
	const torch = said.find((each) => each.kind === 'torch');
	const gpus = said
		.filter((each) => each.kind === 'gpu')
		.map(({kind, ...gpu}) => ({...gpu, passed: gpu.steps.every(({passed}) => passed)}));
	const allReduce = said.find((each) => each.kind === 'all-reduce');
	const problems = [
		...said.flatMap((each) => (each.kind === 'failed' ? [describeFailure(each)] : [])),
		...gpus.flatMap(({index, steps}) =>
			steps.flatMap(({passed, detail}) => (passed ? [] : [explainText(`GPU ${index}: ${detail}`)])),
		),
		...(allReduce && !allReduce.passed ? [explainText(`All GPUs together: ${allReduce.detail}`)] : []),
	];
	if (expected !== undefined && gpus.length > 0 && gpus.length < expected) {
		problems.push({
			message: `PyTorch sees ${gpus.length} of the ${expected} GPUs it was given.`,
			fix: 'CUDA_VISIBLE_DEVICES may hide some; a process sees only one MIG slice.',
		});
	}

	if (problems.length === 0 && (exitCode !== 0 || gpus.length === 0)) {
		problems.push(describeEnd(exitCode, stderr));
	}

	return {
		passed: problems.length === 0,
		torch: torch?.version ?? null,
		cuda: torch?.cuda ?? null,
		cudnn: torch?.cudnn ?? null,
		nccl: torch?.nccl ?? null,
		driver: torch?.driver ?? null,
		archs: torch?.archs ?? [],
		gpus,
		allReduce: allReduce ? {passed: allReduce.passed, detail: allReduce.detail} : null,
		problems,
	};
}

function readMessage(line: string): Message | undefined {
	let value: unknown;
	try {
		value = JSON.parse(line);
	} catch {
		// The image's own start-up messages.
		return undefined;
	}

	const parsed = v.safeParse(message, value);
	return parsed.success ? parsed.output : undefined;
}

function describeFailure({step, detail}: Extract<Message, {kind: 'failed'}>): Diagnostic {
	if (step === 'import') {
		return /No module named '?torch'?/.test(detail)
			? {message: 'The image has no PyTorch.', fix: 'Choose an image with PyTorch: gpubox images'}
			: {
					message: `PyTorch cannot be loaded: ${detail}`,
					// What the loader misses is a matter of the image; of anything else only the text tells.
					fix:
						findRemedy(detail)?.fix ??
						(/cannot open shared object file|undefined symbol/.test(detail)
							? 'Choose another image: gpubox images'
							: ''),
				};
	}

	return /not compiled with CUDA/i.test(detail)
		? {message: 'Its PyTorch was built without CUDA.', fix: 'Choose an image with PyTorch for CUDA: gpubox images'}
		: explainText(`PyTorch cannot use CUDA: ${detail}`);
}

function explainText(detail: string): Diagnostic {
	const remedy = findRemedy(detail);
	return {
		message: remedy ? `${remedy.meaning} (${detail})` : detail,
		fix: remedy?.fix ?? 'Check the host: gpubox doctor',
	};
}

function describeEnd(exitCode: number, stderr: string): Diagnostic {
	const last = stderr.trim().split('\n').at(-1) ?? '';
	if (exitCode === 127) {
		return {message: 'The image has no Python.', fix: 'Choose an image with PyTorch: gpubox images'};
	}

	// 128 and the signal's number: SIGALRM is 14.
	if (exitCode === 142) {
		return {
			message: 'PyTorch gave no answer for four minutes.',
			fix: 'The driver may hang. Check the host: gpubox doctor',
		};
	}

	return explainText(`The check ended with exit code ${exitCode}${last === '' ? '' : `: ${last}`}`);
}

/** The script as text. It runs on its own, too, wherever there is PyTorch. */
export function checkScript(): string {
	return readTemplate('check/check.py');
}

function checkCommand(): [string, ...string[]] {
	return pythonCommand(checkScript(), ['--json']);
}

/** @throws EngineError, or the reason of the signal */
export async function checkBox(
	engine: Engine,
	box: {id: string; gpus: string[]},
	signal: AbortSignal,
): Promise<CheckResult> {
	return readCheck(await execOnce(engine, box.id, asInBox(checkCommand()), signal), box.gpus.length);
}

/**
In a separate container, which is removed however it ends.
@throws EngineError, or the reason of the signal
*/
export async function checkImage(
	engine: Engine,
	image: string,
	gpus: {uuids: string[]; mechanism: GpuMechanism},
	signal: AbortSignal,
): Promise<CheckResult> {
	const spec = onceSpec(`gpubox-check-${randomUUID().slice(0, 8)}`, image, checkCommand(), gpus);
	spec.environment = {
		...spec.environment,
		// As in a box: the numbers inside follow those of nvidia-smi.
		CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
		// What an image sets here would give it every card.
		...(gpus.uuids.length === 0 ? {NVIDIA_VISIBLE_DEVICES: 'void'} : {}),
	};
	// NCCL's share is small here, but more than the engine's 64 MiB.
	spec.sharedMemoryBytes = 1024 ** 3;
	return readCheck(await runOnce(engine, spec, signal), gpus.uuids.length);
}

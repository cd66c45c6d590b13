import {randomUUID} from 'node:crypto';
import {type Engine, EngineError, type EngineInfo, gpuMechanismOf, type ImageSummary} from '../engine/engine.ts';
import {onceSpec, runOnce} from '../engine/run-once.ts';
import type {GpuInventory} from '../gpu/gpu.ts';
import {safeText} from '../text/safe.ts';
import type {ContainerProbe} from './facts.ts';

/** Pulled with `--deep` when there is no local image: small, and nvidia-smi runs in it. */
const smallImage = 'debian:stable-slim';

// nvidia-smi needs glibc, and these have another C library or none.
const withoutGlibc =
	/(?:^|\/)(?:alpine|busybox|hello-world|registry|scratch|pause|nginx-unprivileged)(?::|@|$)|alpine|distroless/i;

const enough = 3;
const timeoutMs = 60_000;

/** The images that the probe tries, the smallest first: most of the time goes into reading one from disk. */
export function suitableImages(images: readonly ImageSummary[]): string[] {
	return images
		.flatMap((image) => {
			const name = image.tags[0] ?? image.digests[0];
			return name === undefined || withoutGlibc.test(name) ? [] : [{name, sizeBytes: image.sizeBytes}];
		})
		.sort((a, b) => a.sizeBytes - b.sizeBytes)
		.slice(0, enough)
		.map(({name}) => name);
}

/**
Gives all GPUs to a container, as a box would get them, and lets `nvidia-smi -L` count them there.

@param deep pull a small image when there is no local one
@throws the reason of the signal
*/
export async function probeContainer(
	engine: Engine,
	info: EngineInfo,
	inventory: GpuInventory,
	{deep, signal}: {deep: boolean; signal: AbortSignal},
): Promise<ContainerProbe> {
	const uuids = inventory.gpus.flatMap(({uuid, mig}) => (mig.length > 0 ? mig.map((slice) => slice.uuid) : [uuid]));
	if (uuids.length === 0) {
		const unknown = inventory.problems.some(({code}) => code === 'other-machine');
		return {kind: 'skipped', reason: unknown ? 'the GPUs there are not known' : 'no GPU to pass to a container'};
	}

	let image = 'a container';
	let missing = false;
	try {
		let images = suitableImages(await engine.listImages());
		if (images.length === 0 && deep) {
			await engine.pullImage(smallImage, {signal});
			images = [smallImage];
		}

		const gpus = {uuids, mechanism: gpuMechanismOf(info)};
		const timeoutSignal = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
		for (image of images) {
			const spec = onceSpec(`gpubox-doctor-${randomUUID().slice(0, 8)}`, image, ['nvidia-smi', '-L'], gpus);
			// The probe tests the host, not the CUDA requirement of this image.
			spec.environment = {NVIDIA_DISABLE_REQUIRE: '1', LC_ALL: 'C'};
			const result = await tryImage(engine, spec, timeoutSignal);
			if (result !== 'not-found' && result !== 'unfit') {
				return result;
			}

			missing ||= result === 'not-found';
		}

		if (missing) {
			return {kind: 'failed', image, text: `The engine started ${image} without the driver's nvidia-smi in it`};
		}

		return {
			kind: 'skipped',
			reason:
				images.length === 0
					? 'no local image to test with; --deep pulls a small one'
					: `nvidia-smi does not run in ${images.join(', ')}`,
		};
	} catch (error) {
		signal.throwIfAborted();
		if (error instanceof EngineError) {
			return {kind: 'failed', image, text: error.message};
		}

		if (error instanceof Error && error.name === 'TimeoutError') {
			return {kind: 'failed', image, text: `nvidia-smi gave no answer in ${image} for ${timeoutMs / 1000} s`};
		}

		throw error;
	}
}

/** `unfit`: the image cannot run nvidia-smi, which says nothing about the host; `not-found`: nvidia-smi is not in it. */
async function tryImage(
	engine: Engine,
	spec: Parameters<typeof runOnce>[1],
	signal: AbortSignal,
): Promise<ContainerProbe | 'unfit' | 'not-found'> {
	const {image} = spec;
	try {
		const {exitCode, stdout, stderr} = await runOnce(engine, spec, signal);
		const gpus = stdout.split('\n').filter((line) => /^\s*(?:GPU \d+:|MIG .*UUID)/.test(line));
		const slices = gpus.filter((line) => /MIG/.test(line) && !/^\s*GPU/.test(line));
		if (exitCode === 0) {
			return {kind: 'seen', image, gpus: slices.length > 0 ? slices.length : gpus.length};
		}

		// The shell's and the loader's codes for what cannot be run.
		return exitCode === 126 || exitCode === 127
			? 'unfit'
			: {kind: 'failed', image, text: safeText(`${stdout} ${stderr}`) || `nvidia-smi ended with exit code ${exitCode}`};
	} catch (error) {
		if (error instanceof EngineError && /"nvidia-smi": executable file not found/i.test(error.message)) {
			return 'not-found';
		}

		if (error instanceof EngineError && /exec format error|nvidia-smi.*no such file/i.test(error.message)) {
			return 'unfit';
		}

		throw error;
	}
}

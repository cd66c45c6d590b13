import {createHash} from 'node:crypto';
import {type Engine, EngineError, type Image, type PullProgress} from '../engine/engine.ts';
import {buildLines} from './sample-logs.ts';

/** What can be pulled: everything of these; anything else does not exist. */
const known = /^(?:(?:docker\.io\/)?(?:pytorch|nvidia|vllm|tensorflow|rapidsai)\/|nvcr\.io\/|quay\.io\/jupyter\/)/;

/** The layers of every image that is pulled, in megabytes. */
const layerSizes = [180, 2400, 1300, 35, 0.4];

type ImagePart = Pick<
	Engine,
	| 'inspectImage'
	| 'listImages'
	| 'registryDigest'
	| 'pullImage'
	| 'pushImage'
	| 'buildImage'
	| 'tagImage'
	| 'removeImage'
	| 'diskUsage'
> & {
	has(reference: string): boolean;
	idOf(reference: string): string;
};

type Options = {
	/** The initial images. */
	references: readonly string[];
	now: () => Date;
	/** Refuses while the engine is disconnected. */
	check: () => void;
	wait: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
};

/** The images of the simulated engine. */
export function createImageStore({references, now, check, wait}: Options): ImagePart {
	const images = new Map<string, Image>();

	const add = (reference: string): Image => {
		const id = `sha256:${sha256(reference)}`;
		const image = imageNamed(reference, id, now());
		images.set(reference, image);
		return image;
	};

	for (const reference of references) {
		add(reference);
	}

	return {
		has: (reference) => images.has(reference) || [...images.values()].some(({id}) => id === reference),
		idOf: (reference) => images.get(reference)?.id ?? '',

		async inspectImage(reference) {
			check();
			return images.get(reference) ?? [...images.values()].find((image) => image.id === reference);
		},

		async listImages() {
			check();
			return [...images.values()];
		},

		async pullImage(reference, {onProgress, signal} = {}) {
			check();
			if (!known.test(reference)) {
				throw new EngineError('not-found', `manifest for ${reference} not found: manifest unknown`, {status: 404});
			}

			await simulatePull(reference, onProgress, (milliseconds) => wait(milliseconds, signal));
			add(reference);
		},

		async registryDigest(reference) {
			check();
			return images.get(reference)?.id;
		},

		async pushImage(reference, {signal} = {}) {
			check();
			await wait(500, signal);
			const image = images.get(reference);
			if (image === undefined) {
				throw new EngineError('not-found', `An image does not exist locally with the tag: ${reference}`, {status: 404});
			}

			return image.id;
		},

		async buildImage({tag, onLine, signal}) {
			check();
			for (const line of buildLines) {
				await wait(350, signal);
				onLine?.(line);
			}

			return add(tag).id;
		},

		async tagImage(id, reference) {
			check();
			const image = [...images.values()].find((each) => each.id === id || each.tags.includes(id));
			if (image === undefined) {
				throw new EngineError('not-found', `No such image: ${id}`, {status: 404});
			}

			image.tags.push(reference);
			images.set(reference, image);
		},

		async diskUsage() {
			check();
			return {
				images: [...images.values()].map(({id, sizeBytes}) => ({id, sizeBytes, sharedBytes: null})),
				containers: [],
				buildCacheBytes: 0,
			};
		},

		async removeImage(reference) {
			check();
			if (!images.delete(reference)) {
				throw new EngineError('not-found', `No such image: ${reference}`, {status: 404});
			}
		},
	};
}

/** Layer by layer, in about as many messages as an engine sends. */
async function simulatePull(
	reference: string,
	onProgress: ((progress: PullProgress) => void) | undefined,
	wait: (milliseconds: number) => Promise<void>,
): Promise<void> {
	const layers = layerSizes.map((size, place) => ({
		layer: sha256(`${reference} ${place}`).slice(0, 12),
		totalBytes: Math.round(size * 1_000_000),
	}));
	for (const {layer} of layers) {
		onProgress?.({layer, status: 'Pulling fs layer'});
	}

	for (let part = 1; part <= 20; part += 1) {
		await wait(250);
		for (const {layer, totalBytes} of layers) {
			onProgress?.({layer, status: 'Downloading', currentBytes: Math.round((totalBytes * part) / 20), totalBytes});
		}
	}

	for (const {layer} of layers) {
		await wait(200);
		onProgress?.({layer, status: 'Pull complete'});
	}
}

function sha256(text: string): string {
	return createHash('sha256').update(text).digest('hex');
}

/** An image as it would describe itself, as far as its name tells. */
function imageNamed(reference: string, id: string, createdAt: Date): Image {
	const cuda = /cuda-?(\d+(?:\.\d+)?)/.exec(reference)?.[1];
	const framework = /^pytorch\/pytorch:(\d+\.\d+\.\d+)/.exec(reference)?.[1];
	return {
		id,
		tags: [reference],
		digests: [`${reference.replace(/:[^/]*$/, '')}@${id}`],
		architecture: 'amd64',
		platform: 'linux/amd64',
		layers: [`sha256:${sha256(id)}`],
		sizeBytes: reference.startsWith('pytorch/') ? 6_912_000_000 : 11_400_000_000,
		createdAt,
		labels: {},
		environment: {
			PATH: '/opt/conda/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
			...(cuda === undefined ? {} : {CUDA_VERSION: cuda.includes('.') ? `${cuda}.0` : `${cuda}.8.0`}),
			...(framework === undefined ? {} : {PYTORCH_VERSION: framework}),
		},
		command: reference.startsWith('quay.io/jupyter/') ? ['start-notebook.py'] : ['/bin/bash'],
		entrypoint: [],
		exposedPorts: reference.startsWith('quay.io/jupyter/') ? [8888] : [],
		user: reference.startsWith('quay.io/jupyter/') ? 'jovyan' : '',
	};
}

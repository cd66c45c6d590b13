import {readFile} from 'node:fs/promises';
import type Docker from 'dockerode';
import {buildImage, type TestImages} from './images.ts';
import type {TestHost} from './test-host.ts';

const torch = new URL('../../job/_stand-in/torch/', import.meta.url);
const files = ['__init__.py', 'cuda/__init__.py', 'cuda/nccl.py'];

/** Lines of a Dockerfile that add a stand-in for PyTorch. @param about what it says of itself and its GPUs: `TORCH_HOST` */
export async function torchLines(about: object): Promise<string[]> {
	const copies = await Promise.all(
		files.map(async (file) => {
			const text = (await readFile(new URL(file, torch))).toString('base64');
			return `RUN echo ${text} | base64 -d > /opt/torch/${file}`;
		}),
	);
	return [
		'RUN mkdir -p /opt/torch/cuda && ln -sf python3 /usr/bin/python',
		...copies,
		`ENV PYTHONPATH=/opt TORCH_HOST='${JSON.stringify(about)}'`,
	];
}

/** Builds the image with Jupyter and sshd anew, with a stand-in for PyTorch that uses every card of the test host. */
export async function buildTorchImage(docker: Docker, host: TestHost, name: string): Promise<void> {
	// As many cards as the image is given: NVIDIA_VISIBLE_DEVICES names them.
	const gpus = host.own?.gpus.map((gpu) => ({name: gpu.name, capability: [8, 6]})) ?? [];
	const lines = await torchLines({gpus, archs: ['sm_80']});
	await buildImage(docker, name, [`FROM ${host.images.jupyter}`, ...lines, ''].join('\n'));
}

/** The real PyTorch of the distribution, for the processor. */
export const torchCpuImage = 'gpubox-test/torch-cpu:bookworm-2';

/** The one test file that needs it. */
export const torchrunFile = /\/torchrun\.test\.ts$/;

/**
Builds it where it is missing. It is some hundred megabytes: `npm test` begins with it on the first test host as soon as there is one.
*/
export async function buildTorchCpuImage(docker: Docker, {jupyter}: TestImages, signal?: AbortSignal): Promise<void> {
	const here = (await docker.listImages()).flatMap((each) => each.RepoTags ?? []);
	if (here.includes(torchCpuImage)) {
		return;
	}

	const lines = [
		`FROM ${jupyter}`,
		'RUN apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends python3-torch && rm -rf /var/lib/apt/lists/*',
		// With Python 3.11 a loop over an enum leaves out its zero, which the torchrun of this PyTorch does not know yet.
		"RUN sed -i 's/for s in Std:/for s in Std.__members__.values():/' /usr/lib/python3/dist-packages/torch/distributed/elastic/multiprocessing/api.py",
	];
	await buildImage(docker, torchCpuImage, `${lines.join('\n')}\n`, signal === undefined ? {} : {signal});
}

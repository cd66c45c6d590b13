import {readFile} from 'node:fs/promises';
import type Docker from 'dockerode';
import {buildImage} from './images.ts';
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

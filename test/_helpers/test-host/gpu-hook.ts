import {copyFile, mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';

export type Gpu = {index: number; uuid: string; name: string};

/** The cards of the test host. */
export const gpus: Gpu[] = [
	{index: 0, uuid: 'GPU-6f1d0e4a-2c5b-4b7e-9a51-0d3c8e2f7a10', name: 'NVIDIA RTX A6000'},
	{index: 1, uuid: 'GPU-b83a92d7-51ef-4c06-8d3f-7e9a14c5d211', name: 'NVIDIA RTX A6000'},
];

const source = new URL('gpu-hook/', import.meta.url);

/**
Writes two folders to put first on a PATH: `engine` for the engine, which then accepts requests for GPUs, and `host` for gpubox,
which finds an nvidia-smi there that knows the same cards.
*/
export async function writeGpuHook(folder: string, node: string): Promise<{engine: string; host: string}> {
	const engine = join(folder, 'engine');
	const host = join(folder, 'host');
	await mkdir(engine, {recursive: true});
	await mkdir(host, {recursive: true});
	await copyFile(new URL('hook.mjs', source), join(folder, 'hook.mjs'));
	await copyFile(new URL('nvidia-smi.sh', source), join(folder, 'nvidia-smi'));
	await copyFile(new URL('host-nvidia-smi.mjs', source), join(folder, 'host-nvidia-smi.mjs'));
	await writeFile(join(folder, 'gpus.csv'), gpus.map(({index, uuid, name}) => `${index}, ${uuid}, ${name}\n`).join(''));
	await writeFile(join(folder, 'calls.log'), '');
	await script(join(engine, 'nvidia-container-runtime-hook'), `exec '${node}' '${folder}/hook.mjs' '${folder}' "$@"`);
	await script(join(host, 'nvidia-smi'), `exec '${node}' '${folder}/host-nvidia-smi.mjs' '${folder}/gpus.csv' "$@"`);
	return {engine, host};
}

/** The engine is started by root and PATH is baked in: it must not depend on where the tests find their Node. */
async function script(path: string, line: string): Promise<void> {
	await writeFile(path, `#!/bin/sh\n${line}\n`, {mode: 0o755});
}

/**
From now on every container that asks for a GPU fails to start with these words of the driver, such as
`initialization error: nvml error: driver/library version mismatch`. The engine adds its own words around them.
*/
export async function breakGpuDriver(folder: string, reason: string): Promise<{mend(): Promise<void>}> {
	const path = join(folder, 'failure');
	await writeFile(path, reason);
	return {mend: () => rm(path, {force: true})};
}

/** What the engine asked the hook for, oldest first: a container's id and its devices. */
export async function gpuRequests(folder: string): Promise<Array<{id: string; devices: string}>> {
	const lines = await readFile(join(folder, 'calls.log'), 'utf8');
	return lines
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => JSON.parse(line) as {id: string; devices: string});
}

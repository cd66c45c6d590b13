import {chmod, copyFile, mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {command} from './command.ts';
import type {Person} from './person.ts';
import type {Gpu, TestHost} from './test-host.ts';

/** The cards of the test host. */
export const gpus: Gpu[] = Array.from({length: 8}, (_, index) => ({
	index,
	uuid: `GPU-6f1d0e4${index}-2c5b-4b7e-9a51-0d3c8e2f7a1${index}`,
	name: 'NVIDIA RTX A6000',
}));

/** The host's driver, which knows the same cards, all of them idle. */
const scenario = {
	about: 'The test host',
	driverVersion: '575.57.08',
	cudaVersion: '12.9',
	gpus: gpus.map(({index, uuid, name}) => ({
		index,
		uuid,
		name,
		busId: `00000000:0${index + 1}:00.0`,
		computeCapability: '8.6',
		memoryTotalMiB: 49_140,
		memoryUsedMiB: 1,
		load: {kind: 'idle'},
	})),
};

const source = new URL('gpu-hook/', import.meta.url);

/**
Writes two folders to put first on a PATH: `engine` for the engine, which then accepts requests for GPUs, and `host` for gpubox,
which finds an nvidia-smi there that knows the same cards.

@param program Node, and the built stand-in for nvidia-smi
*/
export async function writeGpuHook(
	folder: string,
	{node, nvidiaSmi}: {node: string; nvidiaSmi: string},
): Promise<{engine: string; host: string}> {
	const engine = join(folder, 'engine');
	const host = join(folder, 'host');
	await mkdir(engine, {recursive: true});
	await mkdir(host, {recursive: true});
	await copyFile(new URL('hook.mjs', source), join(folder, 'hook.mjs'));
	await copyFile(new URL('nvidia-smi.sh', source), join(folder, 'nvidia-smi'));
	await writeFile(join(folder, 'scenario.json'), JSON.stringify(scenario));
	await writeFile(join(folder, 'gpus.csv'), gpus.map(({index, uuid, name}) => `${index}, ${uuid}, ${name}\n`).join(''));
	await writeFile(join(folder, 'calls.log'), '');
	// Both are started some thousand times in a run of the tests, and compiling is half of what they do.
	const run = `NODE_COMPILE_CACHE='${folder}/compiled' exec '${node}'`;
	await script(join(engine, 'nvidia-container-runtime-hook'), `${run} '${folder}/hook.mjs' '${folder}' "$@"`);
	const player = join(folder, playerName);
	await script(player, `${run} '${nvidiaSmi}' --scenario '${folder}/scenario.json' "$@"`);
	// The others who run it can only read what root has compiled.
	await command(player, ['--list-gpus']);
	await mkdir(join(folder, 'answers'));
	await chmod(join(folder, 'answers'), 0o1777);
	await script(join(host, 'nvidia-smi'), answerAgain(player, join(folder, 'answers')));
	return {engine, host};
}

/** Plays the scenario, each time anew. */
const playerName = 'play-nvidia-smi';

/** The cards of the host are idle and stay as they are: what is asked again, thousands of times in all, is answered without another Node. */
const answerAgain = (player: string, answers: string) => `PATH=/usr/bin:/bin
case " $* " in
*' -l'* | *' --loop'* | *timestamp*) exec '${player}' "$@" ;;
esac
key=$(echo "$*" | cksum)
answer="${answers}/\${key% *}-\${key#* }"
if [ ! -e "$answer" ]; then
	'${player}' "$@" >"$answer.$$" || { code=$?; cat "$answer.$$"; rm "$answer.$$"; exit $code; }
	mv "$answer.$$" "$answer"
fi
exec cat "$answer"`;

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

/**
A PATH on which nvidia-smi tells another scenario, for one person.

@returns it, for the environment of the person's programs
*/
export async function withDriver({own}: TestHost, person: Person, scenario: object): Promise<string> {
	const bin = join(person.home, 'driver');
	await mkdir(bin, {recursive: true});
	await writeFile(join(bin, 'scenario.json'), JSON.stringify(scenario));
	const line = await readFile(join(own?.hookFolder ?? '', playerName), 'utf8');
	await writeFile(
		join(bin, 'nvidia-smi'),
		line.replace(`'${own?.hookFolder}/scenario.json'`, `'${bin}/scenario.json'`),
		{
			mode: 0o755,
		},
	);
	return `${bin}:${person.environment.PATH}`;
}

import {chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import type {NvidiaSmi} from '../../source/gpu/gpu.ts';

const standIn = fileURLToPath(new URL('../../source/demo/nvidia-smi.ts', import.meta.url));
const scenarios = fileURLToPath(new URL('../../templates/scenarios/', import.meta.url));

/** A stand-in for nvidia-smi in a folder of its own. */
export type FakeNvidiaSmi = {
	/** Holds an executable `nvidia-smi`, to be put on a PATH. */
	directory: string;
	smi: NvidiaSmi;
	/** The arguments of every start so far. */
	starts: () => string[];
	/** The process ids of every start so far. */
	pids: () => number[];
	remove: () => void;
};

function quote(text: string): string {
	return `'${text.replaceAll("'", `'\\''`)}'`;
}

function readIfThere(file: string): string[] {
	return existsSync(file)
		? readFileSync(file, 'utf8')
				.split('\n')
				.filter((line) => line !== '')
		: [];
}

/**
An nvidia-smi that is the given shell script. `$N` in it is the number of this start, from 1 on; `$LOG` is the file of
the starts.
*/
export function makeSmiScript(script: string, directory?: string): FakeNvidiaSmi {
	const folder = directory ?? mkdtempSync(path.join(tmpdir(), 'gpubox-smi-'));
	const file = path.join(folder, 'nvidia-smi');
	const log = path.join(folder, 'starts.log');
	writeFileSync(file, `#!/bin/sh\nLOG=${quote(log)}\necho "$$ $*" >> "$LOG"\nN=$(wc -l < "$LOG")\n${script}\n`);
	chmodSync(file, 0o755);
	return {
		directory: folder,
		smi: {file, arguments: [], environment: process.env},
		starts: () => readIfThere(log).map((line) => line.replace(/^\d+ ?/, '')),
		pids: () => readIfThere(log).map((line) => Number.parseInt(line, 10)),
		remove: () => rmSync(folder, {recursive: true, force: true}),
	};
}

/**
An nvidia-smi that plays a scenario.
@param scenario what the JSON file would hold, or the name of one in templates/scenarios
@param directory instead of a new temporary folder
*/
export function makeNvidiaSmi(scenario: object | string, directory?: string): FakeNvidiaSmi {
	const folder = directory ?? mkdtempSync(path.join(tmpdir(), 'gpubox-smi-'));
	let file: string;
	if (typeof scenario === 'string') {
		file = path.join(scenarios, `${scenario}.json`);
	} else {
		file = path.join(folder, 'scenario.json');
		writeFileSync(file, JSON.stringify(scenario));
	}

	return makeSmiScript(`exec ${quote(process.execPath)} ${quote(standIn)} --scenario ${quote(file)} "$@"`, folder);
}

/** A card for a scenario in a test. */
export function makeScenarioGpu(index: number, members: object = {}): object {
	return {
		index,
		uuid: `GPU-00000000-0000-4000-8000-00000000000${index}`,
		name: 'NVIDIA H100 80GB HBM3',
		busId: `00000000:0${index + 1}:00.0`,
		computeCapability: '9.0',
		memoryTotalMiB: 81559,
		migMode: false,
		load: {kind: 'constant', utilization: 50},
		...members,
	};
}

/** A part of a recorded session with a real card, by the heading in the file, e.g. `idle :: nvidia-smi`. */
export function readCapture(file: string, heading: string): string {
	const text = readFileSync(new URL(`../fixtures/nvidia-smi/${file}.txt`, import.meta.url), 'utf8');
	const bar = '#'.repeat(80);
	const part = text.split(`${bar}\n# `).find((section) => section.startsWith(heading));
	if (part === undefined) {
		throw new Error(`${file} has no part "${heading}"`);
	}

	return part.slice(part.indexOf(`${bar}\n`) + bar.length + 1);
}

/** A zombie has ended as well: where nobody reaps orphans it stays in the table of processes. */
export function isRunning(pid: number): boolean {
	const status = `/proc/${pid}/status`;
	return existsSync(status) && !/^State:\s*[ZX]/m.test(readFileSync(status, 'utf8'));
}

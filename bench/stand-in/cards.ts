/**
A quick nvidia-smi: what the one of the demo host would print, worked out ahead and played by a shell. A stand-in on Node would itself take
as long to start as all of gpubox, which asks for the processes every few seconds.
*/
import {execFileSync} from 'node:child_process';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {parseScenario} from '../../source/demo/parse-scenario.ts';
import {answer} from '../../source/demo/smi-answers.ts';
import {queryArguments, staticFields, streamFields} from '../../source/gpu/fields.ts';
import {processFields} from '../../source/gpu/parse.ts';

const scenario = new URL('../../templates/scenarios/workstation-8x-h100.json', import.meta.url);

/** So many different readings, then again from the first. */
const readings = 120;

/** A machine with so many cards: those of the demo host, again and again. */
function withCards(count: number) {
	const given = JSON.parse(readFileSync(scenario, 'utf8')) as {gpus: Array<{uuid: string; busId: string}>};
	const hex = (index: number) => index.toString(16).padStart(2, '0');
	const gpus = Array.from({length: count}, (_, index) => ({
		...given.gpus[index % given.gpus.length],
		index,
		memoryUsedMiB: 20_480,
		uuid: `GPU-${hex(index)}106407-f32f-0663-90a7-a1acf7eb04ae`,
		busId: `00000000:${hex(index + 16).toUpperCase()}:00.0`,
	}));
	return parseScenario({...given, gpus, hosts: [], boxes: [], containers: [], processes: [], events: [], images: []});
}

/** Writes `nvidia-smi` into a new folder. */
export function writeQuickSmi(folder: string, cards: number): void {
	mkdirSync(folder);
	const machine = withCards(cards);
	const print = (words: string[], seconds = 0) => {
		const given = answer(machine, words);
		return given.kind === 'text' ? given.text : given.at(seconds).text;
	};
	const stream = [...queryArguments(streamFields), '-lms', '1000'];
	const answers: Array<[string[], string]> = [
		[[], print([])],
		[queryArguments(staticFields), print(queryArguments(staticFields))],
		[
			[`--query-compute-apps=${processFields}`, '--format=csv,noheader,nounits'],
			Array.from({length: cards}, (_, index) => print(['-L']).match(/GPU-[^)]+/g)?.[index])
				.map((uuid, index) => `${uuid}, ${900_000 + index}, /opt/conda/bin/python, 20480\n`)
				.join(''),
		],
	];
	writeFileSync(
		join(folder, 'readings'),
		Array.from({length: readings}, (_, second) => print(stream, second)).join('\f'),
	);
	const cases = answers.map(([words, text], place) => {
		writeFileSync(join(folder, `answer-${place}`), text);
		return `${JSON.stringify(words.join(' '))}) printf %s "$(<'${folder}/answer-${place}')"; echo;;`;
	});
	execFileSync('mkfifo', [join(folder, 'clock')]);
	writeFileSync(
		join(folder, 'nvidia-smi'),
		`#!/bin/bash
case "$*" in
${cases.join('\n')}
*'-lms 1000')
	mapfile -d $'\\f' -t readings < '${folder}/readings'
	exec 3<>'${folder}/clock'
	while :; do
		for reading in "\${readings[@]}"; do
			printf %s "$reading" || exit 141
			read -rt 1 -u 3
		done
	done;;
*) echo "Invalid combination of input arguments." ; exit 2;;
esac
`,
		{mode: 0o755},
	);
}

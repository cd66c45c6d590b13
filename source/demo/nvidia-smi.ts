#!/usr/bin/env node
/**
Simulates nvidia-smi on the demo host: plays the scenario named by `--scenario FILE` or `GPUBOX_SCENARIO`. Runs as a separate process, so
that gpubox reads its output the same way as that of the real nvidia-smi.

Time in the scenario begins with the process, or at `GPUBOX_SCENARIO_EPOCH` (milliseconds since 1970) where several
processes must show the same machine; `GPUBOX_SCENARIO_HAPPENINGS` names a file of what happened since.
`GPUBOX_SCENARIO_REPLAY` names the folder of a recording, whose readings and processes take the place of the scenario's.
`GPUBOX_SCENARIO_VISIBLE` lists the cards, by UUID, that a box sees.
`GPUBOX_SCENARIO_LOG` names a file that gets a line for every start.
*/
import {appendFileSync, writeSync} from 'node:fs';
import {readOwnFile} from '../base/bundled-file.ts';
import {createHappenings, happeningsVariable} from './event-log.ts';
import {parseScenario} from './parse-scenario.ts';
import {openReplay, replayVariable} from './replay/replay-files.ts';
import type {Scenario} from './scenario.ts';
import {type Answer, answer} from './smi-answers.ts';
import {seenFrom, visibleVariable} from './state-at.ts';

const started = Date.now();

/** Written synchronously, also into a pipe; like the real one it dies when its reader has gone. */
function print(text: string, stream: 'stdout' | 'stderr' = 'stdout'): void {
	try {
		writeSync(stream === 'stdout' ? 1 : 2, text);
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'EPIPE') {
			process.exit(141);
		}

		throw error;
	}
}

function readScenario(file: string | undefined): Scenario {
	if (file === undefined) {
		throw new Error('no scenario: use --scenario FILE or set GPUBOX_SCENARIO');
	}

	const scenario = parseScenario(JSON.parse(readOwnFile(file)));
	const recorded = process.env[replayVariable];
	return recorded === undefined ? scenario : {...scenario, replay: openReplay(recorded)};
}

function takeScenarioOption(arguments_: string[]): string | undefined {
	const position = arguments_.indexOf('--scenario');
	return position === -1 ? process.env.GPUBOX_SCENARIO : arguments_.splice(position, 2)[1];
}

function play(scenario: Scenario, refresh: () => void, reply: Extract<Answer, {kind: 'rows'}>): void {
	const epoch = Number(process.env.GPUBOX_SCENARIO_EPOCH ?? started);
	const startedAt = (started - epoch) / 1000;
	const ends = scenario.events
		.filter((event) => event.kind === 'hang' || event.kind === 'exit')
		// An event that ended an earlier process does not apply to this one.
		.filter((event) => event.afterSeconds >= startedAt)
		.sort((one, other) => one.afterSeconds - other.afterSeconds);

	const tick = () => {
		const seconds = (Date.now() - epoch) / 1000;
		const [end] = ends;
		if (end && end.afterSeconds <= seconds) {
			clearInterval(timer);
			if (end.kind === 'exit') {
				print(end.text === '' ? '' : `${end.text}\n`);
				process.exit(end.exitCode);
			}

			// Prints nothing, forever.
			setInterval(() => {}, 60_000);
			return;
		}

		refresh();
		const {text, exitCode} = reply.at(seconds);
		print(text);
		if (reply.intervalMs === undefined) {
			process.exit(exitCode);
		}
	};

	const timer = setInterval(tick, reply.intervalMs ?? 1000);
	tick();
}

function main(): void {
	const arguments_ = process.argv.slice(2);
	const file = takeScenarioOption(arguments_);
	const log = process.env.GPUBOX_SCENARIO_LOG;
	if (log !== undefined) {
		appendFileSync(log, `${process.pid} ${arguments_.join(' ')}\n`);
	}

	let scenario: Scenario;
	try {
		scenario = readScenario(file);
	} catch (error) {
		print(`nvidia-smi stand-in: ${file ?? ''}: ${error instanceof Error ? error.message : error}\n`, 'stderr');
		process.exitCode = 1;
		return;
	}

	const happenings = createHappenings(process.env[happeningsVariable], scenario.events);
	const visible = process.env[visibleVariable]?.split(',');
	const look = (): Scenario => {
		const whole = {...scenario, events: happenings()};
		return visible === undefined ? whole : seenFrom(whole, visible);
	};
	const seen = look();
	const refresh = () => {
		seen.events = look().events;
	};
	const reply = answer(seen, arguments_);
	setTimeout(() => {
		if (reply.kind === 'rows') {
			play(seen, refresh, reply);
			return;
		}

		print(reply.text, reply.stream);
		process.exitCode = reply.exitCode;
	}, scenario.startDelayMs);
}

main();
